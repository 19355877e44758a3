"""Whose calls are taken, and where it is looked up who calls."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from agent.settings.values import url_of


class Callers(BaseSettings):
    phone_numbers: str = "+12025550100"  # the first one's country is that of callers whose number names none
    timezone: str = "UTC"  # of the days that limits count
    trunk_account: str | None = None
    caller_lookup_url: Annotated[str, url_of("http", "https")] | None = None
    caller_lookup_token: SecretStr | None = None
    caller_lookup_timeout: float = Field(1.5, ge=0.1, le=10)

    @field_validator("timezone")
    @classmethod
    def _a_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("is no time zone; one is Europe/Berlin, another America/New_York") from None
        return name
