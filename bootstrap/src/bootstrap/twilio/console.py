"""The steps in Twilio's console that lead to what `make up` does by the API, for an account without a key here."""

from bootstrap.lines import Lines
from bootstrap.settings import TWILIO, Settings
from bootstrap.twilio.desired import DISASTER_METHOD, PRIORITY, WEIGHT, origination_uri, trunk_name, wanted_numbers

BY_ITSELF = (
    "With TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET in .env, make up does all of this by itself.",
    "It takes over a trunk of that name that was made by hand.",
)


def console_steps(settings: Settings, lines: Lines | None = None) -> str:
    """Return the steps with this host's own values; with another provider or no address, one sentence that says so.

    `lines` adds the numbers that only a line's own file names.
    """
    provider = settings.trunk_provider.name
    if provider != TWILIO:
        return f"Calls come from {provider}, and not from Twilio: docs/trunks has a page for each trunk provider."
    if not settings.public_host:
        return "Twilio cannot reach this host yet: set DOMAIN or PUBLIC_IP in .env and run make up."
    numbers = wanted_numbers(settings.phone_numbers, (lines or {}).values())
    steps = [
        "Elastic SIP Trunking > Manage > Trunks > Create new SIP trunk.",
        f"    Friendly name: {trunk_name(settings.agent_name)}",
        "General: leave secure trunking and symmetric RTP off.",
        *disaster_recovery(settings),
        "Termination: leave it empty, unless calls go out by this trunk.",
        f"Origination > Add new origination URI: {origination_uri(settings)}",
        f"    Priority: {PRIORITY}. Weight: {WEIGHT}. Enabled: yes. Friendly name: any.",
        f"Numbers > Add a number > Add an existing number: {', '.join(numbers)}",
        *account(settings),
    ]
    return "\n".join(["In Twilio's console, https://console.twilio.com:", *number_the_rows(steps), *BY_ITSELF])


def disaster_recovery(settings: Settings) -> list[str]:
    if not settings.twilio_disaster_url:
        return []
    return [f"General > Disaster recovery URL: {settings.twilio_disaster_url}, by HTTP {DISASTER_METHOD}."]


def account(settings: Settings) -> list[str]:
    if settings.trunk_account or settings.twilio_account_sid:
        return []
    return ["Account Info > Account SID: set TRUNK_ACCOUNT to it in .env, so that only its calls are taken."]


def number_the_rows(steps: list[str]) -> list[str]:
    """Number the steps; a row that is indented belongs to the one above it."""
    rows, count = [], 0
    for step in steps:
        count += not step.startswith(" ")
        rows.append(f"  {step}" if step.startswith(" ") else f"  {count}. {step}")
    return rows
