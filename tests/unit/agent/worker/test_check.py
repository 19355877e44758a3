"""`--check` judges host and lines in one report, and tells make up whether the speech service is needed."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent import __main__ as agent
from agent import stores
from agent.admission.owner_files import owner_files, read_lists
from agent.lines.folder import LinesFolder
from agent.providers.check import lines_of
from agent.settings import Settings
from agent.storage.private_files import make_folder
from agent.storage.schema import MARK
from agent.worker.check import needs_speech, problems, problems_at_start
from tests.support.lines import EXAMPLE
from tests.unit.agent.fakes import KEYS, host
from tests.unit.agent.lines.test_folder import make

NO_KEY: dict[str, SecretStr] = {}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of lines, with one line in it; what is read is kept beside it."""
    init = LinesFolder.__init__
    monkeypatch.setattr(
        LinesFolder,
        "__init__",
        lambda lines, folder, secrets, kept=tmp_path / "kept", check=lambda _: (): init(
            lines, folder, secrets, kept, check
        ),
    )
    monkeypatch.setattr(owner_files, "__defaults__", (tmp_path / "kept",))
    monkeypatch.setattr(read_lists, "__defaults__", (tmp_path / "kept",))
    make(tmp_path / "lines", "coffee")
    return tmp_path / "lines"


def write(folder: Path, text: str) -> None:
    (folder / "coffee/line.toml").write_text(text)


@pytest.fixture
def judged(folder: Path) -> Callable[..., list[str]]:
    def judge(**changes: object) -> list[str]:
        settings = host(lines_folder=folder, **changes)
        return problems(settings, lines_of(settings))

    return judge


def test_a_host_and_a_line_with_all_the_defaults_can_be_used(judged: Callable[..., list[str]]) -> None:
    assert judged() == []
    assert judged(provider_keys=NO_KEY) == []


def test_the_example_can_be_used_as_it_is(judged: Callable[..., list[str]], folder: Path) -> None:
    write(folder, (EXAMPLE / "coffee/line.toml").read_text())
    assert judged(provider_keys=NO_KEY) == []
    [line] = lines_of(host(lines_folder=folder, provider_keys=NO_KEY)).all()
    assert (list(line.appointments), [person.name for person in line.people]) == (["table"], ["Anna"])


def test_another_server_without_a_key_is_a_problem(judged: Callable[..., list[str]], folder: Path) -> None:
    server = {"openai_base_url": "http://localhost:9/v1"}
    assert judged(**server) == []
    assert judged(**server, provider_keys=NO_KEY) == [
        "OPENAI_BASE_URL needs OPENAI_API_KEY: set it in .env, to any word if the server asks for no key"
    ]
    write(folder, '[models]\nkeys = { OPENAI_API_KEY = "COFFEE_KEY" }\n')  # a line's own key is one, too
    assert judged(**server, provider_keys=NO_KEY, line_secrets={"COFFEE_KEY": SecretStr("sk-coffee")}) == []


def test_problems_of_the_host_of_lines_of_words_and_of_lists_are_in_one_report(
    judged: Callable[..., list[str]], folder: Path
) -> None:
    write(folder, '[webhook]\nurl = "CRM_HOOK"\nsecret = "SECRET"\n[lookup]\nurl = "CRM"\n')
    dentist = make(folder, "dentist", '[models]\nllm = "openai/gpt-4o"\n')
    (dentist / "persona.md").write_text("")
    (dentist / "blocked.txt").write_text("Ann\n")
    (folder / "Bakery").mkdir()
    found = judged(
        openai_base_url="http://localhost:9/v1", provider_keys=NO_KEY, line_secrets={"SECRET": SecretStr("s" * 32)}
    )
    assert [problem.split(",")[0].split(";")[0].split(":")[0] for problem in found] == [
        "OPENAI_BASE_URL needs OPENAI_API_KEY",
        "lines/Bakery is not a name for a line",
        "lines/coffee/line.toml row 5 has lookup.url",
        "lines/coffee/line.toml row 2 has webhook.url",
        "lines/dentist/line.toml row 2 has models.llm = 'openai/gpt-4o'",
        "lines/dentist/persona.md is empty",
        "lines/dentist/blocked.txt row 1 has something else where a number is expected",
    ]
    assert "names CRM, which has no value in lines/secrets.env" in found[2]


