"""What went wrong with a request to a provider, in words that are safe to log: no key, and nothing that was said."""

from __future__ import annotations

import json
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import httpx2
from livekit.agents import APIError, APIStatusError, APITimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 200  # characters of a server's own words
SHORTEST_KEY = 8  # characters; a shorter one may be any word, such as none
MESSAGES = ("message", "msg", "error", "detail")  # where the JSON of an error has its message, or what contains it
RUN = 3  # words in a row that a server has from a request
READ = 2000  # characters of it that are looked through
AS_KEY = re.compile(r"\*{3}|\bsk-")  # in a word that shows a key, or part of one
QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"|`([^`]*)`")
PREFIX = re.compile(r"^Error code: \d+ - ")  # which OpenAI's client puts before the message
WORD = re.compile(r"\w+")
HIDDEN = "…"
NO_SOUND = "no audio frames were pushed"  # livekit-agents' words, followed by what was to be spoken


def explain(error: BaseException) -> str:
    """Complete the sentence "The server …": what came back, or why nothing did."""
    match root_of(error):
        case APIStatusError(status_code=status, message=message):
            return f"answered {status}: {_first_row(PREFIX.sub('', message))}"
        case APITimeoutError():
            return "did not answer in time"
        case APIError(message=message) if message.startswith(NO_SOUND):
            return "sent no sound"
    return explain_connection(error)


def root_of(error: BaseException) -> BaseException:
    """Return the failure of the request itself, without what livekit-agents says of several attempts."""
    for it in _chain(error, set()):
        if isinstance(it, APIStatusError | APITimeoutError):
            return it
        if isinstance(it, APIError) and it.message.startswith(NO_SOUND):
            return it
    return cause_of(error)


def cause_of(error: BaseException) -> BaseException:
    """Return the error that says why there is no connection; libraries wrap it several times."""
    chain = list(_chain(error, set()))
    known = (ssl.SSLError, socket.gaierror, ConnectionError, TimeoutError, OSError)
    causes = [it for it in chain if it is error or any(it is outer.__cause__ for outer in chain)]
    return next((it for kind in known for it in chain if isinstance(it, kind)), causes[-1])


def told_by(answer: httpx2.Response, body: str, sent: str = "") -> str:
    """Return an error's message: its first row, without a key and without what the request `sent`.

    Args:
        answer: only its status and its headers are used.
        body: what came back: JSON in one of the usual forms, text, or a web page.
        sent: the texts that the server was sent, and may quote.
    """
    if is_web_page(body, answer.headers.get("content-type", "")):
        return "a web page, not the answer of an API"
    try:
        message = message_in(json.loads(body))
    except (ValueError, RecursionError):
        message = body
    reason = httpx2.codes.get_reason_phrase(answer.status_code) or "no reason given"
    return _first_row(without(message, sent)) or reason


def is_web_page(body: str, content_type: str) -> bool:
    """Return whether a server has sent HTML or XML, whatever it calls it."""
    return "html" in content_type or body.lstrip("\ufeff \t\r\n")[:1] == "<"


def message_in(body: Any) -> str:
    """Return the message in the JSON of an error: {"error": {"message": …}}, {"detail": …} or the like; "" if none."""
    match body:
        case str():
            return body
        case list():
            return "; ".join(filter(None, map(message_in, body)))
        case {"loc": [*place], "msg": str(text)}:  # FastAPI, which quotes that part of the request, too
            return f"{'.'.join(map(str, place))}: {text}"
        case dict():
            return message_in(next((body[name] for name in MESSAGES if body.get(name)), None))
    return ""


def without_key(text: str, key: str) -> str:
    """Hide a key in a text, and each word that has one of its ends: servers show keys in part."""
    if len(key) < SHORTEST_KEY:
        return text
    ends = (key[:4], key[-4:])
    return " ".join(HIDDEN if any(end in word for end in ends) else word for word in text.split(" "))


def without(text: str, sent: str) -> str:
    """Hide in a text whatever looks like a key, and whatever it quotes of what was `sent`."""
    text = " ".join(HIDDEN if AS_KEY.search(word) else word for word in text[:READ].split(" "))
    known = f" {_words_of(sent)} "

    def hide(quote: re.Match[str]) -> str:
        inner = _words_of(next(part for part in quote.groups() if part is not None))
        return HIDDEN if inner and f" {inner} " in known else quote[0]

    return _without_runs(QUOTED.sub(hide, text), known)


def _words_of(text: str) -> str:
    return " ".join(WORD.findall(text.lower()))


def _without_runs(text: str, known: str) -> str:
    words = list(WORD.finditer(text))
    hidden: set[int] = set()
    for first in range(len(words) - RUN + 1):
        run = words[first : first + RUN]
        if f" {' '.join(word[0].lower() for word in run)} " in known:
            hidden.update(range(first, first + RUN))
    for number in sorted(hidden, reverse=True):
        text = text[: words[number].start()] + HIDDEN + text[words[number].end() :]
    return re.sub(rf"{HIDDEN}(?:\W*{HIDDEN})+", HIDDEN, text)


def explain_connection(error: BaseException) -> str:
    """Complete the sentence "The server …" for a request that got no answer, or one that could not be read."""
    cause = cause_of(error)
    match cause:
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not trusted here ({cause.verify_message})"
        case ssl.SSLError():
            return f"could not agree on TLS ({cause.reason or 'no reason given'})"
        case socket.gaierror():
            return "has a name that does not resolve to an address"
        case ConnectionRefusedError():
            return "refused the connection: nothing listens on that port"
        case TimeoutError():
            return "did not answer in time"
        case OSError():
            return f"could not be reached ({cause.strerror or type(cause).__name__})"
    return f"gave an answer that could not be used ({type(cause).__name__})"


def _chain(error: BaseException, seen: set[int]) -> Iterator[BaseException]:
    if id(error) in seen:
        return
    seen.add(id(error))
    yield error
    inner = [*getattr(error, "exceptions", ()), error.__cause__, error.__context__]
    for each in inner:
        if each is not None:
            yield from _chain(each, seen)


def _first_row(text: str) -> str:
    row = next((row.strip() for row in text.splitlines() if row.strip()), "")
    return row if len(row) <= LONGEST else f"{row[:LONGEST]}…"
