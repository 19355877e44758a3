"""A further agent on the line that stands, with a number and settings of its own, for as long as a module needs it.

@pytest.fixture(scope="module")
def extension(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extension]:
    with an_extension(line, tmp_path_factory.mktemp("quick"), silent_caller_after=2) as extension:
        yield extension

def test_the_soup_is_tomato(extension: Extension) -> None:
    extension.provider.script(rules=[dict(kind="llm", match="soup", answer="It is tomato.")])
    outcome = extension.call("--say", "What is the soup?")
    assert outcome.hears("tomato"), outcome.printed
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit import api

from bootstrap.mark import outbound_mark, read_mark
from phone.audio import save_stereo
from phone.sound.speech import synthesise
from tests.stack.caller import Caller
from tests.stack.person import Person
from tests.stack.provider import Provider, provider
from tests.support.containers import docker
from tests.support.lines import make_folder, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.stack.line import Line
    from tests.stack.outcome import Outcome

STARTS_WITHIN = 30.0  # seconds
REGISTERED = "Registered with the media server"
GREETING = "Hello, how can I help?"
AT_ONCE = 3  # calls that two cores bear without a hole in the line's speech
BETWEEN = 0.8  # seconds between their beginnings, for each of which a core is busy
# What a test does not need and would wait for: the model that hears the melody takes a core for a second.
QUICK = {"end_of_turn": "words"}

PERSON_AFTER = 60  # between the last numbers of the addresses of an extension's phone and of its second person
SOMEBODY = "+12025550177"  # whom the outbound trunk's calls show, unless a test names OUTBOUND_NUMBERS

_numbers = itertools.count(20)


@dataclass(frozen=True)
class Extension:
    line: Line
    name: str
    numbers: Mapping[str, str]  # by its own lines, of which there is one as a rule, named as itself
    container: str
    home: Path  # of the test's: lines, sounds
    provider: Provider
    caller: Caller
    second: Person | None = None
    said: set[str] = field(default_factory=set)  # texts that the provider knows the sound of

    @property
    def number(self) -> str:
        return next(iter(self.numbers.values()))

    @property
    def person(self) -> Person:
        """Whom its outbound trunk calls, see `an_extension(person=True)`."""
        assert self.second, "this extension has no second person: an_extension(…, person=True)"
        return self.second

    @property
    def folder(self) -> Path:
        """The folder of its first line: line.toml, persona.md, contacts.csv …"""
        return self.folder_of(next(iter(self.numbers)))

    def folder_of(self, line: str) -> Path:
        return self.home / "lines" / line

    def change(self, **settings: Any) -> None:
        """Change settings of its first line, see `write_settings`; most of them hold from the next call on."""
        write_settings(self.folder, **settings)

    @property
    def sounds(self) -> Path:
        """The phone has it as /sounds."""
        return self.home / "sounds"

    def call(self, *arguments: str) -> Outcome:
        """Call it as `phone call` does; --to is its first number already."""
        return self.calls(arguments)[0]

    def calls(self, *calls: Sequence[str]) -> list[Outcome]:
        """Several, each as the arguments of `phone call` say. AT_ONCE are held together, begun BETWEEN apart."""
        for text in {text for call in calls for option, text in pairwise(call) if option == "--say"}:
            self.hear(text)
        usual = ["--to", self.number, "--patience", "1"]
        delays = [f"{place % AT_ONCE * BETWEEN:g}" for place in range(len(calls))]
        placed = [[*usual, "--delay", delay, *call] for delay, call in zip(delays, calls, strict=True)]
        return self.caller.place(placed, AT_ONCE)

    def hear(self, text: str) -> None:
        """Let the provider know how a text sounds; the phone's voice says it always alike."""
        if text not in self.said:
            with tempfile.NamedTemporaryFile(suffix=".wav") as file:
                [pcm] = synthesise([text])
                save_stereo(Path(file.name), pcm, pcm)
                self.provider.hear(text, Path(file.name).read_bytes())
            self.said.add(text)

    def calls_by_name(self, calls: Mapping[str, Sequence[str]]) -> dict[str, Outcome]:
        return dict(zip(calls, self.calls(*calls.values()), strict=True))

    @property
    def logs(self) -> str:
        return docker("logs", self.container)

    @property
    def is_idle(self) -> bool:
        """Whether no call of its own has left a room or a job behind."""
        page = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8081/worker').read().decode())"
        jobs = json.loads(self.run(page)).get("active_jobs", 0)  # it leaves zero out
        return not jobs and not any(room.startswith(f"{self.name}-") for room in self.line.rooms())

    def restart(self) -> None:
        """As after a crash of its host: its /data stays."""
        docker("restart", "--time", "30", self.container)
        self.wait_until_registered()

    def kill(self) -> None:
        docker("kill", self.container)

    def start(self) -> None:
        before = self.logs.count(REGISTERED)  # what the health looks at may be from before
        docker("start", self.container)
        self.until(lambda: self.logs.count(REGISTERED) > before, "registered")

    def data(self) -> Path:
        """A copy of its /data as it is now."""
        copy = self.home / f"data-{time.monotonic_ns()}"
        docker("cp", f"{self.container}:/data", str(copy))
        return copy

    def run(self, code: str) -> str:
        """What this Python prints in its container."""
        return docker("exec", self.container, "python", "-c", code)

    def wait_until_registered(self) -> None:
        self.until(lambda: _succeeds("exec", self.container, "python", "-m", "agent.worker.health"), "registered")

    def until(self, holds: Callable[[], bool], what: str, seconds: float = STARTS_WITHIN) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"{self.name} is not {what} after {seconds:g} s:\n{self.logs[-6000:]}"
            time.sleep(0.2)


