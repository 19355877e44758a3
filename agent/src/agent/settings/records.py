"""What is kept of a call, for how long, and who is told."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from agent.settings.values import url_of


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
        return secret
