"""A caller is transferred to a person, and whatever becomes of it, they are told, or are left to talk."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import api, rtc
from livekit.agents import JobContext, inference

from agent.admission.caller import Caller
from agent.admission.sip_call import SipCall
from agent.conversation import ending as ending_module
from agent.conversation import transfer as transfers
from agent.conversation.apart import Apart
from agent.conversation.call import Call
from agent.conversation.call_room import HangUp
from agent.conversation.ending import Ending
from agent.conversation.hang_up_together import CALLER_HUNG_UP, CALLER_WAS_TRANSFERRED, hang_up_together
from agent.conversation.receptionist import Receptionist
from agent.conversation.session import new_session
from agent.conversation.transfer import transfer_caller, would_rather_not
from agent.languages import phrases
from agent.lines.people import Person
from agent.lines.words import Words
from agent.records.call_record import CallRecord
from tests.support.fakes.openai_api import FakeOpenAI, Script
from tests.unit.agent.conversation.test_leg import OURS, refused
from tests.unit.agent.fakes import Recorded, host, in_call, line, pipeline, spoken, until

INSTANT = Script(stt_delay=0, first_token_delay=0, words_per_second=1e6, first_audio_delay=0, answers=("At nine.",))
CALLING = "One moment, please, I am calling them for you. If you would rather not wait, just tell me."
PUTTING_THROUGH = "One moment, please, I am putting you through."
CONNECTED = "I am connecting you now."
GONE = api.TwirpError(api.TwirpErrorCode.NOT_FOUND, "participant does not exist", status=404)
ANNA = Person(name="Anna", number="+12025550111", when="Complaints.")
BEN = Person(name="Ben", number="+12025550112", when="Invoices.")
COLD = ANNA.model_copy(update={"kind": "cold"})


class Here:
    """The agent's own side of the room."""

    def __init__(self) -> None:
        self.track_publications = {"TR_voice": object()}
        self.granted: list[Any] = []  # None: everybody may hear everything

    def set_track_subscription_permissions(
        self, *, allow_all_participants: bool, participant_permissions: list[Any] | None = None
    ) -> None:
        granted = {it.participant_identity: list(it.allowed_track_sids) for it in participant_permissions or []}
        self.granted.append(None if allow_all_participants else granted)


class Track:
    subscribed = True

    def set_subscribed(self, wanted: bool) -> None:
        self.subscribed = wanted


class Room(rtc.EventEmitter[str]):
    name = "call-_+12025550199_x"

    def __init__(self) -> None:
        super().__init__()
        self.local_participant = Here()
        self.remote_participants: dict[str, Any] = {}
        self.enter("caller")

    def isconnected(self) -> bool:
        return True

    def enter(self, identity: str) -> None:
        tracks = {f"TR_{identity}": Track()}
        self.remote_participants[identity] = SimpleNamespace(identity=identity, track_publications=tracks)

    def leave(self, identity: str) -> None:
        self.emit("participant_disconnected", self.remote_participants.pop(identity))


class Server:
    """LiveKit's API: a person enters the room as soon as they are called."""

    def __init__(self, room: Room) -> None:
        self.sip = self.room = self
        self._room = room
        self.answer: Exception | None = None
        self.refer: Exception | None = None
        self.picks_up = asyncio.Event()
        self.picks_up.set()
        self.caller_is_there = True
        self.hidden: list[bool] = []
        self.deaf: list[bool] = []
        self.marked: list[dict[str, str]] = []
        self.subscriptions: dict[tuple[str, str], bool] = {}
        self.called: list[str] = []
        self.secret: list[bool] = []  # whether the room is not told the number
        self.referred: list[str] = []

    async def list_outbound_trunk(self, _: Any) -> Any:
        return SimpleNamespace(items=[api.SIPOutboundTrunkInfo(sip_trunk_id="ST_1", metadata=OURS)])

    async def create_sip_participant(self, request: api.CreateSIPParticipantRequest) -> None:
        self.called.append(request.sip_call_to)
        self.secret.append(request.hide_phone_number)
        self._room.enter(request.participant_identity)
        await self.picks_up.wait()
        if self.answer:
            self._room.leave(request.participant_identity)
            raise self.answer

    async def transfer_sip_participant(self, request: api.TransferSIPParticipantRequest) -> None:
        self.referred.append(request.transfer_to)
        if self.refer:
            raise self.refer

    async def get_participant(self, who: api.RoomParticipantIdentity) -> api.ParticipantInfo:
        if not self.caller_is_there:
            raise GONE
        permission = api.ParticipantPermission(can_subscribe=not (self.deaf and self.deaf[-1]))
        return api.ParticipantInfo(identity=who.identity, permission=permission)

    async def update_participant(self, update: api.UpdateParticipantRequest) -> None:
        if update.HasField("permission"):
            self.hidden.append(update.permission.hidden)
            self.deaf.append(not update.permission.can_subscribe)
        else:
            self.marked.append(dict(update.attributes))

    async def update_subscriptions(self, update: api.UpdateSubscriptionsRequest) -> None:
        self.subscriptions |= {(update.identity, track): update.subscribe for track in update.track_sids}

    async def remove_participant(self, who: api.RoomParticipantIdentity) -> None:
        if who.identity in self._room.remote_participants:
            self._room.leave(who.identity)


