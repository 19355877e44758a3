"""One call from the job to the first word, without a server: what happens, in the order in which it does."""

import importlib
import inspect
import logging
import pkgutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, JobContext, JobProcess

from agent import answer as module
from agent import behaviors
from agent.admission import admission, owner_files
from agent.admission.caller import Caller
from agent.answer import answer, prewarm
from agent.behaviors.ask_for_consent import Consent
from agent.conversation import call as calls
from agent.conversation import call_room
from agent.lines import folder as lines_folder
from agent.lines.folder import LinesFolder
from agent.providers.check import check_line
from agent.records import folders
from agent.settings import Settings
from agent.storage.private_files import make_folder
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.conversation.test_hang_up_together import Job, participant
from tests.unit.agent.fakes import Loudspeaker, Recorded, ScriptedVoiceActivity, host, settle, spoken, until
from tests.unit.agent.lines.test_folder import make

ANN = {
    "sip.callID": "SCL_1",
    "sip.trunkID": "ST_1",
    "sip.hostname": "pstn.twilio.com",
    "sip.phoneNumber": "2025550199",
    "sip.trunkPhoneNumber": "+12025550100",
}
BROWSER = "browser-0123456789abcdef"
DRAFT = "0123456789abcdef" * 2
BY_BROWSER = '{"line": "coffee", "browser": true}'
STRANGER = ANN | {"sip.hostname": "54.172.60.0/30"}
BEHAVIOURS = {name for _, name, _ in pkgutil.iter_modules(behaviors.__path__)} - {"ask_for_consent"}
WATCHED = {
    *BEHAVIOURS,
    *("close_the_room_with_the_job", "Presynthesis", "wait_for_caller", "refuse_strangers", "report_the_call"),
    *("note_the_call", "reject_when_full", "look_up", "Receptionist", "hang_up_together"),
}


class Stage(Job):
    """A job and everything around it, and what has been done, in order."""

    def __init__(self, lines: LinesFolder, settings: Settings, attributes: dict[str, str]) -> None:
        super().__init__("caller")
        self.room.remote_participants["caller"].attributes = attributes
        self.done: list[str] = []
        self.given: dict[str, list[Any]] = {}  # what each step was called with
        self.sessions: list[AgentSession[Any]] = []
        self.options: dict[str, Any] = {}  # with which the last session was started
        self.loudspeaker: Loudspeaker | None = None  # with one, sessions really start
        self.job = SimpleNamespace(id="AJ_1", metadata='{"line": "coffee"}')
        self.log_context_fields: dict[str, str] = {}
        self.at_once = 3
        self._info = SimpleNamespace(accepted_at=time.time())
        self.lines, self.settings = lines, settings

    @property
    def proc(self) -> Any:
        known = {"settings": self.settings, "lines": self.lines, "calls_at_once": self.at_once}
        return SimpleNamespace(userdata=known | {"voice_activity": {"builtin": ScriptedVoiceActivity()}})

    async def connect(self, **_: Any) -> None:
        self.done.append("connect")

    async def answer(self, metadata: str | None = None) -> list[str]:
        """Answer the call; return what has been done."""
        if metadata is not None:
            self.job.metadata = metadata
        await answer(cast("JobContext", self))
        return self.done

    async def end(self) -> None:
        self.room.remote_participants.clear()  # who has hung up is not said goodbye to
        for session in self.sessions:
            await session.aclose()
        for callback in self.callbacks:
            await (callback("") if inspect.signature(callback).parameters else callback())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lines coffee and dentist; nothing is read or written outside of the test's own folder."""
    make(tmp_path / "lines", "coffee", '[turns]\nend_of_turn = "words"\n')
    make(tmp_path / "lines", "dentist", '[turns]\nend_of_turn = "words"\n')
    data = make_folder(tmp_path / "data")
    monkeypatch.setattr(admission, "DATA", data)
    monkeypatch.setattr(folders.Folders.__init__, "__defaults__", (data,))
    for function in (owner_files.read_contacts, owner_files.read_lists):
        monkeypatch.setattr(function, "__defaults__", (tmp_path / "kept",))
    monkeypatch.setattr(calls, "Announcer", Recorded)
    return tmp_path / "lines"


