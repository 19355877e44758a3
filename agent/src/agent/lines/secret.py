"""Settings that are secrets: line.toml has their names, lines/secrets.env their values."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, SecretStr, ValidationInfo, WithJsonSchema

from agent.settings.values import check_key, check_url

NAME = r"[A-Z][A-Z0-9_]*"


def resolve(name: Any, info: ValidationInfo) -> SecretStr:
    """Find the secret of this name among the validation context's `secrets`; its value is never in an error."""
    if isinstance(name, SecretStr):
        return name
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise ValueError("should be a name from lines/secrets.env, such as WEBHOOK_URL: put the value there")
    secrets: Mapping[str, SecretStr] = (info.context or {}).get("secrets", {})
    if name not in secrets:
        raise ValueError(f"names {name}, which has no value in lines/secrets.env: write {name}=… there and run make up")
    return secrets[name]


def _resolve_named(name: Any, info: ValidationInfo) -> tuple[str, SecretStr]:
    return (name, resolve(name, info)) if isinstance(name, str) else ("", resolve(name, info))


def _checked(check: Callable[[SecretStr], object]) -> AfterValidator:
    def check_value(secret: SecretStr) -> SecretStr:
        try:
            check(secret)
        except ValueError as problem:
            raise ValueError(f"names a secret in lines/secrets.env whose value {problem}") from None
        return secret

    return AfterValidator(check_value)


def _check_address(secret: SecretStr) -> None:
    check_url(secret.get_secret_value(), "http", "https")


_NAMED = WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"})

NamedSecret = Annotated[tuple[str, SecretStr], PlainValidator(_resolve_named), _NAMED]  # with the name
Secret = Annotated[SecretStr, BeforeValidator(resolve), _NAMED]
SecretKey = Annotated[SecretStr, _checked(check_key), BeforeValidator(resolve), _NAMED]
SecretAddress = Annotated[SecretStr, _checked(_check_address), BeforeValidator(resolve), _NAMED]
