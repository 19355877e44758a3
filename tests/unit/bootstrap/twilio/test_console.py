"""The steps in Twilio's console, for who has no API key here."""

from collections.abc import Callable

from bootstrap.settings import ServerSettings
from bootstrap.twilio import console_steps

Load = Callable[..., ServerSettings]
ADDRESS = {"SITE": "line.example.com"}


def test_the_steps_have_this_hosts_own_values(settings: Load) -> None:
    steps = console_steps(
        settings(
            **ADDRESS,
            SIP_PORT="5080",
            PHONE_NUMBERS="+12025550100,+12025550111",
            AGENT_NAME="front-desk",
            TWILIO_DISASTER_URL="https://example.com/sorry.xml",
        )
    )
    assert "    Friendly name: Landline front-desk\n" in steps
    assert "Origination > Add new origination URI: sip:line.example.com:5080;transport=udp\n" in steps
    assert "    Priority: 10. Weight: 10. Enabled: yes." in steps
    assert "Add an existing number: +12025550100, +12025550111\n" in steps
    assert "Disaster recovery URL: https://example.com/sorry.xml, by HTTP GET." in steps
    assert "  7. Account Info > Account SID: set TRUNK_ACCOUNT to it in .env" in steps
    of_a_line = console_steps(settings(), {"bread": ("+12025550133", "2025550133")})
    assert "Add an existing number: +12025550100, +12025550111, +12025550133\n" in of_a_line
    assert "set TRUNK_ACCOUNT" not in console_steps(settings(TRUNK_ACCOUNT="AC" + "0" * 32))


def test_without_an_address_or_with_another_provider_one_sentence_says_so(settings: Load) -> None:
    assert console_steps(settings()) == (
        "Twilio cannot reach this host yet: set DOMAIN or PUBLIC_IP in .env and run make up."
    )
    generic = settings(**ADDRESS, TRUNK_PROVIDER="generic", ALLOWED_ADDRESSES="8.8.8.8")
    assert console_steps(generic).startswith("Calls come from a generic SIP trunk, and not from Twilio: ")
