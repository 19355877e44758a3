"""What the agent uses of livekit-agents' private parts stands in `agent.framework`, and is there in this release."""

import ast
import asyncio
import importlib
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import AgentServer, AgentSession, JobContext, stt, worker
from livekit.agents import types as livekit_types
from livekit.agents.beta.tools import end_call
from livekit.agents.inference.eot.languages import LOCAL_LANGUAGES
from livekit.agents.ipc import _preload
from livekit.agents.job import RunningJobInfo
from livekit.agents.voice import SpeechHandle, io
from livekit.agents.voice.recorder_io import RecorderIO
from livekit.agents.voice.turn import _StreamingTurnDetectorStream
from livekit.local_inference import EOT, EOT_MAX_SAMPLES

from agent import framework, languages
from agent.__main__ import PRELOAD
from agent.conversation import typed_words
from agent.turns.end_of_turn import EndOfTurn, Waits

AGENT = Path(framework.__file__).parent
MODULES = sorted(path for path in AGENT.rglob("*.py") if path != AGENT / "framework.py")

# A module that others may import from, and only what it exports where it says what that is.
PUBLIC = {
    "livekit",
    "livekit.agents",
    "livekit.agents.llm",
    "livekit.agents.metrics",
    "livekit.agents.stt",
    "livekit.agents.tokenize",
    "livekit.agents.tts",
    "livekit.agents.vad",
    "livekit.agents.voice",
    "livekit.local_inference",
    "livekit.plugins",
}
# What every plugin of livekit-agents defines or uses in a subclass of one of its streams.
PLUGIN_API = {"_event_ch", "_input_ch"}


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _exports(module: str, name: str) -> bool:
    imported = importlib.import_module(module)
    exported = getattr(imported, "__all__", None)
    return name in exported if exported is not None else not name.startswith("_")


