"""The stations of a call's way, in their order, each a module with its checks in their order."""

from types import ModuleType

from bootstrap.doctor.checks import (
    agent,
    gateway,
    host,
    kept,
    metrics,
    network,
    providers,
    receivers,
    redis,
    server,
    settings,
    trunk,
    twilio,
    web,
)
from bootstrap.doctor.finding import Check

STATIONS: dict[str, tuple[str, ModuleType]] = {  # by what the ids of its checks begin with
    "host": ("The host", host),
    "settings": ("The settings", settings),
    "network": ("The way in from outside", network),
    "twilio": ("Twilio's side", twilio),
    "web": ("HTTPS", web),
    "redis": ("Redis", redis),
    "gateway": ("The SIP gateway", gateway),
    "server": ("The media server", server),
    "trunk": ("Trunks and rules", trunk),
    "agent": ("The agent", agent),
    "providers": ("Who hears, thinks and speaks", providers),
    "receivers": ("Whom the lines ask and tell", receivers),
    "kept": ("What is kept", kept),
    "metrics": ("What is measured", metrics),
}
HEADINGS = {name: heading for name, (heading, _) in STATIONS.items()}
CHECKS: list[Check] = [
    value for _, module in STATIONS.values() for value in vars(module).values() if isinstance(value, Check)
]
