"""A session as the settings make it, against an endpoint that speaks OpenAI's API."""

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import openai
import pytest
from livekit.agents import AgentSession, function_tool, inference
from livekit.agents import vad as voice_activity
from pydantic import SecretStr

from agent.conversation.receptionist import Receptionist
from agent.conversation.session import new_session, room_options
from agent.lines.words import Words
from agent.providers import catalog
from agent.providers.openai import connect
from agent.providers.pipeline import Pipeline
from agent.providers.read_ahead import read_ahead
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import Recorded, host, in_call, line, pipeline, spoken
from tests.unit.agent.never_silent import INSTANT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PROMPTS = Words(persona="Be brief.", greeting="Hello.", goodbye="Goodbye.")
SMALL = "qwen2.5-coder-0.5b-instruct"


@pytest.fixture
def ear() -> voice_activity.VAD:
    return inference.VAD(model="silero")


def test_the_named_provider_and_model_are_used() -> None:
    its = host(speech_url="http://speech.test:8000/v1")
    chosen = pipeline(settings=its, stt="speech/whisper-tiny.en", tts="speech/kokoro-heart")
    [stt], llm, tts = chosen.new_stts(), chosen.new_llm(), chosen.new_tts()
    assert (stt.provider, stt.model) == ("speech.test:8000", "whisper-tiny.en")
    assert (llm.provider, llm.model) == ("api.openai.com", "gpt-4o-mini")
    assert (tts.provider, tts.model) == ("speech.test:8000", "kokoro-heart")
    assert not stt.capabilities.streaming  # it would open a realtime connection, which is not configured


def test_openai_can_be_another_server() -> None:
    assert pipeline(settings=host(openai_base_url="http://localhost:9/v1")).new_llm().provider == "localhost:9"


def test_only_chosen_providers_are_imported() -> None:
    assert pipeline().modules == ["agent.providers.openai"]
    assert pipeline(tts="speech/kokoro-heart").modules == [
        "agent.providers.openai",
        "agent.providers.speech",
    ]


def test_every_provider_in_the_table_can_do_what_the_table_says() -> None:
    keys = {facts.key: SecretStr("sk-1") for name in catalog.PROVIDERS if (facts := catalog.facts(name)).key}
    for name, module in catalog.PROVIDERS.items():
        provider = catalog.facts(name)
        for kind in provider.kinds:
            model = next(iter(provider.models), "x")
            chosen = pipeline(line(**{kind: f"{name}/{model}"}), host(provider_keys=keys))
            assert module in chosen.modules
            assert _one(kind, chosen).model == model


def _one(kind: str, chosen: Pipeline) -> Any:
    return chosen.new_stts()[0] if kind == "stt" else getattr(chosen, f"new_{kind}")()


def a_receptionist(session: AgentSession[None]) -> Receptionist:
    room = SimpleNamespace(isconnected=lambda: False)
    return Receptionist(in_call(session=session, words=PROMPTS, room=room, announcer=Recorded(session, "en")))


def test_a_callers_first_words_are_heard_and_no_failure_ends_the_session(ear: voice_activity.VAD) -> None:
    async def options() -> AgentSession[None]:
        return new_session(line(), pipeline(), ear)

    session = asyncio.run(options())
    assert session.options.aec_warmup_duration is None
    assert session.options.preemptive_generation["enabled"]
    assert session.conn_options.max_unrecoverable_errors > 1000
    assert session.options.user_away_timeout is None


def test_the_session_ends_with_the_call_and_not_before() -> None:
    options = room_options("sip_1", line())
    assert options.participant_identity == "sip_1"
    assert not options.close_on_disconnect


async def test_a_question_is_answered(endpoint: FakeOpenAI, ear: voice_activity.VAD) -> None:
    async with new_session(line(), pipeline(settings=host(openai_base_url=endpoint.url)), ear) as session:
        await session.start(a_receptionist(session), capture_run=True, record=False)
        await session.run(user_input="When do you open?")
        assert spoken(session) == ["Hello.", "At nine."]
    [request] = endpoint.asked("llm")
    assert request.body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert request.body["model"] == "gpt-4o-mini"


@pytest.mark.parametrize("fault", ["error", "busy", "garbage"])
async def test_a_provider_that_fails_is_asked_twice_and_the_session_goes_on(
    endpoint: FakeOpenAI, ear: voice_activity.VAD, fault: str
) -> None:
    endpoint.script = INSTANT.changed(faults={"llm": fault})
    async with new_session(line(), pipeline(settings=host(openai_base_url=endpoint.url)), ear) as session:
        await session.start(a_receptionist(session), capture_run=True, record=False)
        reply = session.generate_reply(user_input="When do you open?")
        await asyncio.wait_for(reply.wait_for_playout(), 5)
        assert reply.exception()
        assert len(endpoint.asked("llm")) == 2
        endpoint.script = INSTANT
        await session.run(user_input="When do you open?")
        assert spoken(session) == ["Hello.", "At nine."]


async def nothing() -> None:
    """Do nothing."""


async def test_a_slow_model_is_shown_persona_and_tools_once_and_asked_for_next_to_nothing(endpoint: FakeOpenAI) -> None:
    chosen = pipeline(settings=host(speech_url=endpoint.url), llm=f"speech/{SMALL}")
    assert chosen.reads_slowly
    assert not pipeline().reads_slowly
    await read_ahead(chosen.new_llm(), PROMPTS.persona, [function_tool(nothing, name="nothing")])
    [request] = endpoint.asked("llm")
    assert [tool["function"]["name"] for tool in request.body["tools"]] == ["nothing"]
    assert request.body["messages"] == [{"role": "system", "content": PROMPTS.persona}]
    assert request.body["max_completion_tokens"] == 1


async def test_a_model_that_cannot_read_ahead_breaks_nothing(endpoint: FakeOpenAI) -> None:
    endpoint.script = endpoint.script.changed(faults={"llm": "error"})
    chosen = pipeline(settings=host(speech_url=endpoint.url), llm=f"speech/{SMALL}")
    await read_ahead(chosen.new_llm(), PROMPTS.persona)
    assert endpoint.asked("llm")


# The fake leaves an upload's temporary file to the collector when its request is cut off.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["stt", "llm", "tts"])
async def test_a_provider_that_hangs_is_given_up_after_its_patience(endpoint: FakeOpenAI, kind: str) -> None:
    endpoint.script = endpoint.script.changed(faults={kind: "hang"})
    client = connect(endpoint.url, "sk-hang", 0.2, True)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "stt": lambda: client.audio.transcriptions.create(file=("a.wav", b"RIFF"), model="m", timeout=30),
        "llm": lambda: client.chat.completions.create(model="m", messages=[], timeout=30),
        "tts": lambda: client.audio.speech.create(input="Hello.", model="m", voice="v", timeout=30),
    }
    async with asyncio.timeout(5):
        with pytest.raises(openai.APITimeoutError):
            await asked[kind]()
