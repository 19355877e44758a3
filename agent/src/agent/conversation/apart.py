"""A caller and a person in one room who do not hear each other until they are joined.

The gateway subscribes each phone to every track that it sees (livekit/sip 1.11.0, `pkg/sip/room.go`): a phone that is
in the call, as soon as a track is published; a phone that is called, once it is picked up. The server cannot move
anybody into another room when it is self-hosted. So both are in the call's room, and this module decides who sees what:

- The caller is hidden before the person is called. The person's phone never learns of the caller, so it subscribes to
  nothing of theirs. The server reports nothing about who is hidden, not even that they leave: ask `caller_is_gone`.
- The caller's phone subscribes to the person's track when that is published, before their phone rings and so before the
  track carries any sound. The server is told to end this subscription, again and again until the person has answered,
  in case the gateway asks for it late.
- A browser could ask again at any moment, and no permission is for another participant's track alone. So a caller who
  came by browser may subscribe to nothing, from the person's answer until the two are joined or the person has left.
  Until then they hear the music and after that silence. What the agent and the person say is in no captions.
- Each of the agent's own tracks is for one of the two alone, as the agent has told the server.

Keys pass nevertheless: the gateway sends them to all phones in the room as events, whoever is hidden.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from livekit import api, rtc

from agent.background import repeat
from agent.conversation.call_room import SERVER_ANSWERS_WITHIN, SERVER_ERRORS

JOINED = "landline.joined"  # attribute of a person whom the agent has transferred a caller to
ENFORCED_EVERY = 0.2  # seconds, while the person is called
COMPLAINT = "Could not keep the person from being heard by the caller"


class Apart:
    """Keeps one caller and one person apart, from `begin` until `join` or `end`."""

    def __init__(
        self, livekit: api.LiveKitAPI, room: rtc.Room, caller: str, person: str, *, may_subscribe: bool = False
    ) -> None:
        """`caller` and `person` are their identities in the room.

        `may_subscribe` says that the caller chooses what they hear, as a browser can, and a phone cannot.
        """
        self._livekit, self._room = livekit, room
        self._caller, self._person, self._may_subscribe = caller, person, may_subscribe
        self._of_caller: set[str] = set()  # the agent's tracks that the caller may hear

    async def begin(self) -> None:
        """From now on, whoever enters does not see the caller, and no further track of the agent's is the caller's."""
        self._of_caller = set(self._room.local_participant.track_publications)
        self._grant()
        self._room.on("local_track_published", self._grant)
        await self._permit_caller(hidden=True)

    @contextlib.asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Keep the caller from hearing the person while the person is called in this block, and after it."""
        enforcing = asyncio.create_task(repeat(self._mute_person, ENFORCED_EVERY, COMPLAINT))
        try:
            yield
            if self._may_subscribe:
                await self._permit_caller(hidden=True, can_subscribe=False)
            await self._mute_person()
        finally:
            enforcing.cancel()

    async def caller_is_gone(self) -> bool:
        """Ask the server whether the caller has left the room."""
        try:
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
                await self._livekit.room.get_participant(self._identity(self._caller))
        except SERVER_ERRORS as error:  # it will be asked again
            return isinstance(error, api.TwirpError) and error.code == api.TwirpErrorCode.NOT_FOUND
        return False

    async def join(self) -> None:
        """Let the two hear each other, and mark the person, so that the two are left alone if this process dies."""
        update = api.UpdateParticipantRequest(room=self._room.name, identity=self._person, attributes={JOINED: "yes"})
        await self._livekit.room.update_participant(update)
        await self.end()
        await self._subscribe(self._caller, self._person, wanted=True)
        await self._subscribe(self._person, self._caller, wanted=True)

    async def end(self) -> None:
        """Everybody may hear everybody again; as a rule, the person has left."""
        self._room.off("local_track_published", self._grant)
        self._room.local_participant.set_track_subscription_permissions(allow_all_participants=True)
        await self._permit_caller(hidden=False)

    def _grant(self, *_: object) -> None:
        """Give the person whatever the agent has published since `begin`, and the caller the rest."""
        ours = set(self._room.local_participant.track_publications)
        permissions = [
            rtc.ParticipantTrackPermission(
                participant_identity=self._caller, allowed_track_sids=sorted(self._of_caller)
            ),
            rtc.ParticipantTrackPermission(
                participant_identity=self._person, allowed_track_sids=sorted(ours - self._of_caller)
            ),
        ]
        self._room.local_participant.set_track_subscription_permissions(
            allow_all_participants=False, participant_permissions=permissions
        )

    async def _permit_caller(self, *, hidden: bool, can_subscribe: bool = True) -> None:
        """Change these permissions and no other; a caller who has left is no error."""
        try:
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
                caller = await self._livekit.room.get_participant(self._identity(self._caller))
                caller.permission.hidden = hidden
                if self._may_subscribe:
                    caller.permission.can_subscribe = can_subscribe
                await self._livekit.room.update_participant(
                    api.UpdateParticipantRequest(
                        room=self._room.name, identity=self._caller, permission=caller.permission
                    )
                )
        except api.TwirpError as error:
            if error.code != api.TwirpErrorCode.NOT_FOUND:
                raise

    async def _mute_person(self) -> None:
        await self._subscribe(self._caller, self._person, wanted=False)

    async def _subscribe(self, who: str, whom: str, *, wanted: bool) -> None:
        participant = self._room.remote_participants.get(whom)
        tracks = list(participant.track_publications) if participant else []
        if tracks:
            update = api.UpdateSubscriptionsRequest(
                room=self._room.name, identity=who, track_sids=tracks, subscribe=wanted
            )
            async with asyncio.timeout(SERVER_ANSWERS_WITHIN):
                await self._livekit.room.update_subscriptions(update)

    def _identity(self, who: str) -> api.RoomParticipantIdentity:
        return api.RoomParticipantIdentity(room=self._room.name, identity=who)
