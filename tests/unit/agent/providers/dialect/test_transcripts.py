"""A transcript without words is nothing heard, and what is no transcript is a failure."""

from __future__ import annotations

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIError

from tests.support.fakes.openai_api import FakeOpenAI, Rule
from tests.unit.agent.never_silent import INSTANT
from tests.unit.agent.providers.dialect.other_server import TWICE, ears_of

SILENCE = rtc.AudioFrame(np.zeros(1600, np.int16).tobytes(), 16000, 1, 1600)

HEARD = {
    '{"text": null}': "",
    '{"text": ""}': "",
    "{}": "",
    '{"text": 5}': "",
    '{"language": "en", "segments": []}': "",
    '{"text": "When are you open?", "error": null}': "When are you open?",
}


@pytest.mark.parametrize("body", HEARD)
async def test_a_transcript_is_always_a_text(endpoint: FakeOpenAI, body: str) -> None:
    endpoint.script = INSTANT.changed(rules=(Rule("stt", body=body),))
    heard = await ears_of(endpoint).recognize([SILENCE], conn_options=TWICE)
    assert heard.alternatives[0].text == HEARD[body]


async def test_json_that_is_called_text_is_read_all_the_same(endpoint: FakeOpenAI) -> None:
    endpoint.script = INSTANT.changed(rules=(Rule("stt", body='{"text": "Hello."}', content_type="text/plain"),))
    heard = await ears_of(endpoint).recognize([SILENCE], conn_options=TWICE)
    assert heard.alternatives[0].text == "Hello."


@pytest.mark.parametrize(
    ("body", "content_type", "found"),
    [
        ("<html>Welcome</html>", "text/html", "a web page"),
        ('{"error": {"message": "no such model"}}', "application/json", "an error: no such model"),
        ('"Hello."', "application/json", "JSON"),
        ("Internal Server Error", "text/plain", "text"),
    ],
)
async def test_what_is_no_transcript_is_a_failure_that_says_what_came(
    endpoint: FakeOpenAI, body: str, content_type: str, found: str
) -> None:
    endpoint.script = INSTANT.changed(rules=(Rule("stt", body=body, content_type=content_type),))
    ears = ears_of(endpoint)
    errors: list[str] = []
    ears.on("error", lambda event: errors.append(str(event.error)))
    with pytest.raises(APIError):
        await ears.recognize([SILENCE], conn_options=TWICE)
    assert f"expected a transcript, but the server answered with status 200 and {found}" in errors[0]
    assert len(endpoint.asked("stt")) == 2
