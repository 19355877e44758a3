"""Trunk providers are data: one YAML file each in `bootstrap/trunks/`; the folder is the list."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from bootstrap import addresses
from bootstrap.text import shown

FOLDER = Path(__file__).parents[2] / "trunks"


class Provider(BaseModel):
    """What is special about one trunk provider."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    allowed_addresses: list[Annotated[str, AfterValidator(addresses.parse_one)]]
    headers_to_attributes: dict[str, str]
    sends_credentials: bool


def available(folder: Path = FOLDER) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load(name: str, folder: Path = FOLDER) -> Provider:
    """The provider in `<name>.yaml`; ValueError if there is none, or if the file is wrong."""
    if name not in available(folder):
        raise ValueError(f"is {shown(name)}; expected one of {', '.join(available(folder))}")
    file = folder / f"{name}.yaml"
    try:
        return Provider.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"is {name}, but {file} is wrong: {' '.join(str(error).split())}") from error