@pytest.fixture
async def stage(folder: Path, endpoint: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    settings = host(lines_folder=folder, openai_base_url=endpoint.url)
    lines = LinesFolder(folder, {}, folder.parent / "kept", lambda line: check_line(line, settings))
    stage = Stage(lines, settings, ANN)
    for name in WATCHED:
        monkeypatch.setattr(module, name, watched(stage, name, getattr(module, name)))
    monkeypatch.setattr(LinesFolder, "dispatched", watched(stage, "find the line", LinesFolder.dispatched))
    start = AgentSession.start

    async def without_a_room(session: AgentSession[Any], agent: Any, **options: Any) -> None:
        stage.done.append(f"start with {type(agent).__name__}")
        stage.given["start"] = [options["room_options"].participant_identity]
        stage.options = options
        stage.sessions.append(session)
        if stage.loudspeaker:
            session.output.audio = stage.loudspeaker
            await start(session, agent, record=False)

    monkeypatch.setattr(AgentSession, "start", without_a_room)
    yield stage
    await stage.end()


def watched(stage: Stage, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    def do(*given: Any, **named: Any) -> Any:
        stage.done.append(name)
        stage.given[name] = [*given, *named.values()]
        return step(*given, **named)

    return do


def between(done: list[str], first: str, last: str) -> list[str]:
    return done[done.index(first) + 1 : done.index(last)]


async def test_a_call_in_the_order_in_which_things_happen(stage: Stage) -> None:
    done = await stage.answer()
    assert done[: done.index("Receptionist") + 1] == [
        "close_the_room_with_the_job",
        "find the line",
        "Presynthesis",
        "connect",
        "wait_for_caller",
        "note_the_call",
        "refuse_strangers",
        "report_the_call",
        "reject_when_full",
        "look_up",
        "Receptionist",
    ]
    assert done[-2:] == ["start with Receptionist", "bound_the_call"]
    attached = between(done, "Receptionist", "start with Receptionist")
    assert set(attached) == BEHAVIOURS - {"bound_the_call"} | {"hang_up_together"}
    assert stage.reasons == []
    assert stage.given["start"] == ["caller"]


async def test_every_behaviour_there_is_is_attached_exactly_once_to_the_call(stage: Stage) -> None:
    done = await stage.answer()
    assert sorted(name for name in done if name in BEHAVIOURS) == sorted(BEHAVIOURS)
    [call] = {id(stage.given[name][0]): stage.given[name][0] for name in BEHAVIOURS}.values()
    assert isinstance(call, calls.Call)
    assert (call.line.name, call.sip.call_id, call.caller.number) == ("coffee", "SCL_1", "+12025550199")
    assert call.session is stage.sessions[0]


def test_a_behaviours_module_has_a_function_of_its_name() -> None:
    for name in BEHAVIOURS:
        assert callable(getattr(importlib.import_module(f"agent.behaviors.{name}"), name))


@pytest.mark.parametrize("line", ["coffee", "dentist"])
async def test_the_jobs_metadata_decides_whose_words_the_call_has(
    stage: Stage, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    stage.loudspeaker = Loudspeaker()
    await stage.answer(f'{{"line": "{line}"}}')
    await stage.loudspeaker.play_to_the_end()
    [session] = stage.sessions
    assert spoken(session) == [f"greeting of {line}"]
    [call, greeting, _] = stage.given["Receptionist"]
    assert call.words.persona.startswith(f"persona of {line}")
    assert greeting is not None
    assert stage.given["Presynthesis"][0] == f"greeting of {line}"
    assert stage.log_context_fields == {"line": line, "call_id": "SCL_1"}
    assert "Call answered" in caplog.messages


async def test_a_recorded_call_begins_with_the_question_whether_it_may_be(stage: Stage, folder: Path) -> None:
    (folder / "coffee/line.toml").write_text('[recording]\nenabled = true\nnotice = "ask"\n')
    done = await stage.answer()
    assert done[-2:] == [f"start with {Consent.__name__}", "bound_the_call"]
    assert "Receptionist" in done


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ('{"line": "tea"}', "its dispatch rule names the line tea, but this host's lines are: coffee, dentist"),
        ("", "its dispatch rule names no line, and this host's lines are: coffee, dentist; run make up"),
    ],
)
async def test_a_call_of_no_line_is_refused_before_anything_is_connected(
    stage: Stage, metadata: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await stage.answer(metadata) == ["close_the_room_with_the_job", "find the line"]
    assert stage.reasons == ["refused"]
    assert caplog.messages == [f"Call refused: {reason}"]


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("line.toml", 'language = "xx"', "lines/coffee/line.toml row 1 has language = 'xx'"),
        ("line.toml", '[models]\nllm = "nobody/x"', "lines/coffee/line.toml row 2 has models.llm = 'nobody/x'"),
        ("greeting.md", "", "lines/coffee/greeting.md is empty"),
        ("allowed.txt", "Ann", "lines/coffee/allowed.txt row 1 has something else where a number is expected"),
    ],
)
async def test_a_line_that_cannot_be_used_refuses_its_call_and_no_other_lines(
    stage: Stage, folder: Path, file: str, content: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "coffee" / file).write_text(content)
    assert await stage.answer() == ["close_the_room_with_the_job", "find the line"]
    assert stage.reasons == ["refused"]
    [record] = caplog.records
    assert (record.levelno, record.exc_info) == (logging.ERROR, None)
    assert record.getMessage().startswith(f"Call refused: {problem}")
    assert (await stage.answer('{"line": "dentist"}'))[-1] == "bound_the_call"


