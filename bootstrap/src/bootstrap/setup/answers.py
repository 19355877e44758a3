"""The answers: where the default of each comes from, and when they are written down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bootstrap.setup.env_file import EnvFile

ASKED = (
    "DOMAIN",
    "PUBLIC_IP",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "SPEECH_SIZE",
    "TRUNK_PROVIDER",
    "ALLOWED_ADDRESSES",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_API_KEY",
    "TWILIO_API_SECRET",
    "TWILIO_DISASTER_URL",
    "TRUNK_ACCOUNT",
    "PHONE_NUMBERS",
)
SECRET = frozenset({"OPENAI_API_KEY", "TWILIO_API_SECRET"})
ON_PURPOSE, FROM_THE_SHELL = "make", "shell"


class GivenError(ValueError):
    """What was given in advance cannot be used; one sentence."""


@dataclass(frozen=True)
class Given:
    """Answers in advance: `on_purpose` on make's command line, and what the calling shell exports."""

    on_purpose: Mapping[str, str] = field(default_factory=dict)
    exported: Mapping[str, str] = field(default_factory=dict)


def read_given(text: str) -> Given:
    """Read rows of `make NAME=value` and `shell NAME=value`.

    Raises:
        GivenError: a variable on make's command line is none of those that are asked for.
    """
    found: dict[str, dict[str, str]] = {ON_PURPOSE: {}, FROM_THE_SHELL: {}}
    for row in filter(None, text.split("\n")):
        source, _, rest = row.partition(" ")
        name, _, value = rest.partition("=")
        found[source][name] = value
    unknown = [name for name in found[ON_PURPOSE] if name not in ASKED]
    if unknown:
        raise GivenError(
            f"{', '.join(unknown)}: make setup does not ask for this. It takes YES=yes, {', '.join(ASKED)}. "
            "Other settings belong in .env, which may exist before you run it."
        )
    return Given(found[ON_PURPOSE], {name: value for name, value in found[FROM_THE_SHELL].items() if name in ASKED})


class Answers:
    """What is known so far. The file is written after each answer, or by `write` when nobody is asked."""

    def __init__(self, file: EnvFile, given: Given, *, at_once: bool) -> None:
        self._file = file
        self._given = given
        self._at_once = at_once
        self._new: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """Return the answer, or what it is unless somebody says otherwise.

        What the shell exports for other programs replaces nothing that somebody chose in `.env`.
        """
        if name in self._new:
            return self._new[name]
        if name in self._given.on_purpose:
            return self._given.on_purpose[name]
        if self._file.is_chosen(name):
            return self._file.value(name)
        return self._given.exported.get(name) or self._file.value(name)

    def is_chosen(self, name: str) -> bool:
        """Say whether the answer is another than the default."""
        return self[name] != self._file.default(name)

    def is_given(self, name: str) -> bool:
        """Say whether somebody has said what the answer is, which may be the default, or nothing."""
        return name in self._given.on_purpose or self.is_chosen(name)

    def is_from_the_shell(self, name: str) -> bool:
        """Say whether the answer is known only because the shell exports it, which may be for other programs."""
        return name not in self._new and self._is_free(name) and bool(self._given.exported.get(name))

    def keep(self, **values: str) -> None:
        self._new |= values
        if self._at_once:
            self.write()

    def write(self) -> None:
        self._file.change(self._new)

    def names(self) -> Iterable[str]:
        """Name what was answered, except for what is empty."""
        return [name for name, value in self._new.items() if value]

    def not_asked_for(self) -> Iterable[str]:
        """Name what was given on purpose, has no place among the answers, and is not in the file already."""
        given = {name: value or self._file.default(name) for name, value in self._given.on_purpose.items()}
        return [name for name, value in given.items() if name not in self._new and value != self._file.value(name)]

    def secrets_in_sight(self) -> Iterable[str]:
        """Name the secrets that were given on make's command line."""
        return sorted(SECRET.intersection(name for name, value in self._given.on_purpose.items() if value))

    def taken_from_the_shell(self) -> Iterable[str]:
        """Name what the shell exports and is used."""
        return [n for n, value in self._given.exported.items() if value and self._is_free(n)]

    def kept_despite_the_shell(self) -> Iterable[str]:
        """Name what the shell exports and is not used, because `.env` has another value."""
        exported = self._given.exported.items()
        return [n for n, value in exported if value and not self._is_free(n) and value != self[n]]

    def _is_free(self, name: str) -> bool:
        return name not in self._given.on_purpose and not self._file.is_chosen(name)