class Briefing:
    """The talk with the person, which a test decides."""

    made: "list[Briefing]"

    def __init__(self, call: Call, person: str) -> None:
        self.person, self.said, self.closed = person, list[str](), False
        self.answer = asyncio.get_running_loop().create_future()
        self.made.append(self)

    async def ask(self, summary: "asyncio.Future[str | None]") -> Any:
        return await self.answer

    async def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def close(self) -> None:
        self.closed = True


class Music:
    def __init__(self, room: Room) -> None:
        self.room = room

    async def start(self) -> None:
        self.room.local_participant.track_publications["TR_music"] = object()

    async def stop(self) -> None:
        self.room.local_participant.track_publications.pop("TR_music", None)


class Talk:
    """A call in which the greeting is over."""

    def __init__(self, url: str) -> None:
        chosen = pipeline(settings=host(openai_base_url=url))
        self.room = Room()
        self.server = Server(self.room)
        self.reasons: list[str] = []
        self.deleted = 0
        job = cast("JobContext", self)
        self.session = new_session(line(), chosen, inference.VAD(model="silero"))
        announcer, sip = Recorded(self.session, "en"), SipCall.from_attributes({})
        self.call = in_call(ctx=job, session=self.session, pipeline=chosen, announcer=announcer, sip=sip)
        self.call.words = Words(persona="Be brief.", greeting="Hello.", goodbye="Bye.")
        self.call.participant = self.room.remote_participants["caller"]
        self.call.hang_up = HangUp(job)
        self.call.before_end = None
        self.call.ending = Ending(job, self.session, announcer, self.call.hang_up)
        self.call.record = CallRecord(sip, Caller("+12025550199", anonymous=False), line(), chosen)
        self.call.slot = cast("Any", SimpleNamespace(seconds_left=lambda: None))
        hang_up_together(self.call)

    @property
    def api(self) -> Server:
        return self.server

    def shutdown(self, reason: str) -> None:
        self.reasons.append(reason)

    def delete_room(self) -> "asyncio.Future[None]":
        self.deleted += 1
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    @property
    def said(self) -> list[str]:
        return spoken(self.session)[1:]

    @property
    def outcome(self) -> str:
        return self.outcomes[-1]

    @property
    def outcomes(self) -> list[str]:
        return [transfer.outcome for transfer in self.call.record.transfers]

    def transfer_caller(self, person: Person = ANNA) -> "asyncio.Future[None]":
        return asyncio.ensure_future(transfer_caller(self.call, person))

    async def briefing(self) -> Briefing:
        await until(lambda: Briefing.made)
        return Briefing.made[0]


@pytest.fixture
async def talk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    Briefing.made = []
    monkeypatch.setattr(ending_module, "LAST_AUDIO", 0.01)
    monkeypatch.setattr(transfers, "PRESENCE_CHECKED_EVERY", 0.01)
    monkeypatch.setattr(transfers, "HoldMusic", Music)
    monkeypatch.setattr(transfers, "Briefing", Briefing)
    async with FakeOpenAI(INSTANT) as endpoint:
        talk = Talk(endpoint.url)
        await talk.session.start(Receptionist(talk.call), record=False)
        yield talk
        await talk.session.aclose()


