"""How one call is heard, thought about and spoken to."""

from livekit.agents import AgentSession, APIConnectOptions, room_io, vad
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent import providers
from agent.settings import Settings


def new_session(settings: Settings, voice_activity: vad.VAD) -> AgentSession[None]:
    """The pipeline of one call, with the providers that the settings name."""
    return AgentSession(
        stt=providers.new_stt(settings),
        llm=providers.new_llm(settings),
        tts=providers.new_tts(settings),
        vad=voice_activity,
        turn_handling={"preemptive_generation": {"enabled": True}},
        # Echo is the phone network's business; the 3 s of deafness that a browser's echo canceller needs to
        # warm up would swallow what callers say over the greeting.
        aec_warmup_duration=None,
        session_close_transcript_timeout=0.0,  # nobody waits for the last words of a caller who hung up
        conn_options=SessionConnectOptions(
            stt_conn_options=_tried_twice(settings.stt),
            llm_conn_options=_tried_twice(settings.llm),
            tts_conn_options=_tried_twice(settings.tts),
            max_unrecoverable_errors=0,  # then the session closes, with a goodbye if that can still be spoken
        ),
    )


def _tried_twice(name: str) -> APIConnectOptions:
    # Each further attempt would be as much silence again.
    return APIConnectOptions(max_retry=1, timeout=providers.patience(name))


def room_options(caller_identity: str) -> room_io.RoomOptions:
    """A phone call is audio with one other person; the session ends with the call, whatever ends it."""
    return room_io.RoomOptions(
        participant_identity=caller_identity,
        text_input=False,
        text_output=False,
        close_on_disconnect=False,  # it knows three reasons only; `behaviors.hang_up_together` knows them all
    )
