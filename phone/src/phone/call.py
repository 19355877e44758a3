"""Controls a call in progress: dials or answers, says, presses keys, listens and hangs up."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from phone.sound.listening import Ear, until
from phone.wire import sdp
from phone.wire.dialog import NO_REFERRALS, AnswerToRefer, Dialog, NotAnsweredError, Progress
from phone.wire.incoming import IncomingDialog, Invitation
from phone.wire.outgoing import OutgoingDialog, Target
from phone.wire.rtp import MediaStream, Playback

if TYPE_CHECKING:
    from types import TracebackType

    from phone.audio import Pcm


Who = Literal["caller", "person"]  # what the phone is: it calls the line, or the line calls it


@dataclass(frozen=True)
class Ending:
    """Who ended the call, and when."""

    by: Literal["caller", "person", "line"]
    at: float  # loop time
    confirmed: bool = True  # whether the far end answered our BYE


class Call:
    """One call. `async with await Call.dial(...) as call:` hangs up at the end of the block. All times are loop times.

    `Call.answer` does the same for a call that came. Whoever called, the far end is the line.

    To barge in, `await call.line_speaks(10)`, wait a moment, `call.say(pcm)`, `await call.line_quiet(0.3, 10)`.
    """

    def __init__(self, who: Who, offer: str | None = None) -> None:
        self.who = who
        self.ear = Ear()
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.said: list[Playback] = []
        self.response = ""  # the 200 that answered our call, headers and session description
        self.requests: list[tuple[str, int | None]] = []  # those sent during the call, with the status of each
        self._session, self._version = secrets.randbits(31), 0
        self._first_offer = offer  # see Target.offer
        self.dialog: Dialog
        self.media: MediaStream

    @classmethod
    async def dial(
        cls,
        target: Target,
        ring_timeout: float = 30.0,
        *,
        honour_sdp: bool = False,
        refer: AnswerToRefer = NO_REFERRALS,
    ) -> Self:
        """Dial and wait for the answer. Raises NotAnsweredError.

        Media goes to the host that was dialled, at the port of the answer's SDP: if a public address is advertised,
        the SDP names that, and it may not lead back in. `honour_sdp` uses the SDP's address.
        """
        call = cls("caller", target.offer)
        call.dialog = dialog = await OutgoingDialog.prepare(target, call._hung_up)
        dialog.answer_to_refer = refer
        try:
            call.media = await MediaStream.open(dialog.endpoint.address[0], call.ear.hear)
            call.media.marks = not target.no_marker
        except OSError:
            dialog.endpoint.close()
            raise
        try:
            await call._connect(dialog, ring_timeout, honour_sdp)
        except BaseException:
            await call._close()
            raise
        return call

    @classmethod
    async def answer(cls, invitation: Invitation, *, refer: AnswerToRefer = NO_REFERRALS) -> Self:
        """Answer a call that came. Raises NotAnsweredError. Media goes to the host that the INVITE came from."""
        try:
            their = sdp.parse_answer(invitation.request.body)
        except sdp.NoCommonAudioError as error:
            await invitation.conclude(488)
            raise NotAnsweredError(488, str(error)) from error
        call = cls("person")
        call.dialog = dialog = IncomingDialog(invitation, call._hung_up)
        dialog.answer_to_refer = refer
        try:
            call.media = await MediaStream.open(dialog.endpoint.address[0], call.ear.hear)
        except OSError:
            await dialog.close()
            raise
        try:
            if not await dialog.accept(sdp.accept(their, *call.media.address, call._session)):
                await dialog.bye()
                raise NotAnsweredError(None, "the call was answered, but the far end did not acknowledge it")
        except BaseException:
            await call._close()
            raise
        if not call.ended.done():
            call.media.start((invitation.peer[0], their.port), their.payload_type, their.telephone_event)
        return call

    @property
    def progress(self) -> Progress:
        return self.dialog.progress

    def say(self, pcm: Pcm, text: str = "") -> Playback:
        """Say the sound after what is being said now; `text` is for reports. `finished()` waits for its end."""
        return self._play(Playback(pcm, text))

    def play(self, pcm: Pcm) -> Playback:
        """Play a sound that nobody says, such as hold music; it is not in reports."""
        playback = Playback(pcm)
        self.media.play(playback)
        return playback

    def press(self, keys: str, *, late_ends: bool = False) -> Playback:
        """Press keys one after the other; a far end that did not offer to take key presses hears silence instead.

        With `late_ends`, the last packet of a key comes after the first one of the next key, as if it had been delayed.
        """
        return self._play(Playback(np.zeros(0, np.int16), f"(keys {keys})", keys, late_ends))

    async def hold(self) -> None:
        """Put the far end on hold, by signalling alone."""
        await self._reinvite("sendonly")

    async def resume(self) -> None:
        """Take the far end back from hold."""
        await self._reinvite("sendrecv")

    async def pause(self, seconds: float) -> None:
        """Send no packets for that long, or until the far end hangs up."""
        self.media.sends = False
        await self.stay(seconds)
        self.media.sends = True

    async def request(self, method: str, content_type: str = "", body: str = "") -> None:
        """Send a request, such as an INFO, and keep the status of its answer."""
        self.requests.append((method, await self.dialog.request(method, content_type, body.encode())))

    async def line_speaks(self, within: float, since: float = 0.0) -> bool:
        """Wait up to `within` seconds for the far end to speak, and return whether it spoke after `since`."""
        await until(lambda: (self.ear.last_sound or 0.0) > since or self.ended.done(), within)
        return (self.ear.last_sound or 0.0) > since

    async def line_quiet(self, patience: float, within: float) -> bool:
        """Wait up to `within` seconds, and return whether the far end was silent for `patience` seconds on end."""
        now = asyncio.get_running_loop().time
        return await until(lambda: self.ear.quiet_for(now()) >= patience or self.ended.done(), within)

    async def stay(self, seconds: float) -> None:
        """Stay in the call for that long, or until the far end hangs up."""
        await asyncio.wait([self.ended], timeout=seconds)

    async def hang_up(self) -> Ending:
        if not self.ended.done():
            at = asyncio.get_running_loop().time()
            confirmed = await self.dialog.bye()
            if not self.ended.done():
                self.ended.set_result(Ending(self.who, at, confirmed))
        await self._close()
        return self.ended.result()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    async def _connect(self, dialog: OutgoingDialog, ring_timeout: float, honour_sdp: bool) -> None:
        response = await dialog.invite(self._offer(), ring_timeout)
        self.response = bytes(response).decode("utf8", "replace")
        try:
            answer = sdp.parse_answer(response.body)
        except sdp.NoCommonAudioError as error:
            await dialog.bye()
            raise NotAnsweredError(response.code, str(error), rang=True, answer=self.response) from error
        host = answer.address if honour_sdp else dialog.endpoint.peer[0]
        if not self.ended.done():
            self.media.start((host, answer.port), answer.payload_type, answer.telephone_event)

    def _offer(self, direction: str = "sendrecv") -> bytes:
        address, port = self.media.address
        if self._first_offer is None or self._version:
            return sdp.offer(address, port, self._session, self._version, direction)
        return self._first_offer.replace("{address}", address).replace("{port}", str(port)).encode()

    async def _reinvite(self, direction: str) -> None:
        if self.ended.done():
            return
        self._version += 1
        self.requests.append((f"INVITE {direction}", await self.dialog.reinvite(self._offer(direction))))

    def _play(self, playback: Playback) -> Playback:
        self.said.append(playback)
        self.media.play(playback)
        return playback

    def _hung_up(self) -> None:
        if not self.ended.done():
            self.ended.set_result(Ending("line", asyncio.get_running_loop().time()))
            self.media.stop()

    async def _close(self) -> None:
        await self.media.close()
        await self.dialog.close()