@pytest.mark.parametrize(
    ("settings", "longest", "fits"),
    [
        ("", 3600, True),
        ("", 60, False),
        ("[limits]\nmax_call_duration = 60", 3600, False),
        ("[limits]\nmax_call_duration = 600\n[handling]\ncall_warning = 599", 3600, True),
        ("[limits]\nmax_call_duration = 600\n[handling]\ncall_warning = 300", 300, False),
    ],
)
def test_a_call_has_to_be_longer_than_its_warning(
    judged: Callable[..., list[str]], folder: Path, settings: str, longest: int, fits: bool
) -> None:
    write(folder, settings)
    found = judged(max_call_duration=longest)
    assert len(found) == (0 if fits else 1)
    assert fits or "has handling.call_warning = " in found[0]


MAIL = SecretStr("mailtos://user:pass@example.com")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ('tools = ["take_message"]\n[messages]\nnotify = ["MAIL"]', ""),
        ('tools = ["take_message"]\n[webhook]\nurl = "URL"\nsecret = "SECRET"', ""),
        ('tools = ["take_message"]', ""),  # it is kept with the records of calls
        ('[outcome.reason]\nmeaning = "Why."\n[recording]\nenabled = true', ""),
        ('[outcome.reason]\nmeaning = "Why."\n[messages]\nnotify = ["MAIL"]\nnotify_of = "calls"', ""),
        ('[outcome.reason]\nmeaning = "Why."\n[messages]\nnotify = ["MAIL"]', "has outcome with fields, but their"),
        ('[messages]\nnotify = ["SLACK"]', "has messages.notify, which names SLACK: its value"),
        ('[messages]\nnotify = ["SECRET"]', "has messages.notify, which names SECRET, whose value"),
    ],
)
def test_what_would_reach_nobody_is_a_problem(
    judged: Callable[..., list[str]], folder: Path, settings: str, problem: str
) -> None:
    write(folder, settings)
    secrets = {"URL": "http://localhost/hook", "SECRET": "s" * 32, "SLACK": "slack://T1"}
    found = judged(line_secrets={"MAIL": MAIL, **{name: SecretStr(value) for name, value in secrets.items()}})
    assert len(found) == bool(problem)
    assert problem in "".join(found)
    assert "T1" not in "".join(found)


@pytest.mark.parametrize(
    ("keys", "models", "fills_in"),
    [
        (KEYS, "", True),
        (NO_KEY, "", False),
        (KEYS, '[models]\nllm = "speech/qwen2.5-coder-1.5b-instruct"\n', False),
        (KEYS, '[models]\nllm_fallback = "speech/qwen2.5-coder-1.5b-instruct"\n', True),
    ],
)
def test_fields_that_the_language_model_cannot_fill_in_are_a_problem(
    judged: Callable[..., list[str]], folder: Path, keys: dict[str, SecretStr], models: str, fills_in: bool
) -> None:
    write(folder, f'{models}[outcome.reason]\nmeaning = "Why."\n[recording]\nenabled = true\n')
    found = judged(provider_keys=keys)
    assert len(found) == (0 if fills_in else 1)
    assert fills_in or "with fields, which speech/qwen2.5-coder-1.5b-instruct cannot fill in" in found[0]


def test_an_address_that_apprise_does_not_know_keeps_no_call_from_being_answered(folder: Path) -> None:
    write(folder, '[messages]\nnotify = ["SLACK"]')
    settings = host(lines_folder=folder, line_secrets={"SLACK": SecretStr("slack://T1")})
    fatal, [of_lines] = problems_at_start(settings, lines_of(settings))
    assert (fatal, "names SLACK" in of_lines) == ([], True)


def test_what_has_a_good_version_does_not_keep_the_agent_from_starting(folder: Path) -> None:
    settings = host(lines_folder=folder)
    lines = lines_of(settings)
    lines.keep_good_versions()
    write(folder, '[models]\nllm = "nobody/x"\n')
    assert "names the unknown provider 'nobody'" in problems(settings, lines)[0]
    assert problems_at_start(settings, lines) == ([], [])
    assert next(lines.all()).models.llm == ""


def test_what_was_good_with_a_key_that_is_gone_is_unrecoverable(folder: Path) -> None:
    write(folder, 'language = "de"\n')
    with_a_key = host(lines_folder=folder)
    lines_of(with_a_key).keep_good_versions()
    without = host(lines_folder=folder, provider_keys=NO_KEY)
    [problem], of_lines = problems_at_start(without, lines_of(without))
    assert "row 1 has language = 'de', which needs other models than" in problem
    assert of_lines == []


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("line.toml", 'language = "xx"', "row 1 has language = 'xx'"),
        ("greeting.md", "", "is empty"),
        ("allowed.txt", "Ann", "row 1 has something else where a number is expected"),
    ],
)
def test_one_line_that_is_no_good_keeps_no_other_from_being_answered_after_a_restart(
    folder: Path, file: str, content: str, problem: str
) -> None:
    settings = host(lines_folder=folder)
    lines = lines_of(settings)
    (folder / "coffee" / file).write_text(content)
    [alone], of_lines = problems_at_start(settings, lines)
    assert alone.startswith(f"lines/coffee/{file} {problem}")
    assert of_lines == []
    make(folder, "dentist")
    refused = "calls to the line coffee are refused until its files are corrected"
    assert problems_at_start(settings, lines) == ([], [alone, refused])
    assert problems(settings, lines) == [alone]  # make up refuses it all the same


