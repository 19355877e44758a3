"""How one call is heard, thought about and spoken to."""

import importlib
import sys
from typing import Any

from livekit.agents import AgentSession, APIConnectOptions, UserInputTranscribedEvent, inference, room_io, stt, tts, vad
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.turn import TurnDetectionMode

from agent import providers
from agent.settings import Settings, hears_melody
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


def new_session(settings: Settings, voice_activity: vad.VAD) -> AgentSession[None]:
    """The pipeline of one call, with the providers that the settings name."""
    own_voice = SpeakerGate(voice_activity, settings.barge_in_within)
    session: AgentSession[None] = AgentSession(
        stt=_ear(providers.new_stts(settings), own_voice, settings.early_transcript),
        llm=providers.new_llm(settings),
        tts=_soon(providers.new_tts(settings), settings.first_words),
        vad=own_voice,
        turn_handling={
            "endpointing": {"min_delay": settings.wait_done, "max_delay": settings.wait_unfinished},
            "interruption": {"min_duration": settings.barge_in, "false_interruption_timeout": settings.resume_after},
            "preemptive_generation": {
                "enabled": settings.preemptive_generation != "no",
                "preemptive_tts": settings.preemptive_generation == "voice",
            },
        },
        # Echo is the phone network's business. The 3 s for which livekit-agents is deaf, until a browser's echo
        # canceller has warmed up, would swallow what callers say over the greeting.
        aec_warmup_duration=settings.echo_warmup or None,
        session_close_transcript_timeout=0.0,  # nobody waits for the last words of a caller who hung up
        conn_options=SessionConnectOptions(
            stt_conn_options=patient(providers.STT, settings),
            llm_conn_options=patient(providers.LLM, settings),
            tts_conn_options=patient(providers.TTS, settings),
            max_unrecoverable_errors=sys.maxsize,  # `behaviors.fill_the_silence` counts them
        ),
        user_away_timeout=None,  # `behaviors.ask_a_silent_caller` has its own
    )
    own_voice.agent_speaks = lambda: session.agent_state == "speaking"
    session.update_options(turn_detection=_end_of_turn(session, settings))
    return session


def new_voice_activity(settings: Settings) -> vad.VAD:
    """What tells speech from silence: Silero's model either way, as livekit-agents has it built in or as a plugin."""
    if settings.vad == "silero":
        return importlib.import_module(SILERO).VAD.load(min_silence_duration=SEGMENT_PAUSE)  # type: ignore[no-any-return]
    return inference.VAD(min_silence_duration=SEGMENT_PAUSE)


def modules(settings: Settings) -> list[str]:
    """What a call's process needs and is worth importing only once, before it is needed."""
    chosen = [SILERO] if settings.vad == "silero" else []
    return [*providers.modules(settings), *chosen, *FIRST_USED_IN_A_CALL]


def _ear(engines: list[stt.STT[Any]], voice_activity: vad.VAD, pause: float) -> stt.STT[Any]:
    """The engines as one: those that take a whole utterance take over within it, a stream with the next one."""
    if len(engines) == 1:
        return _early(engines[0], voice_activity, pause)
    if any(engine.capabilities.streaming for engine in engines):
        return FallbackSTT([_early(engine, voice_activity, pause) for engine in engines], voice_activity)
    engine = FallbackSTT(
        engines, voice_activity
    )  # it makes streams of them, but each can still be asked for one utterance
    return EagerSTT(engine, voice_activity, pause) if pause else stt.StreamAdapter(stt=engine, vad=voice_activity)


def _early(engine: stt.STT[Any], voice_activity: vad.VAD, pause: float) -> stt.STT[Any]:
    return EagerSTT(engine, voice_activity, pause) if pause and not engine.capabilities.streaming else engine


def _soon(voice: tts.TTS[Any], words: int) -> tts.TTS[Any]:
    if voice.capabilities.streaming or not words:
        return voice
    return tts.StreamAdapter(tts=voice, sentence_tokenizer=TTSChunks(words))


def _end_of_turn(session: AgentSession[None], settings: Settings) -> TurnDetectionMode:
    if settings.end_of_turn == "silence":
        return "vad"
    waits = Waits(settings.wait_done, settings.wait_unsure, settings.wait_unfinished)
    words = LexicalCue.of(settings.language) if settings.end_of_turn != "melody" else None
    melody = Prosody() if hears_melody(settings) else None
    detector = EndOfTurn(
        settings.language,
        waits,
        words,
        melody,
        lambda wait: session.update_options(endpointing_opts={"max_delay": wait}),
    )

    def heard(event: UserInputTranscribedEvent) -> None:
        detector.hear(event.transcript, final=event.is_final)

    session.on("user_input_transcribed", heard)
    return detector


def patient(kind: str, settings: Settings) -> APIConnectOptions:
    """How often and how patiently the provider of the `kind` (stt, llm, tts) is asked."""
    return APIConnectOptions(
        max_retry=providers.attempts(kind, settings) - 1, timeout=providers.patience(kind, settings)
    )


def room_options(caller_identity: str, settings: Settings) -> room_io.RoomOptions:
    """A phone call is audio with one other person; the session ends with the call, whatever ends it."""
    return room_io.RoomOptions(
        participant_identity=caller_identity,
        audio_input=room_io.AudioInputOptions(sample_rate=TELEPHONE_RATE, frame_size_ms=settings.frame_ms),
        text_input=False,
        text_output=False,
        close_on_disconnect=False,  # it knows three reasons only; `behaviors.hang_up_together` knows them all
    )
