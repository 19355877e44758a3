"""Settings from environment variables, a clone's `.env`, /run/secrets and the lines' folders.

All problems with them are in one report.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bootstrap import addresses, env_checksums, numbers, trunks, values
from bootstrap.lines import Lines, LinesError, read_lines
from bootstrap.text import check_text, quote

S = TypeVar("S", bound="Settings")

TWILIO = "Twilio"  # the name in bootstrap/trunks/twilio.yaml
FORMER_TRUNK_NAME = "Twilio Trunk"  # what .env said by default up to release 0.1.0, whoever carried the calls


class SettingsError(Exception):
    """The report of every problem, one row each; it holds no secret."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads /run/secrets/<name in lower case> as written, except for one newline at its end; empty means unset.

    pydantic-settings' own source strips all white space, and so hides some that LiveKit's server does not strip.
    """

    folder = Path("/run/secrets")

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        file = self.folder / field_name
        text = file.read_bytes().decode("utf-8", "surrogateescape") if file.is_file() else ""
        return text.removesuffix("\n") or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: text for name, text in found.items() if text is not None}


def secret(check: Any) -> AfterValidator:
    return AfterValidator(lambda value: SecretStr(check(value.get_secret_value())))


class LinesFolder(BaseSettings):
    """Where the lines are. It is read by itself, so that wrong lines are reported with the other wrong settings."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=False,
    )

    lines_folder: Path = Path("lines")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, dotenv_settings, SecretFiles(settings_cls)

    @field_validator("*", mode="before")
    @classmethod
    def refuse_the_invisible(cls, value: object) -> object:
        return check_text(value) if isinstance(value, str) else value


