"""What is read from an answer that is an error."""

import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bootstrap.setup.carrier import Credentials
from bootstrap.twilio import TwilioError, connect, look
from bootstrap.twilio.account import explain
from bootstrap.twilio.http import refusal, seconds_of


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ('{"code": 21422, "message": "It is gone.", "status": 400, "more_info": "…"}', 21422, "It is gone."),
        ('{"type": "…", "title": "Bad", "status": 400, "code": 21422, "detail": "It is gone."}', 21422, "It is gone."),
        ('{"type": "…", "title": "Bad", "status": 400, "code": 21422}', 21422, "Bad"),
        ('{"code": "gone", "message": "It is gone."}', 400, "It is gone."),
        ("<html>It is gone.</html>", 400, "no explanation"),
        ('["It is gone."]', 400, "no explanation"),
        ("", 400, "no explanation"),
    ],
)
def test_an_error_is_read_in_every_form_that_twilio_has(text: str, code: int, message: str) -> None:
    error = refusal(400, "/v1/Trunks", text, "")
    assert (error.code, error.message, error.retry_after) == (code, message, 0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0.5", 0.5), ("-1", 0), ("", 0), ("soon", 0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_the_pause_that_twilio_asks_for_is_in_seconds_or_until_a_date(header: str, seconds: float) -> None:
    assert seconds_of(header) == seconds


def test_a_date_in_the_future_is_waited_for() -> None:
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    assert 90 < seconds_of(later) <= 100


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("+12025550100 is taken.", "<number> is taken"),
        ("(202) 555-0100 is taken", "(<number> is taken"),
        (f"TK{'0' * 32} is gone", f"TK{'0' * 32} is gone"),
    ],
)
def test_twilios_words_are_told_without_numbers(words: str, told: str) -> None:
    error = refusal(400, "/v1/Trunks", f'{{"code": 1, "message": "{words}"}}', "")
    assert explain(error) == f"answered 400: {told} (error 1)"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((400, b"<html>Zugriff \xfcber Proxy verweigert</html>"), r"^Twilio answered 400: no explanation"),
        ((200, b"<html>Bitte best\xe4tigen</html>"), r"^Twilio answered, but not as its API does: is there a proxy"),
        ((200, b'{"status": "ok", "version": 3}'), r"^Twilio answered, but not as its API does: is there a proxy"),
    ],
)
async def test_what_is_not_twilio_is_told_in_one_sentence(answer: tuple[int, bytes], told: str) -> None:
    async def say_it(_: web.Request) -> web.Response:
        return web.Response(status=answer[0], body=answer[1], content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", say_it)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        async with connect(Credentials(f"AC{'0' * 32}", f"SK{'0' * 32}", SecretStr("a-secret"), url)) as twilio:
            with pytest.raises(TwilioError, match=told):
                await look(twilio)
