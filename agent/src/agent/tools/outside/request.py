"""One request to a web address of the owner's, with what the language model has filled in.

The model's arguments can change nothing but the places that are meant for them: they are quoted, redirections are not
followed, and an argument in the path cannot climb out of it.
"""

import asyncio
import json
import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from livekit.agents import ToolError

from agent.authorities import authorities
from agent.conversation.not_known import NotKnownError
from agent.lines.http_tools import PLACE, PLACE_OF_ANSWER, HttpTool

logger = logging.getLogger(__name__)

LARGEST = 65_536  # bytes of an answer
LONGEST = 2_000  # characters of it that the model sees
LONGEST_ARGUMENT = 500  # characters in an address
CLIMBS = {".", ".."}
PATH = re.compile(r"[^.\[\]]+")
IN_QUERY = {"GET", "DELETE"}  # methods whose requests have no body


async def ask(tool: HttpTool, arguments: dict[str, Any]) -> str:
    """Send the request, and return what the model may see of the answer.

    Raises:
        ToolError: there is no answer in time, or not the expected one; its text is for the model, and quotes nobody.
    """
    url = httpx2.URL(address(tool, arguments))
    rest = {name: value for name, value in arguments.items() if name not in tool.in_address}
    body = None if tool.method in IN_QUERY else rest
    if body is None and rest:
        url = url.copy_merge_params({name: _text(value) for name, value in rest.items()})
    headers = {name: secret.get_secret_value() for name, secret in tool.headers.items()}
    trusted = await authorities()
    try:
        async with (
            asyncio.timeout(tool.timeout),
            httpx2.AsyncClient(timeout=None, verify=trusted) as client,  # one time limit for everything
            client.stream(tool.method, url, headers=headers, json=body) as answer,
        ):
            if not answer.is_success:
                raise _failed(
                    tool, f"answered with status {_status(answer.status_code)}", refused=_refuses(answer.status_code)
                )
            return _part(tool, await _body(tool, answer))
    except TimeoutError:
        raise _failed(tool, f"did not answer within {tool.timeout:g} seconds") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:  # its text may contain the address, and so an argument
        raise _failed(tool, "could not be reached", type(error).__name__) from None


def address(tool: HttpTool, arguments: dict[str, Any]) -> str:
    """Return the address with the arguments in it; a ToolError says which of them cannot be in one."""

    def written(place: re.Match[str]) -> str:
        text = _text(arguments[place[1]])
        in_path = place.start() < query
        if len(text) > LONGEST_ARGUMENT or (in_path and (not text or text in CLIMBS)):
            raise ToolError(f"The argument {place[1]} is empty, too long, or not a name. Nothing was done.")
        return quote(text, safe="")

    query = tool.url.find("?") if urlsplit(tool.url).query else len(tool.url)
    filled_in = PLACE.sub(written, tool.url)
    if CLIMBS.intersection(urlsplit(filled_in).path.split("/")):  # as two arguments side by side may do
        raise ToolError("The arguments lead out of the address. Nothing was done.")
    return filled_in


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _body(tool: HttpTool, answer: httpx2.Response) -> str:
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LARGEST:
            raise _failed(tool, f"answered with more than {LARGEST} bytes")
    try:
        return body.decode(answer.charset_encoding or "utf-8")
    except (UnicodeDecodeError, LookupError):
        raise _failed(tool, "answered with something that is no text") from None


def _part(tool: HttpTool, body: str) -> str:
    """Pick from the answer what the model sees."""
    if not tool.answer:
        return shortened(body.strip()) or "It is done; the answer is empty."
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise _failed(tool, "answered with something that is not JSON") from None
    try:
        if not PLACE_OF_ANSWER.search(tool.answer):
            return shortened(_text(_at(parsed, tool.answer)))
        return shortened(PLACE_OF_ANSWER.sub(lambda place: _text(_at(parsed, place[1])), tool.answer))
    except LookupError:
        raise _failed(tool, "answered with something else than expected") from None


def _at(value: Any, path: str) -> Any:
    """Return what is at a path such as items.0.status; a LookupError if there is nothing."""
    for part in PATH.findall(path):
        if isinstance(value, list) and part.isdecimal():
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value[part]
        else:
            raise LookupError
    if value is None:
        raise LookupError
    return value


def shortened(text: str) -> str:
    """Return as much of a text as the model is shown."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (the rest was left out)"


def _status(code: int) -> str:
    try:
        return f"{code} ({HTTPStatus(code).phrase})"
    except ValueError:
        return str(code)


def _refuses(code: int) -> bool:
    return HTTPStatus.BAD_REQUEST <= code < HTTPStatus.INTERNAL_SERVER_ERROR and code != HTTPStatus.REQUEST_TIMEOUT


def _failed(tool: HttpTool, why: str, kind: str = "", *, refused: bool = False) -> ToolError:
    """Log a failure without a caller's word, and make the error that tells the model what to tell the caller."""
    logger.warning("The tool %s failed: its service %s%s", tool.name, why, f" ({kind})" if kind else "")
    return failure(why, acts=not tool.safe and not refused)


def failure(why: str, *, acts: bool) -> ToolError:
    """Make the error that tells the model what to tell the caller; a service that `acts` may have done its work."""
    told = "Tell the caller so in plain words, and do not make up a result."
    if acts:
        return NotKnownError(f"The service {why}. It is not known whether it was done. {told}")
    return ToolError(f"The service {why}. {told}")