def _reached_past(tree: ast.Module) -> Iterator[str]:
    """The imports of livekit's modules that are not for others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "livekit":
            module = node.module or ""
            for alias in node.names:
                if module not in PUBLIC or not _exports(module, alias.name):
                    yield f"{module}.{alias.name}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "livekit")


def _private_attributes(tree: ast.Module) -> Iterator[str]:
    """The private names that are used on something, and that the same module does not define."""
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    defined |= {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    defined |= {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr) and node.attr not in defined | PLUGIN_API:
            yield f"{ast.unparse(node)} (line {node.lineno})"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(AGENT)))
def test_no_other_module_reaches_past_what_livekit_exports(path: Path) -> None:
    tree = _tree(path)
    assert list(_reached_past(tree)) == []
    assert list(_private_attributes(tree)) == []


@pytest.mark.parametrize(
    "text",
    [
        "from livekit.agents.voice.recorder_io import RecorderIO",
        "from livekit.agents import worker",
        "from livekit.agents.voice import SessionConnectOptions",
        "import livekit.agents.worker",
    ],
)
def test_an_import_of_a_private_part_is_found(text: str) -> None:
    assert list(_reached_past(ast.parse(text)))


@pytest.mark.parametrize("text", ["server._connecting", "self._vad", "speech._mark_done()"])
def test_the_use_of_a_private_attribute_is_found(text: str) -> None:
    assert list(_private_attributes(ast.parse(text)))


def test_what_is_defined_here_or_is_for_plugins_may_be_used() -> None:
    text = "class A:\n  def _b(self): self._c = self._input_ch; return self._c or self._b"
    assert list(_private_attributes(ast.parse(text))) == []


def test_the_heartbeat_interval_is_what_the_worker_asks_for_when_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HEARTBEAT_INTERVAL", worker.HEARTBEAT_INTERVAL)
    framework.set_heartbeat_interval(7)
    assert worker.HEARTBEAT_INTERVAL == 7
    assert "heartbeat=HEARTBEAT_INTERVAL" in inspect.getsource(AgentServer)


async def test_a_server_that_has_not_connected_is_not_registered() -> None:
    server = AgentServer(ws_url="ws://127.0.0.1:1", api_key="key", api_secret="secret")
    assert (server._connecting, server.id) == (False, "unregistered")
    assert not framework.is_registered(server)


async def test_a_finished_speech_is_over_and_can_be_waited_for() -> None:
    speech: SpeechHandle = framework.new_finished_speech()
    assert speech.done()
    async with asyncio.timeout(1):
        await speech.wait_for_playout()
    assert (speech.interrupted, speech.exception(), speech.chat_items) == (False, None, [])


class _Output(io.AudioOutput):
    def __init__(self) -> None:
        super().__init__(label="output", capabilities=io.AudioOutputCapabilities(pause=False))

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)

    def flush(self) -> None:
        super().flush()

    def clear_buffer(self) -> None: ...


async def test_an_output_plays_until_it_reports_the_end() -> None:
    output = _Output()
    assert not framework.is_playing(output)
    await output.capture_frame(rtc.AudioFrame(bytes(480), 24000, 1, 240))
    assert framework.is_playing(output)
    output.flush()
    output.on_playback_finished(playback_position=0.01, interrupted=False)
    assert not framework.is_playing(output)


@pytest.mark.parametrize("language", languages.known())
def test_the_end_of_turn_model_has_a_threshold_for_every_language(language: str) -> None:
    assert language in LOCAL_LANGUAGES
    assert 0 < framework.end_of_turn_threshold(language) < 1


def test_a_language_without_a_threshold_is_judged_as_english() -> None:
    assert framework.end_of_turn_threshold("xx") == LOCAL_LANGUAGES["en"]


def test_the_end_of_turn_model_takes_the_sound_that_is_given_to_it() -> None:
    assert 0 <= EOT().predict(np.zeros(EOT_MAX_SAMPLES, np.int16)) <= 1


def test_the_stream_keeps_what_the_eager_transcripts_need() -> None:
    kept = inspect.getsource(stt.StreamAdapterWrapper.__init__)
    for name in ("_vad", "_wrapped_stt", "_wrapped_stt_conn_options", "_language"):
        assert f"self.{name} = " in kept
    assert list(inspect.signature(stt.StreamAdapterWrapper.__init__).parameters)[2:] == [
        *("vad", "wrapped_stt", "language", "conn_options")
    ]


async def test_a_turn_can_be_claimed_for_what_was_typed() -> None:
    session: AgentSession[None] = AgentSession(vad=None)
    states = [session.user_state]
    async with framework.claim_turn(session):
        states.append(session.user_state)
    assert [*states, session.user_state] == ["listening", "speaking", "listening"]


def test_a_session_can_be_told_that_nobody_in_the_room_may_drive_it() -> None:
    assert "session_host" in inspect.signature(AgentSession.start).parameters


def test_the_recorder_can_be_put_between_a_session_and_its_sound() -> None:
    assert list(inspect.signature(RecorderIO.__init__).parameters)[1:3] == ["agent_session", "sample_rate"]
    assert list(inspect.signature(RecorderIO.start).parameters) == ["self", "output_path"]
    for name in ("record_input", "record_output", "aclose", "recording_started_at"):
        assert hasattr(RecorderIO, name)


def test_the_session_takes_connect_options_for_each_kind_of_provider() -> None:
    options = framework.SessionConnectOptions(max_unrecoverable_errors=7)
    assert options.max_unrecoverable_errors == 7
    for name in ("stt_conn_options", "llm_conn_options", "tts_conn_options"):
        assert hasattr(options, name)


async def test_a_turn_detector_has_what_the_session_asks_of_one() -> None:
    detector = EndOfTurn("en", Waits(0.6, 1.1, 1.8), None, None, lambda _: None)
    assert isinstance(detector.stream(), _StreamingTurnDetectorStream)
    event = framework.TurnDetectionEvent("eot_prediction", end_of_turn_probability=0.5, last_speaking_time=1.0)
    assert event.end_of_turn_probability == 0.5


def test_the_words_for_the_model_about_ending_a_call_are_there() -> None:
    assert "Ends the current call" in framework.END_CALL_DESCRIPTION
    assert "say goodbye to the user" in inspect.getsource(end_call.EndCallTool)


@pytest.mark.parametrize("module", framework.LATE_IMPORTS)
def test_what_is_imported_before_a_call_is_there(module: str) -> None:
    assert importlib.import_module(module)


async def test_the_client_of_mcp_servers_takes_what_a_line_says_about_them() -> None:
    client = await framework.import_mcp()
    wanted = {"url", "transport_type", "allowed_tools", "headers", "timeout", "client_session_timeout_seconds"}
    assert {*wanted, "tool_result_resolver"} <= set(inspect.signature(client.__init__).parameters)
    for name in ("initialize", "list_tools", "aclose"):
        assert inspect.iscoroutinefunction(getattr(client, name))


def test_the_worker_can_be_told_not_to_load_the_end_of_turn_model_itself() -> None:
    assert PRELOAD == _preload.ENV_PRELOAD_LOCAL_INFERENCE


async def test_markdown_and_emoji_are_filtered_from_a_text_in_pieces() -> None:
    async def answer() -> AsyncIterator[str]:
        for piece in ("We are *", "*open*", "* 😀 at `n", "ine`."):
            yield piece

    filtered = framework.filter_emoji(framework.filter_markdown(answer()))
    assert "".join([piece async for piece in filtered]) == "We are open  at nine."


def test_a_job_says_when_the_worker_took_it() -> None:
    assert RunningJobInfo.__dataclass_fields__["accepted_at"].default == 0.0
    job = Mock(spec_set=["_info"], _info=Mock(accepted_at=12.5))
    assert framework.accepted_at(job) == 12.5
    job._info.accepted_at = 0.0
    assert framework.accepted_at(job) is None
    assert "self._info = info" in inspect.getsource(JobContext.__init__)


def test_a_typed_caption_looks_like_one_of_livekit_agents() -> None:
    assert typed_words.CAPTIONS == livekit_types.TOPIC_TRANSCRIPTION
    assert typed_words.SEGMENT == livekit_types.ATTRIBUTE_TRANSCRIPTION_SEGMENT_ID
    assert typed_words.FINAL == livekit_types.ATTRIBUTE_TRANSCRIPTION_FINAL


def test_every_session_says_that_nobody_in_the_room_may_drive_it() -> None:
    """By default, livekit-agents lets everybody in the room ask for the instructions, and speak for the agent."""
    starts = [
        node
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "start"
        if any(keyword.arg == "room_options" for keyword in node.keywords)
    ]
    assert len(starts) == 4
    for start in starts:
        [said] = [ast.unparse(keyword.value) for keyword in start.keywords if keyword.arg == "session_host"]
        assert said == "False"
