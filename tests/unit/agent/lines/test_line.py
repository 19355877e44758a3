"""line.toml: what it means, and what is said of everything that may be wrong in it."""

import re
import tomllib

import pytest
from pydantic import SecretStr

from agent import languages
from agent.lines.handling import Handling
from agent.lines.limits import Limits
from agent.lines.line import Line, Objection, parse
from agent.lines.models import Models
from agent.lines.recording import Recording
from agent.lines.turns import Turns
from agent.storage.live_file import FileError
from tests.support.house import ROOT
from tests.support.lines import ABILITIES

HOOK = "https://example.com/ended?key=1"
SECRETS = {
    "URL": HOOK,
    "SECRET": "s" * 32,
    "TOKEN": "t",
    "COFFEE_KEY": "sk-coffee",
    "NO_HOST": "https:///hook-canary",
    "NO_SCHEME": "crm-canary.example.com",
    "NO_PORT": "http://crm-canary:8o80/lookup",
    "FAR_PORT": "http://crm-canary:80800",
    "WEBSOCKET": "ws://crm-canary",
    "SHORT": "canary" * 5 + "s",
    "EMPTY_KEY": "whsec_",
    "NO_BASE64": "whsec_" + "canary-64" * 4,
    "SHORT_KEY": "whsec_" + "QUFB" * 7,
    "LONG_KEY": "whsec_" + "QUFB" * 8,
}


def read(text: str) -> Line:
    return parse(text, "coffee", {name: SecretStr(value) for name, value in SECRETS.items()})


def problems(text: str) -> list[str]:
    """What is said of a line.toml that is wrong; nothing of it may tell a secret."""
    with pytest.raises(FileError) as error:
        read(text)
    told = error.value.problems
    assert "canary" not in str(error.value)
    assert str(error.value) == "; ".join(told)
    return told


def at(key: str, value: str) -> tuple[str, int]:
    """A line.toml with this one setting, and the number of its line."""
    table, _, name = key.rpartition(".")
    return (f"# coffee\n[{table}]\n\n{name} = {value}\n", 4) if table else (f"# coffee\n{name} = {value}\n", 2)


def test_a_file_with_nothing_in_it_is_a_line_with_all_the_defaults() -> None:
    line = read("")
    assert line.name == "coffee"
    assert (line.numbers, line.language, line.timezone) == ([], "en", "UTC")
    assert (line.models, line.turns, line.handling) == (Models(), Turns(), Handling())
    assert (line.limits, line.recording) == (Limits(), Recording())
    assert line.lookup.url is line.webhook.url is None


def test_the_defaults_are_those_of_the_release_before() -> None:
    turns, handling, recording = Turns(), Handling(), Recording()
    assert (turns.wait_done, turns.wait_unsure, turns.wait_unfinished) == (0.6, 1.1, 1.8)
    assert (turns.early_transcript, turns.barge_in, turns.barge_in_level, turns.resume_after) == (0.02, 0.12, 12, 1.5)
    assert (turns.vad, turns.end_of_turn, turns.preemptive_generation) == ("builtin", "both", "voice")
    assert (turns.first_words, turns.prepare_greeting, turns.echo_warmup, turns.frame_ms) == (4, True, 0, 20)
    assert (handling.filler_after, handling.apology_after, handling.failures) == (3, 7, 3)
    assert (handling.silent_caller_after, handling.longest_talk, handling.call_warning) == (10, 180, 60)
    assert (handling.digits_timeout, handling.digits_end) == (3, "#")
    assert (recording.enabled, recording.notice, recording.redact, recording.summary) == (False, "announce", True, True)
    assert (recording.keep_days, recording.keep_mb) == (30, 2000)


