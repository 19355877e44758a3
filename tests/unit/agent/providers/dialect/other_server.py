"""The models of a line at a server that is almost OpenAI's: the plugin's own client asks a scripted one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livekit.agents import APIConnectOptions, ChatContext, function_tool, llm

from tests.unit.agent.fakes import host, pipeline

if TYPE_CHECKING:
    from livekit import rtc
    from livekit.agents import stt, tts

    from tests.support.fakes.openai_api import FakeOpenAI

TWICE = APIConnectOptions(max_retry=1, timeout=10.0)


@function_tool
async def end_call() -> None:
    """End the call."""


@function_tool
async def tell_the_time(days_from_now: int) -> None:
    """Tell the time.

    Args:
        days_from_now: 0 for today.
    """


@function_tool
async def take_a_note(text: str, urgent: bool = False) -> None:
    """Take a note.

    Args:
        text: The note.
        urgent: Whether it is.
    """


TOOLS: list[llm.Tool] = [end_call, tell_the_time, take_a_note]


class Answer:
    """What a model has answered."""

    def __init__(self) -> None:
        self.text = ""
        self.calls: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.tokens = 0


async def ask(endpoint: FakeOpenAI, *said: str, tools: list[llm.Tool] | None = None, model: str = "own") -> Answer:
    """Ask a new model for an answer, after a greeting, to what the caller has `said`."""
    chosen = pipeline(settings=host(openai_base_url=endpoint.url), llm=f"openai/{model}").new_llm()
    return await answer_of(chosen, *said, tools=tools)


async def answer_of(chosen: llm.LLM[Any], *said: str, tools: list[llm.Tool] | None = None) -> Answer:
    context = ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="assistant", content="Hello.")
    for words in said or ("When are you open?",):
        context.add_message(role="user", content=words)
    answer = Answer()
    tools = TOOLS if tools is None else tools
    async with chosen.chat(chat_ctx=context, tools=tools, conn_options=TWICE) as stream:
        async for chunk in stream:
            answer.tokens += chunk.usage.total_tokens if chunk.usage else 0
            if chunk.delta:
                answer.text += chunk.delta.content or ""
                answer.calls += [(call.name, call.arguments) for call in chunk.delta.tool_calls]
                answer.ids += [call.call_id for call in chunk.delta.tool_calls]
    return answer


def voice_of(endpoint: FakeOpenAI) -> tts.TTS[Any]:
    return pipeline(settings=host(openai_base_url=endpoint.url), tts="openai/own").new_tts()


def ears_of(endpoint: FakeOpenAI) -> stt.STT[Any]:
    return pipeline(settings=host(openai_base_url=endpoint.url), stt="openai/own").new_stts()[0]


async def sound_of(voice: tts.TTS[Any], text: str) -> rtc.AudioFrame:
    async with voice.synthesize(text, conn_options=TWICE) as sound:
        return await sound.collect()
