"""`python -m tests.support.fakes.twilio_server`: the account at Twilio of `twilio_api`, for stack tests, on port 8000.

`GET /fake` tells what it has, what it was asked, and what did not fit Twilio's description. `PUT /fake` with
`{"uris": {"OU…": {"enabled": false}}}` changes it as somebody in Twilio's console would.
"""

import argparse
import asyncio

from aiohttp import web

from tests.support.fakes.twilio_api import FakeTwilio

PORT = 8000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.fakes.twilio_server", description=__doc__)
    parser.add_argument("--own", action="append", default=[], metavar="NUMBER", help="a number of the account's")
    parser.add_argument("--sell", action="append", default=[], metavar="NUMBER", help="a number that can be bought")
    given = parser.parse_args()
    asyncio.run(serve(given.own, given.sell))


async def serve(owned: list[str], for_sale: list[str]) -> None:
    fake = FakeTwilio(for_sale=for_sale)
    for number in owned:
        fake.own(number)
    async with fake.serving("0.0.0.0", PORT, control(fake)):
        await asyncio.Event().wait()


def control(fake: FakeTwilio) -> list[web.RouteDef]:
    async def change(request: web.Request) -> web.Response:
        for kind, objects in (await request.json()).items():
            for sid, fields in objects.items():
                getattr(fake, kind)[sid].update(fields)
        return await tell(request)

    async def tell(_: web.Request) -> web.Response:
        kinds = ("trunks", "uris", "numbers", "calls", "faults")
        return web.json_response({kind: getattr(fake, kind) for kind in kinds})

    return [web.put("/fake", change), web.get("/fake", tell)]


if __name__ == "__main__":
    main()
