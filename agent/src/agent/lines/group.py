"""What all tables of line.toml have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

NEEDS_MAKE_UP: dict[str, Any] = {"takes_effect": "make up"}  # else from the next call on


class Group(BaseModel):
    """One table of line.toml: closed, and of exactly the types that are named."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False, validate_default=False
    )


def setting(default: Any, meaning: str, **bounds: Any) -> Any:
    """Make a field: its default, one sentence of meaning, and pydantic's bounds."""
    return Field(default, description=meaning, **bounds)
