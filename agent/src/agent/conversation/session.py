"""How one call is heard, thought about and spoken to."""

import importlib
import sys
from collections.abc import Iterable
from typing import Any

from livekit.agents import AgentSession, APIConnectOptions, UserInputTranscribedEvent, inference, room_io, stt, tts, vad
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.turn import TurnDetectionMode

from agent.lines.line import Line
from agent.providers import catalog
from agent.providers.pipeline import Pipeline
from agent.turns.eager_stt import EagerSTT, FallbackSTT
from agent.turns.end_of_turn import EndOfTurn, Waits
from agent.turns.lexical_cue import LexicalCue
from agent.turns.prosody import RATE, Prosody
from agent.turns.speaker_gate import SpeakerGate
from agent.turns.tts_chunks import TTSChunks

SEGMENT_PAUSE = 0.3  # seconds of silence that end a piece of speech, of which a turn may have several
TELEPHONE_RATE = RATE  # Hz, twice what a phone sends: what both models that listen take as it is
SILERO = "livekit.plugins.silero"
FIRST_USED_IN_A_CALL = ["livekit.agents.llm.async_toolset"]  # imported late by livekit-agents, for 0.1 s of silence


def new_session(line: Line, pipeline: Pipeline, voice_activity: vad.VAD) -> AgentSession[None]:
    """Assemble the session of one call, with the models of the line's pipeline."""
    turns = line.turns
    gate = SpeakerGate(voice_activity, turns.barge_in_level)
    session: AgentSession[None] = AgentSession(
        stt=_one_stt(pipeline.new_stts(), gate, turns.early_transcript),
        llm=pipeline.new_llm(),
        tts=_stream_tts(pipeline.new_tts(), turns.first_words),
        vad=gate,
        turn_handling={
            "endpointing": {"min_delay": turns.wait_done, "max_delay": turns.wait_unfinished},
            "interruption": {"min_duration": turns.barge_in, "false_interruption_timeout": turns.resume_after},
            "preemptive_generation": {
                "enabled": turns.preemptive_generation != "no",
                "preemptive_tts": turns.preemptive_generation == "voice",
            },
        },
        # Echo is the phone network's business. The 3 s for which livekit-agents is deaf, until a browser's echo
        # canceller has warmed up, would swallow what callers say over the greeting.
        aec_warmup_duration=turns.echo_warmup or None,
        session_close_transcript_timeout=0.0,  # nobody waits for the last words of a caller who hung up
        conn_options=SessionConnectOptions(
            stt_conn_options=connect_options(catalog.STT, pipeline),
            llm_conn_options=connect_options(catalog.LLM, pipeline),
            tts_conn_options=connect_options(catalog.TTS, pipeline),
            max_unrecoverable_errors=sys.maxsize,  # `behaviors.fill_the_silence` counts them
        ),
        user_away_timeout=None,  # `behaviors.ask_a_silent_caller` has its own
    )
    gate.agent_speaks = lambda: session.agent_state == "speaking"
    session.update_options(turn_detection=_end_of_turn(session, line))
    return session


def new_voice_activity(kind: str) -> vad.VAD:
    """Make what tells speech from silence: Silero's model, `builtin` in livekit-agents or as the plugin `silero`."""
    if kind == "silero":
        return importlib.import_module(SILERO).VAD.load(min_silence_duration=SEGMENT_PAUSE)  # type: ignore[no-any-return]
    return inference.VAD(min_silence_duration=SEGMENT_PAUSE)


def modules(lines: Iterable[Line]) -> list[str]:
    """List what a call's process needs besides its providers and is worth importing once, before it is needed."""
    chosen = [SILERO] if any(line.turns.vad == "silero" for line in lines) else []
    return [*chosen, *FIRST_USED_IN_A_CALL]


def _one_stt(engines: list[stt.STT[Any]], voice_activity: vad.VAD, pause: float) -> stt.STT[Any]:
    """Make one of the engines: those that take a whole utterance take over within it, a stream with the next one."""
    if len(engines) == 1:
        return _eager_stt(engines[0], voice_activity, pause)
    if any(engine.capabilities.streaming for engine in engines):
        return FallbackSTT([_eager_stt(engine, voice_activity, pause) for engine in engines], voice_activity)
    engine = FallbackSTT(
        engines, voice_activity
    )  # it makes streams of them, but each can still be asked for one utterance
    return EagerSTT(engine, voice_activity, pause) if pause else stt.StreamAdapter(stt=engine, vad=voice_activity)


def _eager_stt(engine: stt.STT[Any], voice_activity: vad.VAD, pause: float) -> stt.STT[Any]:
    return EagerSTT(engine, voice_activity, pause) if pause and not engine.capabilities.streaming else engine


def _stream_tts(voice: tts.TTS[Any], words: int) -> tts.TTS[Any]:
    if voice.capabilities.streaming or not words:
        return voice
    return tts.StreamAdapter(tts=voice, sentence_tokenizer=TTSChunks(words))


def _end_of_turn(session: AgentSession[None], line: Line) -> TurnDetectionMode:
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
    )

    def heard(event: UserInputTranscribedEvent) -> None:
        detector.hear(event.transcript, final=event.is_final)

    session.on("user_input_transcribed", heard)
    return detector


def connect_options(kind: str, pipeline: Pipeline) -> APIConnectOptions:
    """Say how often and how patiently the first provider of the `kind` (stt, llm, tts) is asked."""
    return APIConnectOptions(max_retry=pipeline.attempts(kind) - 1, timeout=pipeline.patience(kind))


def room_options(caller_identity: str, line: Line) -> room_io.RoomOptions:
    """Say what a session takes of its room: audio of one other person; it ends with the call, whatever ends it."""
    return room_io.RoomOptions(
        participant_identity=caller_identity,
        audio_input=room_io.AudioInputOptions(sample_rate=TELEPHONE_RATE, frame_size_ms=line.turns.frame_ms),
        text_input=False,
        text_output=False,
        close_on_disconnect=False,  # it knows three reasons only; `behaviors.hang_up_together` knows them all
    )
