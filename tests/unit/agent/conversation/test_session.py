"""What the settings say of who speaks when is what a session does."""

import importlib.util
import subprocess
import sys
from typing import Any

import pytest
from livekit.agents import AgentSession, UserInputTranscribedEvent, inference, tts
from livekit.plugins import openai, silero

from agent.conversation.session import (
    SEGMENT_PAUSE,
    modules_to_preload,
    new_session,
    new_voice_activity,
    region_of_line,
    room_options,
)
from agent.lines.appointments import Kind
from agent.turns.eager_stt import EagerSTT
from agent.turns.end_of_turn import EndOfTurn
from tests.unit.agent.fakes import ScriptedVoiceActivity, host, line, pipeline

# Prints the modules that a process imports for its first requests, once it has imported what is preloaded.
LATE = """
import asyncio, importlib, sys
import agent.answer
from agent.conversation.session import modules_to_preload
from agent.lines.line import Line
from agent.providers import openai
for name in modules_to_preload([Line()]):
    importlib.import_module(name)
before = set(sys.modules)

async def ask():
    asking = openai.connect("http://127.0.0.1:9/v1", "none", 1.0, True)
    requests = (
        asking.audio.transcriptions.create(model="m", file=("a.wav", b"")),
        asking.chat.completions.create(model="m", messages=[], stream=True),
        asking.audio.speech.create(model="m", voice="v", input="Hello."),
    )
    print(len(await asyncio.gather(*requests, return_exceptions=True)), *sorted(set(sys.modules) - before))

asyncio.run(ask())
"""


def session_with(**changes: Any) -> AgentSession[None]:
    its = line(**changes)
    return new_session(its, pipeline(its), ScriptedVoiceActivity())


@pytest.mark.parametrize("judge", ["both", "words"])
async def test_the_waits_are_those_that_are_set(judge: str) -> None:
    session = session_with(end_of_turn=judge, wait_done=0.4, wait_unsure=0.7, wait_unfinished=1.1)
    detector = session.turn_detection
    assert isinstance(detector, EndOfTurn)
    for said, wait in [("I would like to", 1.1), ("When are you open?", 0.4), ("It's for five.", 0.7)]:
        session.emit("user_input_transcribed", UserInputTranscribedEvent(transcript=said, is_final=True))
        over = detector.is_over(None)
        waits = session.options.endpointing
        assert (waits["min_delay"] if over else waits["max_delay"]) == wait
        assert waits["min_delay"] == 0.4  # after every turn


@pytest.mark.parametrize(("phone_numbers", "wait"), [("+442079460958", 1.1), ("+34612345678", 0.4), ("", 1.1)])
async def test_a_line_without_numbers_takes_telephone_numbers_for_those_of_the_hosts_country(
    phone_numbers: str, wait: float
) -> None:
    its = line(end_of_turn="words", wait_done=0.4, wait_unsure=0.4, wait_unfinished=1.1)
    region = region_of_line(its, host(phone_numbers=phone_numbers))
    session = new_session(its, pipeline(its), ScriptedVoiceActivity(), region)
    detector = session.turn_detection
    assert isinstance(detector, EndOfTurn)
    detector.hear("My phone number is 0207 946 09", final=True)
    assert (0.4 if detector.is_over(None) else 1.1) == wait


async def test_or_by_silence_alone() -> None:
    session = session_with(end_of_turn="silence", wait_done=0.7)
    assert session.turn_detection == "vad"
    assert session.options.endpointing["min_delay"] == 0.7


@pytest.mark.parametrize(
    ("chosen", "enabled", "voiced"), [("voice", True, True), ("text", True, False), ("no", False, False)]
)
async def test_as_much_is_generated_ahead_as_is_set(chosen: str, enabled: bool, voiced: bool) -> None:
    ahead = session_with(preemptive_generation=chosen).options.preemptive_generation
    assert ahead["enabled"] is enabled
    assert ahead["preemptive_tts"] is voiced


