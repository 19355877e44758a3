"""Twilio's account as the set-up needs it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol


class AccountError(Exception):
    """Twilio refused or did not answer; one sentence without a secret."""


@dataclass(frozen=True)
class Credentials:
    """An account, and an API key of it."""

    account: str  # AC…
    key: str  # SK…
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Owned:
    """A number that belongs to the account."""

    number: str  # E.164
    elsewhere: str = ""  # why it cannot be used here, such as "on the trunk Office"; empty if it can


@dataclass(frozen=True)
class Offer:
    """A number that can be bought."""

    number: str  # E.164
    place: str  # such as "Austin, TX"
    price: str  # for a month, with the currency, such as "1.15 USD"


class Account(Protocol):
    """What is asked of a Twilio account. Each method raises AccountError."""

    async def check_credentials(self) -> None: ...

    async def owned_numbers(self) -> Sequence[Owned]: ...

    async def search_numbers(self, country: str, area_code: str) -> Sequence[Offer]:
        """Search for numbers with voice in a country (ISO code); an empty `area_code` means any."""

    async def buy_number(self, number: str) -> None: ...


class Carrier(Protocol):
    """Opens accounts."""

    def account(self, credentials: Credentials) -> AbstractAsyncContextManager[Account]: ...
