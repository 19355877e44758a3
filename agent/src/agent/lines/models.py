"""Who hears, thinks and speaks on a line, and who takes over when one of them fails."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from agent.lines.group import NEEDS_MAKE_UP, Group, setting
from agent.lines.secret import NAME, SecretKey

EMBEDDED: dict[str, Any] = {
    "json_schema_extra": {"takes_effect": "next call; make up for the first use of an embedded model"}
}


class Models(Group):
    """Each model is named `provider/model`, such as `openai/gpt-4o-mini`. The provider decides which models exist.

    The name of a `[servers.<name>]` can be written in place of a provider's, such as `ollama/llama3.2`.
    """

    stt: str = setting(
        "", "The speech to text, as provider/model; empty: chosen by whether there is a key.", **EMBEDDED
    )
    llm: str = setting(
        "", "The language model, as provider/model; empty: chosen by whether there is a key.", **EMBEDDED
    )
    tts: str = setting(
        "", "The text to speech, as provider/model; empty: chosen by whether there is a key.", **EMBEDDED
    )
    stt_fallback: str = setting(
        "", "The speech to text that takes over when the first one fails; empty: none.", **EMBEDDED
    )
    llm_fallback: str = setting(
        "", "The language model that takes over when the first one fails; empty: none.", **EMBEDDED
    )
    tts_fallback: str = setting(
        "", "The text to speech that takes over when the first one fails; empty: none.", **EMBEDDED
    )
    voice: str = setting("", "The voice, where the text to speech has several; empty: its usual one.")
    keys: dict[Annotated[str, StringConstraints(pattern=f"^{NAME}$")], SecretKey] = Field(
        default_factory=dict,
        description="Keys that this line uses instead of the host's: the key's name in .env, and the name of the "
        'value in lines/secrets.env, such as { OPENAI_API_KEY = "COFFEE_OPENAI_KEY" }.',
        json_schema_extra=NEEDS_MAKE_UP,
    )
