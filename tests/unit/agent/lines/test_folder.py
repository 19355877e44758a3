"""The folder of lines: which there are, whose call a job is, and what serves while a file is no good."""

import logging
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.lines.folder import LARGEST, LinesFolder, UnknownLineError
from agent.lines.line import Line, Objection
from agent.storage.live_file import FileError

WORDS = ("persona", "greeting", "goodbye")
SECRETS = {"URL": SecretStr("https://example.com/canary"), "SECRET": SecretStr("s" * 32)}


def make(folder: Path, name: str, settings: str | None = "") -> Path:
    """A line of this name with this line.toml; None: without one."""
    (folder / name).mkdir(parents=True)
    for word in WORDS:
        (folder / name / f"{word}.md").write_text(f"{word} of {name}")
    if settings is not None:
        (folder / name / "line.toml").write_text(settings)
    return folder / name


def remove(line: Path) -> None:
    for file in line.iterdir():
        file.unlink()
    line.rmdir()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make(tmp_path / "lines", "coffee", 'language = "de"')
    return tmp_path / "lines"


@pytest.fixture
def lines(path: Path) -> LinesFolder:
    return LinesFolder(path, SECRETS, path.parent / "kept")


def kept(path: Path) -> list[str]:
    folder = path.parent / "kept"
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_each_folder_is_a_line_and_what_else_lies_there_is_none(path: Path, lines: LinesFolder) -> None:
    make(path, "a")
    make(path, "2-be-or-not")
    (path / "README.md").write_text("# Your lines")
    (path / "secrets.env").write_text("KEY=value")
    (path / ".git").mkdir()
    (path / "dentist").symlink_to(make(path.parent, "elsewhere"))
    assert lines.names() == ["2-be-or-not", "a", "coffee", "dentist"]
    assert lines.problems() == []


@pytest.mark.parametrize("name", ["Coffee", "coffee shop", "coffee_shop", "-coffee", "kaffee-küche", "c" * 33])
def test_a_folder_with_another_name_is_a_problem_and_no_line(path: Path, lines: LinesFolder, name: str) -> None:
    make(path, name)
    assert lines.names() == ["coffee"]
    assert lines.problems() == [
        f"lines/{name} is not a name for a line: use a to z, 0 to 9 and - (but not first), at most 32 characters"
    ]
    assert lines.unrecoverable_problems() == []  # nobody calls it


def test_a_longest_name_is_one(path: Path, lines: LinesFolder) -> None:
    make(path, "c" * 32)
    assert lines.names() == ["c" * 32, "coffee"]


def test_a_line_is_read_with_its_name_and_its_words(lines: LinesFolder) -> None:
    line = lines.read("coffee")
    assert (line.name, line.language) == ("coffee", "de")
    words = lines.read_words(line)
    assert (words.greeting, words.goodbye) == ("greeting of coffee", "goodbye of coffee")
    assert words.persona.startswith("persona of coffee\n\n")
    assert "Deutsch" in words.persona or "German" in words.persona


@pytest.mark.parametrize("metadata", ['{"line": "dentist"}', ' {"other": 1, "line": "dentist"}'])
def test_a_job_is_the_lines_that_its_metadata_names(path: Path, lines: LinesFolder, metadata: str) -> None:
    make(path, "dentist")
    assert lines.dispatched(metadata).name == "dentist"


NO_NAME = ["", "{", "{}", "[]", '"coffee"', "null", '{"line": null}', '{"line": 3}', '{"line": "../coffee"}']


@pytest.mark.parametrize("metadata", NO_NAME)
def test_a_job_whose_metadata_names_no_line_is_the_only_lines(lines: LinesFolder, metadata: str) -> None:
    assert lines.dispatched(metadata).name == "coffee"


@pytest.mark.parametrize("metadata", NO_NAME)
def test_a_job_whose_metadata_names_no_line_is_nobodys_where_there_are_several(
    path: Path, lines: LinesFolder, metadata: str
) -> None:
    make(path, "dentist")
    with pytest.raises(UnknownLineError) as error:
        lines.dispatched(metadata)
    assert str(error.value) == (
        "its dispatch rule names no line, and this host's lines are: coffee, dentist; run make up"
    )


@pytest.mark.parametrize("others", [[], ["dentist"]])
def test_a_job_of_a_line_that_is_not_there_is_nobodys(path: Path, lines: LinesFolder, others: list[str]) -> None:
    for other in others:
        make(path, other)
    with pytest.raises(UnknownLineError) as error:
        lines.dispatched('{"line": "tea"}')
    there = ", ".join(["coffee", *others])
    assert str(error.value) == f"its dispatch rule names the line tea, but this host's lines are: {there}"


def test_a_job_where_there_is_no_line_at_all_is_nobodys(path: Path, lines: LinesFolder) -> None:
    remove(path / "coffee")
    with pytest.raises(UnknownLineError, match="this host's lines are: none"):
        lines.dispatched("")


