"""What is kept of a call, for how long, and who is told."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from agent.records.webhook.outbox import SECRET_PREFIX, key_of
from agent.settings.values import url_of

SHORTEST_SECRET, SHORTEST_KEY = 32, 24  # characters, and bytes as Standard Webhooks has it


class Records(BaseSettings):
    record_calls: bool = False
    recording_notice: Literal["no", "announce", "ask"] = "announce"
    redact: bool = True
    call_summary: bool = True
    keep_days: int = Field(30, ge=1, le=3650)
    keep_mb: int = Field(2000, ge=1, le=1_000_000)
    webhook_url: Annotated[str, url_of("http", "https")] | None = None
    webhook_secret: SecretStr | None = Field(None, validate_default=True)

    @field_validator("webhook_secret")
    @classmethod
    def _signed(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if info.data.get("webhook_url") and not secret:
            raise ValueError("is needed with WEBHOOK_URL, to sign what is sent: any 32 or more letters and digits")
        if secret:
            _judge(secret.get_secret_value())
        return secret


def _judge(secret: str) -> None:
    """A ValueError for one that is easy to guess, or that its receiver would take for another."""
    if secret.startswith(SECRET_PREFIX):
        try:
            long_enough = len(key_of(secret)) >= SHORTEST_KEY
        except ValueError:
            long_enough = False
        if not long_enough:
            raise ValueError(f"begins with {SECRET_PREFIX}: after it should be Base64 of at least {SHORTEST_KEY} bytes")
    elif len(secret) < SHORTEST_SECRET:
        raise ValueError(f"should have at least {SHORTEST_SECRET} characters")