def test_contacts_that_cannot_be_read_refuse_nobody(folder: Path) -> None:
    settings = host(lines_folder=folder)
    (folder / "coffee/contacts.csv").write_text("Ann")
    fatal, [of_contacts] = problems_at_start(settings, lines_of(settings))
    assert (fatal, of_contacts.partition(" row 1")[0]) == ([], "lines/coffee/contacts.csv")


def test_a_problem_of_the_host_keeps_every_line_from_being_answered(folder: Path) -> None:
    settings = host(lines_folder=folder, provider_keys=NO_KEY, openai_base_url="http://localhost:9/v1")
    fatal, of_lines = problems_at_start(settings, lines_of(settings))
    assert fatal[0].startswith("OPENAI_BASE_URL needs OPENAI_API_KEY")
    assert of_lines == []


@pytest.mark.parametrize(
    ("keys", "of_coffee", "of_dentist", "needed"),
    [
        (NO_KEY, "", "", True),
        (KEYS, "", "", False),
        (KEYS, "", '[models]\ntts = "speech/kokoro-heart"', True),
        (KEYS, '[models]\nstt_fallback = "speech/whisper-tiny.en"', "", True),
        (NO_KEY, '[models]\nkeys = { OPENAI_API_KEY = "OWN" }', '[models]\nkeys = { OPENAI_API_KEY = "OWN" }', False),
        (NO_KEY, '[models]\nkeys = { OPENAI_API_KEY = "OWN" }', "", True),
    ],
)
def test_the_speech_service_is_needed_where_a_line_uses_an_embedded_model(
    folder: Path, keys: dict[str, SecretStr], of_coffee: str, of_dentist: str, needed: bool
) -> None:
    write(folder, of_coffee)
    make(folder, "dentist", of_dentist)
    settings = host(lines_folder=folder, provider_keys=keys, line_secrets={"OWN": SecretStr("sk-own")})
    assert needs_speech(settings, lines_of(settings)) is needed


def test_judging_keeps_nothing(judged: Callable[..., list[str]], folder: Path) -> None:
    judged()
    assert not (folder.parent / "kept").exists()


