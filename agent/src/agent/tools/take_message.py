"""The language model can take a message for the people of the line; the caller confirms it when it is read back."""

import asyncio
import time

import phonenumbers
from livekit.agents import RunContext, ToolError, function_tool, llm
from phonenumbers import PhoneNumberFormat

from agent import languages
from agent.admission.written_number import country_of, read_number
from agent.conversation.call import Call
from agent.records.redaction.text import Utterance, redact
from agent.records.report import tell_of_message
from agent.records.transcript import Message, iso
from agent.tools.act import act

NONE = "none"
TAKEN = "The message has been taken and will be passed on."
LONGEST_NAME, LONGEST_MESSAGE = 80, 600  # characters; a longer message is not one to be read back


def take_message(call: Call) -> llm.Tool:
    """Make the tool for one call."""

    @function_tool
    async def take_message(
        context: RunContext[None], who: str, about: str, number: str = "", urgent: bool = False
    ) -> str:
        """Take a message for the people who work here, to pass it on to them.

        Ask the caller for their name and for what the message is about, and whether it is urgent if that is not clear.
        The message is then read back to the caller, who says whether it is right: do not read it back yourself, and do
        not ask whether it is right. If the caller corrects something, call this again with everything.

        Callers say, for example:
        "Please tell the boss that Sam Wood called about the invoice."
        "I am Kate Ford, can somebody call me back about the delivery?"

        Args:
            who: The caller's name, as they said it; empty if they do not want to give it.
            about: The message in one to three sentences in the caller's language, with everything that matters.
            number: The telephone number to call back, in digits, if the caller has said one. Empty for the number that
                they are calling from. "none" if they do not want to be called back.
            urgent: Whether the caller has said that it is urgent.
        """
        message = Message(
            who=_checked(who, "name", LONGEST_NAME, call),
            number=_number(number, call),
            about=_checked(about, "message", LONGEST_MESSAGE, call),
            urgent=urgent,
            at=iso(time.time()),
        )
        if not message.about:
            raise ToolError("The message is empty: ask the caller what it is about.")

        async def pass_on() -> str:
            await asyncio.to_thread(tell_of_message, call.record, message)
            return TAKEN

        return await act(call, context, question=_read_back(message, call), what="take_message", do=pass_on)

    return take_message


def _checked(text: str, what: str, longest: int, call: Call) -> str:
    """Return the text in one row; a ToolError says what is wrong with it."""
    text = " ".join(text.split())
    if len(text) > longest:
        raise ToolError(f"The {what} has {len(text)} characters, and may have {longest}: make it shorter.")
    if call.line.recording.redact and redact([Utterance("caller", text)], call.line.language).touched:
        raise ToolError(
            f"The {what} has the number of a card or of an identity document in it, which may not be kept: tell the "
            "caller that you cannot pass on such a number, and take the message without it."
        )
    return text


def _number(said: str, call: Call) -> str:
    """Return the number to call back, in E.164 form if it is a telephone number; "" if there is none."""
    said = said.strip()
    if said.lower() == NONE:
        return ""
    if said:
        try:
            return read_number(said, country_of(call.line, call.settings))
        except ValueError:
            raise ToolError(
                f"{said} is not a complete telephone number: ask the caller for all of it, with the area code or the "
                "country code."
            ) from None
    if not call.caller.number:
        raise ToolError("The caller's own number is withheld: ask for a number, or whether to call back at all.")
    return call.caller.number


def _read_back(message: Message, call: Call) -> str:
    """Return what the caller is asked to confirm."""
    words = languages.message_words(call.line.language)
    about = message.about if message.about[-1] in ".!?…" else f"{message.about}."
    return " ".join(
        [
            *([words.read_from.format(who=message.who)] if message.who else []),
            words.read_about.format(about=about),
            words.read_number.format(number=_written(message.number)) if message.number else words.read_no_number,
            *([words.read_urgent] if message.urgent else []),
            words.read_question,
        ]
    )


def _written(number: str) -> str:
    """Write a number in E.164 form as people write it, so that it is read aloud in groups."""
    if not number.startswith("+"):
        return number
    return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)