async def test_a_stranger_is_refused_and_hears_nothing(stage: Stage) -> None:
    stage.room.remote_participants["caller"].attributes = STRANGER
    done = await stage.answer()
    assert done[-1] == "refuse_strangers"
    assert stage.reasons == ["refused"]
    assert stage.sessions == []


async def test_who_is_blocked_is_refused_before_a_greeting_is_asked_for(
    stage: Stage, folder: Path, endpoint: FakeOpenAI
) -> None:
    (folder / "coffee/blocked.txt").write_text("+12025550199\n")
    assert await stage.answer() == [
        "close_the_room_with_the_job",
        "find the line",
        "connect",
        "wait_for_caller",
        "note_the_call",
        "refuse_strangers",
    ]
    assert stage.reasons == ["refused"]
    await settle()
    assert endpoint.requests == []


@pytest.mark.parametrize("settings", ["[limits]\ncalls_per_caller = 3", "[limits]\nminutes_per_caller = 3"])
async def test_where_it_matters_who_calls_the_greeting_is_synthesized_once_the_caller_is_let_in(
    stage: Stage, folder: Path, settings: str
) -> None:
    (folder / "coffee/line.toml").write_text(f'{settings}\n[turns]\nend_of_turn = "words"\n')
    done = await stage.answer()
    assert done.index("Presynthesis") == done.index("reject_when_full") + 1
    assert done.count("Presynthesis") == 1


async def test_a_greeting_that_is_not_to_be_prepared_is_not(stage: Stage, folder: Path) -> None:
    (folder / "coffee/line.toml").write_text('[turns]\nprepare_greeting = false\nend_of_turn = "words"\n')
    done = await stage.answer()
    assert "Presynthesis" not in done
    assert stage.given["Receptionist"][1] is None