def test_every_setting_is_read_from_its_table() -> None:
    line = read(
        'numbers = ["+12025550100", "+4930123456"]\nlanguage = "de"\ntimezone = "Europe/Berlin"\n'
        '[models]\nllm = "openai/gpt-4o"\nkeys = { OPENAI_API_KEY = "COFFEE_KEY" }\n'
        "[turns]\nwait_done = 1\nprepare_greeting = false\n"
        '[handling]\ndigits_end = "*"\n[limits]\ncalls = 500\nminutes = 1500\ncalls_per_caller = 10\n'
        '[recording]\nenabled = true\nnotice = "ask"\n'
        '[lookup]\nurl = "URL"\ntoken = "TOKEN"\ntimeout = 2\n[webhook]\nurl = "URL"\nsecret = "SECRET"\n'
    )
    assert line.numbers == ["+12025550100", "+4930123456"]
    assert (line.language, line.timezone) == ("de", "Europe/Berlin")
    assert (line.models.llm, line.models.keys["OPENAI_API_KEY"].get_secret_value()) == ("openai/gpt-4o", "sk-coffee")
    assert (line.turns.wait_done, line.turns.prepare_greeting, line.handling.digits_end) == (1, False, "*")
    assert line.limits == Limits(calls=500, minutes=1500, calls_per_caller=10)
    assert (line.recording.enabled, line.recording.notice) == (True, "ask")
    assert line.lookup.url
    assert line.webhook.url
    assert line.lookup.url.get_secret_value() == line.webhook.url.get_secret_value() == HOOK