def test_a_line_that_is_gone_answers_with_its_last_good_version(
    path: Path, lines: LinesFolder, caplog: pytest.LogCaptureFixture
) -> None:
    make(path, "dentist")
    lines.keep_good_versions()
    remove(path / "coffee")
    line = lines.dispatched('{"line": "coffee"}')
    assert (line.name, line.language) == ("coffee", "de")
    assert lines.read_words(line).greeting == "greeting of coffee"
    assert "lines/coffee has no line.toml" in caplog.text


def test_a_line_whose_files_are_no_good_is_not_taken_for_an_unknown_one(path: Path, lines: LinesFolder) -> None:
    (path / "coffee/line.toml").write_text("language = 3")
    with pytest.raises(FileError, match=r"lines/coffee/line\.toml row 1 has language = 3"):
        lines.dispatched('{"line": "coffee"}')


def test_all_lines_are_read_but_those_that_cannot_be(path: Path, lines: LinesFolder) -> None:
    make(path, "broken", "language = 3")
    make(path, "dentist")
    assert [line.name for line in lines.all()] == ["coffee", "dentist"]
    assert kept(path) == ["coffee/line.toml", "dentist/line.toml"]


def test_lines_as_they_are_written_fall_back_to_nothing_keep_nothing_and_log_nothing(
    path: Path, lines: LinesFolder, caplog: pytest.LogCaptureFixture
) -> None:
    assert [line.language for line in lines.all_as_written()] == ["de"]
    assert kept(path) == []
    lines.keep_good_versions()
    (path / "coffee/line.toml").write_text("language = 3")
    make(path, "dentist", 'language = "fr"')
    assert [line.language for line in lines.all_as_written()] == ["fr"]
    assert "dentist/line.toml" not in kept(path)
    assert caplog.messages == []


BROKEN = {
    "wrong": (b'language = "xx"', "row 1 has language = 'xx', which is not a language"),
    "no TOML": (b"language: de", "row 1 is not TOML at column 9"),
    "not UTF-8": (b"# Gr\xfc\xdfe\n", "row 1 is not UTF-8 at byte 4"),
    "too large": (b"#" * (LARGEST + 1), f"has {LARGEST + 1} bytes, but at most {LARGEST} are read"),
    "a folder": (None, "cannot be read (Is a directory)"),
}


def break_(file: Path, content: bytes | None) -> None:
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_of_a_broken_line_toml_the_last_good_version_serves_and_the_log_says_why_once(
    path: Path, lines: LinesFolder, caplog: pytest.LogCaptureFixture, content: bytes | None, problem: str
) -> None:
    make(path, "dentist", 'language = "fr"')
    lines.keep_good_versions()
    break_(path / "coffee/line.toml", content)
    assert lines.read("coffee").language == "de"
    assert lines.read("dentist").language == "fr"
    for _ in range(3):  # those who read it beside a call do not tell it again
        assert [line.name for line in lines.all()] == ["coffee", "dentist"]
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith(f"lines/coffee/line.toml {problem}")
    assert record.getMessage().endswith("; the last good version is used")


def test_a_line_toml_that_is_broken_at_the_start_is_told_then(
    path: Path, lines: LinesFolder, caplog: pytest.LogCaptureFixture
) -> None:
    lines.keep_good_versions()
    (path / "coffee/line.toml").write_text("language = 3")
    lines.keep_good_versions()
    [message] = caplog.messages
    assert message.startswith("lines/coffee/line.toml row 1 has language = 3")


def test_a_line_toml_that_breaks_a_second_time_is_told_again(
    path: Path, lines: LinesFolder, caplog: pytest.LogCaptureFixture
) -> None:
    file = path / "coffee/line.toml"
    for settings in ('language = "fr"', "language = 3", 'language = "es"', "language = 3", "language = 4"):
        file.write_text(settings)
        lines.read("coffee")
    assert [message.split(",")[0] for message in caplog.messages] == [
        f"lines/coffee/line.toml row 1 has language = {wrong}" for wrong in (3, 3, 4)
    ]
    assert lines.read("coffee").language == "es"


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("ever_good", [True, False])
def test_a_broken_line_toml_is_a_problem_and_without_a_good_version_an_unrecoverable_one(
    path: Path, lines: LinesFolder, content: bytes | None, problem: str, ever_good: bool
) -> None:
    make(path, "dentist")
    if ever_good:
        lines.keep_good_versions()
    break_(path / "coffee/line.toml", content)
    [found] = lines.problems()
    assert found.startswith(f"lines/coffee/line.toml {problem}")
    assert lines.unrecoverable_problems() == ([] if ever_good else [found])


def test_each_problem_of_a_file_is_a_sentence_of_its_own_that_names_it(path: Path, lines: LinesFolder) -> None:
    (path / "coffee/line.toml").write_text('language = "xx"\n[webhook]\nurl = "https://example.com/canary"\n')
    (path / "coffee/greeting.md").write_text("")
    make(path, "dentist", "calls = 3")
    assert [problem.split(", which")[0] for problem in lines.problems()] == [
        "lines/coffee/line.toml row 1 has language = 'xx'",
        "lines/coffee/line.toml row 3 has webhook.url",
        "lines/coffee/greeting.md is empty: write the words into it",
        "lines/dentist/line.toml row 1 has calls",
    ]
    assert "canary" not in " ".join(lines.problems())


