"""`python -m tests.support.fakes`: all that an agent asks of others, in one process; a test tells it what to do.

On port 8000 the scripted API of `openai_api`, on port 8001 the `http_receiver`, on port 8002 the `mcp_server`, which
tells the receiver what it has done. `PUT /receiver` on port 8000 with
`{"up": false, "replies": [{"match": "POST", "status": 503}]}` changes the receiver, `GET /receiver` tells what it
received.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict

from aiohttp import web

from tests.support.fakes.embedded import Embedded
from tests.support.fakes.http_receiver import Receiver, Reply
from tests.support.fakes.mcp_server import serve_shop
from tests.support.fakes.openai_api import Script

API_PORT, RECEIVER_PORT, MCP_PORT = 8000, 8001, 8002
ANSWER = "We open at nine."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.fakes", description=__doc__)
    parser.add_argument("--speech", default="http://speech:8000/v1", metavar="URL", help="who hears and speaks")
    asyncio.run(serve(parser.parse_args().speech))


async def serve(speech: str) -> None:
    script = Script(transcripts=(), answers=(ANSWER,), stt_delay=0, first_token_delay=0.1)
    api = Embedded(speech, script, host="0.0.0.0", port=API_PORT)
    async with Receiver(host="0.0.0.0", port=RECEIVER_PORT) as receiver:
        api.app.add_routes(control(receiver))
        async with api, serve_shop(f"http://127.0.0.1:{RECEIVER_PORT}", host="0.0.0.0", port=MCP_PORT):
            await asyncio.Event().wait()


def control(receiver: Receiver) -> list[web.RouteDef]:
    async def change(request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            if "replies" in asked:
                receiver.answer(*map(Reply.of, asked["replies"]))
        except TypeError as problem:
            raise web.HTTPBadRequest(text=str(problem)) from None
        if "up" in asked:
            await (receiver.come_up() if asked["up"] else receiver.go_down())
        return web.json_response({"up": receiver.is_up, "replies": [asdict(reply) for reply in receiver.replies]})

    async def tell(_: web.Request) -> web.Response:
        return web.json_response([asdict(request) for request in receiver.received])

    return [web.put("/receiver", change), web.get("/receiver", tell)]


if __name__ == "__main__":
    main()