def test_what_the_example_shows_can_be_switched_on() -> None:
    shown = (ROOT / "agent/example/coffee/line.toml").read_text(encoding="utf-8")
    assert read(shown).model_dump(exclude={*ABILITIES}) == read("").model_dump(exclude={*ABILITIES})
    switched_on = re.sub(r"^# (?=\w+ = )", "", shown, flags=re.MULTILINE)
    assert len(tomllib.loads(switched_on)["models"]) == 4
    named = {"CALLER_LOOKUP_URL": HOOK, "CALLER_LOOKUP_TOKEN": "t", "WEBHOOK_URL": HOOK, "WEBHOOK_SECRET": "s" * 32}
    named["OWNER_MAIL"] = "mailtos://user:pass@example.com"
    line = parse(switched_on, "coffee", {name: SecretStr(value) for name, value in named.items()})
    assert (line.limits.calls_per_caller, line.limits.minutes) == (10, 1500)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[messages]\nnotify = ["NOBODY"]', "row 2 has messages.notify, which names NOBODY, which has no value"),
        ('[messages]\nnotify = ["SECRET"]', "row 2 has messages.notify, which names SECRET, whose value in lines/"),
        ('[messages]\nnotify = ["json://x"]', "row 2 has messages.notify, which should be a name from lines/secrets"),
        ("[messages]\nnotify = [3]", "row 2 has messages.notify, which should be a name from lines/secrets.env"),
        (
            '[messages]\nnotify_of = "all"',
            "row 2 has messages.notify_of = 'all', which should be 'messages'",
        ),
        ('[outcome.a]\nkind = "text"', "row 1 has no outcome.a.meaning, which outcome.a needs"),
        ('[outcome.a]\nmeaning = ""', "row 2 has outcome.a.meaning = '', which should have at least 1 character"),
        ('[outcome.a]\nmeaning = "x"\nkind = "choice"', 'row 1 has outcome.a in which kind = "choice" and choices'),
        (
            '[outcome.a]\nmeaning = "x"\nchoices = ["y", "z"]',
            "outcome.a in which choices are given, but kind",
        ),
        ('[outcome.A]\nmeaning = "x"', "row 1 has outcome.'A', which is not a name for a field: use a to z, 0 to 9"),
        ('[outcome]\na = "x"', "row 2 has outcome.a = 'x', which should be a table: write [outcome.a]"),
        ("".join(f'[outcome.a{it}]\nmeaning = "x"\n' for it in range(21)), "which should have at most 20 items"),
    ],
)
def test_what_is_told_to_whom_is_judged(text: str, expected: str) -> None:
    [problem] = problems(text)
    assert expected in problem


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("numbers", '["12025550100"]', "= '12025550100', which should be a number with its country code, such as +1"),
        ("numbers", '["+1 202 555 0100"]', "should be a number with its country"),
        ("numbers", '["+12025550100", 3]', "= 3, which should be a valid string"),
        ("numbers", '"+12025550100"', "should be a valid list"),
        ("also_dialled", '["tel:100"]', "= 'tel:100', which should be what the carrier sends before the @"),
        ("also_dialled", '["100@pbx.example.com"]', "should be what the carrier sends before the @"),
        ("also_dialled", '[""]', "should be what the carrier sends before the @"),
        ("also_dialled", "[100]", "= 100, which should be a valid string"),
        ("language", '"xx"', "= 'xx', which is not a language of this release, which has de, en, es, fr"),
        ("language", '"DE"', "is not a language of this release"),
        ("language", "1", "= 1, which should be a valid string"),
        ("language", "2026-11-25", "should be a valid string"),
        ("timezone", '"Berlin"', "is not the name of a time zone, such as Europe/Berlin or America/New_York"),
        ("timezone", '"../etc/passwd"', "is not the name of a time zone"),
        ("timezone", '""', "is not the name of a time zone"),
        ("models.stt", "1", "= 1, which should be a valid string"),
        ("models.voice", "true", "= true, which should be a valid string"),
        ("turns.early_transcript", "-0.1", "= -0.1, which should be greater than or equal to 0"),
        ("turns.early_transcript", "20", "should be less than or equal to 0.5"),
        ("turns.early_transcript", '"20ms"', "= '20ms', which should be a valid number"),
        ("turns.early_transcript", "true", "= true, which should be a valid number"),
        ("turns.vad", '"webrtc"', "should be 'builtin' or 'silero'"),
        ("turns.end_of_turn", '"semantic"', "should be 'both', 'words', 'prosody' or 'silence'"),
        ("turns.end_of_turn", '"melody"', "should be 'both', 'words', 'prosody' or 'silence'"),
        ("turns.wait_done", "0.1", "should be greater than or equal to 0.3"),
        ("turns.wait_done", "600", "should be less than or equal to 5"),
        ("turns.wait_done", '"0.6"', "= '0.6', which should be a valid number"),
        ("turns.wait_unsure", "nan", "= nan, which should be a finite number"),
        ("turns.wait_unsure", "900", "should be less than or equal to 10"),
        ("turns.wait_unfinished", "0", "should be greater than or equal to 0.3"),
        ("turns.wait_unfinished", "inf", "= inf, which should be a finite number"),
        ("turns.preemptive_generation", '"yes"', "should be 'voice', 'text' or 'no'"),
        ("turns.preemptive_generation", "false", "= false, which should be 'voice', 'text' or 'no'"),
        ("turns.first_words", "-1", "should be greater than or equal to 0"),
        ("turns.first_words", "101", "should be less than or equal to 100"),
        ("turns.first_words", "2.5", "should be a valid integer"),
        ("turns.first_words", "2.0", "should be a valid integer"),
        ("turns.prepare_greeting", '"maybe"', "should be a valid boolean"),
        ("turns.prepare_greeting", '"yes"', "= 'yes', which should be a valid boolean"),
        ("turns.prepare_greeting", "1", "= 1, which should be a valid boolean"),
        ("turns.barge_in", "0", "should be greater than or equal to 0.05"),
        ("turns.barge_in", "120", "should be less than or equal to 2"),
        ("turns.barge_in_level", "2", "should be greater than or equal to 3"),
        ("turns.barge_in_level", "61", "should be less than or equal to 60"),
        ("turns.resume_after", "0", "should be greater than or equal to 0.1"),
        ("turns.resume_after", "11", "should be less than or equal to 10"),
        ("turns.echo_warmup", "-1", "should be greater than or equal to 0"),
        ("turns.echo_warmup", "3000", "should be less than or equal to 10"),
        ("turns.frame_ms", "5", "should be greater than or equal to 10"),
        ("turns.frame_ms", "200", "should be less than or equal to 100"),
        ("handling.filler_after", "0.1", "should be greater than or equal to 0.5"),
        ("handling.filler_after", "31", "should be less than or equal to 30"),
        ("handling.apology_after", "0", "should be greater than or equal to 1"),
        ("handling.apology_after", "61", "should be less than or equal to 60"),
        ("handling.failures", "0", "should be greater than or equal to 1"),
        ("handling.failures", "11", "should be less than or equal to 10"),
        ("handling.failures", '"3"', "= '3', which should be a valid integer"),
        ("handling.silent_caller_after", "1", "should be greater than or equal to 2"),
        ("handling.silent_caller_after", "301", "should be less than or equal to 300"),
        ("handling.longest_talk", "4", "should be greater than or equal to 5"),
        ("handling.longest_talk", "3601", "should be less than or equal to 3600"),
        ("handling.longest_talk", '"1h"', "should be a valid number"),
        ("handling.call_warning", "4", "should be greater than or equal to 5"),
        ("handling.call_warning", "601", "should be less than or equal to 600"),
        ("handling.digits_timeout", "0", "should be greater than or equal to 0.5"),
        ("handling.digits_timeout", "31", "should be less than or equal to 30"),
        ("handling.digits_end", '"0"', "should be '#' or '*'"),
        ("handling.digits_end", '"##"', "should be '#' or '*'"),
        ("limits.minutes", "-1", "= -1, which should be greater than or equal to 1"),
        ("limits.calls", "0", "should be greater than or equal to 1"),
        ("limits.calls", "1000000", "should be less than or equal to 999999"),
        ("limits.minutes", "0.5", "should be a valid integer"),
        ("limits.calls", "true", "= true, which should be a valid integer"),
        ("limits.minutes_per_caller", '"30"', "should be a valid integer"),
        ("limits.calls_per_caller", "0", "should be greater than or equal to 1"),
        ("limits.calls_at_once", "0", "should be greater than or equal to 1"),
        ("limits.max_call_duration", "59", "should be greater than or equal to 60"),
        ("limits.max_call_duration", "86401", "should be less than or equal to 86400"),
        ("recording.enabled", '"always"', "should be a valid boolean"),
        ("recording.notice", '"yes"', "should be 'announce', 'ask' or 'no'"),
        ("recording.notice", "false", "should be 'announce', 'ask' or 'no'"),
        ("recording.redact", '"cards"', "should be a valid boolean"),
        ("recording.summary", '"short"', "should be a valid boolean"),
        ("recording.keep_days", "0", "should be greater than or equal to 1"),
        ("recording.keep_days", "3651", "should be less than or equal to 3650"),
        ("recording.keep_mb", "0", "should be greater than or equal to 1"),
        ("recording.keep_mb", "1000001", "should be less than or equal to 1000000"),
        ("lookup.timeout", "0", "should be greater than or equal to 0.1"),
        ("lookup.timeout", "11", "should be less than or equal to 10"),
    ],
)
def test_a_wrong_setting_is_one_problem_that_names_its_line_what_is_there_and_what_was_expected(
    key: str, value: str, expected: str
) -> None:
    text, line = at(key, value)
    [problem] = problems(text)
    assert problem.startswith(f"row {line} has {key} = ")
    assert expected in problem


