"""The roles of a conversation's messages, for language models whose chat template takes fewer orders than OpenAI's.

A conversation here is: system, assistant (the greeting), user, assistant, user … Templates of Mistral's, Gemma's and
other models want the user to be first and the roles to alternate, and some know no system. The server then refuses the
request with 400, and a message about roles. The request is sent again in the next arrangement, and the arrangement that
was taken is remembered. It is not used from the start: a model that takes the real order knows who said the greeting.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agent.providers.dialect.exchange import ask_in_turn, with_body

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from agent.providers.dialect.exchange import Ask
    from agent.providers.dialect.habits import Habits

    Message = dict[str, Any]

ABOUT_ROLES = re.compile(r"\broles?\b|alternat", re.IGNORECASE)
FIRST = "(The call begins.)"  # the turn of the user that such templates want before the greeting
NEXT = "(Please go on.)"  # and at the end


async def ask_in_order(request: httpx2.Request, body: dict[str, Any], ask: Ask, habits: Habits) -> httpx2.Response:
    """Ask a language model in the first arrangement of roles that its server takes; if it takes none, fail as it does.

    What is wrong may be something else, after all: an arrangement is remembered only if it was taken.
    """
    arranged = (
        with_body(request, body | {"messages": arrange(body["messages"])}) if number else request
        for number, arrange in enumerate(ARRANGEMENTS)
        if number >= habits.roles
    )
    response, taken = await ask_in_turn(arranged, ask, ABOUT_ROLES)
    habits.roles += taken or 0
    return response


def as_they_are(messages: list[Message]) -> list[Message]:
    """Return the messages unchanged."""
    return messages


def alternating(messages: list[Message]) -> list[Message]:
    """Return the messages with one system message at most, which is first, and user and assistant in turns after it."""
    system = [message for message in messages[:1] if _is_system(message)]
    arranged: list[Message] = []
    for message in messages[len(system) :]:
        said = message | {"role": "user"} if _is_system(message) else message
        if said["role"] == "assistant" and not arranged:
            arranged.append({"role": "user", "content": FIRST})
        if arranged and _can_join(arranged[-1], said):
            arranged[-1] = arranged[-1] | {"content": f"{_text(arranged[-1])}\n\n{_text(said)}"}
        else:
            arranged.append(said)
    if not arranged or (arranged[-1]["role"] == "assistant" and not arranged[-1].get("tool_calls")):
        arranged.append({"role": "user", "content": NEXT})
    return system + arranged


def without_system(messages: list[Message]) -> list[Message]:
    """Return the messages in turns, and what the system says at the beginning of the user's first message."""
    arranged = alternating(messages)
    if not _is_system(arranged[0]):
        return arranged
    system, first, *others = arranged
    return [first | {"content": f"{_text(system)}\n\n{_text(first)}"}, *others]


def _is_system(message: Message) -> bool:
    return message["role"] in ("system", "developer")


def _can_join(before: Message, message: Message) -> bool:
    plain = not before.get("tool_calls") and not message.get("tool_calls")
    return plain and before["role"] == message["role"] and message["role"] in ("user", "assistant")


def _text(message: Message) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


ARRANGEMENTS: tuple[Callable[[list[Message]], list[Message]], ...] = (as_they_are, alternating, without_system)
