"""The part of Twilio's API that bootstrap uses, written from Twilio's own description of it.

`twilio_openapi.json` has those operations of https://github.com/twilio/twilio-oai that are used, without descriptions
and examples. Each request is held against it before it is carried out, and each answer before it is sent: what does
not fit is in `faults`. What the description leaves open is decided here: the codes of errors are those that Twilio
lists at https://www.twilio.com/docs/api/errors, and like Twilio, putting a number on a trunk takes it off any other
trunk, and deletes the application that had used it.
"""

import asyncio
import base64
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

Fields = dict[str, Any]

DESCRIPTION = json.loads(Path(__file__).with_name("twilio_openapi.json").read_text())
METHODS = ("get", "post", "delete")
LIST_KEYS = {"ListTrunk": "trunks", "ListOriginationUrl": "origination_urls"}
SOLD = {  # by country: its code, and the kinds of numbers
    "US": ("+1", ("Local", "TollFree")),
    "SG": ("+65", ("Mobile",)),
    "IS": ("+354", ("Local",)),
}
MORE_INFO = "https://www.twilio.com/docs/errors"


class RefusedError(Exception):
    def __init__(self, status: int, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    id: str
    described: Fields
    path: re.Pattern[str]
    method: str

    @property
    def status(self) -> int:
        """The status of its success; there is one for each operation."""
        [status] = self.described["responses"]
        return int(status)


def operations() -> Iterator[Operation]:
    for path, its in DESCRIPTION["paths"].items():
        pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
        for method in METHODS:
            if method in its:
                yield Operation(its[method]["operationId"], its[method], pattern, method)


OPERATIONS = list(operations())


def schema_of(described: Fields) -> Fields:
    """Convert a schema of OpenAPI 3.0 to one of JSON Schema, which allows no more than the properties it has."""
    if "$ref" in described:
        return schema_of(DESCRIPTION["components"]["schemas"][described["$ref"].rpartition("/")[2]])
    schema = {key: value for key, value in described.items() if key not in ("format", "nullable")}
    if "items" in described:
        schema["items"] = schema_of(described["items"])
    if "properties" in described:
        schema["properties"] = {name: schema_of(its) for name, its in described["properties"].items()}
        schema["additionalProperties"] = False
    if described.get("nullable") and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        schema |= {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema


def sid(kind: str) -> str:
    return kind + secrets.token_hex(16)


@dataclass
class FakeTwilio:
    """State, and knobs for what goes wrong."""

    url: str = ""  # while it is serving
    account: str = "AC" + "a" * 32
    key: str = "SK" + "b" * 32
    secret: str = "fake-secret-of-the-api-key"
    trunks: dict[str, Fields] = field(default_factory=dict)
    uris: dict[str, Fields] = field(default_factory=dict)
    numbers: dict[str, Fields] = field(default_factory=dict)
    for_sale: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)  # the operations that were asked for, in order
    faults: list[str] = field(default_factory=list)  # what does not fit the description
    most_in_a_page: int = 1000
    race_window: float = 0.0  # seconds between a look for what is there and storing
    refuse_next: list[RefusedError] = field(default_factory=list)  # so many requests get these, and change nothing
    hang_next: int = 0  # so many requests get no answer in time
    die_after: int | None = None  # the request of this number is carried out and never answered
    died: asyncio.Event = field(default_factory=asyncio.Event)
    started: datetime = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)

    def variables(self) -> dict[str, str]:
        """The settings of a host that uses it."""
        return {
            "TWILIO_ACCOUNT_SID": self.account,
            "TWILIO_API_KEY": self.key,
            "TWILIO_API_SECRET": self.secret,
            "TWILIO_API_URL": self.url,
        }

    def own(self, number: str, trunk: str | None = None, application: str = "", voice: bool = True) -> str:
        """Add a number to the account; its SID."""
        its = sid("PN")
        self.numbers[its] = {
            "sid": its,
            "account_sid": self.account,
            "phone_number": number,
            "friendly_name": number,
            "trunk_sid": trunk,
            "voice_application_sid": application or None,
            "voice_url": "https://demo.twilio.com/welcome/voice/",
            "capabilities": {"voice": voice, "sms": True, "mms": False},
        }
        return its

    def add_trunk(self, name: str = "", **its: Any) -> str:
        """Add a trunk as the console does; its SID."""
        new = sid("TK")
        self.trunks[new] = {
            "sid": new,
            "account_sid": self.account,
            "friendly_name": name,
            "domain_name": None,
            "disaster_recovery_method": None,
            "disaster_recovery_url": None,
            "secure": False,
            "cnam_lookup_enabled": False,
            "symmetric_rtp_enabled": False,
            "recording": {"mode": "do-not-record", "trim": "do-not-trim"},
            "transfer_mode": "disable-all",
            "transfer_caller_id": "from-transferee",
            "auth_type": "",
            "auth_type_set": [],
            **self.dates(),
            "url": f"https://trunking.twilio.com/v1/Trunks/{new}",
            **its,
        }
        return new

    def add_uri(self, trunk: str, **its: Any) -> str:
        """Add an origination URI as the console does; its SID."""
        new = sid("OU")
        self.uris[new] = {
            "sid": new,
            "account_sid": self.account,
            "trunk_sid": trunk,
            "friendly_name": "by hand",
            "priority": 10,
            "weight": 10,
            "enabled": True,
            **self.dates(),
            **its,
        }
        return new

    def dates(self) -> Fields:
        """Every object is a second younger than the one before."""
        now = (self.started + timedelta(seconds=len(self.trunks) + len(self.uris))).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"date_created": now, "date_updated": now}

    def snapshot(self) -> str:
        """All that the account has, as text."""
        return json.dumps([self.trunks, self.uris, self.numbers], sort_keys=True)

    @asynccontextmanager
    async def serving(
        self, host: str = "127.0.0.1", port: int = 0, beside: Iterable[web.RouteDef] = ()
    ) -> AsyncIterator[str]:
        """Yield its URL; `beside` are routes that are no part of the API."""
        app = web.Application()
        app.add_routes(beside)
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        self.url = f"http://{host}:{runner.addresses[0][1]}"
        try:
            yield self.url
        finally:
            await runner.cleanup()

    async def answer(self, request: web.Request) -> web.Response:
        try:
            operation, ids = self.find(request)
            self.calls.append(operation.id)
            await self.go_wrong()
            self.check_key(request, ids)
            body = await self.carry_out(operation, ids, request)
        except RefusedError as error:
            told = {
                "code": error.code,
                "message": str(error),
                "more_info": f"{MORE_INFO}/{error.code}",
                "status": error.status,
            }
            return web.json_response(told, status=error.status, headers=error.headers)
        if self.die_after is not None and len(self.calls) >= self.die_after:
            self.died.set()
            await asyncio.sleep(3600)
        if body is None:
            return web.Response(status=operation.status)
        self.check_answer(operation, body)
        return web.json_response(body, status=operation.status)

    def find(self, request: web.Request) -> tuple[Operation, Fields]:
        for operation in OPERATIONS:
            found = operation.path.fullmatch(request.path)
            if found and operation.method == request.method.lower():
                return operation, found.groupdict()
        self.faults.append(f"{request.method} {request.path} is not in the description")
        raise RefusedError(404, 20404, f"The requested resource {request.path} was not found")

    async def go_wrong(self) -> None:
        if self.refuse_next:
            raise self.refuse_next.pop(0)
        if self.hang_next:
            self.hang_next -= 1
            await asyncio.sleep(3600)

    def check_key(self, request: web.Request, ids: Fields) -> None:
        pair = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {pair}":
            raise RefusedError(401, 20003, "Authenticate")
        if ids.get("AccountSid", self.account) != self.account:
            raise RefusedError(404, 20404, f"The requested resource {request.path} was not found")

    async def carry_out(self, operation: Operation, ids: Fields, request: web.Request) -> Fields | None:
        query = self.read(operation, "parameters", dict(request.query), ids)
        form = self.read(operation, "requestBody", {name: str(value) for name, value in (await request.post()).items()})
        handlers: dict[str, Callable[[Fields], Fields | None]] = {
            "ListTrunk": lambda given: self.page(operation, request, self.trunks.values()),
            "CreateTrunk": lambda given: self.trunks[self.add_trunk(**renamed(given, friendly_name="name"))],
            "UpdateTrunk": lambda given: changed(self.trunks, ids["Sid"], given),
            "DeleteTrunk": lambda given: self.delete_trunk(ids["Sid"]),
            "ListOriginationUrl": lambda given: self.page(operation, request, self.uris_of(ids["TrunkSid"])),
            "CreateOriginationUrl": lambda given: self.uris[self.add_uri(self.there(ids["TrunkSid"]), **given)],
            "UpdateOriginationUrl": lambda given: changed(self.uris, ids["Sid"], given),
            "DeleteOriginationUrl": lambda given: found(self.uris, ids["Sid"]) and self.uris.pop(ids["Sid"]) and None,
            "CreatePhoneNumber": lambda given: self.attach(self.there(ids["TrunkSid"]), given["phone_number_sid"]),
            "ListIncomingPhoneNumber": lambda given: self.page(operation, request, self.numbers.values()),
            "CreateIncomingPhoneNumber": lambda given: self.buy(given["phone_number"]),
            "ListAvailablePhoneNumberLocal": lambda given: self.offers(operation, request, query),
            "ListAvailablePhoneNumberMobile": lambda given: self.offers(operation, request, query),
            "ListAvailablePhoneNumberTollFree": lambda given: self.offers(operation, request, query),
            "FetchPhoneNumberCountry": lambda given: prices(ids["IsoCountry"]),
        }
        if operation.method != "get":
            await asyncio.sleep(self.race_window)
        return handlers[operation.id](form)

    def read(self, operation: Operation, part: str, given: dict[str, str], ids: Fields | None = None) -> Fields:
        """Read what a request has as its types, by names in snake case; RefusedError if the description forbids it."""
        described = operation.described.get(part)
        if part == "parameters":
            its = {it["name"]: it["schema"] for it in described or []}
            values = given | (ids or {})
            required = [it["name"] for it in described or [] if it.get("required")]
            schema = {"properties": its, "required": required, "type": "object"}
        else:
            schema = (described or {}).get("content", {}).get("application/x-www-form-urlencoded", {}).get("schema", {})
            its, values = schema.get("properties", {}), given
        typed = {name: typed_as(its.get(name, {}), text) for name, text in values.items()}
        closed = {"type": "object", "additionalProperties": False, **schema_of(schema)}
        problems = [error.message for error in Draft202012Validator(closed).iter_errors(typed)]
        if problems:
            self.faults += [f"{operation.id} was asked with {problem}" for problem in problems]
            raise RefusedError(400, 20001, "; ".join(problems))
        return {snake_case(name): value for name, value in typed.items()}

    def check_answer(self, operation: Operation, body: Fields) -> None:
        response = operation.described["responses"][str(operation.status)]
        schema = schema_of(response["content"]["application/json"]["schema"])
        errors = Draft202012Validator(schema).iter_errors(body)
        self.faults += [f"{operation.id} was answered with {error.message}" for error in errors]

    def there(self, trunk: str) -> str:
        found(self.trunks, trunk)
        return trunk

    def uris_of(self, trunk: str) -> list[Fields]:
        return [uri for uri in self.uris.values() if uri["trunk_sid"] == self.there(trunk)]

    def delete_trunk(self, trunk: str) -> None:
        self.trunks.pop(self.there(trunk))
        self.uris = {its: uri for its, uri in self.uris.items() if uri["trunk_sid"] != trunk}
        for number in self.numbers.values():
            number["trunk_sid"] = None if number["trunk_sid"] == trunk else number["trunk_sid"]

    def attach(self, trunk: str, number: str) -> Fields:
        its = found(self.numbers, number)
        if its["trunk_sid"] == trunk:
            raise RefusedError(400, 20001, f"Phone number {its['phone_number']} is on this trunk already")
        its |= {"trunk_sid": trunk, "voice_application_sid": None}
        return its

    def buy(self, number: str) -> Fields:
        if number not in self.for_sale:
            raise RefusedError(400, 21422, f"{number} is not available.")
        self.for_sale.remove(number)
        return self.numbers[self.own(number)]

    def offers(self, operation: Operation, request: web.Request, query: Fields) -> Fields:
        code, kinds = SOLD.get(query["country_code"], ("", ()))
        if operation.id.removeprefix("ListAvailablePhoneNumber") not in kinds:
            raise RefusedError(404, 20404, f"The requested resource {request.path} was not found")
        area = f"{code}{query.get('area_code', '')}"
        offered = [number for number in self.for_sale if number.startswith(area)]
        each = [
            {
                "phone_number": number,
                "friendly_name": number,
                "locality": "Hilo",
                "region": "HI",
                "iso_country": query["country_code"],
                "address_requirements": "none",
                "beta": False,
                "capabilities": {"voice": True, "sms": True, "mms": True},
            }
            for number in offered
        ]
        return {"available_phone_numbers": each[: query.get("page_size", 50)], "uri": request.path}

    def page(self, operation: Operation, request: web.Request, everything: Any) -> Fields:
        """Return one page, with the address of the next."""
        rows, page = list(everything), int(request.query.get("Page", 0))
        size = min(int(request.query.get("PageSize", 50)), self.most_in_a_page)
        more = (page + 1) * size < len(rows)
        next_path = f"{request.path}?PageSize={size}&Page={page + 1}&PageToken=PT{page + 1}" if more else None
        shown = rows[page * size : (page + 1) * size]
        if operation.id == "ListIncomingPhoneNumber":
            return {"incoming_phone_numbers": shown, "page": page, "page_size": size, "next_page_uri": next_path}
        key = LIST_KEYS[operation.id]
        url = f"https://trunking.twilio.com{next_path}" if next_path else None
        return {key: shown, "meta": {"key": key, "page": page, "page_size": size, "next_page_url": url}}


def typed_as(schema: Fields, text: str) -> Any:
    """Convert a field of a form to its type; what cannot be converted stays, and is found to be wrong."""
    match schema.get("type"):
        case "integer" if re.fullmatch(r"-?\d+", text):
            return int(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
    return text


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def renamed(fields: Fields, **names: str) -> Fields:
    return {names.get(name, name): value for name, value in fields.items()}


def found(where: dict[str, Fields], its: str) -> Fields:
    if its not in where:
        raise RefusedError(404, 20404, f"The requested resource {its} was not found")
    return where[its]


def changed(where: dict[str, Fields], its: str, fields: Fields) -> Fields:
    found(where, its).update(fields)
    return where[its]


def prices(country: str) -> Fields:
    """Return those of a country, of which the description allows that Twilio says none."""
    monthly = {"local": "1.15", "mobile": "4.00", "toll free": "2.15"}
    each = [{"number_type": kind, "base_price": price, "current_price": price} for kind, price in monthly.items()]
    known = {"country": "United States", "iso_country": country, "price_unit": "USD"}
    return {**known, "phone_number_prices": None if country == "IS" else each}
