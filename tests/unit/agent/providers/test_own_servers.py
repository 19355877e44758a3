"""A line whose parts each have a server of their own, asked by the plugin's own client."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from livekit import rtc
from livekit.agents.llm import ChatContext
from pydantic import SecretStr

from agent.lines.line import Line, parse
from agent.providers.catalog import KINDS
from agent.providers.check import check_line
from agent.providers.pipeline import Pipeline
from agent.storage.live_file import FileError
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import host
from tests.unit.agent.never_silent import INSTANT

SECRETS = {f"{name}_KEY": SecretStr(f"key-of-{name.lower()}") for name in ("EARS", "BRAIN")}
TABLES = """
[models]
stt = "ears/Systran/faster-whisper-small"
llm = "brain/llama3.2:3b"
tts = "mouth/kokoro"

[servers.ears]
url = "{ears}"
key = "EARS_KEY"

[servers.brain]
url = "{brain}"
key = "BRAIN_KEY"
patience = 20
tools = false

[servers.mouth]
url = "{mouth}"
voice = "af_heart"
"""
NO_KEY = host(provider_keys={})
URL = "http://ears.test/v1"
A = '[servers.a]\nurl = "http://x.test"\n'


def read(text: str, secrets: Any = SECRETS) -> Line:
    return parse(text, "coffee", secrets, lambda line: check_line(line, NO_KEY))


@pytest.fixture
async def servers() -> AsyncIterator[dict[str, FakeOpenAI]]:
    async with AsyncExitStack() as up:
        yield {name: await up.enter_async_context(FakeOpenAI(INSTANT)) for name in ("ears", "brain", "mouth")}


async def test_each_part_is_asked_at_its_own_server_with_its_own_key(servers: dict[str, FakeOpenAI]) -> None:
    line = read(TABLES.format(**{name: server.url for name, server in servers.items()}))
    pipeline = Pipeline(line, NO_KEY)
    second = rtc.AudioFrame(bytes(32_000), 16_000, 1, 16_000)
    [ears] = pipeline.new_stts()
    heard = await ears.recognize(second)
    assert heard.alternatives[0].text == "When are you open?"
    context = ChatContext.empty()
    context.add_message(role="user", content="When are you open?")
    async with pipeline.new_llm().chat(chat_ctx=context) as answer:
        assert "".join([chunk.delta.content or "" async for chunk in answer if chunk.delta]) == "At nine."
    async with pipeline.new_tts().synthesize("At nine.") as sound:
        assert sum([piece.frame.duration async for piece in sound]) > 0.05

    asked = {name: [(it.kind, it.who, it.body["model"]) for it in server.requests] for name, server in servers.items()}
    assert asked == {
        "ears": [("stt", "key-of-ears", "Systran/faster-whisper-small")],
        "brain": [("llm", "key-of-brain", "llama3.2:3b")],
        "mouth": [("tts", "none", "kokoro")],
    }
    assert servers["mouth"].requests[0].body["voice"] == "af_heart"


def test_what_is_known_of_a_server_is_what_the_line_says() -> None:
    pipeline = Pipeline(read(TABLES.format(ears=URL, brain=URL, mouth=URL)), NO_KEY)
    assert pipeline.patience("llm") == 20
    assert not pipeline.uses_tools
    assert not pipeline.embedded
    assert not pipeline.reads_slowly
    assert pipeline.modules == ["agent.providers.openai"]


def test_a_server_can_take_over_and_speaks_with_its_own_voice() -> None:
    text = '[models]\ntts = "speech/kokoro-heart"\nvoice = "heart"\ntts_fallback = "{}/m"\n'
    own = f'[servers.b]\nurl = "{URL}"\n{A}voice = "af_sky"\n'
    voices = {
        name: [it.voice for _, it in Pipeline(read(text.format(name) + own), NO_KEY).wanted("tts")] for name in "ab"
    }
    assert voices == {"a": ["heart", "af_sky"], "b": ["heart", ""]}  # the latter with the plugin's usual one


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[servers.openai]\nurl = "http://x.test/v1"', "row 1 has servers.openai which is the name of a provider"),
        ('[servers.a]\nkey = "EARS_KEY"', "row 1 has no servers.a.url, which servers.a needs"),
        ('[servers.a]\nurl = "x.test:80"', "row 2 has servers.a.url = 'x.test:80', which should begin with http://"),
        (
            '[servers.a]\nurl = "http://x.test"\nkeys = "X"',
            "row 3 has servers.a.keys, which is not a setting; did you m",
        ),
        (f'{A}key = "sk-1"', "row 3 has servers.a.key, which should be a name from lines/secrets.env"),
        (
            '[servers.a]\nurl = "http://x.test"\npatience = 0',
            "row 3 has servers.a.patience = 0, which should be greater",
        ),
        (
            '[servers]\na = "http://x.test"',
            "row 2 has servers.a, which should be a table: write [servers.a], and",
        ),
        (
            '[servers."My GPU"]\nurl = "http://x.test"',
            "row 1 has servers.'My GPU', which is not a name for a server: u",
        ),
        (
            '[models]\nllm = "ollama/x"\n[servers.olama]\nurl = "http://x.test"',
            "row 2 has models.llm = 'ollama/x', whic",
        ),
        (
            '[models]\nllm = "a/"\n[servers.a]\nurl = "http://x.test"',
            "row 2 has models.llm = 'a/', which is not of the ",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_one_sentence(text: str, problem: str) -> None:
    with pytest.raises(FileError) as error:
        read(text)
    [found] = error.value.problems
    assert found.startswith(problem)


def test_an_unknown_provider_is_refused_with_the_lines_own_servers() -> None:
    with pytest.raises(FileError, match="known providers: openai, speech; the line's own servers: ears"):
        read(f'[models]\nllm = "ear/x"\n[servers.ears]\nurl = "{URL}"')


@pytest.mark.parametrize("kind", KINDS)
def test_another_line_does_not_know_the_server(kind: str) -> None:
    assert [problem.key for problem in check_line(read(""), NO_KEY)] == []
    with pytest.raises(FileError, match="names the unknown provider 'ears'"):
        read(f'[models]\n{kind} = "ears/m"')
