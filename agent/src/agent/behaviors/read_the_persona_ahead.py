"""A model on a small CPU reads the persona while the greeting is spoken: the first answer does not wait for it."""

from agent.conversation.call import Call
from agent.providers.read_ahead import read_ahead


def read_the_persona_ahead(call: Call) -> None:
    """Show the persona to a language model that reads slowly; others gain nothing from it."""
    if call.pipeline.reads_slowly:
        read_ahead(call.pipeline.new_llm(), call.words.persona)