@pytest.mark.parametrize(
    ("at_once", "settings", "reason"),
    [
        (1, "", "all lines are busy"),
        (3, "[limits]\ncalls_at_once = 1", "all lines are busy"),
        (3, "[limits]\ncalls = 1", "the line's limit of the day is reached"),
        (3, "[limits]\ncalls_per_caller = 1", "the caller's limit of the day is reached"),
    ],
)
async def test_a_caller_for_whom_there_is_no_slot_hears_why_and_is_reported(
    stage: Stage, folder: Path, at_once: int, settings: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "coffee/line.toml").write_text(f'{settings}\n[turns]\nend_of_turn = "words"\n')
    stage.at_once = at_once
    await stage.answer()
    stage.done.clear()
    stage.job.id = "AJ_2"
    stage.loudspeaker = Loudspeaker()
    done = await stage.answer()
    assert done[-3:] == ["report_the_call", "reject_when_full", "start with Agent"]
    assert "Presynthesis" not in done
    assert "look_up" not in done
    await stage.loudspeaker.play_to_the_end()
    await until(lambda: stage.reasons)
    assert stage.reasons == [reason]
    assert f"Call rejected: {reason}" in caplog.messages


async def test_a_full_line_keeps_nobody_from_another_one(stage: Stage, folder: Path) -> None:
    (folder / "coffee/line.toml").write_text('[limits]\ncalls_at_once = 1\n[turns]\nend_of_turn = "words"\n')
    await stage.answer()
    stage.job.id = "AJ_2"
    assert (await stage.answer('{"line": "dentist"}'))[-1] == "bound_the_call"


async def test_what_the_owner_knows_of_the_caller_is_told_before_the_session_starts(stage: Stage, folder: Path) -> None:
    (folder / "coffee/contacts.csv").write_text("number,name,notes\n+12025550199,Ann,likes tea\n")
    await stage.answer()
    call = stage.given["Receptionist"][0]
    assert call.caller == Caller("+12025550199", anonymous=False, name="Ann", notes="likes tea")
    assert "Ann" in call.words.persona
    assert "likes tea" in call.words.persona
    assert stage.given["look_up"][1:] == ["+12025550100", call.line, folder / "coffee", "US"]


async def test_contacts_that_are_no_good_make_a_caller_unknown_and_no_more(
    stage: Stage, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "coffee/contacts.csv").write_text("phone;name\n")
    assert (await stage.answer())[-1] == "bound_the_call"
    [problem] = caplog.messages
    assert problem.startswith("lines/coffee/contacts.csv row 1 is not the header")
    assert problem.endswith("; nobody is known by name")


@pytest.mark.parametrize(
    ("dialled", "caller", "number"),
    [
        ("+12025550100", "2025550199", "+12025550199"),
        ("+4930123456", "030987654", "+4930987654"),
        ("reception", "2025550199", "+12025550199"),  # by PHONE_NUMBERS
    ],
)
async def test_a_number_without_a_country_is_one_of_the_country_that_was_called(
    stage: Stage, dialled: str, caller: str, number: str
) -> None:
    stage.room.remote_participants["caller"].attributes = ANN | {
        "sip.trunkPhoneNumber": dialled,
        "sip.phoneNumber": caller,
    }
    await stage.answer()
    assert stage.given["Receptionist"][0].caller.number == number


@pytest.mark.parametrize("dialled", ["+12025550100", "2025550100", "0012025550100", "12025550100"])
async def test_a_number_that_the_carrier_writes_in_its_own_way_is_the_lines(stage: Stage, dialled: str) -> None:
    attributes = ANN | {"sip.trunkPhoneNumber": dialled, "sip.phoneNumber": "", "sip.hostname": "+12025550199"}
    stage.room.remote_participants["caller"].attributes = attributes
    await stage.answer()
    call = stage.given["Receptionist"][0]
    assert call.sip.dialled == "+12025550100"
    assert call.caller.number == "+12025550199"  # from <tel:+12025550199>


async def test_a_caller_who_hung_up_while_it_rang_is_not_answered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_room, "CALLER_JOINS_WITHIN", 0.01)
    stage.room.remote_participants.clear()
    assert (await stage.answer())[-2:] == ["connect", "wait_for_caller"]
    assert stage.reasons == ["the caller hung up while it rang"]
    assert stage.sessions == []