async def test_an_engine_for_whole_utterances_is_asked_early_unless_that_is_off() -> None:
    early = session_with(early_transcript=0.1).stt
    assert isinstance(early, EagerSTT)
    assert isinstance(early.wrapped_stt, openai.STT)
    assert early._pause == 0.1
    assert isinstance(session_with(early_transcript=0).stt, openai.STT)


async def test_an_engine_that_hears_while_the_caller_speaks_needs_no_early_transcript() -> None:
    assert isinstance(session_with(stt="openai-realtime/gpt-4o-mini-transcribe").stt, openai.STT)


async def test_the_reply_is_spoken_from_its_first_words_unless_that_is_off() -> None:
    soon = session_with(first_words=3).tts
    assert isinstance(soon, tts.StreamAdapter)
    assert soon._sentence_tokenizer.tokenize("we have fresh bread today")[0] == "we have fresh "
    assert isinstance(session_with(first_words=0).tts, openai.TTS)


async def test_the_caller_is_let_in_as_soon_and_the_agent_goes_on_as_late_as_is_set() -> None:
    interruption = session_with(barge_in=0.2, resume_after=2.5).options.interruption
    assert (interruption["min_duration"], interruption["false_interruption_timeout"]) == (0.2, 2.5)


@pytest.mark.parametrize(("seconds", "deaf"), [(0, None), (1.5, 1.5)])
async def test_the_agent_is_deaf_at_first_only_if_that_is_set(seconds: float, deaf: float | None) -> None:
    assert session_with(echo_warmup=seconds).options.aec_warmup_duration == deaf


@pytest.mark.parametrize(("seconds", "deaf"), [(0, 3), (1.5, 1.5)])
async def test_the_agent_is_deaf_at_first_to_a_browser_whose_echo_canceller_adapts(seconds: float, deaf: float) -> None:
    its = line(echo_warmup=seconds)
    session = new_session(its, pipeline(its), ScriptedVoiceActivity(), by_browser=True)
    assert session.options.aec_warmup_duration == deaf


def test_the_talk_with_a_person_is_told_to_nobody_in_the_room() -> None:
    options = room_options("person-1", line())
    assert (options.get_text_input_options(), options.get_text_output_options()) == (None, None)
    sound = options.get_audio_input_options()
    assert sound is not None
    assert not sound.pre_connect_audio


def test_sound_from_before_the_connection_is_waited_for_a_moment_only() -> None:
    sound = room_options("browser-1", line(), typed=lambda _, __: None).get_audio_input_options()
    assert sound is not None
    assert sound.pre_connect_audio
    assert sound.pre_connect_audio_timeout <= 0.5


def test_sound_arrives_in_frames_of_the_set_length() -> None:
    arrives = room_options("sip_1", line(frame_ms=40)).get_audio_input_options()
    assert arrives is not None
    assert (arrives.frame_size_ms, arrives.sample_rate) == (40, 16000)


@pytest.mark.parametrize(("name", "kind"), [("builtin", inference.VAD), ("silero", silero.VAD)])
async def test_speech_is_told_from_silence_by_what_is_chosen(name: str, kind: type) -> None:
    voice_activity = new_voice_activity(name)
    assert type(voice_activity) is kind
    assert voice_activity._opts.min_silence_duration == SEGMENT_PAUSE  # type: ignore[attr-defined]
    assert ("livekit.plugins.silero" in modules_to_preload([line(vad=name)])) is (name == "silero")


@pytest.mark.real_time
def test_the_first_requests_of_a_process_import_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3"]


def test_what_appointments_need_is_imported_before_the_call_if_a_line_has_them() -> None:
    module = "agent.conversation.callers_appointments"
    assert module in modules_to_preload([line(), line(appointments={"haircut": Kind(length=30)})])
    assert module not in modules_to_preload([line()])
    assert importlib.util.find_spec(module)