@pytest.mark.parametrize(
    ("table", "settings", "problem"),
    [
        ("turns", "wait_unsure = 0.5", "wait_unsure is 0.5, but should be at least wait_done (0.6)"),
        ("turns", "wait_unfinished = 0.9", "wait_unfinished is 0.9, but should be at least wait_unsure (1.1)"),
        ("turns", "wait_done = 2", "wait_unsure is 1.1, but should be at least wait_done (2)"),
        ("handling", "apology_after = 2", "apology_after is 2, but should be at least filler_after (3)"),
        ("handling", "filler_after = 8", "apology_after is 7, but should be at least filler_after (8)"),
        ("webhook", 'url = "URL"', "url is set and secret is not: events have to be signed"),
    ],
)
def test_settings_that_do_not_go_together_are_told_at_their_table(table: str, settings: str, problem: str) -> None:
    [found] = problems(f"# coffee\n[{table}]\n{settings}\n")
    assert found.startswith(f"row 2 has {table} in which {problem}")


@pytest.mark.parametrize("text", ["[turns]\nwait_done = 1.1\nwait_unsure = 1.1\nwait_unfinished = 1.1", "[turns]"])
def test_waits_may_be_as_long_as_each_other(text: str) -> None:
    assert read(text).turns.wait_unsure == 1.1


SECRET_KEYS = ["lookup.url", "lookup.token", "webhook.url", "webhook.secret"]


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize(
    "written",
    ['"https://crm-canary.example.com/?key=1"', '"canary"', '["canary"]', '{ value = "canary" }', "20261125", '""'],
)
def test_a_secret_that_is_written_into_line_toml_is_refused_and_not_repeated(key: str, written: str) -> None:
    text, line = at(key, written)
    found = problems(text)
    assert found[0] == (
        f"row {line} has {key}, which should be a name from lines/secrets.env, such as WEBHOOK_URL: put the value there"
    )
    assert "20261125" not in found[0]


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_secret_that_is_not_there_is_named(key: str) -> None:
    text, line = at(key, '"CRM_KEY"')
    assert problems(text)[0] == (
        f"row {line} has {key}, which names CRM_KEY, which has no value in lines/secrets.env: write CRM_KEY=… there "
        "and run make up"
    )


