"""A model on a small CPU processes the persona while the greeting is spoken, so that the first answer is not late."""

from agent.conversation.call import Call
from agent.providers.read_ahead import read_ahead


def read_the_persona_ahead(call: Call) -> None:
    """Send the persona and the tools to a language model that reads slowly; the others would gain nothing from it."""
    if call.pipeline.reads_slowly:
        read_ahead(call.pipeline.new_llm(), call.words.persona, call.receptionist.tools)