async def test_the_log_names_the_line_from_the_moment_on_at_which_it_is_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields: list[dict[str, str]] = []
    connect = stage.connect

    async def connecting(**options: Any) -> None:
        fields.append(stage.log_context_fields)
        await connect(**options)

    monkeypatch.setattr(stage, "connect", connecting)
    await stage.answer('{"line": "dentist"}')
    assert fields == [{"line": "dentist"}]
    assert stage.log_context_fields == {"line": "dentist", "call_id": "SCL_1"}


def test_a_calls_process_knows_the_host_the_lines_and_what_tells_speech_from_silence_before_there_is_a_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "dentist/line.toml").write_text('[turns]\nvad = "silero"\n[models]\ntts = "speech/kokoro-heart"\n')
    settings = host(lines_folder=folder)
    monkeypatch.setattr(module, "read_settings", lambda: settings)
    monkeypatch.setattr(module, "new_voice_activity", lambda kind: f"the {kind} one")
    monkeypatch.setattr(
        module, "lines_of", lambda settings: LinesFolder(settings.lines_folder, {}, folder.parent / "kept")
    )
    process = SimpleNamespace(userdata={})
    prewarm(cast("JobProcess", process))
    assert process.userdata["settings"] is settings
    assert process.userdata["lines"].names() == ["coffee", "dentist"]
    assert process.userdata["calls_at_once"] == 3
    assert process.userdata["voice_activity"] == {"builtin": "the builtin one", "silero": "the silero one"}


@pytest.fixture
def browser(stage: Stage) -> Stage:
    """The caller has come by browser, and an operator who waits for them was there before."""
    standard = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
    stage.room.remote_participants.clear()
    for identity, attributes in (
        ("operator-0123456789abcdef", {"landline.operator": "yes"}),
        (BROWSER, {"landline.caller": "browser"}),
    ):
        who = participant(identity)
        who.kind, who.attributes, who.track_publications = standard, attributes, {}
        stage.room.remote_participants[identity] = who
    return stage


async def test_a_caller_by_browser_goes_the_same_way_as_one_by_phone(browser: Stage) -> None:
    done = await browser.answer(BY_BROWSER)
    order = [name for name in done if name not in BEHAVIOURS]
    assert order == [
        "close_the_room_with_the_job",
        "find the line",
        "Presynthesis",
        "connect",
        "wait_for_caller",
        "note_the_call",
        "refuse_strangers",
        "report_the_call",
        "reject_when_full",
        "look_up",
        "Receptionist",
        "hang_up_together",
        "start with Receptionist",
    ]
    call = browser.given["Receptionist"][0]
    assert call.came_by_browser
    assert (call.sip.call_id, call.sip.dialled, call.caller) == (BROWSER, "", Caller("", anonymous=True))
    assert (call.record.came_by, call.record.draft) == ("browser", "")
    assert "from a web page" in call.words.persona
    assert call.session.options.aec_warmup_duration == 3
    assert browser.log_context_fields == {"line": "coffee", "call_id": BROWSER}


async def test_a_browser_may_type_and_read_and_nobody_in_the_room_may_drive_the_session(browser: Stage) -> None:
    await browser.answer(BY_BROWSER)
    options = browser.options["room_options"]
    assert options.participant_identity == BROWSER
    assert options.get_text_input_options() is not None
    assert options.get_text_output_options().sync_transcription is False
    assert browser.options["session_host"] is False


async def test_a_phone_types_nothing_and_what_is_said_can_be_read_nevertheless(stage: Stage) -> None:
    await stage.answer()
    options = stage.options["room_options"]
    assert options.get_text_input_options() is None
    assert options.get_text_output_options().sync_transcription is False
    assert stage.options["session_host"] is False
    assert stage.sessions[0].options.aec_warmup_duration is None


