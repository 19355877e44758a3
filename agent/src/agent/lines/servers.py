"""A line's own model servers, each of which speaks OpenAI's API."""

from typing import Annotated

from pydantic import StringConstraints

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import SecretKey
from agent.settings.values import url_of


class Server(Group):
    """A model server of the line's own, under a name of your choice. docs/own-servers.md has an example for five."""

    url: Annotated[str, url_of("http", "https")] = setting(
        ...,
        "The address that comes before /chat/completions, /audio/transcriptions and /audio/speech, such as "
        "http://host.docker.internal:11434/v1 for a server on this machine.",
    )
    key: SecretKey | None = setting(
        None,
        "The name in lines/secrets.env of the key that the server asks for. If it is not set, the server asks for "
        "none.",
        json_schema_extra=NEEDS_MAKE_UP,
    )
    voice: str = setting(
        "",
        "The voice of its text to speech. models.voice comes first, unless this text to speech only takes over from "
        "another server's.",
    )
    patience: float = setting(
        10,
        "Seconds for which a request may be silent before it is given up and tried again.",
        ge=1,
        le=60,
    )
    tools: bool = setting(
        True,
        "Whether its language model can call tools. Some servers refuse every request that offers tools to a model "
        "that cannot.",
    )


ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
