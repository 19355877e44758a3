"""The files of a line: which ones there are, what each is for, and what is in them now.

Nothing outside the folders of the lines is read, wherever a link leads; secrets.env lies beside those folders.
"""

import codecs
import contextlib
import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FACTS = "facts"
KIB = 1024
LARGEST_OF_FACTS = 1024 * KIB
MOST_FACTS = 300  # files
FACT = re.compile(r"facts/[^\W_][\w ().,&+'-]{0,79}\.md")  # what a new file of facts may be called
ENCODINGS = {  # by the mark with which a file begins; Windows programs save UTF-16 as "Unicode"
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF8: "utf-8",
}
FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC  # how a folder is opened: it may be no link


@dataclass(frozen=True, slots=True)
class Kind:
    """What one file of a line is for; `largest` are bytes, as the agent reads them."""

    purpose: str
    largest: int


KINDS: Mapping[str, Kind] = {
    "greeting.md": Kind("The first sentence of each call, word for word.", 16 * KIB),
    "persona.md": Kind("Who the agent is, and how it talks. The model has it in mind with every turn.", 16 * KIB),
    "goodbye.md": Kind("What the agent says when it has to end a call.", 16 * KIB),
    "line.toml": Kind(
        "The line's settings where they differ from the default: numbers, language, hours, tools, models, limits.",
        64 * KIB,
    ),
    "contacts.csv": Kind("Callers whom the line knows by name: number, name, notes.", 1024 * KIB),
    "allowed.txt": Kind("If there are any numbers in it, the only callers who are let in.", 1024 * KIB),
    "blocked.txt": Kind("Callers who are refused: a number in each row.", 1024 * KIB),
    "tools.yaml": Kind("Web addresses that the agent may ask during a call.", 64 * KIB),
}
OF_FACTS = Kind("What the agent knows about the business: one row, one fact.", LARGEST_OF_FACTS)
MUST_EXIST = ("greeting.md", "persona.md", "goodbye.md", "line.toml")


class FileProblem(Exception):  # noqa: N818 - the file's, not the program's
    """Why a file cannot be read or written; the text is a sentence that names it."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a file's text is written down, so that an edit changes nothing else."""

    encoding: str = "utf-8"
    row_end: str = "\n"
    mark: bytes = b""  # the byte order mark

    def bytes_of(self, text: str) -> bytes:
        """Return the bytes of a text whose rows end with a newline."""
        return self.mark + text.replace("\n", self.row_end).encode(self.encoding)


@dataclass(frozen=True, slots=True)
class LineFile:
    """One file as it is now. `text` is None if it cannot be shown, and `problem` then says why; rows end with \\n."""

    name: str
    text: str | None = ""
    problem: str = ""
    hash: str = ""  # of its bytes; "" if there is no such file
    written: Written = Written()

    @property
    def kind(self) -> Kind:
        return KINDS.get(self.name, OF_FACTS)

    @property
    def is_fact(self) -> bool:
        return self.name.startswith(f"{FACTS}/")


def is_name(name: str) -> bool:
    """Return whether a line may have a file of this name, as its own folder sees it."""
    folder, _, fact = name.rpartition("/")
    is_fact = folder == FACTS and fact.endswith(".md") and not fact.startswith(".") and fact.isprintable()
    return name in KINDS or (is_fact and len(fact.encode(errors="replace")) <= 200)


def names(folder: Path) -> list[str]:
    """List the files that the line has or may have: those of facts after the words."""
    words, others = list(KINDS)[:3], list(KINDS)[3:]
    return [*words, *fact_names(folder), *others]


def fact_names(folder: Path) -> list[str]:
    """List the files of facts; those beyond the first 300 are left out."""
    try:
        found = sorted(f"{FACTS}/{name}" for name in os.listdir(folder / FACTS))  # noqa: PTH208 - names that are no UTF-8
    except OSError:
        return []
    return [name for name in found if is_name(name)][:MOST_FACTS]


def read(root: Path, line: str, name: str) -> LineFile:
    """Read one file of a line; `root` is the folder of the lines. A missing one is empty."""
    try:
        data = read_bytes(root, line, name)
    except FileProblem as why:
        return LineFile(name, None, str(why), hash="unreadable")
    if data is None:
        return LineFile(name)
    try:
        text, written = decoded(data)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        problem = f"{name} is no text in UTF-8 (byte {error.start}, row {row}): save it as UTF-8 on the host."
        return LineFile(name, None, problem, hash_of(data))
    return LineFile(name, text, "", hash_of(data), written)