@pytest.fixture
def check(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    """Run `python -m agent --check` with these variables; its exit code, what it prints and what it complains of."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(agent, "load_dotenv", lambda: None)  # a clone's own .env
    monkeypatch.setattr("sys.argv", ["agent", "--check"])
    monkeypatch.chdir(folder.parent)

    def run(**variables: str) -> tuple[object, str, list[str]]:
        for name, value in ({"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32} | variables).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as exit_:
            raise SystemExit(agent.main())
        printed = capsys.readouterr()
        return exit_.value.code, printed.out, [line.strip() for line in printed.err.splitlines()]

    return run


def packed(*lines: str) -> str:
    return base64.b64encode("\n".join(lines).encode()).decode()


def test_make_up_is_told_that_the_speech_service_is_needed(check: Callable[..., object]) -> None:
    assert check() == (0, "COMPOSE_PROFILES=local\n", [])


ANNA = '[[people]]\nname = "Anna"\nnumber = "{number}"\nwhen = "Complaints."\nkind = "{kind}"\n'
TOOL = 'tools = ["transfer_call"]\n'


@pytest.mark.parametrize(
    ("written", "wants"),
    [
        ("", ""),
        (TOOL + ANNA.format(number="+12025550111", kind="warm"), "people"),
        (TOOL + ANNA.format(number="+12025550111", kind="cold"), ""),  # which the carrier may do
        (TOOL + ANNA.format(number="100", kind="cold"), "people"),
        ("[outbound]\nenabled = true\n", "outbound.enabled"),
        ("[outbound]\nenabled = true\nremind_before = 24\n", "outbound.enabled and outbound.remind_before"),
    ],
)
def test_a_line_that_is_to_call_people_is_warned_of_if_there_is_no_trunk_for_it(
    check: Callable[..., object], folder: Path, monkeypatch: pytest.MonkeyPatch, written: str, wants: str
) -> None:
    write(folder, written)
    fine: tuple[int, str, list[str]] = (0, "COMPOSE_PROFILES=local\n", [])
    warning = (
        f"warning: lines/coffee/line.toml has {wants}, but OUTBOUND_ADDRESS is not set in .env, so nobody can be "
        "called: set it (docs/abilities/outbound-trunk.md), or take that out of line.toml"
    )
    assert check() == fine  # as make up asks
    monkeypatch.setattr("sys.argv", ["agent", "--check", "--advise"])
    assert check() == ((*fine[:2], [warning]) if wants else fine)
    assert check(OUTBOUND_ADDRESS="sip.example.com") == fine


def test_make_up_is_told_that_it_is_not(check: Callable[..., object]) -> None:
    assert check(PROVIDER_KEYS=packed("OPENAI_API_KEY=sk-1")) == (0, "COMPOSE_PROFILES=\n", [])


def test_data_of_a_newer_release_is_a_problem_before_anything_is_stopped(
    check: Callable[..., tuple[object, str, list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores.problems, "__defaults__", (tmp_path / "data",))
    stores.bring_up_to_date(make_folder(tmp_path / "data"))
    assert check()[0] == 0
    (tmp_path / "data/calls" / MARK).write_text("7\n")
    code, _, told = check()
    assert code == 2
    assert "data/calls has version 7, but this release of Landline knows it only up to version 1" in told[1]


def test_a_problem_is_told_on_standard_error_alone(check: Callable[..., object], folder: Path) -> None:
    write(folder, '[models]\nllm = "openai/gpt-4o"\n')
    assert check() == (
        2,
        "",
        [
            "The configuration is not usable (1 problem); nothing was changed.",
            "lines/coffee/line.toml row 2 has models.llm = 'openai/gpt-4o', which needs OPENAI_API_KEY, which is not "
            "set in .env",
        ],
    )


def test_host_and_lines_are_in_one_report(check: Callable[..., tuple[object, str, list[str]]], folder: Path) -> None:
    write(folder, '[turns]\nwait_done = "3"\n[webhook]\nurl = "HOOK"\nsecret = "canary"\n')
    code, out, (head, *told) = check(
        LIVEKIT_API_SECRET="", LOG_LEVEL="loud", LINE_SECRETS=packed("HOOK=canary.example.com")
    )
    assert (code, out) == (2, "")
    assert head == "The configuration is not usable (5 problems); nothing was changed."
    assert [problem.split(",")[0] for problem in told] == [
        "LIVEKIT_API_SECRET is not set: `make up` writes it to .env",
        "LOG_LEVEL is 'loud'",
        "lines/coffee/line.toml row 2 has turns.wait_done = '3'",
        "lines/coffee/line.toml row 4 has webhook.url",
        "lines/coffee/line.toml row 5 has webhook.secret",
    ]
    assert "canary" not in " ".join(told)


def test_lines_are_not_blamed_for_secrets_that_could_not_be_read(
    check: Callable[..., tuple[object, str, list[str]]], folder: Path
) -> None:
    write(folder, '[lookup]\nurl = "CRM"\n[models]\nllm = "openai/gpt-4o"\n')
    code, _, told = check(LINE_SECRETS="not Base64", PROVIDER_KEYS="canary!")
    assert code == 2
    assert [problem.split(",")[0] for problem in told[1:]] == ["PROVIDER_KEYS", "LINE_SECRETS"]


def test_a_line_without_a_folder_of_lines_is_a_problem(check: Callable[..., tuple[object, str, list[str]]]) -> None:
    code, out, told = check(LINES_FOLDER="elsewhere")
    assert (code, out) == (2, "")
    assert told[1:] == ["elsewhere, the folder of the lines, cannot be read: No such file or directory"]


def test_a_number_without_its_country_is_judged_by_the_numbers_of_its_line(
    judged: Callable[..., list[str]], folder: Path
) -> None:
    make(folder, "praxis")
    for name in ("coffee", "praxis"):
        (folder / name / "contacts.csv").write_text("Nummer;Name;Notiz\n030 123456;Ann;\n")
    (folder / "praxis/line.toml").write_text('numbers = ["+4930987654"]\n')
    [problem] = judged()
    assert problem.startswith("lines/coffee/contacts.csv row 2 has '030 …' where a number is expected")
    assert judged(phone_numbers="+4989123456") == []
    settings = host(lines_folder=folder)
    fatal, of_lines = problems_at_start(settings, lines_of(settings))
    assert fatal == []
    assert of_lines == [problem]


def test_prices_that_are_no_good_are_named(judged: Callable[..., list[str]], folder: Path) -> None:
    (folder / "prices.toml").write_text('[openai."tts-1"]\nper_year = 3\n')
    [problem] = judged()
    assert problem.startswith('lines/prices.toml has per_year in [openai."tts-1"], which is no kind of price')
    assert problems_at_start(host(lines_folder=folder), lines_of(host(lines_folder=folder))) == ([], [])  # calls go on
