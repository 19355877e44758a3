"""The session of one call: its models, and how turns are taken in it."""

import importlib
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from livekit.agents import (
    AgentSession,
    APIConnectOptions,
    ChatMessage,
    ConversationItemAddedEvent,
    JobContext,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    inference,
    room_io,
    stt,
    tts,
    vad,
)

from agent import languages
from agent.admission.caller_id import region_of
from agent.aloud.reader import Reader
from agent.aloud.reading import Reading
from agent.aloud.stream import transforms
from agent.framework import LATE_IMPORTS, MCP, SessionConnectOptions, TurnDetectionMode
from agent.lines.line import Line
from agent.providers import catalog
from agent.providers.pipeline import Pipeline
from agent.providers.rate_limit import limits
from agent.settings import Settings
from agent.turns.eager_stt import EagerSTT, FallbackSTT
from agent.turns.end_of_turn import EndOfTurn, Waits
from agent.turns.lexical_cue import LexicalCue
from agent.turns.made_up import MadeUp
from agent.turns.prosody import RATE, Prosody
from agent.turns.speaker_gate import SpeakerGate
from agent.turns.tts_chunks import TTSChunks

TypedWords = Callable[[AgentSession[Any], room_io.TextInputEvent], Coroutine[None, None, None] | None]

SEGMENT_PAUSE = 0.3  # seconds of silence that end a segment of speech; a turn may have several segments
# Hz, twice what a phone sends. A browser sends 48 kHz, which livekit-agents converts; no model that takes sound needs
# another rate.
HEARD_RATE = RATE
# Seconds for which the agent cannot be interrupted when it first speaks to a browser, whose echo canceller adapts
# meanwhile: livekit-agents' own default.
BROWSER_ECHO_WARMUP = 3.0
PRE_CONNECT_WITHIN = 0.5  # seconds in which a browser delivers what was said before it was connected
SILERO = "livekit.plugins.silero"
APPOINTMENTS = "agent.conversation.callers_appointments"  # else imported when one is first asked for: 0.1 s


def new_session(
    line: Line, pipeline: Pipeline, voice_activity: vad.VAD, region: str | None = None, *, by_browser: bool = False
) -> AgentSession[None]:
    """Assemble the session of one call, with the models of the line's pipeline.

    `region` (ISO 3166) is where the line is; None means the usual one of its language. `by_browser` says that the
    caller may listen by loudspeaker.
    """
    turns = line.turns
    gate = SpeakerGate(voice_activity, turns.barge_in_level)
    session: AgentSession[None] = AgentSession(
        stt=_combine_stts(pipeline.new_stts(), gate, line),
        llm=pipeline.new_llm(),
        tts=_stream_tts(pipeline.new_tts(), turns.first_words, line.language),
        tts_text_transforms=transforms(Reader.of(line.language, region)),  # the transcript is not changed
        vad=gate,
        turn_handling={
            "endpointing": {"min_delay": turns.wait_done, "max_delay": turns.wait_unfinished},
            "interruption": {"min_duration": turns.barge_in, "false_interruption_timeout": turns.resume_after},
            "preemptive_generation": {
                "enabled": turns.preemptive_generation != "no",
                "preemptive_tts": turns.preemptive_generation == "voice",
            },
        },
        # The phone network cancels echo. By default livekit-agents ignores the first 3 s, while a browser's echo
        # canceller warms up, and would miss what callers say over the greeting.
        aec_warmup_duration=turns.echo_warmup or (BROWSER_ECHO_WARMUP if by_browser else None),
        session_close_transcript_timeout=0.0,  # `records.capture.last_words` waits before the session closes
        conn_options=SessionConnectOptions(
            stt_conn_options=connect_options(catalog.STT, pipeline),
            llm_conn_options=connect_options(catalog.LLM, pipeline),
            tts_conn_options=connect_options(catalog.TTS, pipeline),
            max_unrecoverable_errors=sys.maxsize,  # `behaviors.fill_the_silence` counts them
        ),
        user_away_timeout=None,  # `behaviors.ask_a_silent_caller` has a timer of its own
    )
    gate.follow_agent(lambda: session.agent_state == "speaking")
    session.update_options(turn_detection=_end_of_turn(session, line, region or Reading.of(line.language).region))
    _prepare_no_replies_while_limited(session)
    return session


def region_of_line(line: Line, settings: Settings) -> str | None:
    """Return the country of the line's numbers, or else that of the host's, as an ISO 3166 code."""
    return region_of([*line.numbers, *settings.phone_numbers.split(",")])


def reader_of(line: Line, settings: Settings) -> Reader:
    """Return what reads a line's words aloud: in its language, and in the way of its country."""
    return Reader.of(line.language, region_of_line(line, settings))


def new_voice_activity(kind: str) -> vad.VAD:
    """Make the voice activity detection: Silero's model, either `builtin` in livekit-agents or its plugin `silero`."""
    if kind == "silero":
        return importlib.import_module(SILERO).VAD.load(min_silence_duration=SEGMENT_PAUSE)  # type: ignore[no-any-return]
    return inference.VAD(min_silence_duration=SEGMENT_PAUSE)