class Settings(LinesFolder):
    """The host's settings. The order matters: a validator sees the fields above its own."""

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    livekit_url: Annotated[str, AfterValidator(values.url)] = "ws://localhost:7880"
    livekit_api_key: Annotated[SecretStr, secret(values.api_key)] | None = None
    livekit_api_secret: Annotated[SecretStr, secret(values.api_secret)] | None = None

    phone_numbers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(numbers.parse)] = ("+12025550100",)
    trunk_provider: Annotated[trunks.Provider, NoDecode, BeforeValidator(trunks.load)] = Field(
        default_factory=lambda: trunks.load("twilio")
    )
    allow_any_address: Annotated[bool, BeforeValidator(values.yes_or_no)] = False
    allow_private_addresses: Annotated[bool, BeforeValidator(values.yes_or_no)] = False
    allowed_addresses: Annotated[tuple[str, ...], NoDecode] = Field(default="", validate_default=True)
    media_addresses: Annotated[tuple[str, ...], NoDecode] = Field(default="", validate_default=True)
    phone_address: Annotated[str, AfterValidator(addresses.parse_host)] | None = None
    sip_username: Annotated[str, AfterValidator(values.user_name)] | None = None
    sip_password: Annotated[SecretStr, secret(values.password)] | None = Field(default=None, validate_default=True)

    outbound_address: Annotated[str, AfterValidator(values.sip_address)] | None = None
    outbound_transport: Literal["auto", "udp", "tcp", "tls"] = "auto"
    outbound_username: Annotated[str, AfterValidator(values.user_name)] | None = None
    outbound_password: Annotated[SecretStr, secret(values.password)] | None = Field(default=None, validate_default=True)
    outbound_numbers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(numbers.parse)] = ()

    site: str = "localhost"  # what follows from DOMAIN: the name by which this host is reached
    advertised_ip: str | None = None  # and its public address; none if only this machine is to reach it
    sip_port: Annotated[int, Field(ge=1, le=65535)] = 5060
    twilio_account_sid: Annotated[str, AfterValidator(values.twilio_account)] | None = None
    twilio_api_key: Annotated[str, AfterValidator(values.twilio_key)] | None = None
    twilio_api_secret: Annotated[SecretStr, secret(values.password)] | None = Field(default=None, validate_default=True)
    twilio_disaster_url: Annotated[str, AfterValidator(values.web_address)] | None = None
    twilio_api_url: Annotated[str, AfterValidator(values.api_address)] | None = None
    trunk_account: str | None = None

    agent_name: Annotated[str, AfterValidator(values.token)] = "inbound-voice-agent"
    room_prefix: Annotated[str, AfterValidator(values.token)] = "call-"
    trunk_name: Annotated[str, AfterValidator(values.title)] = Field(default="", validate_default=True)
    rule_name: Annotated[str, AfterValidator(values.title)] = "Agent Route"
    ringing_timeout: Annotated[int, BeforeValidator(values.seconds(5, 80))] = 20
    max_call_duration: Annotated[int, BeforeValidator(values.seconds(60, 86_400))] = 3600

    @field_validator("allowed_addresses", mode="before")
    @classmethod
    def know_where_calls_come_from(cls, text: str, info: ValidationInfo) -> tuple[str, ...]:
        check_text(text)  # pydantic runs a base class's check after this one
        if text:
            # A flag that is itself wrong is reported separately: treat it as yes.
            return addresses.parse(
                text,
                allow_any=info.data.get("allow_any_address", True),
                allow_private=info.data.get("allow_private_addresses", True),
            )
        provider: trunks.Provider | None = info.data.get("trunk_provider")
        if provider and not provider.allowed_addresses:
            raise ValueError(f"is not set, and {provider.name} has no published ranges; {addresses.HINT}")
        return tuple(provider.allowed_addresses) if provider else ()

    @field_validator("media_addresses", mode="before")
    @classmethod
    def know_where_audio_comes_from(cls, text: str, info: ValidationInfo) -> tuple[str, ...]:
        """Parse the addresses; without any, take the provider's, or all if it publishes none."""
        check_text(text)
        if text:
            return addresses.parse(text, allow_any=True, allow_private=True)
        provider: trunks.Provider | None = info.data.get("trunk_provider")
        if not provider or not provider.media:
            return ("0.0.0.0/0",)
        ranges = [address for media in provider.media for address in media.addresses]
        signalling = info.data.get("allowed_addresses", ())
        # An operator who names the addresses of calls may have a PBX there, which sends the audio itself.
        own = [] if list(signalling) == provider.allowed_addresses else signalling
        return tuple(dict.fromkeys([*ranges, *own]))

    @field_validator("trunk_name", mode="before")
    @classmethod
    def name_the_trunk_after_its_provider(cls, name: str, info: ValidationInfo) -> str:
        provider: trunks.Provider | None = info.data.get("trunk_provider")
        return provider.trunk if provider and name in ("", FORMER_TRUNK_NAME) else name or FORMER_TRUNK_NAME

    @field_validator("sip_password", "outbound_password", mode="after")
    @classmethod
    def require_both_credentials(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # The gateway asks for credentials only if it has both, and answers a carrier's challenge only if it has both.
        username = str(info.field_name).replace("password", "username")
        if username in info.data and (value is None) != (info.data[username] is None):
            raise ValueError(f"and {username.upper()}: one is set and the other is not; set both, or neither")
        return value

    @field_validator("twilio_account_sid", mode="after")
    @classmethod
    def let_twilio_reach_this_host(cls, account: str | None, info: ValidationInfo) -> str | None:
        provider: trunks.Provider | None = info.data.get("trunk_provider")
        if account and provider and provider.name != TWILIO:
            raise ValueError(f"is set, but TRUNK_PROVIDER is {provider.name}; leave one of them empty")
        if account and not host_of(info.data):
            raise ValueError("is set, but Twilio cannot reach this host; set DOMAIN or PUBLIC_IP")
        return account

    @field_validator("twilio_api_secret", mode="after")
    @classmethod
    def require_all_credentials(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        names = ("twilio_account_sid", "twilio_api_key")
        given = {**{name: info.data[name] for name in names if name in info.data}, "twilio_api_secret": value}
        unset = [name.upper() for name, it in given.items() if it is None]
        if len(given) == 3 and 0 < len(unset) < 3:
            raise ValueError(
                f"goes together with TWILIO_ACCOUNT_SID and TWILIO_API_KEY, and {' and '.join(unset)} "
                f"{'is' if len(unset) == 1 else 'are'} not set; set all three, or none"
            )
        return value

    @field_validator("twilio_disaster_url", mode="after")
    @classmethod
    def keep_the_disaster_url_elsewhere(cls, url: str | None, info: ValidationInfo) -> str | None:
        host = urlsplit(url).hostname if url else None
        if host and host in (str(info.data.get("site")).lower(), info.data.get("advertised_ip")):
            raise ValueError("is on this host; Twilio asks it when this host is down, so it has to be on another")
        return url

    @field_validator("trunk_account", mode="after")
    @classmethod
    def refuse_two_accounts(cls, account: str | None, info: ValidationInfo) -> str | None:
        twilio = info.data.get("twilio_account_sid")
        if account and twilio and account != twilio:
            raise ValueError(
                "is another account than TWILIO_ACCOUNT_SID, so the agent would refuse every call; leave it empty, "
                "and the agent takes calls of TWILIO_ACCOUNT_SID"
            )
        return account

    @property
    def public_host(self) -> str | None:
        """The name or address by which a carrier reaches this host; None if only this machine does."""
        return host_of({"site": self.site, "advertised_ip": self.advertised_ip})


def host_of(values: Mapping[str, Any]) -> str | None:
    site: str = values.get("site") or "localhost"
    address: str | None = values.get("advertised_ip")
    return address if site == "localhost" else site


class ServerSettings(Settings):
    """The host's settings, and the key to the server on which its lines are registered."""

    livekit_api_key: Annotated[SecretStr, secret(values.api_key)]
    livekit_api_secret: Annotated[SecretStr, secret(values.api_secret)]


def load(kind: type[S]) -> tuple[S, Lines]:
    """Read the settings and the lines; SettingsError with every problem."""
    try:
        problems = list(env_checksums.find_overrides(os.environ, SecretFiles.folder))
        settings, lines = None, None
        try:
            settings = kind()
        except ValidationError as error:
            problems += [sentence(details) for details in error.errors()]
        try:
            lines = read_lines(
                LinesFolder().lines_folder,
                settings.phone_numbers if settings else None,
                settings.trunk_provider.number_forms if settings else (),
            )
        except ValidationError:
            pass  # LINES_FOLDER itself is wrong, which is in the report already
        except LinesError as error:
            problems += error.problems
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(report([f"a settings file cannot be read: {error}"])) from None
    if problems or settings is None or lines is None:
        raise SettingsError(report(problems))
    return settings, lines


def report(problems: Sequence[str]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return "\n  ".join([f"The configuration is not usable ({count}); nothing was changed.", *problems])


def sentence(details: ErrorDetails) -> str:
    variable = str(details["loc"][0]).upper()
    match details["type"]:
        case "missing":
            return f"{variable} is not set; `make up` generates it into .env"
        case "value_error":
            return f"{variable} {details['ctx']['error']}"
        case _:
            return f"{variable} is {quote(str(details['input']))}: {details['msg']}"