def read_bytes(root: Path, line: str, name: str) -> bytes | None:
    """Return what is in the file; None if there is none.

    Raises:
        FileProblem: it cannot be read, is none, is too large or lies elsewhere.
    """
    largest = KINDS.get(name, OF_FACTS).largest
    place = place_of(root, line, name)
    try:
        with opened(root, place.parent) as folder:
            # Not blocking, because a named pipe would be waited for.
            file = os.open(place.name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileProblem(f"{name} cannot be read: {error.strerror}. Make it readable on the host.") from None
    try:
        its = os.fstat(file)
        if not stat.S_ISREG(its.st_mode):
            raise FileProblem(f"{name} is no file: move it away on the host.")
        if its.st_size > largest:
            found = f"{its.st_size} bytes, but at most {largest} are read"
            raise FileProblem(f"{name} has {found}: shorten it on the host.")
        with os.fdopen(file, "rb", closefd=False) as content:
            return content.read(largest + 1)
    except OSError as error:
        raise FileProblem(f"{name} cannot be read: {error.strerror}.") from None
    finally:
        os.close(file)


def place_of(root: Path, line: str, name: str) -> Path:
    """Return where the file really lies, in whatever line's folder that is; there may be none.

    Raises:
        FileProblem: a link leads elsewhere, or nowhere.
    """
    path = root / line / name
    try:
        inside, place = root.resolve(strict=True), path.resolve()
        parts = place.relative_to(inside).parts
        if len(parts) < 2:  # such as secrets.env, which is beside the lines
            raise ValueError
        if path.is_symlink() and not place.exists():
            raise ValueError
    except (ValueError, OSError, RuntimeError):
        raise FileProblem(
            f"{name} is a link that leads out of the lines' folders, or nowhere; the desk does not follow it: put a "
            "file in its place on the host."
        ) from None
    return place


@contextlib.contextmanager
def opened(root: Path, folder: Path) -> Iterator[int]:
    """Open a folder that `place_of` has found, and give its descriptor inside the block.

    Each folder on the way is opened from the one above it. So if one is exchanged for a link after `place_of` has
    looked, nothing outside is read or written: an OSError says so.
    """
    inside = root.resolve()
    with contextlib.ExitStack() as to_be_closed:
        at = os.open(inside, FOLDER)
        to_be_closed.callback(os.close, at)
        for part in folder.relative_to(inside).parts:
            at = os.open(part, FOLDER, dir_fd=at)
            to_be_closed.callback(os.close, at)
        yield at


def decoded(data: bytes) -> tuple[str, Written]:
    """Return the text, whose rows end with a newline, and how it was written; the agent reads the same.

    A file whose rows end in several ways counts as written in the one that most of them have.

    Raises:
        UnicodeDecodeError: it is neither UTF-8 nor UTF-16 that says that it is, or has a zero byte.
    """
    mark = next((mark for mark in ENCODINGS if data.startswith(mark)), b"")
    encoding = ENCODINGS.get(mark, "utf-8")
    text = data.decode(encoding)[1 if mark else 0 :]
    if (place := text.find("\0")) >= 0:
        raise UnicodeDecodeError("utf-8", data, min(place, len(data) - 1), min(place + 1, len(data)), "a zero byte")
    both = text.count("\r\n")
    ends = {"\n": text.count("\n") - both, "\r\n": both, "\r": text.count("\r") - both}
    return normal(text), Written(encoding, max(ends, key=lambda end: ends[end]), mark)


def normal(text: str) -> str:
    """Return the text with a newline at the end of each row, whichever system has written it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def hash_of(data: bytes) -> str:
    """Return what tells one version of a file from another."""
    return hashlib.sha256(data).hexdigest()[:32]


def contents(root: Path, line: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files that there are, with what is in them; those that cannot be read are left out."""
    for name in names(root / line):
        try:
            data = read_bytes(root, line, name)
        except FileProblem:
            continue
        if data is not None:
            yield name, data


def why_not_writable(root: Path, line: str, name: str) -> str:
    """Return a sentence that says who owns the file or its folder, if the desk cannot write it; "" if it can."""
    try:
        place = place_of(root, line, name)
    except FileProblem as problem:
        return str(problem)
    folder = place.parent if place.parent.exists() else place.parent.parent
    try:
        if not os.access(folder, os.W_OK | os.X_OK):
            return _not_ours(line, folder.name if folder.name == FACTS else "", folder.stat())
        if place.exists() and place.stat().st_uid != os.geteuid() and os.geteuid() != 0:
            return _not_ours(line, name, place.stat())
    except OSError as error:
        if error.errno != errno.ENOENT:
            return f"{name} cannot be written: {error.strerror}."
    return ""


def _not_ours(line: str, name: str, its: os.stat_result) -> str:
    what = f"lines/{line}/{name}".rstrip("/")
    if its.st_uid == os.geteuid():
        return f"{what} cannot be written, even by its owner. On the host, run: chmod -R u+rwX lines/{line}"
    return (
        f"{what} belongs to the user with the id {its.st_uid}, but the desk writes as the user with the id "
        f"{os.geteuid()}. On the host, run: sudo chown -R {os.geteuid()}:{os.getegid()} lines/{line}"
    )
