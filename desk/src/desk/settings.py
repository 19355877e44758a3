"""The desk's settings, from environment variables and /run/secrets; an empty one counts as not set."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS = Path("/run/secrets")
SHORTEST_PASSWORD = 12  # characters


def _check_password(password: SecretStr) -> SecretStr:
    if len(password.get_secret_value()) < SHORTEST_PASSWORD:
        raise ValueError(f"has to have {SHORTEST_PASSWORD} or more characters; empty: make up generates it")
    return password


Switch = Annotated[bool, BeforeValidator(lambda given: {"yes": True, "no": False}.get(given, given))]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True,
        env_ignore_empty=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    desk_password: Annotated[SecretStr, AfterValidator(_check_password)]
    livekit_url: str = "ws://localhost:7880"
    livekit_api_key: SecretStr
    livekit_api_secret: SecretStr
    agent_name: str = "inbound-voice-agent"
    room_prefix: str = "call-"
    agent_url: str = "http://agent:8082"
    watch_url: str = "http://watch:8084"
    lines_folder: Path = Path("lines")
    bind_address: str = "127.0.0.1"  # where this host publishes its ports
    talk_without_sign_in: Switch = False
    # The images of the other services, as compose.yaml names them; empty outside of Compose.
    image_of_redis: str = ""
    image_of_livekit: str = ""
    image_of_sip: str = ""
    image_of_bootstrap: str = ""
    image_of_agent: str = ""
    image_of_caddy: str = ""
    image_of_desk: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @property
    def is_local(self) -> bool:
        """Whether the host publishes nothing beyond itself, so that whoever reaches the desk is on this machine."""
        return self.bind_address == "127.0.0.1"

    @property
    def lets_anybody_talk(self) -> bool:
        """Whether calls are placed from the page without signing in."""
        return self.is_local or self.talk_without_sign_in


def read_settings() -> Settings:
    """Read them.

    Raises:
        ValidationError: `explain` says what is wrong.
    """
    return Settings()  # type: ignore[call-arg] # they come from the environment


def explain(error: ValidationError) -> list[str]:
    """Return a sentence for each problem. None contains what was found, which may be a secret."""
    return [f"{str(problem['loc'][0]).upper()}: {problem['msg']}: correct it in .env" for problem in error.errors()]


def in_container() -> bool:
    """Return whether this runs in its image."""
    return os.environ.get("IN_CONTAINER") == "yes"