async def test_an_accepted_call_is_joined_and_the_agent_is_silent_deaf_and_still_there(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()
    assert talk.server.hidden == [True]
    assert talk.server.subscriptions == {("caller", f"TR_{briefing.person}"): False}
    assert talk.room.local_participant.granted[-1] == {"caller": ["TR_music", "TR_voice"], briefing.person: []}
    briefing.answer.set_result("accepted")
    await transferring
    assert (talk.outcome, talk.said, briefing.said) == ("joined", [CALLING, CONNECTED], ["connected"])
    assert talk.server.hidden == [True, False]
    assert talk.server.marked == [{"landline.joined": "yes"}]
    assert talk.server.subscriptions == {
        ("caller", f"TR_{briefing.person}"): True,
        (briefing.person, "TR_caller"): True,
    }
    assert talk.room.local_participant.granted[-1] is None
    assert "TR_music" not in talk.room.local_participant.track_publications
    assert not talk.session.input.audio_enabled
    heard = [it.subscribed for who in talk.room.remote_participants.values() for it in who.track_publications.values()]
    assert heard == [False, False]
    assert (briefing.closed, talk.reasons, talk.deleted, talk.call.transfer.begun) == (True, [], 0, True)


async def test_either_who_hangs_up_ends_it_for_the_other_at_once(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()
    briefing.answer.set_result("accepted")
    await transferring
    talk.room.leave(briefing.person)
    assert (talk.reasons, talk.deleted) == (["the person hung up"], 1)
    talk.room.leave("caller")
    assert talk.reasons[1:] == [CALLER_HUNG_UP]


@pytest.mark.parametrize(("of_caller", "reason"), [(False, "the person hung up"), (True, CALLER_HUNG_UP)])
async def test_a_phone_that_has_hung_up_ends_it_before_it_has_left_the_room(
    talk: Talk, of_caller: bool, reason: str
) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()
    briefing.answer.set_result("accepted")
    await transferring
    phone = talk.room.remote_participants["caller" if of_caller else briefing.person]
    for status in ("active", "hangup"):
        assert not talk.reasons
        talk.room.emit("participant_attributes_changed", {"sip.callStatus": status}, phone)
    assert (talk.reasons, talk.deleted) == ([reason], 1)


async def test_a_caller_who_hangs_up_on_the_person_ends_it_at_once(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    talk.room.leave("caller")
    assert (talk.reasons, talk.deleted) == ([CALLER_HUNG_UP], 1)


async def test_a_job_that_has_to_end_leaves_the_two_alone(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    transferring = talk.transfer_caller()
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    await talk.call.hang_up.finish()
    assert talk.deleted == 0
    assert "the two talk on" in caplog.text


async def test_a_call_that_takes_too_long_ends_for_both(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    talk.call.ending.say("time_is_up", "the call took too long")
    await until(lambda: talk.reasons)
    await talk.call.hang_up.finish()
    assert (talk.reasons, talk.deleted) == (["the call took too long"], 1)


async def test_the_leg_lasts_no_longer_than_what_is_left_of_the_call(talk: Talk) -> None:
    talk.call.record.began = time.time() - 3000  # of an hour
    assert 595 < talk.call.seconds_left < 601
    talk.call.slot = cast("Any", SimpleNamespace(seconds_left=lambda: 100.0))
    assert talk.call.seconds_left == 100


@pytest.mark.parametrize(
    ("answer", "outcome", "sentence"),
    [
        (refused(486), "busy", "their line is busy"),
        (refused(480), "no_answer", "nobody is answering"),
        (refused(603), "declined", "cannot take your call"),
        (refused(404), "unreachable", "cannot reach them"),
    ],
)
async def test_a_person_who_is_not_reached_costs_one_sentence(
    talk: Talk, answer: Exception, outcome: str, sentence: str
) -> None:
    talk.server.answer = answer
    await talk.transfer_caller()
    assert talk.outcome == outcome
    await until(lambda: len(talk.said) == 2)
    assert sentence in talk.said[1]
    assert (talk.server.hidden, talk.room.local_participant.granted[-1]) == ([True, False], None)
    assert (talk.call.transfer.begun, list(talk.room.remote_participants)) == (False, ["caller"])


@pytest.mark.parametrize(
    ("answer", "sentence", "told"),
    [("declined", "cannot take your call", ["person_declined"]), ("not_accepted", "nobody is answering", [])],
)
async def test_a_person_who_does_not_accept_is_hung_up_on(
    talk: Talk, answer: str, sentence: str, told: list[str]
) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()
    briefing.answer.set_result(answer)
    await transferring
    await until(lambda: len(talk.said) == 2)
    assert (talk.outcome, briefing.said, briefing.closed) == (answer, told, True)
    assert sentence in talk.said[1]
    assert list(talk.room.remote_participants) == ["caller"]


async def test_a_person_who_hangs_up_instead_of_answering_has_declined(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    talk.room.leave((await talk.briefing()).person)
    await transferring
    assert talk.outcome == "declined"


async def test_a_caller_who_hangs_up_while_they_wait_is_noticed_although_nobody_reports_it(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()
    talk.server.caller_is_there = False
    await transferring
    assert (talk.outcome, briefing.said, talk.reasons) == ("caller_left", ["person_caller_gone"], [CALLER_HUNG_UP])
    assert briefing.person not in talk.room.remote_participants
    assert not talk.call.caller_is_there


async def test_a_caller_who_would_rather_not_wait_has_the_agent_back(talk: Talk) -> None:
    talk.server.picks_up.clear()
    transferring = talk.transfer_caller()
    await until(lambda: talk.server.called)
    talk.session.generate_reply(user_input="Is it ringing?")
    talk.session.generate_reply(user_input="Oh, never mind.")
    await transferring
    await until(lambda: len(talk.said) == 2)
    assert talk.outcome == "caller_declined"
    assert talk.said[1].startswith("All right, I will not connect you.")  # and no model has answered
    talk.session.generate_reply(user_input="When are you open?")
    await until(lambda: talk.said[2:] == ["At nine."])


async def test_a_session_that_closes_meanwhile_ends_the_ringing(talk: Talk) -> None:
    talk.server.picks_up.clear()
    transferring = talk.transfer_caller()
    await until(lambda: talk.server.called)
    await talk.session.aclose()
    await transferring
    await until(lambda: list(talk.room.remote_participants) == ["caller"])
    assert talk.outcome == "broken_off"


async def test_whatever_fails_the_caller_is_told_that_it_cannot_be_done(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise ValueError("what is this")

    monkeypatch.setattr(Music, "start", fail)
    await talk.transfer_caller()
    assert talk.outcome == "unreachable"
    await until(lambda: len(talk.said) == 2)
    assert "cannot reach them" in talk.said[1]


async def test_a_caller_who_hangs_up_while_the_person_is_told_so_is_noticed(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()
    briefing.answer.set_result("declined")
    talk.server.caller_is_there = False
    await transferring
    assert talk.reasons == [CALLER_HUNG_UP]


async def test_a_caller_who_hangs_up_while_they_are_being_connected_leaves_no_person_alone(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()

    async def stop_recording() -> None:
        talk.server.caller_is_there = False

    talk.call.before_join = stop_recording
    briefing.answer.set_result("accepted")
    await transferring
    assert (talk.outcome, talk.reasons) == ("caller_left", [CALLER_HUNG_UP])
    assert briefing.said == ["connected", "person_caller_gone"]
    assert briefing.person not in talk.room.remote_participants
    assert not talk.call.transfer.joined


async def test_a_caller_who_hangs_up_at_the_moment_of_being_joined_ends_it_for_the_person(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    join = Apart.join

    async def join_too_late(apart: Apart) -> None:
        await join(apart)
        talk.server.caller_is_there = False

    monkeypatch.setattr(Apart, "join", join_too_late)
    transferring = talk.transfer_caller()
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    assert (talk.reasons, talk.deleted) == ([CALLER_HUNG_UP], 1)


async def test_a_caller_who_hangs_up_before_the_server_fails_is_noticed(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        talk.server.caller_is_there = False
        raise api.TwirpError("unavailable", "no response from servers", status=503)

    monkeypatch.setattr(Apart, "join", fail)
    transferring = talk.transfer_caller()
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    assert (talk.outcome, talk.reasons) == ("caller_left", [CALLER_HUNG_UP])


async def test_the_next_person_is_called_only_when_the_one_before_is_gone(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    briefing = await talk.briefing()
    goodbye = asyncio.Event()

    async def say(sentence: str) -> None:
        await goodbye.wait()

    briefing.say = say  # type: ignore[method-assign]
    briefing.answer.set_result("declined")
    await until(lambda: not talk.call.transfer.begun)
    talk.server.picks_up.clear()
    again = talk.transfer_caller()
    await asyncio.sleep(0.1)
    assert len(talk.server.called) == 1
    goodbye.set()
    await transferring
    await until(lambda: len(talk.server.called) == 2)
    assert talk.server.hidden == [True, False, True]  # and the caller stays hidden from the second one
    again.cancel()


async def test_each_transfer_of_a_call_is_in_its_record_in_order(talk: Talk) -> None:
    talk.server.answer = refused(486)
    await talk.transfer_caller()
    talk.server.answer = None
    transferring = talk.transfer_caller(BEN)
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    talk.call.record.joined = time.time() - 61
    first, second = talk.call.record.transcript("the person hung up").transfers
    assert (first.to, first.outcome, first.seconds) == ("Anna", "busy", 0)
    assert (second.to, second.outcome) == ("Ben", "joined")
    assert 61 <= second.seconds < 70
    assert first.at <= second.at


async def test_a_caller_who_hangs_up_during_a_refer_that_fails_has_nobody_called_for_them(talk: Talk) -> None:
    talk.server.refer = refused(603)
    talk.call.transfer.caller_has_left = True
    await talk.transfer_caller(COLD)
    assert (talk.outcome, talk.server.called) == ("caller_left", [])


async def test_a_cold_transfer_is_the_carriers(talk: Talk) -> None:
    await talk.transfer_caller(COLD)
    assert talk.server.referred == ["tel:+12025550111"]
    assert (talk.outcome, talk.reasons, talk.server.called) == ("transferred", [CALLER_WAS_TRANSFERRED], [])


async def test_a_caller_who_leaves_during_a_refer_has_been_transferred_if_the_carrier_says_so(talk: Talk) -> None:
    talk.call.transfer.refer = refer = asyncio.get_running_loop().create_future()
    talk.room.leave("caller")
    assert talk.reasons == []
    refer.set_result(None)
    await until(lambda: talk.reasons)
    assert talk.reasons == [CALLER_WAS_TRANSFERRED]


@pytest.mark.parametrize("status", [405, 501, 603])
async def test_a_trunk_that_refuses_refer_costs_a_second_leg_and_no_question(talk: Talk, status: int) -> None:
    talk.server.refer = refused(status)
    await talk.transfer_caller(COLD)
    assert (talk.server.called, talk.outcome, Briefing.made) == (["+12025550111"], "joined", [])
    assert talk.said == [PUTTING_THROUGH]  # the person has said hello, and waits for the caller


async def test_an_extension_is_not_a_carriers_to_call(talk: Talk) -> None:
    await talk.transfer_caller(COLD.model_copy(update={"number": "100"}))
    assert (talk.server.referred, talk.server.called, talk.outcome) == ([], ["100"], "joined")


async def test_a_carrier_that_cannot_connect_the_two_is_believed(talk: Talk) -> None:
    metadata = {"sip_status_code": "486"}
    talk.server.refer = api.SipCallError("unavailable", "call transfer failed: 486", status=503, metadata=metadata)
    await talk.transfer_caller(COLD)
    assert (talk.outcome, talk.server.called) == ("busy", [])


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "No, never mind."),
        ("en", "I'd rather not wait any longer, you know."),
        ("en", "No, thank you."),
        ("de", "Ach, lieber nicht."),
        ("de", "Nein, danke."),
        ("es", "Mejor no, gracias."),
        ("fr", "Laissez tomber, merci."),
    ],
)
def test_a_caller_may_say_that_they_would_rather_not(language: str, said: str) -> None:
    assert would_rather_not(said, phrases(language))


@pytest.mark.parametrize(
    "said", ["No problem, I will wait.", "I am not in a hurry.", "Hello?", "Is it ringing?", "Yes."]
)
def test_other_words_change_nothing(said: str) -> None:
    assert not would_rather_not(said, phrases("en"))


BROWSER = "browser-0123456789abcdef"


@pytest.fixture
def by_browser(talk: Talk) -> Talk:
    """The caller has come by browser."""
    talk.room.remote_participants.clear()
    talk.room.enter(BROWSER)
    talk.call.participant = talk.room.remote_participants[BROWSER]
    cast("Any", talk.call.participant).attributes = {"landline.caller": "browser"}
    return talk


async def test_a_browser_may_subscribe_to_nothing_between_the_persons_answer_and_the_join(by_browser: Talk) -> None:
    by_browser.server.picks_up.clear()
    transferring = by_browser.transfer_caller()
    await until(lambda: by_browser.server.called)
    assert by_browser.server.deaf == [False]  # while it rings, they hear the music
    by_browser.server.picks_up.set()
    briefing = await by_browser.briefing()
    assert (by_browser.server.hidden, by_browser.server.deaf) == ([True, True], [False, True])
    briefing.answer.set_result("accepted")
    await transferring
    assert by_browser.outcome == "joined"
    assert (by_browser.server.hidden[-1], by_browser.server.deaf[-1]) == (False, False)
    assert by_browser.server.subscriptions[BROWSER, f"TR_{briefing.person}"]


async def test_a_browser_is_not_told_the_persons_number(by_browser: Talk) -> None:
    """A browser is sent what is known of everybody in its room, and whoever has it can look."""
    transferring = by_browser.transfer_caller()
    (await by_browser.briefing()).answer.set_result("accepted")
    await transferring
    assert by_browser.server.secret == [True]


async def test_a_caller_by_browser_who_is_declined_is_told_so_once_they_hear_again(
    by_browser: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    transferring = by_browser.transfer_caller()
    briefing = await by_browser.briefing()
    heard_when_told: list[bool] = []
    say = by_browser.call.announcer.say

    def told(sentence: str, **options: Any) -> Any:
        heard_when_told.append(not by_browser.server.deaf[-1])
        return say(sentence, **options)

    monkeypatch.setattr(by_browser.call.announcer, "say", told)
    briefing.answer.set_result("declined")
    await transferring
    assert (by_browser.outcome, heard_when_told, briefing.said) == ("declined", [True], ["person_declined"])


async def test_a_phones_permission_to_subscribe_is_left_as_it_is(talk: Talk) -> None:
    talk.server.deaf.append(True)  # as somebody else has made it
    transferring = talk.transfer_caller()
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    assert talk.server.deaf == [True, True, True]


async def test_a_carrier_cannot_connect_a_browser_so_the_agent_calls_the_person(by_browser: Talk) -> None:
    await by_browser.transfer_caller(COLD)
    assert by_browser.server.referred == []
    assert (by_browser.outcome, by_browser.server.called) == ("joined", ["+12025550111"])


async def test_an_operator_who_takes_over_ends_the_attempt_and_the_persons_leg(talk: Talk) -> None:
    talk.server.picks_up.clear()
    transferring = talk.transfer_caller()
    await until(lambda: talk.server.called)
    talk.call.transfer.operator_came.set()
    await transferring
    await until(lambda: list(talk.room.remote_participants) == ["caller"] and talk.server.hidden[-1] is False)
    assert (talk.outcome, talk.call.transfer.begun, talk.call.transfer.rests) == ("broken_off", False, True)
    assert talk.room.local_participant.granted[-1] is None


async def test_an_operator_who_joins_the_two_ends_nothing(talk: Talk) -> None:
    transferring = talk.transfer_caller()
    (await talk.briefing()).answer.set_result("accepted")
    await transferring
    talk.call.transfer.operator_came.set()
    assert (talk.outcome, talk.reasons, talk.call.transfer.joined) == ("joined", [], True)
