"""Trunk providers are data: each is a YAML file in `bootstrap/trunks/`, and the folder is the list."""

import re
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from bootstrap import addresses, number_forms
from bootstrap.text import quote

FOLDER = Path(__file__).parents[2] / "trunks"
ACCOUNT = "trunk.account"  # an attribute of the caller's participant, the same for every provider


def _check_form(form: str) -> str:
    if form not in number_forms.FORMS:
        raise ValueError(f"is {quote(form)}; expected one of {', '.join(number_forms.FORMS)}")
    return form


def _check_ports(ports: str) -> str:
    match = re.fullmatch(r"([0-9]{1,5})-([0-9]{1,5})", ports)
    if not match or not 0 < int(match[1]) <= int(match[2]) < 65536:
        raise ValueError(f"is {quote(ports)}; write the first and the last UDP port, as in 10000-20000")
    return ports


class Media(BaseModel):
    """Where callers' audio comes from: addresses, and the UDP ports that are used there."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    addresses: list[Annotated[str, AfterValidator(addresses.parse_one)]]
    ports: Annotated[str, AfterValidator(_check_ports)]  # first-last


class Provider(BaseModel):
    """What is special about one trunk provider."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    allowed_addresses: list[Annotated[str, AfterValidator(addresses.parse_one)]]
    media: list[Media] = []
    account_header: str | None  # the SIP header that names the caller's account with the provider
    headers_to_attributes: dict[str, str]
    sends_credentials: bool
    number_forms: list[Annotated[str, AfterValidator(_check_form)]] = []  # how it writes the called number in To
    media_encryption: Literal["disable", "allow", "require"] = "allow"  # SRTP, with the keys in the SDP

    trunk_name: str = ""  # of its trunks; empty: "<name> Trunk"

    @property
    def trunk(self) -> str:
        """Return the name of its trunks on the server, unless TRUNK_NAME is another."""
        return self.trunk_name or f"{self.name} Trunk"

    def attributes(self) -> dict[str, str]:
        """Map SIP headers to attributes of the caller's participant; the agent finds the account in `trunk.account`."""
        account = {self.account_header: ACCOUNT} if self.account_header else {}
        return {**self.headers_to_attributes, **account}


def available(folder: Path = FOLDER) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load(name: str, folder: Path = FOLDER) -> Provider:
    """Read the provider in `<name>.yaml`; ValueError if there is none, or if the file is wrong."""
    if name not in available(folder):
        raise ValueError(f"is {quote(name)}; expected one of {', '.join(available(folder))}")
    file = folder / f"{name}.yaml"
    try:
        return Provider.model_validate(yaml.safe_load(file.read_text("utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(f"is {name}, but {file} is wrong: {' '.join(str(error).split())}") from error