def test_a_folder_without_a_line_toml_is_refused_as_bootstrap_refuses_it(path: Path, lines: LinesFolder) -> None:
    make(path, "dentist", settings=None)
    problem = "lines/dentist has no line.toml: create one (it may be empty), or move the folder away"
    assert lines.problems() == lines.unrecoverable_problems() == [problem]
    assert [line.name for line in lines.all()] == ["coffee"]
    (path / "dentist/line.toml").write_text("")
    assert lines.problems() == []


def test_a_folder_in_which_there_is_nothing_says_all_that_it_lacks_at_once(path: Path, lines: LinesFolder) -> None:
    (path / "dentist").mkdir()
    problems = lines.problems()
    assert problems[0].startswith("lines/dentist has no line.toml")
    assert [problem.split()[0] for problem in problems[1:]] == [f"lines/dentist/{word}.md" for word in WORDS]


def test_a_folder_of_lines_without_a_line_is_a_problem(path: Path, lines: LinesFolder) -> None:
    remove(path / "coffee")
    (path / "README.md").write_text("# Your lines")
    expected = [f"{path} has no line in it: if the folder is empty, make up makes one"]
    assert lines.problems() == lines.unrecoverable_problems() == expected


@pytest.mark.parametrize(("name", "reason"), [("nowhere", "No such file or directory"), ("file", "Not a directory")])
def test_a_folder_of_lines_that_cannot_be_read_is_a_problem_and_no_error(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "file").write_text("")
    lines = LinesFolder(tmp_path / name, {})
    assert lines.problems() == [f"{tmp_path / name}, the folder of the lines, cannot be read: {reason}"]
    assert lines.unrecoverable_problems() == lines.problems()
    assert lines.names() == []
    assert list(lines.all()) == []


def test_a_line_that_this_host_cannot_serve_is_no_good_version(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def check(line: Line) -> Iterable[Objection]:
        return [Objection("models.llm", "needs a key")] if line.models.llm == "dear/model" else []

    lines = LinesFolder(path, SECRETS, path.parent / "kept", check)
    assert lines.read("coffee").language == "de"
    (path / "coffee/line.toml").write_text('language = "fr"\n[models]\nllm = "dear/model"\n')
    assert lines.problems() == ["lines/coffee/line.toml row 3 has models.llm needs a key"]
    assert lines.read("coffee").language == "de"
    assert caplog.messages == ["lines/coffee/line.toml row 3 has models.llm needs a key; the last good version is used"]


@pytest.mark.parametrize("ever_good", [True, False])
def test_of_a_line_whose_folder_is_gone_the_last_good_settings_are_left_or_the_defaults(
    path: Path, lines: LinesFolder, caplog: pytest.LogCaptureFixture, ever_good: bool
) -> None:
    if ever_good:
        lines.keep_good_versions()
    remove(path / "coffee")
    left = lines.left_behind("coffee")
    assert (left.name, left.language) == ("coffee", "de" if ever_good else "en")
    assert caplog.messages == []


def test_the_words_of_a_line_are_kept_too(path: Path, lines: LinesFolder, caplog: pytest.LogCaptureFixture) -> None:
    lines.keep_good_versions()
    assert kept(path) == [
        f"coffee/{name}" for name in ("goodbye.md", "greeting.md", "line.toml", "persona.md", "tools.yaml")
    ]
    (path / "coffee/greeting.md").unlink()
    assert lines.read_words(lines.read("coffee")).greeting == "greeting of coffee"
    assert "lines/coffee/greeting.md cannot be read" in caplog.text


DRAFT = "0123456789abcdef" * 2


def test_a_draft_is_a_folder_with_one_line_and_has_good_versions_of_its_own(path: Path, lines: LinesFolder) -> None:
    drafts, versions = path.parent / "drafts", path.parent / "kept-drafts"
    make(drafts / DRAFT, "coffee", 'language = "fr"')
    lines.read("coffee")
    before = kept(path)
    draft = lines.draft(DRAFT, drafts, versions)
    line = draft.dispatched('{"line": "coffee", "browser": true}')
    assert (line.language, draft.read_words(line).greeting) == ("fr", "greeting of coffee")
    assert lines.read("coffee").language == "de"
    assert kept(path) == before
    draft.forget_draft()
    assert not (versions / DRAFT).exists()


def test_of_the_lines_themselves_nothing_is_forgotten(path: Path, lines: LinesFolder) -> None:
    lines.read("coffee")
    lines.forget_draft()
    assert kept(path) == ["coffee/line.toml"]


def test_a_draft_that_is_gone_is_a_line_that_is_not_known(path: Path, lines: LinesFolder) -> None:
    with pytest.raises(UnknownLineError, match="the draft of its line is gone"):
        lines.draft(DRAFT, path.parent / "drafts")
