"""What all tables of line.toml have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

NEEDS_MAKE_UP: dict[str, Any] = {"takes_effect": "make up"}  # other settings take effect on the next call


class Group(BaseModel):
    """One table of line.toml: it allows no unknown keys, and converts no value to another type."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, allow_inf_nan=False, validate_default=False
    )


def setting(default: Any, meaning: str, **bounds: Any) -> Any:
    """Make a field from its default, one sentence of meaning and pydantic's bounds."""
    return Field(default, description=meaning, **bounds)