@contextmanager
def an_extension(
    line: Line,
    home: Path,
    *,
    lines: Mapping[str, Mapping[str, Any]] | None = None,
    secrets: Mapping[str, str] | None = None,
    person: bool = False,
    **settings: Any,
) -> Iterator[Extension]:
    """An agent, its provider and its phone; all are gone after the block.

    With `person` there is a second phone too, and an outbound trunk that leads to it whatever number is called:
    `extension.person.takes(…)`. With OUTBOUND_PASSWORD, the calls that it takes may ask for it (--username).

    Of the settings those in capitals are the host's, as in .env; the others are the lines', as `write_settings` takes
    them. `lines` has settings of one line alone by its name, each of which then answers a number of its own; without
    it there is one line. `secrets` are those of the lines: in their values `{receiver}` is the address of the
    provider's receiver, and `{receiver_host}` its host and port alone.
    """
    which = next(_numbers)
    name, address = f"ext{which}", f"{line.subnet}.{which}"
    numbers = _numbers_of(lines or {name: {}}, which)
    _make(home, numbers, lines or {}, {key: value for key, value in settings.items() if not key.isupper()})
    host = {key: value for key, value in settings.items() if key.isupper()}
    route = {"AGENT_NAME": name, "ROOM_PREFIX": f"{name}-", "LINES_FOLDER": str(home / "lines")}
    route["PHONE_NUMBERS"] = ",".join(numbers.values())
    if person:
        outbound = {"OUTBOUND_ADDRESS": f"{line.subnet}.{which + PERSON_AFTER}", "OUTBOUND_NUMBERS": SOMEBODY}
        route |= outbound | {key: value for key, value in host.items() if key.startswith("OUTBOUND_")}
    with ExitStack() as up, ThreadPoolExecutor() as pool:
        registered = pool.submit(_register, line, name, address, route)
        up.callback(_unregister, line, name)
        helper = up.enter_context(provider(line, f"{name}-provider"))
        caller = up.enter_context(Caller(line, f"{name}-phone", address, home / "sounds"))
        second = up.enter_context(_second(line, name, route, home)) if person else None
        host_of = helper.receiver.removeprefix("http://")
        given = {
            key: value.replace("{receiver}", helper.receiver).replace("{receiver_host}", host_of)
            for key, value in (secrets or {}).items()
        }
        keys = {"PROVIDER_KEYS": _packed({"OPENAI_API_KEY": name}), "LINE_SECRETS": _packed(given)}
        environment = {**route, "OPENAI_BASE_URL": helper.api, **keys, **host}
        container = up.enter_context(_agent(line, name, environment))
        extension = Extension(line, name, numbers, container, home, helper, caller, second)
        registered.result()
        extension.wait_until_registered()
        yield extension


