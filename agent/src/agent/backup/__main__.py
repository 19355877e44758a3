"""The commands that `bootstrap/host/backup.sh` and `restore.sh` run in containers; an error is one sentence."""

import argparse
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from agent.backup import data_folder
from agent.backup.archive import DATA, ENV, LINES, ArchiveError, is_inside, read_archive, write_archive
from agent.backup.snapshot import take_snapshot
from agent.storage import private_files

LINES_FOLDER = Path("/app/lines")  # where compose.yaml mounts it
RESTORED = Path("/restored")  # where restore.sh mounts the folder to be filled
SNAPSHOT = ".snapshot-"
LEFT_AFTER = 86_400  # seconds; a backup that was killed has left its snapshot behind


def main() -> int:
    """Run a command; return 2, after a sentence on standard error, if that fails."""
    parser = argparse.ArgumentParser("agent.backup")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--release", default="0", help="the release of Landline that runs this")
    parser.add_argument("--name", default="the archive", help="what an error calls the file")
    given = parser.parse_args()
    try:
        COMMANDS[given.command](given.release)
    except ArchiveError as error:
        print(f"error: {given.name} {error}. Nothing was changed.", file=sys.stderr)  # noqa: T201
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        print(f"error: {given.command} failed: {error}. Nothing was changed.", file=sys.stderr)  # noqa: T201
    else:
        return 0
    return 2


def pack_files(_: str) -> None:
    """Write .env, which is on standard input, and the lines to standard output, as the person to whom they belong."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
        env = Path(folder, ENV)
        env.write_bytes(sys.stdin.buffer.read())
        tar.add(env, ENV)
        tar.add(LINES_FOLDER, LINES, filter=_of_lines)


def _of_lines(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if member.issym() and not is_inside(member.name, member.linkname):
        raise ArchiveError(
            f"cannot be written: {member.name} is a link to {member.linkname}, which is outside the folder of the "
            "lines, where the agent cannot read it. Put the file itself there"
        )
    if member.islnk():
        raise ArchiveError(f"cannot be written: {member.name} is a hard link to {member.linkname}. Copy the file")
    return member if member.isfile() or member.isdir() or member.issym() else None  # else a socket or the like


def pack(release: str) -> None:
    """Write a backup of the files that `pack_files` has packed and of the data volume, as the agent's user."""
    for left in private_files.DATA.glob(f"{SNAPSHOT}*"):
        if left.stat().st_mtime < time.time() - LEFT_AFTER:
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=SNAPSHOT, dir=private_files.DATA) as folder:
        root = Path(folder)
        with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
            tar.extractall(root, filter="data")
        take_snapshot(private_files.DATA, root / DATA)
        write_archive(root, release, sys.stdout.buffer)


def check(release: str) -> None:
    """Say what is in the backup on standard input."""
    print(read_archive(sys.stdin.buffer, release))  # noqa: T201


def unpack_env(release: str) -> None:
    """Write the backup's .env to standard output."""
    with tempfile.TemporaryDirectory() as folder:
        read_archive(sys.stdin.buffer, release, ENV, Path(folder))
        sys.stdout.buffer.write(Path(folder, ENV).read_bytes())


def unpack_lines(release: str) -> None:
    """Write the backup's lines into the folder that restore.sh has mounted, as the person to whom it belongs."""
    read_archive(sys.stdin.buffer, release, LINES, RESTORED)


def replace_data(release: str) -> None:
    """Replace what is on the data volume, as the agent's user."""
    data_folder.replace_data(sys.stdin.buffer, release, private_files.DATA)


def put_data_back(_: str) -> None:
    """Undo `replace_data`."""
    data_folder.put_back(private_files.DATA)


def settle_data(_: str) -> None:
    """Delete what `replace_data` has replaced."""
    data_folder.settle(private_files.DATA)


COMMANDS = {
    command.__name__.replace("_", "-"): command
    for command in (pack_files, pack, check, unpack_env, unpack_lines, replace_data, put_data_back, settle_data)
}

if __name__ == "__main__":
    sys.exit(main())
