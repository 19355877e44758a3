"""One server for the suite: the fake always; a real one too, when the environment names it.

    LANDLINE_TEST_LIVEKIT_URL=ws://127.0.0.1:7880 LANDLINE_TEST_LIVEKIT_API_KEY=… LANDLINE_TEST_LIVEKIT_API_SECRET=…

Every trunk and every rule on that server is deleted.
"""

import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from livekit import api

from bootstrap.desired import desired
from bootstrap.plan import Change
from bootstrap.reconcile import reconcile
from bootstrap.server import connect
from bootstrap.settings import ServerSettings
from tests.support.fakes.livekit_sip import FakeLiveKit

Trunk = api.SIPInboundTrunkInfo
Rule = api.SIPDispatchRuleInfo
Outbound = api.SIPOutboundTrunkInfo


@dataclass
class LiveKit:
    """A server to reconcile with, and an operator's own way into it."""

    url: str
    key: str
    secret: str

    def settings(self, **values: Any) -> ServerSettings:
        """Settings as the environment would give them, by field name."""
        given = {"livekit_url": self.url, "livekit_api_key": self.key, "livekit_api_secret": self.secret, **values}
        with pytest.MonkeyPatch.context() as environment:
            for name, text in given.items():
                environment.setenv(name.upper(), text)
            return ServerSettings(_env_file=None)  # type: ignore[call-arg]  # pydantic-settings' own, not a field

    async def apply(self, lines: Mapping[str, str] | None = None, /, **values: Any) -> list[Change]:
        """Run one bootstrap and return what it changed; `lines` are names and numbers, by default `coffee` alone."""
        settings = self.settings(**values)
        numbers = {name: tuple(text.split()) for name, text in (lines or {}).items()}
        async with connect(settings) as server:
            return await reconcile(server, desired(settings, numbers or {"coffee": settings.phone_numbers}))

    def client(self) -> api.LiveKitAPI:
        return api.LiveKitAPI(self.url, self.key, self.secret)

    async def trunks(self) -> list[Trunk]:
        async with self.client() as client:
            return list((await client.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items)

    async def outbound(self) -> list[Outbound]:
        """Without the times that the server adds."""
        async with self.client() as client:
            found = list((await client.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items)
        for trunk in found:
            trunk.ClearField("created_at")
            trunk.ClearField("updated_at")
        return found

    async def rules(self) -> list[Rule]:
        async with self.client() as client:
            return list((await client.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items)

    async def only(self) -> tuple[Trunk, Rule]:
        """The one trunk and the one rule."""
        [trunk], [rule] = await self.trunks(), await self.rules()
        return trunk, rule

    async def routes(self) -> dict[str, tuple[Trunk, Rule]]:
        """Each rule with the one trunk that it names, by the line in the agent's dispatch."""
        trunks = {trunk.sip_trunk_id: trunk for trunk in await self.trunks()}
        rules = await self.rules()
        assert len(rules) == len(trunks)
        return {line_of(rule): (trunks[id_], rule) for rule in rules for [id_] in [rule.trunk_ids]}

    async def numbers(self) -> dict[str, str]:
        """The numbers that each line's trunk answers."""
        return {line: " ".join(sorted(trunk.numbers)) for line, (trunk, _) in (await self.routes()).items()}

    async def add_trunk(self, **fields: Any) -> str:
        """A trunk made by hand; its id."""
        async with self.client() as client:
            request = api.CreateSIPInboundTrunkRequest(trunk=Trunk(**fields))
            return (await client.sip.create_inbound_trunk(request)).sip_trunk_id

    async def add_outbound(self, **fields: Any) -> str:
        """An outbound trunk made by hand; its id."""
        trunk = Outbound(**{"address": "sip.example.net", "numbers": ["+12025550155"], **fields})
        async with self.client() as client:
            request = api.CreateSIPOutboundTrunkRequest(trunk=trunk)
            return (await client.sip.create_outbound_trunk(request)).sip_trunk_id

    async def add_rule(self, **fields: Any) -> str:
        """A rule made by hand; its id."""
        fields.setdefault("rule", api.SIPDispatchRule(dispatch_rule_direct=api.SIPDispatchRuleDirect(room_name="x")))
        async with self.client() as client:
            request = api.CreateSIPDispatchRuleRequest(dispatch_rule=Rule(**fields))
            return (await client.sip.create_dispatch_rule(request)).sip_dispatch_rule_id

    async def clean(self) -> None:
        async with self.client() as client:
            for rule in await self.rules():
                request = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
                await client.sip.delete_dispatch_rule(request)
            ids = [trunk.sip_trunk_id for trunk in await self.trunks()]
            for id_ in ids + [trunk.sip_trunk_id for trunk in await self.outbound()]:
                await client.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=id_))


def line_of(rule: Rule) -> str:
    [agent] = rule.room_config.agents
    return str(json.loads(agent.metadata)["line"])


REAL = [os.environ.get(f"LANDLINE_TEST_LIVEKIT_{part}", "") for part in ("URL", "API_KEY", "API_SECRET")]


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real_time)] if all(REAL) else ["fake"])
async def livekit(request: pytest.FixtureRequest) -> AsyncIterator[LiveKit]:
    if request.param == "fake":
        fake = FakeLiveKit(race_window=0.02)
        async with fake.serving() as url:
            yield LiveKit(url, fake.key, fake.secret)
        return
    real = LiveKit(*REAL)
    await real.clean()
    yield real
    await real.clean()
