"""A line whose parts each have a model server of their own: three addresses and three keys.

The servers are scripted providers in containers of their own; each lets in one key only.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.stack.extension import Extension, an_extension
from tests.stack.provider import Provider, provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

PARTS = {"ears": "stt", "brain": "llm", "mouth": "tts"}
KEYS = {name: f"key-of-the-{name}" for name in PARTS}
MODELS = {"ears": "Systran/faster-whisper-small", "brain": "llama3.2", "mouth": "kokoro"}
APOLOGY = "something went wrong"


@dataclass(frozen=True)
class Served:
    """A line with three servers, and the servers by name."""

    extension: Extension
    servers: Mapping[str, Provider]

    def say(self, *words: str) -> Outcome:
        """Call and say this; it is the ears that know how the phone's voice sounds."""
        hearing = replace(self.extension, provider=self.servers["ears"], said=set())
        return hearing.call(*(part for text in words for part in ("--say", text)))

    def asked(self, name: str) -> set[tuple[str, str, str]]:
        """What a server was asked for: kind, key and model."""
        return {(it["kind"], it["who"], it["body"]["model"]) for it in self.servers[name].asked()}


@pytest.fixture(scope="module")
def served(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with ExitStack() as up:
        servers = {name: up.enter_context(provider(line, f"{name}-server")) for name in PARTS}
        for name, server in servers.items():
            server.script(key=KEYS[name], models=[MODELS[name]])
        servers["brain"].script(rules=[{"kind": "llm", "match": "soup", "answer": "The soup is tomato."}])
        tables: dict[str, Any] = {
            name: {"url": server.api, "key": f"{name.upper()}_KEY"} for name, server in servers.items()
        }
        models = {kind: f"{name}/{MODELS[name]}" for name, kind in PARTS.items()}
        secrets = {f"{name.upper()}_KEY": key for name, key in KEYS.items()}
        home = tmp_path_factory.mktemp("servers")
        settings: dict[str, Any] = {"models": models, "servers": tables, "filler_after": 5}
        settings |= {"PROVIDER_KEYS": "", "OPENAI_BASE_URL": ""}  # the host has no provider at all
        extension = up.enter_context(an_extension(line, home, secrets=secrets, **settings))
        yield Served(extension, servers)


def test_each_part_of_a_call_is_done_by_its_own_server_with_its_own_key(served: Served) -> None:
    outcome = served.say("What soup do you have?")
    assert outcome.hears("soup is tomato"), outcome.printed
    assert APOLOGY not in outcome.heard, outcome.printed
    for name, kind in PARTS.items():
        assert served.asked(name) == {(kind, KEYS[name], MODELS[name])}
    assert served.extension.provider.asked() == []


def test_a_key_that_is_refused_is_in_the_log_with_its_status_and_not_with_its_value(served: Served) -> None:
    mouth = served.servers["mouth"]
    mouth.script(key="another")
    try:
        outcome = served.say("What soup do you have?")
    finally:
        mouth.script(key=KEYS["mouth"])
    assert outcome.hears(APOLOGY), outcome.printed
    assert "Text to speech failed: mouth-server:8000, asked for kokoro, answered 401: Incorrect API key" in (
        served.extension.logs
    )
    assert "Could not synthesize the greeting: text to speech answered 401" in served.extension.logs
    for key in KEYS.values():
        assert key not in served.extension.logs


def test_make_up_says_nothing_of_servers_that_answer_and_names_one_that_does_not(served: Served) -> None:
    run = ["docker", "exec", served.extension.container, "python", "-m", "agent", "--check", "--probe"]
    done = served.extension.line.run(*run)
    assert (done.stdout, done.stderr) == ("COMPOSE_PROFILES=\n", "")
    served.servers["brain"].script(models=["another"])
    try:
        done = served.extension.line.run(*run)
    finally:
        served.servers["brain"].script(models=[MODELS["brain"]])
    assert "has no model llama3.2" in done.stderr
    assert done.stderr.count("warning: ") == 1


def test_the_machine_that_runs_docker_has_its_name_in_the_agents_container(served: Served) -> None:
    code = "import socket; print(socket.gethostbyname('host.docker.internal'))"
    assert served.extension.run(code).strip().count(".") == 3


def test_an_address_of_the_container_itself_is_refused_with_what_to_write(served: Served) -> None:
    run = ["docker", "compose", "--progress", "quiet", "run", "--rm", "--no-deps", "-T", "agent", "--check"]
    settings = {"OPENAI_BASE_URL": "http://localhost:11434/v1"}
    done = served.extension.line.run(*run, check=False, settings=settings)
    assert done.returncode == 2
    assert "OPENAI_BASE_URL is 'http://localhost:11434/v1', which should not name localhost" in done.stderr
    assert "host.docker.internal" in done.stderr
