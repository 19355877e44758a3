"""What a call has cost, by the unit prices of prices.toml and of the operator's own lines/prices.toml.

A price that is not known is not guessed: the cost of that model, and with it the call's, is then None.
"""

from __future__ import annotations

import logging
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent.providers import catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.providers.usage import ModelUsage

logger = logging.getLogger(__name__)

FILE = "prices.toml"
MILLION, MINUTE = 1_000_000, 60
CURRENCY = "USD"
LARGEST = 1_000_000  # bytes
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """What one model costs, in US dollars; None for what it is not billed by."""

    model_config = ConfigDict(extra="forbid", strict=True)

    input_per_million_tokens: Amount | None = None
    cached_per_million_tokens: Amount | None = None  # None: as other input
    output_per_million_tokens: Amount | None = None
    per_minute: Amount | None = None  # of sound; used where no tokens are reported
    per_million_characters: Amount | None = None

    @model_validator(mode="after")
    def _is_a_price(self) -> Price:
        tokens = (self.input_per_million_tokens, self.output_per_million_tokens)
        if (tokens[0] is None) != (tokens[1] is None):
            raise ValueError("has a price for input tokens or for output tokens alone: give both, 0 if one is free")
        if self.cached_per_million_tokens is not None and tokens[0] is None:
            raise ValueError("has a price for cached tokens alone: give those for input and output tokens, too")
        if tokens[0] is None and self.per_minute is None and self.per_million_characters is None:
            raise ValueError("has no price in it")
        return self

    def amount(self, usage: ModelUsage) -> float | None:
        """Return what this usage costs; None if the model is billed by something that was not reported."""
        whole, cached = self.input_per_million_tokens, self.cached_per_million_tokens
        written, has_tokens = self.output_per_million_tokens, usage.input_tokens or usage.output_tokens
        if whole is not None and written is not None and has_tokens:
            new = max(0, usage.input_tokens - usage.cached_tokens)  # some servers count those beside the others
            read = new * whole + usage.cached_tokens * (whole if cached is None else cached)
            return (read + usage.output_tokens * written) / MILLION
        if self.per_minute is not None and usage.audio_seconds:
            return usage.audio_seconds / MINUTE * self.per_minute
        if self.per_million_characters is not None and usage.characters:
            return usage.characters / MILLION * self.per_million_characters
        return 0.0 if usage.requests <= usage.errors else None


Prices = dict[tuple[str, str], Price]
"""Prices by provider and model."""


class CostPart(BaseModel):
    """What one model has cost in one call; None: its price is not known, or it has not reported its usage."""

    kind: str
    provider: str
    model: str
    amount: float | None


class Cost(BaseModel):
    """What one call has cost; the total is None if any of its parts is."""

    currency: str = CURRENCY
    total: float | None = 0.0
    parts: list[CostPart] = Field(default_factory=list)


def cost_of(usages: Iterable[ModelUsage], prices: Mapping[tuple[str, str], Price]) -> Cost:
    """Add up what these models have cost."""
    parts = [
        CostPart(kind=it.kind, provider=it.provider, model=it.model, amount=_rounded(_amount(it, prices)))
        for it in usages
    ]
    known = [part.amount for part in parts if part.amount is not None]
    return Cost(total=_rounded(sum(known)) if len(known) == len(parts) else None, parts=parts)


def read_prices(lines_folder: Path, *, of_openai: bool = True) -> Prices:
    """Return the prices that hold on this host; if the operator's own file is faulty, none, and the log says why.

    Without `of_openai`, what is called openai is another server, and the prices of OpenAI itself do not hold.
    """
    try:
        own = _own_prices(lines_folder)
    except ValueError as error:
        logger.error("%s; until that is corrected, what calls cost is not known", error)
        return {}
    return {**(_shipped_prices() if of_openai else {}), **own}


def problems(lines_folder: Path) -> list[str]:
    """Say what is wrong with prices.toml in the folder of the lines, if it is there."""
    try:
        _own_prices(lines_folder)
    except ValueError as error:
        return [str(error)]
    return []


def _amount(usage: ModelUsage, prices: Mapping[tuple[str, str], Price]) -> float | None:
    if usage.provider in catalog.PROVIDERS and catalog.facts(f"{usage.provider}/").embedded:
        return 0.0
    price = prices.get((usage.provider, usage.model))
    return price.amount(usage) if price else None


@cache
def _shipped_prices() -> Prices:
    return _parsed((Path(__file__).parent / FILE).read_text(encoding="utf-8"))


def _own_prices(lines_folder: Path) -> Prices:
    """Read the operator's own file; a ValueError is a sentence that names it."""
    file = lines_folder / FILE
    shown = f"{lines_folder.name}/{FILE}"
    try:
        if file.stat().st_size > LARGEST:
            raise ValueError(f"{shown} has more than {LARGEST} bytes: shorten it")
        return _parsed(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ValueError(f"{shown} cannot be read ({error.strerror}): make it readable by all") from None
    except UnicodeDecodeError:
        raise ValueError(f"{shown} is not UTF-8: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{shown} is not TOML: {error}") from None
    except _PriceError as error:
        raise ValueError(f"{shown} has {error}") from None


class _PriceError(ValueError):
    """A price is no good; the text completes "<file> has …"."""


def _parsed(text: str) -> Prices:
    prices: Prices = {}
    for provider, models in tomllib.loads(text).items():
        if not isinstance(models, dict):
            raise _PriceError(f'{provider} = {models!r}, where a table is expected: [{provider}."the model\'s name"]')
        for model, price in models.items():
            prices[provider, model] = _price(f'[{provider}."{model}"]', price)
    return prices


def _price(table: str, given: object) -> Price:
    if not isinstance(given, dict):
        raise _PriceError(f"{given!r} where the table {table} is expected: the model's name belongs into the heading")
    try:
        return Price.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise _PriceError(f"{table}, which {first['ctx']['error']}") from None
        field = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            if isinstance(first["input"], dict):
                about = "with a table in it: a model's name that has a dot in it needs quotation marks"
                raise _PriceError(f"{table} {about}") from None
            there = ", ".join(Price.model_fields)
            raise _PriceError(f"{field} in {table}, which is no kind of price; there is {there}") from None
        found = f"{field} = {first['input']!r}"
        raise _PriceError(f"{found} in {table}, where a number of at least 0 is expected") from None


def _rounded(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 6)
