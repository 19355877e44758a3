"""Addresses and keys that a person sets: what cannot be meant is refused in one sentence."""

import pytest
from pydantic import SecretStr

from agent.lines.line import parse
from agent.settings.values import IN_CONTAINER, check_key, check_url
from agent.storage.live_file import FileError

LOOPBACK = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "models.localhost",
    "127.0.0.1",
    "127.1.2.3",
    "127.1",
    "2130706433",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "ip6-localhost",
]
ELSEWHERE = [
    "host.docker.internal",
    "speech",
    "localhost.example.com",
    "192.168.1.7",
    "12.7.0.1",
    "[fd00::1]",
    "example.com",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_in_a_container_an_address_of_the_container_itself_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(IN_CONTAINER, "yes")
    with pytest.raises(ValueError, match=r"is the container itself: write host\.docker\.internal instead"):
        check_url(f"http://{host}:11434/v1", "http")


@pytest.mark.parametrize("host", ELSEWHERE)
def test_in_a_container_any_other_address_is_taken(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(IN_CONTAINER, "yes")
    assert check_url(f"http://{host}:11434/v1", "http") == f"http://{host}:11434/v1"


@pytest.mark.parametrize("host", LOOPBACK)
def test_outside_of_a_container_localhost_is_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(IN_CONTAINER, raising=False)
    assert check_url(f"ws://{host}:7880", "ws")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            '[lookup]\nurl = "A"',
            "row 2 has lookup.url, which names a secret in lines/secrets.env whose ",
        ),
        (
            '[webhook]\nurl = "A"\nsecret = "S"',
            "row 2 has webhook.url, which names a secret in lines/secrets.env ",
        ),
        (
            '[servers.a]\nurl = "http://127.0.0.1:1/v1"',
            "row 2 has servers.a.url = 'http://127.0.0.1:1/v1', which ",
        ),
    ],
)
def test_every_address_of_a_line_is_judged(text: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(IN_CONTAINER, "yes")
    secrets = {"A": SecretStr("http://localhost:9/?key=canary"), "S": SecretStr("s" * 32)}
    with pytest.raises(FileError) as error:
        parse(text, "coffee", secrets)
    [problem] = error.value.problems
    assert problem.startswith(place)
    assert "host.docker.internal" in problem
    assert "canary" not in problem


WRONG_KEYS = ["sk-…", "sk-1 2", "sk-1\t", '"sk-1"', "'sk-1'", "`sk-1`", "sk–1", "sk-1\x7f", "ключ", "sk-1\u200b"]  # noqa: RUF001


@pytest.mark.parametrize("key", WRONG_KEYS)
def test_a_character_that_no_key_has_is_told_by_its_place(key: str) -> None:
    with pytest.raises(ValueError, match=r"has a character at position [1-5] that is in no key") as error:
        check_key(SecretStr(key))
    assert key not in str(error.value)


@pytest.mark.parametrize("key", ["sk-proj-Ab_9", "gsk_1", "key!with#signs%&*+/=?@~", "x"])
def test_any_other_character_may_be_in_a_key(key: str) -> None:
    assert check_key(SecretStr(key)).get_secret_value() == key


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[lookup]\ntoken = "K"', "lookup.token"),
        ('[models]\nkeys = { OPENAI_API_KEY = "K" }', "models.keys.OPENAI_API_KEY"),
        ('[servers.a]\nurl = "http://a.test"\nkey = "K"', "servers.a.key"),
    ],
)
def test_a_key_of_a_line_is_judged_by_the_setting_that_names_it(text: str, name: str) -> None:
    with pytest.raises(FileError) as error:
        parse(text, "coffee", {"K": SecretStr("sk-canary…")})
    [problem] = error.value.problems
    assert (
        f"has {name}, which names a secret in lines/secrets.env whose value has a character at position 10" in problem
    )
    assert "canary" not in problem
