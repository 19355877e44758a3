"""What the handlers of all pages share."""

from dataclasses import dataclass, field

from starlette.requests import Request

from desk.access.rates import Rates
from desk.access.sessions import Sessions
from desk.agent_api import AgentApi
from desk.places import Places
from desk.server import MediaServer
from desk.settings import Settings


@dataclass(frozen=True)
class Desk:
    settings: Settings
    places: Places
    sessions: Sessions
    agent: AgentApi
    server: MediaServer
    rates: Rates = field(default_factory=Rates)


def desk_of(request: Request) -> Desk:
    """Return the desk that a request has reached."""
    desk: Desk = request.app.state.desk
    return desk