def voice_activity_of(ctx: JobContext, line: Line) -> vad.VAD:
    """Return the line's detector, which is loaded already unless the setting has just been edited."""
    there: dict[str, vad.VAD] = ctx.proc.userdata["voice_activity"]
    return there.get(line.turns.vad) or new_voice_activity(line.turns.vad)


def modules_to_preload(lines: Iterable[Line]) -> list[str]:
    """List the modules, besides the providers' own, that a call's process should import before the call comes."""
    there = list(lines)
    chosen = [SILERO] if any(line.turns.vad == "silero" for line in there) else []
    chosen += [MCP] if any(line.mcp for line in there) else []
    chosen += [APPOINTMENTS] if any(line.appointments for line in there) else []
    return [*chosen, *catalog.LATE_IMPORTS, *LATE_IMPORTS]


def _combine_stts(engines: list[stt.STT[Any]], voice_activity: vad.VAD, line: Line) -> stt.STT[Any]:
    """Combine the engines: one for whole utterances takes over at once, a streaming one at the next utterance."""
    pause, made_up = line.turns.early_transcript, MadeUp(languages.phrases(line.language))

    def eager(engine: stt.STT[Any]) -> stt.STT[Any]:
        streams = engine.capabilities.streaming or not pause
        return engine if streams else EagerSTT(engine, voice_activity, pause, made_up)

    if len(engines) == 1:
        return eager(engines[0])
    if any(engine.capabilities.streaming for engine in engines):
        return FallbackSTT([eager(engine) for engine in engines], voice_activity)
    # The adapter gives the engines streams, but can still be asked to transcribe a single utterance.
    engine = FallbackSTT(engines, voice_activity)
    if not pause:
        return stt.StreamAdapter(stt=engine, vad=voice_activity)
    return EagerSTT(engine, voice_activity, pause, made_up)


def _stream_tts(voice: tts.TTS[Any], words: int, language: str) -> tts.TTS[Any]:
    if voice.capabilities.streaming or not words:
        return voice
    return tts.StreamAdapter(tts=voice, sentence_tokenizer=TTSChunks(words, language))


def _end_of_turn(session: AgentSession[None], line: Line, region: str) -> TurnDetectionMode:
    turns = line.turns
    if turns.end_of_turn == "silence":
        return "vad"
    waits = Waits(turns.wait_done, turns.wait_unsure, turns.wait_unfinished)
    words = LexicalCue.of(line.language) if turns.end_of_turn != "prosody" else None
    prosody = Prosody() if turns.uses_prosody else None
    detector = EndOfTurn(
        line.language,
        waits,
        words,
        prosody,
        lambda wait: session.update_options(endpointing_opts={"max_delay": wait}),
        region,
    )

    def hear(event: UserInputTranscribedEvent) -> None:
        detector.hear(event.transcript, final=event.is_final)

    def ask(event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, ChatMessage) and event.item.role == "assistant":
            detector.ask(event.item.text_content or "")

    session.on("user_input_transcribed", hear)
    session.on("conversation_item_added", ask)
    return detector


def _prepare_no_replies_while_limited(session: AgentSession[None]) -> None:
    """Begin no reply in advance while a server limits its requests: a caller who goes on makes it begin another."""
    preemptive = session.options.preemptive_generation
    wanted = preemptive["enabled"]

    def decide(_: UserStateChangedEvent) -> None:
        preemptive["enabled"] = wanted and not limits.any_in_force

    session.on("user_state_changed", decide)


def connect_options(kind: str, pipeline: Pipeline) -> APIConnectOptions:
    """Return how often the first provider of the `kind` (stt, llm, tts) is asked, and how long each attempt gets."""
    return APIConnectOptions(max_retry=pipeline.attempts(kind) - 1, timeout=pipeline.patience(kind))


def captions() -> room_io.TextOutputOptions:
    """Return how the words of both sides are sent to the room, where a browser and an operator can read them.

    They are sent as soon as they are known, beside the sound. Sending them in step with the sound would put another
    stage in front of the room's output, and would lose the words of a reply before which a filler is played.
    """
    return room_io.TextOutputOptions(sync_transcription=False)


def room_options(
    identity: str, line: Line, *, with_captions: bool = False, typed: TypedWords | None = None
) -> room_io.RoomOptions:
    """Return what the session takes from its room: the audio of the participant with this identity.

    A browser's typed words are given to `typed`; without it, the participant is a phone, which sends none. Nothing of
    the conversation is sent to the room but sound, unless it is `with_captions`.
    """
    return room_io.RoomOptions(
        participant_identity=identity,
        audio_input=room_io.AudioInputOptions(
            sample_rate=HEARD_RATE,
            frame_size_ms=line.turns.frame_ms,
            pre_connect_audio=typed is not None,  # only browsers send sound from before they are connected
            pre_connect_audio_timeout=PRE_CONNECT_WITHIN,
        ),
        text_input=room_io.TextInputOptions(text_input_cb=typed) if typed else False,
        text_output=captions() if with_captions else False,
        close_on_disconnect=False,  # it covers only three reasons; `conversation.hang_up_together` covers all
    )
