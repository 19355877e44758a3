"""Asking each provider and each server of a line's own once, as `make up` does, before a caller has to find out."""

import asyncio
import json
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from livekit import rtc

from agent.lines.folder import LinesFolder
from agent.providers.catalog import KINDS, LLM, STT, TTS, Wanted
from agent.providers.client import Client, read_start
from agent.providers.failure import cause_of, explain_connection, is_web_page, told_by, without_key
from agent.providers.openai import NO_KEY, VOICE
from agent.providers.pipeline import Pipeline
from agent.settings import Settings
from agent.settings.values import HOST

LIMIT = 4.0  # seconds for everything, since all are asked at once
LARGEST = 8_388_608  # bytes of a list of models; there are lists of half a megabyte
SHOWN = 5  # models of such a list
KEY_REFUSED, NO_LIST = (401, 403), (404, 405)
LOSES_CONTENT = (301, 302, 303)  # redirects after which a request is sent again without its content
USUAL_PATH = "/v1"
PATHS = {LLM: "/chat/completions", STT: "/audio/transcriptions", TTS: "/audio/speech"}
RATE = 16_000  # Hz


@dataclass
class _Server:
    """One address and one key, and what the lines want there."""

    url: str
    key: str
    key_names: list[str] = field(default_factory=list)
    wanted: list[tuple[str, str, Wanted]] = field(default_factory=list)  # setting and line, kind, and what is wanted

    @property
    def subject(self) -> str:
        shown = str(httpx2.URL(self.url).copy_with(username=None, password=None))
        return f"{shown} ({', '.join(dict.fromkeys(setting for setting, _, _ in self.wanted))})"


async def doubts(settings: Settings, lines: LinesFolder) -> list[str]:
    """Ask every provider that a line uses; return a sentence on each that no call could use, without a key in it.

    The embedded models are not asked: the speech service is not up yet.
    """
    answers = await asyncio.gather(*(_doubts_about(server) for server in _servers(settings, lines)))
    return [doubt for answer in answers for doubt in answer]


def _servers(settings: Settings, lines: LinesFolder) -> Iterable[_Server]:
    found: dict[tuple[str, str], _Server] = {}
    for line in lines.all_as_written():
        pipeline = Pipeline(line, settings)
        for kind in KINDS:
            for (name, wanted), setting in zip(pipeline.wanted(kind), (kind, f"{kind}_fallback"), strict=False):
                if url := pipeline.address(name):
                    server = found.setdefault((url, wanted.key), _Server(url.rstrip("/"), wanted.key))
                    server.wanted.append((f"models.{setting} of {line.name}", kind, wanted))
                    server.key_names.append(pipeline.key_of(name))
    return found.values()


async def _doubts_about(server: _Server) -> list[str]:
    try:
        async with asyncio.timeout(LIMIT), Client(LIMIT) as client:
            client.headers["Authorization"] = f"Bearer {server.key or NO_KEY}"
            found = await _ask(server, client)
    except (TimeoutError, httpx2.TimeoutException):
        found = [f"did not answer within {LIMIT:g} s"]
    except httpx2.TransportError as error:
        found = [f"{explain_connection(error)}{_cure(error, server.url)}"]
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        found = [f"could not be asked ({type(error).__name__})"]
    return [f"{server.subject} {without_key(doubt, server.key)}" for doubt in found]


async def _ask(server: _Server, client: Client) -> list[str]:
    async with client.stream("GET", f"{server.url}/models") as answer:
        body = await read_start(answer, LARGEST)
    if any(step.status_code in LOSES_CONTENT for step in answer.history):
        return [f"redirects in a way that loses what is sent: write {str(answer.url).removesuffix('/models')} instead"]
    if answer.status_code in KEY_REFUSED:
        keys = " and ".join(dict.fromkeys(filter(None, server.key_names)))
        cure = f"check {keys}" if keys else "it asks for a key, so name one"
        return [f"refused the key: it answered {answer.status_code} ({told_by(answer, body)}); {cure}"]
    if answer.status_code not in NO_LIST:
        if answer.is_error:
            return [f"answered {answer.status_code} ({told_by(answer, body)})"]
        if (models := _models_in(body)) is not None:
            return _missing(server, models)
    if better := await _better_address(server, client):
        return [f"has no list of models at this address, but one below /v1: write {better} instead"]
    if answer.status_code in NO_LIST:
        return await _ask_without_a_list(server, client)
    kind = answer.headers.get("content-type", "")
    found = "a web page" if is_web_page(body, kind) else kind.partition(";")[0] or "nothing"
    return [f"answered with {found} where a list of models was expected: check the address"]


def _missing(server: _Server, models: set[str]) -> list[str]:
    listed = ", ".join(sorted(models)[:SHOWN]) + (", …" if len(models) > SHOWN else "")
    return [
        f"has no model {wanted.model}, which {setting} names; it has {listed}"
        for setting, _, wanted in server.wanted
        if models and not models & {wanted.model, f"{wanted.model}:latest"}  # Ollama adds the latter
    ]


async def _ask_without_a_list(server: _Server, client: Client) -> list[str]:
    """Ask a server that has no list of models for the smallest thing that tells whether it has each one."""
    found = []
    for setting, kind, wanted in server.wanted:
        async with client.stream("POST", f"{server.url}{PATHS[kind]}", **_smallest(kind, wanted)) as answer:
            body = await read_start(answer)
        if answer.is_error:
            found.append(f"answered {answer.status_code} ({told_by(answer, body)}) at {PATHS[kind]}, for {setting}")
        elif is_web_page(body, answer.headers.get("content-type", "")):
            found.append(f"answered with a web page at {PATHS[kind]}, for {setting}: check the address")
    return found


async def _better_address(server: _Server, client: Client) -> str:
    """Return the address with /v1 if that is where the list of models is, else ""."""
    better = f"{server.url}{USUAL_PATH}"
    if server.url.endswith(USUAL_PATH):
        return ""
    async with client.stream("GET", f"{better}/models") as answer:
        body = await read_start(answer, LARGEST)
    is_there = answer.status_code in KEY_REFUSED or (answer.is_success and _models_in(body) is not None)
    return better if is_there else ""


def _models_in(body: str) -> set[str] | None:
    """Return the names in a list of models; None if it is none."""
    try:
        listed = json.loads(body)["data"]
        return {str(model["id"]) for model in listed}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _smallest(kind: str, wanted: Wanted) -> dict[str, Any]:
    if kind == LLM:
        return {"json": {"model": wanted.model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}}
    if kind == TTS:
        return {"json": {"model": wanted.model, "input": "Hi", "voice": wanted.voice or VOICE}}
    silence = rtc.AudioFrame.create(RATE, 1, RATE // 5).to_wav_bytes()
    return {"data": {"model": wanted.model}, "files": {"file": ("file.wav", silence, "audio/wav")}}


def _cure(error: BaseException, url: str) -> str:
    match cause_of(error):
        case ssl.SSLCertVerificationError():
            return "; if an authority of your own signed it, put its certificate into lines/ca.pem"
        case ssl.SSLError():
            return "; is the address http:// instead of https://?"
        case OSError() if httpx2.URL(url).host == HOST:
            return "; a server on this machine has to listen on all addresses, or on Docker's, not on 127.0.0.1 alone"
    return ""