def _numbers_of(lines: Iterable[str], which: int) -> dict[str, str]:
    return {line: f"+12025550{place}{which}" for place, line in enumerate(lines, 1)}


def _make(
    home: Path, numbers: Mapping[str, str], lines: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]
) -> None:
    for line, number in numbers.items():
        own = {"numbers": [number]} if len(numbers) > 1 else {}  # a line alone answers PHONE_NUMBERS
        wanted = {**QUICK, **settings, **own, **lines.get(line, {})}
        folder = make_folder(home / "lines" / line, wanted.get("language", "en"))
        write_settings(folder, **wanted)
        if wanted.get("language", "en") == "en":
            (folder / "greeting.md").write_text(f"{GREETING}\n")
    (home / "sounds").mkdir()


def _packed(secrets: Mapping[str, str]) -> str:
    """Encode the secrets in the form in which `make up` passes them to Compose."""
    return base64.b64encode("".join(f"{name}={value}\n" for name, value in secrets.items()).encode()).decode()


def _second(line: Line, name: str, route: Mapping[str, str], home: Path) -> Person:
    password = route.get("OUTBOUND_PASSWORD", "")
    return Person(line, f"{name}-person", route["OUTBOUND_ADDRESS"], home / "sounds", password)


@contextmanager
def _agent(line: Line, name: str, settings: Mapping[str, str]) -> Iterator[str]:
    container = f"{line.project}-{name}"
    docker("rm", "--force", "--volumes", container, check=False)
    run = ["docker", "compose", "--progress", "quiet", "run", "--detach", "--no-deps", "--name", container]
    started = line.run(*run, "--volume", "/data", "agent", check=False, settings=settings)
    assert not started.returncode, f"{started.stdout}{started.stderr}"
    try:
        with line.guest(container):
            yield container
    finally:
        docker("rm", "--force", "--volumes", container, check=False)


def _register(line: Line, name: str, address: str, route: Mapping[str, str]) -> None:
    """A trunk and a rule for each of its lines, by the image that makes the line's."""
    values = {**route, "TRUNK_NAME": name, "RULE_NAME": name, "PHONE_ADDRESS": address}
    values["ENV_CHECKSUMS"] = ""  # its settings are not those of .env
    run = ["docker", "compose", "--progress", "quiet", "run", "--rm", "--no-deps", "-T", "bootstrap"]
    done = line.run(*run, check=False, settings=values)
    assert not done.returncode, f"{done.stdout}{done.stderr}"


def _unregister(line: Line, name: str) -> None:
    asyncio.run(_delete_route(line, name))


async def _delete_route(line: Line, name: str) -> None:
    async with line.server() as server:
        rules = (await server.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())).items
        trunks = (await server.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())).items
        outbound = (await server.sip.list_outbound_trunk(api.ListSIPOutboundTrunkRequest())).items
        for rule in rules:
            if _is_of(rule, name):
                gone = api.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.sip_dispatch_rule_id)
                await server.sip.delete_dispatch_rule(gone)
        for trunk in trunks:
            if _is_of(trunk, name):
                await server.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id))
        for leading_out in outbound:
            if leading_out.metadata == outbound_mark(name):
                await server.sip.delete_trunk(api.DeleteSIPTrunkRequest(sip_trunk_id=leading_out.sip_trunk_id))


def _is_of(one: api.SIPDispatchRuleInfo | api.SIPInboundTrunkInfo, agent: str) -> bool:
    mark = read_mark(one.metadata)
    return mark is not None and mark.agent == agent


def _succeeds(*command: str) -> bool:
    try:
        docker(*command)
    except AssertionError:
        return False
    return True