@pytest.mark.parametrize("key", ["lookup.url", "webhook.url"])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NO_SCHEME", "should begin with http:// or https://"),
        ("WEBSOCKET", "should begin with http:// or https://"),
        ("NO_HOST", "then have a host"),
        ("NO_PORT", "a port up to 65535"),
        ("FAR_PORT", "a port up to 65535"),
    ],
)
def test_an_address_in_the_secrets_is_judged_and_not_shown(key: str, name: str, expected: str) -> None:
    text, line = at(key, f'"{name}"')
    found = problems(text)[0]
    assert found.startswith(f"row {line} has {key}, which names a secret in lines/secrets.env whose value should ")
    assert expected in found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SHORT", "names a secret that should have at least 32 characters"),
        ("EMPTY_KEY", "begins with whsec_: the rest should be Base64 of at least 24 bytes"),
        ("NO_BASE64", "should be Base64 of at least 24 bytes"),
        ("SHORT_KEY", "should be Base64 of at least 24 bytes"),
    ],
)
def test_a_webhooks_secret_that_is_easy_to_guess_is_refused(name: str, expected: str) -> None:
    [problem] = problems(f'[webhook]\nurl = "URL"\nsecret = "{name}"\n')
    assert problem.startswith("row 3 has webhook.secret, which ")
    assert expected in problem


@pytest.mark.parametrize("name", ["SECRET", "LONG_KEY"])
def test_a_webhooks_secret_that_is_long_enough_is_taken(name: str) -> None:
    taken = read(f'[webhook]\nurl = "URL"\nsecret = "{name}"\n').webhook.secret
    assert taken
    assert taken.get_secret_value() == SECRETS[name]


def test_a_line_never_shows_its_secrets() -> None:
    line = read(
        '[models]\nkeys = { OPENAI_API_KEY = "COFFEE_KEY" }\n[webhook]\nurl = "URL"\nsecret = "SECRET"\n'
        '[lookup]\nurl = "URL"\ntoken = "SECRET"\n'
    )
    for shown in (repr(line), str(line.model_dump()), line.model_dump_json()):
        assert not [value for value in ("sk-coffee", HOOK, "s" * 32) if value in shown]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('{ OPENAI_API_KEY = "sk-canary" }', "has models.keys.OPENAI_API_KEY, which should be a name from"),
        ('{ OPENAI_API_KEY = "MY_KEY" }', "has models.keys.OPENAI_API_KEY, which names MY_KEY, which has no value"),
        (
            '{ sk-canary = "OPENAI_API_KEY" }',
            "has models.keys, which should have names like OPENAI_API_KEY on its left",
        ),
        ('"sk-canary"', "has models.keys, which should be a valid dictionary"),
    ],
)
def test_a_lines_own_key_is_a_name_on_both_sides(written: str, problem: str) -> None:
    found = problems(f"[models]\nkeys = {written}\n")
    assert {told.startswith("row 2 ") for told in found} == {True}
    assert problem in found[0]


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("langauge", "; did you mean language?"),
        ("limit", "; did you mean limits?"),
        ("turns.wait_dne", "; did you mean turns.wait_done?"),
        ("handling.apology", "; did you mean handling.apology_after?"),
        ("recording.keep_day", "; did you mean recording.keep_days?"),
        ("models.wait_done", " there; did you mean turns.wait_done?"),
        ("webhook.language", " there; did you mean language?"),
        ("lookup.secret", " there; did you mean webhook.secret?"),
        ("webhook.colour", ": docs/settings.md lists all settings"),
        ("colour", ": docs/settings.md lists all settings"),
    ],
)
def test_an_unknown_key_is_named_with_the_one_that_may_be_meant(key: str, advice: str) -> None:
    text, line = at(key, '"canary"')
    assert problems(text) == [f"row {line} has {key}, which is not a setting{advice}"]


def test_an_unknown_table_is_named_once() -> None:
    assert problems('[turn]\nvad = "canary"\nwait_done = 1\n') == [
        "row 1 has turn, which is not a setting; did you mean turns?"
    ]


