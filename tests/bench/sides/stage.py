"""The line and everything on it that a comparison needs."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.bench.sides import routes
from tests.bench.sides.endpoints.recognise import Known
from tests.bench.sides.record import Record
from tests.support.containers import Container, access, beside, built, endpoints, of_service

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.sounds import Sound
    from tests.stack.line import Line

NUMBERS = {"ours": "+12025550100", "article": "+12025550101", "pipecat": "+12025550102"}
SIDES = tuple(NUMBERS)
KNOWN = Path(__file__).parent.parent / "results" / "known.npz"
SPEECH = "http://speech:8000/v1"

Profile = Literal["fixed", "embedded"]


@dataclass(frozen=True)
class Stage:
    line: Line
    record: Record
    containers: dict[str, Container]  # by side, and "endpoints"

    def wait_for(self, side: str) -> None:
        """Until that side can take a call: Pipecat's bot has to come back into its room after each."""
        if side == "pipecat":
            self.containers[side].until(lambda: _bot_waits(self.line), "back in its room")


@contextmanager
def stage(line: Line, profile: Profile = "fixed", sounds: Sequence[Sound] | None = None) -> Iterator[Stage]:
    """Everything up inside the block, gone after it. `sounds`: what the endpoints know; by default all."""
    remember(sounds)
    line.set("OPENAI_API_KEY", "ours")
    line.set("OPENAI_BASE_URL", access(line, "ours")["OPENAI_BASE_URL"])
    with ExitStack() as up:
        up.enter_context(line.running())
        if profile == "embedded":
            line.compose("--profile", "local", "up", "--detach", "--wait", "speech")
        forward = ("--forward", SPEECH) if profile == "embedded" else ()
        server, address = up.enter_context(endpoints(line, KNOWN, *forward))
        record = Record(address)
        server.until(record.answers, "answering")
        article = up.enter_context(article_answers(line))
        pipecat = up.enter_context(pipecat_answers(line))
        containers = {"ours": of_service(line, "agent"), "article": article, "pipecat": pipecat, "endpoints": server}
        yield Stage(line, record, containers)


def remember(sounds: Sequence[Sound] | None) -> None:
    """Leave the endpoints a file of what they will hear."""
    if sounds is None:
        from tests.bench.sounds import load

        sounds = load()
    KNOWN.parent.mkdir(exist_ok=True)
    Known.of(sounds).save(KNOWN)


@contextmanager
def article_answers(line: Line) -> Iterator[Container]:
    name = "article-agent"
    routes.to_agent(line, NUMBERS["article"], name)
    with beside(line, "article", built("article"), {"AGENT_NAME": name} | access(line, "article")) as container:
        container.until(lambda: "registered worker" in container.logs, "registered")
        yield container


@contextmanager
def pipecat_answers(line: Line) -> Iterator[Container]:
    routes.to_room(line, NUMBERS["pipecat"], "pipecat")
    prompts = ("--volume", f"{line.words}:/app/prompts:ro")
    room = {"LIVEKIT_ROOM_NAME": "pipecat"} | access(line, "pipecat")
    with beside(line, "pipecat", built("pipecat"), room, options=prompts) as container:
        container.until(lambda: _bot_waits(line), "in its room")
        yield container


def _bot_waits(line: Line) -> bool:
    speakers = routes.speakers(line, "pipecat")
    return len(speakers) == 1 and speakers[0].startswith("Pipecat Agent")
