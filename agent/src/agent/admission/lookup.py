"""Who is calling: looked up in contacts.csv and, if the number is not there, at a web address of the owner's."""

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from agent.admission import owner_files
from agent.admission.caller import Caller
from agent.admission.contacts import Contacts
from agent.lines.line import Line

logger = logging.getLogger(__name__)

NOT_FOUND = 404
LARGEST = 65_536  # bytes of an answer


async def look_up(caller: Caller, dialled: str, line: Line, folder: Path, country: str | None = None) -> Caller:
    """Return the caller, with name and notes if they are known.

    `folder` is the line's folder, which has contacts.csv, and `country` that of its numbers without a country code. The
    owner's address has `lookup.timeout` seconds to answer.
    """
    if caller.anonymous:
        return caller
    if found := (await _contacts(folder, country)).get(caller.number):
        name, notes = found
        return replace(caller, name=name, notes=notes)
    if not line.lookup.url:
        return caller
    try:
        async with asyncio.timeout(line.lookup.timeout):
            return await _ask(line.lookup.url, line.lookup.token, caller, dialled)
    except TimeoutError:
        logger.warning("the caller lookup took more than %g s, so it was given up", line.lookup.timeout)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:  # its text may contain the address, and so the number
        logger.warning("the caller lookup failed: %s", type(error).__name__)
    except ValueError as error:
        logger.warning("the caller lookup's answer is not used: %s", error)
    return caller


async def _contacts(folder: Path, country: str | None) -> Contacts:
    try:
        return await asyncio.to_thread(owner_files.read_contacts, folder, country=country)
    except ValueError as error:
        logger.error("%s; nobody is known by name", error)
        return {}


async def _ask(address: SecretStr, token: SecretStr | None, caller: Caller, dialled: str) -> Caller:
    url = httpx2.URL(address.get_secret_value()).copy_merge_params({"number": caller.number, "dialled": dialled})
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    async with (
        httpx2.AsyncClient(timeout=None) as client,  # `look_up` has one timeout for everything
        client.stream("GET", url, headers=headers) as answer,
    ):
        if answer.status_code == NOT_FOUND:
            return caller
        if not answer.is_success:
            raise ValueError(f"it has status {answer.status_code}, but 200 or 404 is expected")
        return _understood(await _body(answer), caller)


async def _body(answer: httpx2.Response) -> bytes:
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LARGEST:
            raise ValueError(f"it has more than {LARGEST} bytes, which is the most that is read")
    return body


def _understood(body: bytes, caller: Caller) -> Caller:
    """Read the answer; no error quotes it, because it is about a person."""
    try:
        known: Any = json.loads(body)
    except (ValueError, RecursionError):  # the latter for lists that are nested too deeply
        raise ValueError('it is not JSON, but {"name": "…", "notes": "…"} is expected') from None
    if not isinstance(known, dict):
        raise ValueError('it is not a JSON object, but {"name": "…", "notes": "…"} is expected')
    name, notes = known.get("name") or "", known.get("notes") or ""
    if not isinstance(name, str) or not isinstance(notes, str):
        raise ValueError("its name or its notes are not a string")
    return replace(caller, name=name, notes=notes)