@pytest.mark.parametrize("table", ["models", "turns", "handling", "limits", "recording", "lookup", "webhook"])
@pytest.mark.parametrize("value", ['"canary"', "3", "true", '["canary"]'])
def test_a_value_where_a_table_is_expected(table: str, value: str) -> None:
    hidden = table in ("models", "lookup", "webhook")  # an address with a key in it may have been written there
    shown = value if hidden else value.replace("canary", "tea")
    [problem] = problems(f"\n{table} = {shown}\n")
    found = "" if hidden else f" = {shown.replace(chr(34), chr(39))}"
    assert problem == f"row 2 has {table}{found}, which should be a table: write [{table}], and its settings below it"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("calls: 3\n", "row 1 is not TOML at column 6: Expected '=' after a key in a key/value pair"),
        ("[limits]\ncalls = three\n", "row 2 is not TOML at column 9: Invalid value"),
        ('language = "en"\nlanguage = "canary"\n', "row 2 is not TOML at column 20: Cannot overwrite a value"),
        ("[turns]\n[turns]\n", "row 2 is not TOML at column 7: Cannot declare ('turns',) twice"),
        ('secret = "canary\n', "row 1 is not TOML at column 17: Illegal character '\\n'"),
        (f"calls = {'[' * 5000}", "is not TOML that can be read: its lists or tables are nested too deeply"),
        (f"calls = {'9' * 5000}", "is not TOML: Exceeds the limit"),
    ],
)
def test_what_is_not_toml_is_told_by_line_and_column(text: str, problem: str) -> None:
    [found] = problems(text)
    assert found.startswith(problem)


def test_all_problems_of_a_file_are_in_one_report_in_the_order_of_the_tables() -> None:
    text = (
        'language = "xx"\ncolour = "red"\n[handling]\nfailures = 0\n[turns]\nwait_done = "fast"\nbarge_in = 3\n'
        '[webhook]\nurl = "CRM"\n'
    )
    assert [problem.split(",")[0] for problem in problems(text)] == [
        "row 1 has language = 'xx'",
        "row 6 has turns.wait_done = 'fast'",
        "row 7 has turns.barge_in = 3",
        "row 4 has handling.failures = 0",
        "row 9 has webhook.url",
        "row 2 has colour",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("turns.frame_ms = 5\n", 1),
        ('# a\nturns . "frame_ms" = 5\n', 2),
        ("\nturns = { wait_done = 0.6, frame_ms = 5 }\n", 2),
        ("[limits]\nframe_ms = 5\n[turns]\n'frame_ms' = 5", 4),
        ("[ turns ] # who speaks when\n  frame_ms=5", 2),
        ("# frame_ms = 5\n[turns]\n# frame_ms = 20\nframe_ms = 5 # ms\n", 4),
    ],
)
def test_the_line_is_found_however_the_key_is_written(text: str, line: int) -> None:
    assert f"row {line} has turns.frame_ms = 5, which should be greater than or equal to 10" in problems(text)


def test_a_list_over_several_lines_is_told_at_its_key() -> None:
    [problem] = problems('numbers = [\n  "+12025550100",\n  "+1",\n]\n')
    assert problem.startswith("row 1 has numbers = '+1', which should be a number with its country")


@pytest.mark.parametrize("form", ["2025550100", "(202) 555-0100", "0012025550100", "100", "*98", "desk", "+1;npdi=yes"])
def test_a_number_may_also_be_dialled_as_a_carrier_writes_it(form: str) -> None:
    assert read(f'also_dialled = ["{form}"]').also_dialled == [form]


def test_a_page_of_a_value_is_not_repeated() -> None:
    [problem] = problems(f'language = "{"x" * 5000}"\n')
    assert len(problem) < 250


@pytest.mark.parametrize("language", languages.known())
def test_every_language_that_is_shipped_is_known(language: str) -> None:
    assert read(f'language = "{language}"').language == language


@pytest.mark.parametrize(
    ("of_line", "of_host", "longest"), [(None, 3600, 3600), (600, 3600, 600), (3600, 600, 600), (60, 60, 60)]
)
def test_a_call_is_as_long_as_the_shorter_limit(of_line: int | None, of_host: int, longest: int) -> None:
    line = read(f"[limits]\nmax_call_duration = {of_line}" if of_line else "")
    assert line.longest_call(of_host) == longest


@pytest.mark.parametrize(
    ("limits", "per_caller"), [({}, False), ({"calls": 3}, False), ({"calls_per_caller": 3}, True)]
)
def test_limits_tell_whether_they_depend_on_who_calls(limits: dict[str, int], per_caller: bool) -> None:
    assert Limits(**limits).per_caller is per_caller
    assert Limits(minutes_per_caller=1).per_caller


def test_what_is_wrong_only_on_this_host_is_told_at_its_place_too() -> None:
    with pytest.raises(FileError) as error:
        parse(
            '[models]\nllm = "nobody/x"\n',
            "coffee",
            {},
            lambda line: [Objection("models.llm", f"= {line.models.llm!r}, which is not known"), Objection("x", "!")],
        )
    assert error.value.problems == ["row 2 has models.llm = 'nobody/x', which is not known", "has x !"]
