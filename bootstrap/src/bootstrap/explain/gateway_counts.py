"""What the gateway counts: calls that came to nothing since it started, even those that no log mentions."""

import re
from collections import Counter

import aiohttp

URL = "http://sip:6789/metrics"
ANSWERS_WITHIN = 3.0  # seconds
SAMPLE = re.compile(r"livekit_sip_calls_terminated\{([^}]*)\} ([0-9.e+]+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

# The gateway's word for why a call ended, unless it simply went well: pkg/sip/inbound.go in github.com/livekit/sip.
SAYS = {
    "flood": "rang and was dropped, because no trunk or no rule takes such a call: make doctor CALL=… says which "
    "condition is not met",
    "unauthorized": "was asked for a user name and a password, or had wrong ones: SIP_USERNAME in .env is for trunks "
    "that send both",
    "auth-error": "was answered 503: two trunks take the same call, or the server or Redis does not answer",
    "dispatch-error": "was answered 503: two rules are for the same calls, or the server or Redis does not answer",
    "participant-failed": "was answered 486, because the gateway could not join its room on the server: docker compose "
    "logs sip livekit says why",
    "cannot-subscribe": "rang out, because no agent came to its room or none spoke",
    "no-common-codec": "was answered 400, because it offered no codec that the gateway has (PCMU, PCMA, G722, Opus)",
    "no-common-crypto": "was answered 400: one side wants SRTP and the other does not (media_encryption in the trunk "
    "provider's file)",
    "sdp-error": "was answered 400, because its SDP could not be used",
    "media-failed": "was answered 500, because no audio could be set up: RTP_PORT_RANGE may be used up",
    "media-timeout": "was hung up on, because no audio came from the caller: is RTP_PORT_RANGE open in every firewall?",
    "no-ack": "was answered, but the answer was never confirmed: the carrier cannot reach what the gateway advertises "
    "(PUBLIC_IP)",
}


async def count_failures(url: str = URL) -> list[str]:
    """Say how many calls came to nothing and why; if the gateway cannot be asked, say so in one sentence."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWERS_WITHIN)) as client,
            client.get(url) as answer,
        ):
            text = await answer.text()
    except (aiohttp.ClientError, TimeoutError):
        return ["The gateway's own counts are not known, because it does not tell them here."]
    return describe(read_failures(text))


def read_failures(metrics: str) -> Counter[str]:
    """Count the incoming calls by the gateway's reason, from its metrics in Prometheus' text format."""
    counts: Counter[str] = Counter()
    for labels, value in SAMPLE.findall(metrics):
        its = dict(LABEL.findall(labels))
        if its.get("dir") == "in" and its.get("reason") in SAYS:
            counts[its["reason"]] += int(float(value))
    return counts


def describe(failures: Counter[str]) -> list[str]:
    if not failures.total():
        return ["The gateway has refused or dropped no call since it started."]
    rows = [f"  {count}: each {SAYS[reason]}." for reason, count in failures.most_common() if count]
    return ["Calls that came to nothing since the gateway started:", *rows]