@pytest.mark.parametrize("attributes", [{}, {"landline.caller": "phone"}])
async def test_who_does_not_carry_the_desks_attribute_is_refused(
    browser: Stage, attributes: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    browser.room.remote_participants[BROWSER].attributes = attributes
    done = await browser.answer(BY_BROWSER)
    assert (done[-1], browser.reasons, browser.sessions) == ("refuse_strangers", ["refused"], [])
    assert "without landline.caller" in caplog.text


async def test_lists_of_numbers_and_the_trunks_account_are_not_about_browsers(browser: Stage, folder: Path) -> None:
    (folder / "coffee/blocked.txt").write_text("anonymous\n")
    (folder / "coffee/allowed.txt").write_text("+12025550199\n")
    browser.settings = host(lines_folder=folder, trunk_account="AC1", openai_base_url=browser.settings.openai_base_url)
    assert (await browser.answer(BY_BROWSER))[-1] == "bound_the_call"


async def test_limits_are_and_a_caller_by_browser_hears_so(browser: Stage, folder: Path) -> None:
    (folder / "coffee/line.toml").write_text('[limits]\ncalls_per_caller = 1\n[turns]\nend_of_turn = "words"\n')
    await browser.answer(BY_BROWSER)
    browser.job.id, browser.loudspeaker = "AJ_2", Loudspeaker()
    assert (await browser.answer())[-1] == "start with Agent"
    assert browser.options["room_options"].get_text_output_options() is not None
    assert browser.room.local_participant.attributes["landline.rejected"] == "caller_limit"
    await browser.loudspeaker.play_to_the_end()
    await until(lambda: browser.reasons)
    assert browser.reasons == ["the caller's limit of the day is reached"]


@pytest.fixture
def draft(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A draft of the line coffee."""
    drafts = folder.parent / "drafts"
    kept = folder.parent / "kept-drafts"
    monkeypatch.setattr(lines_folder.LinesFolder.draft, "__defaults__", (drafts, kept))
    return make(drafts / DRAFT, "coffee", '[turns]\nend_of_turn = "words"\n')


async def test_a_draft_of_the_line_is_tried_and_is_never_a_good_version_of_it(
    browser: Stage, draft: Path, folder: Path
) -> None:
    (draft / "greeting.md").write_text("The new greeting.")
    await browser.answer(BY_BROWSER.replace("}", f', "draft": "{DRAFT}"}}'))
    call, *_ = browser.given["Receptionist"]
    assert (call.words.greeting, call.line.name, call.record.draft) == ("The new greeting.", "coffee", DRAFT)
    kept = folder.parent / "kept"
    assert not [file for file in kept.rglob("*.md") if "new" in file.read_text()]
    apart = folder.parent / "kept-drafts" / DRAFT
    assert (apart / "coffee/greeting.md").read_text() == "The new greeting."
    forgetting = browser.callbacks[1]
    await forgetting()
    assert not apart.exists()
    browser.callbacks.remove(forgetting)


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ("f" * 32, "Call refused: the draft of its line is gone: a draft is deleted after a day, so make a new one"),
        ("../lines", "Call refused: it names a draft of its line by something else than 32 hexadecimal digits"),
    ],
)
async def test_a_draft_that_is_not_there_is_refused(
    browser: Stage, draft: Path, named: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    await browser.answer(BY_BROWSER.replace("}", f', "draft": "{named}"}}'))
    assert browser.reasons == ["refused"]
    assert caplog.messages == [reason]


async def test_a_faulty_draft_is_refused_and_does_not_fall_back_to_the_line(
    browser: Stage, draft: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await browser.answer(BY_BROWSER)
    browser.reasons.clear()
    (draft / "line.toml").write_text('language = "xx"')
    await browser.answer(BY_BROWSER.replace("}", f', "draft": "{DRAFT}"}}'))
    assert browser.reasons == ["refused"]
    assert "has language = 'xx'" in caplog.text


async def test_a_browser_that_is_gone_before_the_agent_comes_is_not_waited_for(
    browser: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_room, "CALLER_JOINS_WITHIN", 0.01)
    del browser.room.remote_participants[BROWSER]
    assert (await browser.answer(BY_BROWSER))[-1] == "wait_for_caller"
    assert browser.reasons == ["the caller hung up while it rang"]
