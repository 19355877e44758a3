"""A LiveKit server's SIP API, over HTTP and protobuf like the real one, with the real one's rules about conflicts.

It also has rooms, with whoever a test puts into them. The rules are those of the server's `pkg/service/sip.go` and of
protocol's `sip/sip.go`: it looks for conflicts, then stores, with nothing to hold the two together.
tests/contract/reconcile runs one suite against this and a real server.
"""

import asyncio
import itertools
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from google.protobuf.message import Message
from livekit import api

Trunk = api.SIPInboundTrunkInfo
Rule = api.SIPDispatchRuleInfo
Outbound = api.SIPOutboundTrunkInfo

STATUS = {"invalid_argument": 400, "unauthenticated": 401, "not_found": 404, "bad_route": 404, "unavailable": 503}


class TwirpError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class FakeLiveKit:
    """State, and knobs for what goes wrong on a network."""

    url: str = ""  # while it is serving
    key: str = "APIfake"
    secret: str = "fake-secret-of-at-least-thirty-two-characters"
    trunks: dict[str, Trunk] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    outbound: dict[str, Outbound] = field(default_factory=dict)
    rooms: dict[str, list[api.ParticipantInfo]] = field(default_factory=dict)  # who is in each
    gone: set[str] = field(default_factory=set)  # rooms of a server that was killed: they are listed, and nothing else
    dispatches: dict[str, list[api.AgentDispatch]] = field(default_factory=dict)  # by room
    calls: list[str] = field(default_factory=list)  # every method asked for, in order
    race_window: float = 0.0  # seconds between looking for conflicts and storing
    refuse_next: int = 0  # so many requests get 503 and change nothing
    hang_next: int = 0  # so many requests get no answer in time
    health: int = 200  # what GET / is answered with; 406 without Redis
    lose_answers_of: list[str] = field(default_factory=list)  # the method is carried out, its answer lost, once each

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Yields its URL."""
        app = web.Application()
        app.router.add_post("/twirp/livekit.{service}/{method}", self.answer)
        app.router.add_get("/", self.answer_health)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self.url
        finally:
            await runner.cleanup()

    async def answer_health(self, _: web.Request) -> web.Response:
        return web.Response(status=self.health, text="OK" if self.health == 200 else "Not Ready")

    async def answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls.append(method)
        try:
            await self.go_wrong()
            self.check_key(request)
            response = await self.carry_out(method, await request.read())
        except TwirpError as error:
            body = json.dumps({"code": error.code, "msg": str(error)})
            return web.Response(status=STATUS[error.code], text=body, content_type="application/json")
        if method in self.lose_answers_of:
            self.lose_answers_of.remove(method)
            await asyncio.sleep(3600)
        return web.Response(body=response.SerializeToString(), content_type="application/protobuf")

    async def go_wrong(self) -> None:
        if self.refuse_next:
            self.refuse_next -= 1
            raise TwirpError("unavailable", "injected")
        if self.hang_next:
            self.hang_next -= 1
            await asyncio.sleep(3600)

    def check_key(self, request: web.Request) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = api.TokenVerifier(self.key, self.secret).verify(token)
        except Exception as error:  # whatever is wrong with a token, the server says this
            raise TwirpError("unauthenticated", "invalid token") from error
        of_sip = request.match_info["service"] == "SIP"
        if of_sip and not (claims.sip and claims.sip.admin):
            raise TwirpError("unauthenticated", "permissions denied")

    async def carry_out(self, method: str, body: bytes) -> Message:
        methods: dict[str, tuple[Any, Callable[[Any], Awaitable[Message]]]] = {
            "ListSIPInboundTrunk": (api.ListSIPInboundTrunkRequest, self.list_trunks),
            "CreateSIPInboundTrunk": (api.CreateSIPInboundTrunkRequest, self.create_trunk),
            "UpdateSIPInboundTrunk": (api.UpdateSIPInboundTrunkRequest, self.update_trunk),
            "ListSIPOutboundTrunk": (api.ListSIPOutboundTrunkRequest, self.list_outbound),
            "CreateSIPOutboundTrunk": (api.CreateSIPOutboundTrunkRequest, self.create_outbound),
            "UpdateSIPOutboundTrunk": (api.UpdateSIPOutboundTrunkRequest, self.update_outbound),
            "DeleteSIPTrunk": (api.DeleteSIPTrunkRequest, self.delete_trunk),
            "ListSIPDispatchRule": (api.ListSIPDispatchRuleRequest, self.list_rules),
            "CreateSIPDispatchRule": (api.CreateSIPDispatchRuleRequest, self.create_rule),
            "UpdateSIPDispatchRule": (api.UpdateSIPDispatchRuleRequest, self.update_rule),
            "DeleteSIPDispatchRule": (api.DeleteSIPDispatchRuleRequest, self.delete_rule),
            "ListRooms": (api.ListRoomsRequest, self.list_rooms),
            "ListParticipants": (api.ListParticipantsRequest, self.list_participants),
            "SendData": (api.SendDataRequest, self.send_data),
            "DeleteRoom": (api.DeleteRoomRequest, self.delete_room),
            "ListDispatch": (api.ListAgentDispatchRequest, self.list_dispatch),
        }
        if method not in methods:
            raise TwirpError("bad_route", f"no handler for path /twirp/livekit.SIP/{method}")
        request_type, handler = methods[method]
        return await handler(request_type.FromString(body))

    async def list_trunks(self, _: api.ListSIPInboundTrunkRequest) -> Message:
        return api.ListSIPInboundTrunkResponse(items=self.trunks.values())

    async def create_trunk(self, request: api.CreateSIPInboundTrunkRequest) -> Message:
        trunk = request.trunk
        if trunk.sip_trunk_id:
            raise TwirpError("invalid_argument", "trunk id must not be set")
        return await self.store_trunk(trunk, "ST_" + secrets.token_hex(6))

    async def update_trunk(self, request: api.UpdateSIPInboundTrunkRequest) -> Message:
        if request.sip_trunk_id not in self.trunks:
            raise TwirpError("not_found", "requested sip trunk does not exist")
        return await self.store_trunk(request.replace, request.sip_trunk_id)

    async def store_trunk(self, trunk: Trunk, trunk_id: str) -> Trunk:
        if not (trunk.auth_username or trunk.auth_password or trunk.allowed_addresses or trunk.numbers):
            raise TwirpError("invalid_argument", "for security, one of the fields must be set: …")
        # The real server has this gap, too: it finds possible conflicts by the numbers that are stored before the
        # update, so an update can give a trunk a number that another trunk already has.
        listed = [t for t in self.trunks.values() if overlap(t.numbers, trunk.numbers)]
        replaced = [trunk if t.sip_trunk_id == trunk_id else t for t in listed]
        refuse_trunk_conflicts(replaced if trunk_id in self.trunks else [*listed, trunk])
        await asyncio.sleep(self.race_window)
        stored = Trunk()
        stored.CopyFrom(trunk)
        stored.sip_trunk_id = trunk_id
        self.trunks[trunk_id] = stored
        return stored

    async def delete_trunk(self, request: api.DeleteSIPTrunkRequest) -> Message:
        self.trunks.pop(request.sip_trunk_id, None)  # the server, too, deletes what is not there
        self.outbound.pop(request.sip_trunk_id, None)
        return api.SIPTrunkInfo(sip_trunk_id=request.sip_trunk_id)

    async def list_outbound(self, _: api.ListSIPOutboundTrunkRequest) -> Message:
        return api.ListSIPOutboundTrunkResponse(items=self.outbound.values())

    async def create_outbound(self, request: api.CreateSIPOutboundTrunkRequest) -> Message:
        if request.trunk.sip_trunk_id:
            raise TwirpError("invalid_argument", "trunk id must not be set")
        return await self.store_outbound(request.trunk, "ST_" + secrets.token_hex(6))

    async def update_outbound(self, request: api.UpdateSIPOutboundTrunkRequest) -> Message:
        if request.sip_trunk_id not in self.outbound:
            raise TwirpError("not_found", "requested sip trunk does not exist")
        return await self.store_outbound(request.replace, request.sip_trunk_id)

    async def store_outbound(self, trunk: Outbound, trunk_id: str) -> Outbound:
        """Outbound trunks never conflict: two may have the same address and numbers."""
        if not trunk.numbers:
            raise TwirpError("invalid_argument", "no trunk numbers specified")
        if not trunk.address:
            raise TwirpError("invalid_argument", "no outbound address specified")
        if re.search(r"[@;]|^sips?:|transport=", trunk.address):
            raise TwirpError("invalid_argument", "trunk address should be a hostname or IP, not SIP URI")
        await asyncio.sleep(self.race_window)
        stored = Outbound()
        stored.CopyFrom(trunk)
        stored.sip_trunk_id = trunk_id
        self.outbound[trunk_id] = stored
        return stored

    async def list_rules(self, _: api.ListSIPDispatchRuleRequest) -> Message:
        return api.ListSIPDispatchRuleResponse(items=self.rules.values())

    async def create_rule(self, request: api.CreateSIPDispatchRuleRequest) -> Message:
        return await self.store_rule(request.dispatch_rule, "SDR_" + secrets.token_hex(6))

    async def update_rule(self, request: api.UpdateSIPDispatchRuleRequest) -> Message:
        if request.sip_dispatch_rule_id not in self.rules:
            raise TwirpError("not_found", "requested sip dispatch rule does not exist")
        return await self.store_rule(request.replace, request.sip_dispatch_rule_id)

    async def store_rule(self, rule: Rule, rule_id: str) -> Rule:
        if not rule.HasField("rule"):
            raise TwirpError("invalid_argument", "missing rule")
        listed = [r for r in self.rules.values() if overlap(r.trunk_ids, rule.trunk_ids)]
        replaced = [rule if r.sip_dispatch_rule_id == rule_id else r for r in listed]
        refuse_rule_conflicts(replaced if rule_id in self.rules else [*listed, rule])
        await asyncio.sleep(self.race_window)
        stored = Rule()
        stored.CopyFrom(rule)
        stored.sip_dispatch_rule_id = rule_id
        stored.media.SetInParent()  # the server fills this in by itself
        self.rules[rule_id] = stored
        return stored

    async def delete_rule(self, request: api.DeleteSIPDispatchRuleRequest) -> Message:
        if request.sip_dispatch_rule_id not in self.rules:
            raise TwirpError("not_found", "requested sip dispatch rule does not exist")
        return self.rules.pop(request.sip_dispatch_rule_id)

    async def list_rooms(self, _: api.ListRoomsRequest) -> Message:
        return api.ListRoomsResponse(rooms=[api.Room(name=name, sid=f"RM_{name}") for name in self.rooms])

    async def list_participants(self, request: api.ListParticipantsRequest) -> Message:
        self.find_room(request.room)
        return api.ListParticipantsResponse(participants=self.rooms[request.room])

    async def send_data(self, request: api.SendDataRequest) -> Message:
        self.find_room(request.room)
        if request.room in self.gone:
            raise TwirpError("unavailable", "no response from servers")
        return api.SendDataResponse()

    async def list_dispatch(self, request: api.ListAgentDispatchRequest) -> Message:
        self.find_room(request.room)
        return api.ListAgentDispatchResponse(agent_dispatches=self.dispatches.get(request.room, []))

    async def delete_room(self, request: api.DeleteRoomRequest) -> Message:
        self.find_room(request.room)
        del self.rooms[request.room]
        return api.DeleteRoomResponse()

    def find_room(self, name: str) -> None:
        if name not in self.rooms:
            raise TwirpError("not_found", "requested room does not exist")


def refuse_trunk_conflicts(trunks: Iterable[Trunk]) -> None:
    """Two trunks may share a number only if their callers differ; addresses play no part."""
    seen: dict[tuple[str, str], Trunk] = {}
    for trunk in trunks:
        numbers = {normal(number) for number in trunk.numbers} or {""}
        callers = {normal(number) for number in trunk.allowed_numbers} or {""}
        for key in itertools.product(numbers, callers):
            other = seen.setdefault(key, trunk)
            if other is not trunk:
                raise TwirpError(
                    "invalid_argument",
                    f'Conflicting inbound SIP Trunks: "{trunk.sip_trunk_id or "<new>"}" and "{other.sip_trunk_id}", '
                    f"using the same number(s) {list(trunk.numbers)} without AllowedNumbers set",
                )


def refuse_rule_conflicts(rules: Iterable[Rule]) -> None:
    seen: dict[tuple[str, str, str, str], Rule] = {}
    for rule in rules:
        pin = rule.rule.dispatch_rule_individual.pin or rule.rule.dispatch_rule_direct.pin
        callers = [normal(number) for number in rule.inbound_numbers] or [""]
        numbers = [normal(number) for number in rule.numbers] or [""]
        for key in itertools.product([pin], rule.trunk_ids or [""], callers, numbers):
            other = seen.setdefault(key, rule)
            if other is not rule:
                raise TwirpError(
                    "invalid_argument",
                    "Dispatch rule for the same trunk, inbound number, number, and PIN combination already exists in "
                    f'dispatch rule "{other.sip_dispatch_rule_id}" "{other.name}"',
                )


def overlap(one: Iterable[str], other: Iterable[str]) -> bool:
    """The server looks for conflicts among these only; an empty list stands for everything."""
    ones, others = {normal(text) for text in one}, {normal(text) for text in other}
    return not ones or not others or bool(ones & others)


def normal(number: str) -> str:
    if not re.fullmatch(r"\+?[\d\- ()]+", number):
        return number
    return "+" + re.sub(r"[ \-()+]", "", number)
