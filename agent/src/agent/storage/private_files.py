"""The agent's own files: what is on the volume is for its user and its group, and for nobody else.

`DIRECTORY` is for what its processes tell each other, and `DATA`, a volume, for what has to outlive the container. The
group is how the desk, which runs as another user, reads what is on the volume, marks messages and deletes calls.
"""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

DIRECTORY = Path(tempfile.gettempdir()) / "landline-agent"
DATA = Path("/data")
# With the set-group-ID bit, what anybody makes in a folder belongs to the folder's group.
FOLDER_MODE, FILE_MODE = 0o2770, 0o660
UMASK = 0o007


def share_with_the_group() -> None:
    """Let the group use whatever this process makes from now on, and the processes that it starts.

    Libraries choose modes of their own, from which the usual umask would take the group's right to write.
    """
    os.umask(UMASK)


def make_folder(path: Path) -> Path:
    """Make the folder, and its parents, for the agent's user and group."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            with contextlib.suppress(PermissionError):  # the desk has just made it
                folder.chmod(FOLDER_MODE)  # mkdir ignores the set-group-ID bit
    return path


def create(path: Path, *, exist_ok: bool = True) -> None:
    """Make an empty file for the agent's user and group, whatever the umask is; one that exists keeps its content.

    Raises:
        FileExistsError: it exists, and `exist_ok` is not set.
    """
    os.close(_open(path, os.O_WRONLY | os.O_CREAT | (0 if exist_ok else os.O_EXCL)))


def write(path: Path, text: str) -> None:
    """Write a file for the agent's user and group, wholly or not at all; it is on the disk when this returns."""
    aside = make_folder(path.parent) / f".{path.name}.{secrets.token_hex(3)}"
    try:
        with os.fdopen(_open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def open_up(root: Path) -> None:
    """Give the group the rights of `FOLDER_MODE` and `FILE_MODE` to all that this user has below `root`, and to `root`.

    Releases before the desk made everything for the agent's user alone. No right is taken away, links are neither
    followed nor changed, and what belongs to another user is left as it is.

    Raises:
        OSError: some of it could not be changed; the rest has been.
    """
    failed = _widen(str(root), root.lstat())
    folders = [str(root)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    failed = _widen(entry.path, found) or failed
                    if stat.S_ISDIR(found.st_mode):
                        folders.append(entry.path)
        except FileNotFoundError:  # a folder, or a file in it, has just been deleted
            continue
        except OSError as error:
            failed = error
    if failed:
        raise failed


def _widen(path: str, found: os.stat_result) -> OSError | None:
    """Change the mode of a folder or a file of this user's, if that is needed; return what went wrong."""
    kind = stat.S_IFMT(found.st_mode)
    rights = {stat.S_IFDIR: FOLDER_MODE, stat.S_IFREG: FILE_MODE}.get(kind, 0)
    wanted = stat.S_IMODE(found.st_mode) | rights
    if wanted == stat.S_IMODE(found.st_mode) or found.st_uid != os.geteuid():
        return None
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if os.path.samestat(os.fstat(file), found):  # else something else has taken its place
                os.fchmod(file, wanted)
        finally:
            os.close(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error
    return None


def _open(path: Path, flags: int) -> int:
    file = os.open(path, flags | os.O_CLOEXEC, FILE_MODE)
    with contextlib.suppress(PermissionError):  # it belongs to the desk's user
        os.fchmod(file, FILE_MODE)
    return file
