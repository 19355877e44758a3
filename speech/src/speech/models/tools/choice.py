"""Which tool the caller's last words ask for, or none: the first of two steps to a tool call.

The model completes a prompt of its own, with examples, by one of the tools' names or by `NONE`. The conversation is not
touched, so what the model answers without a call is exactly what it answers without tools.
"""

import math
import re
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import Any

from speech.requests import Function, Message

NONE = "talk"
SURE = 0.6  # how probable a tool has to be
MESSAGES = 3  # of the conversation that the choice rests on
CANDIDATES = 60  # tokens whose probabilities are looked at
# What callers say who want no tool, whatever the tools are.
TALK = (
    "Hello, how are you?",
    "How much is a cup of tea?",
    "Do you sell sandwiches?",
    "Thank you very much.",
    "My name is Emma Scott.",
    "Just a second.",
    "Where is the shop?",
    "Can I ask you something?",
    "Is he your boss?",
    "I was there yesterday and I liked it.",
    "Do you do bookings?",
    "Pardon, can you repeat that?",
    "Can I pay by card?",
)
# And what they say to know the opening hours, unless there is a tool for that.
TALK_OF_HOURS = ("When do you open in the morning?", "Until when are you there?", "What time do you close on Fridays?")
_HOURS = re.compile(r"\b(open|clos|hours)", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]")
_LAST_SENTENCE = re.compile(r"[^.!?]+[.!?]*\s*$")


def beginning(tools: Sequence[Function]) -> str:
    """Return the part of the prompt that depends on the tools alone: what they do, and examples of what callers say.

    The examples of a tool are the sentences in quotation marks in its description.
    """
    of_tools = [[(said, tool.name) for said in examples_of(tool)] for tool in tools]
    in_turn = [it for it in chain(*zip_longest(*of_tools)) if it]
    examples = [it for it in chain(*zip_longest(in_turn, ((said, NONE) for said in _talk(tools)))) if it]
    does = "\n".join(f"- {tool.name}: {summary(tool)}" for tool in tools)
    task = f"You listen to a phone call and choose what the agent does next.\n\n{does}"
    return turn("system", f"{task}\n- {NONE}: Answer a question, ask for something, or chat.") + "".join(
        turn("user", f"Caller: {said}") + turn("assistant", name) for said, name in examples
    )


def request(tools: Sequence[Function], talk: Sequence[Message], *, forced: bool) -> dict[str, Any]:
    """Return the completion to ask for; with `forced`, one of the tools has to be chosen."""
    return {
        "prompt": beginning(tools) + turn("user", as_script(talk[-MESSAGES:])) + "<|im_start|>assistant\n",
        "grammar": "root ::= " + " | ".join(f'"{name}"' for name in names(tools, forced=forced)),
        "n_probs": CANDIDATES,
    }


def names(tools: Sequence[Function], *, forced: bool) -> list[str]:
    """List what may be chosen."""
    return [tool.name for tool in tools] + ([] if forced else [NONE])


def probability(tokens: Iterable[dict[str, Any]], choices: Sequence[str]) -> float:
    """Return how probable the chosen name is among the choices, from the log-probabilities of its tokens."""
    share, so_far = 1.0, ""
    for token in tokens:
        allowed = {
            other["token"]: math.exp(other["logprob"])
            for other in token["top_logprobs"]
            if other["token"] and any(name.startswith(so_far + other["token"]) for name in choices)
        }
        so_far += token["token"]
        share *= allowed.get(token["token"], 0.0) / sum(allowed.values()) if allowed else 1.0
        if so_far in choices:
            break
    return share


def examples_of(tool: Function) -> list[str]:
    """List the sentences in quotation marks in a tool's description."""
    return [_in_one_row(said) for said in _QUOTED.findall(tool.description)]


def summary(tool: Function) -> str:
    """Return the first paragraph of a tool's description."""
    return _in_one_row(tool.description.strip().split("\n\n")[0])


def as_script(talk: Iterable[Message]) -> str:
    """Return messages as the rows of a script, of the agent's each last sentence: what the caller answers to."""
    return "\n".join(
        f"Caller: {_in_one_row(it.content)}" if it.role == "user" else f"Agent: {_last_sentence(it.content)}"
        for it in talk
    )


def turn(role: str, text: str) -> str:
    """Return a message as the model's chat template writes it."""
    return f"<|im_start|>{role}\n{text}<|im_end|>\n"


def _talk(tools: Sequence[Function]) -> tuple[str, ...]:
    return TALK if any(_HOURS.search(tool.description) for tool in tools) else TALK + TALK_OF_HOURS


def _last_sentence(text: str) -> str:
    found = _LAST_SENTENCE.search(_in_one_row(text))
    return found[0].strip() if found else _in_one_row(text)


def _in_one_row(text: str) -> str:
    """Return a text in one row, and without what would end a message of the prompt."""
    return " ".join(text.replace("<|", "").replace("|>", "").split())
