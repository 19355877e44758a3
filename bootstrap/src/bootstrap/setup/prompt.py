"""How questions are answered: by a person in a terminal, or by what was given in advance."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import questionary

from bootstrap.text import quote


class DoubtError(Exception):
    """A value that can be used, but probably is not what was meant. Its text completes the sentence "NAME …"."""

    def __init__(self, sentence: str, value: str) -> None:
        super().__init__(sentence)
        self.value = value


# Takes an answer and returns the value to keep; a ValueError, like DoubtError, completes the sentence "NAME …".
Check = Callable[[str], Awaitable[str]]


@dataclass(frozen=True)
class Question:
    """What is asked: the variable that the answer is kept in, the words, and what a person should know before."""

    variable: str
    words: str
    hint: str = ""


@dataclass(frozen=True)
class Option:
    """One of several answers: its value, and the words in which it is offered."""

    value: str
    words: str
    unusable: str = ""  # why it cannot be chosen


class Prompt(Protocol):
    """Asks, and returns checked answers."""

    asks_again: bool  # whether a refused answer can be given anew
    problems: list[str]  # those of answers that cannot be given anew

    async def text(self, question: Question, default: str, check: Check) -> str: ...

    async def secret(self, question: Question, kept: str, check: Check) -> str:
        """Ask for what is not shown; `kept` is used if the answer is empty."""

    async def choose(self, question: Question, options: Sequence[Option], default: str) -> str: ...

    async def choose_several(
        self, question: Question, options: Sequence[Option], chosen: Sequence[str]
    ) -> Sequence[str]: ...

    async def agree(self, words: str) -> bool:
        """Ask for an explicit yes."""

    def tell(self, sentence: str) -> None: ...

    def refuse(self, sentence: str) -> None:
        """Tell why something that was answered cannot be used."""


class Terminal:
    """Asks the person at the terminal. KeyboardInterrupt or EOFError when they leave."""

    asks_again = True

    def __init__(self) -> None:
        self.problems: list[str] = []

    async def text(self, question: Question, default: str, check: Check) -> str:
        answer = default
        self._hint_at(question)
        while True:
            answer = str(await questionary.text(question.words, default=answer).unsafe_ask_async()).strip()
            checked = await self._checked(question, answer, check)
            if checked is not None:
                return checked

    async def secret(self, question: Question, kept: str, check: Check) -> str:
        words = f"{question.words} (empty: the one that is known)" if kept else question.words
        self._hint_at(question)
        while True:
            typed = str(await questionary.password(words).unsafe_ask_async()).strip()
            checked = await self._checked(question, typed or kept, check)
            if checked is not None:
                return checked

    async def choose(self, question: Question, options: Sequence[Option], default: str) -> str:
        usable = [option.value for option in options if not option.unusable]
        shown = default if default in usable else None
        return str(
            await questionary.select(
                question.words, choices=[as_choice(option) for option in options], default=shown
            ).unsafe_ask_async()
        )

    async def choose_several(
        self, question: Question, options: Sequence[Option], chosen: Sequence[str]
    ) -> Sequence[str]:
        choices = [as_choice(option, ticked=option.value in chosen) for option in options]
        instruction = "(space ticks, Enter goes on)"
        while True:
            picked: list[str] = await questionary.checkbox(
                question.words, choices=choices, instruction=instruction
            ).unsafe_ask_async()
            if picked:
                return picked
            self.refuse("Nothing is ticked. Tick at least one with the space bar.")

    async def agree(self, words: str) -> bool:
        return bool(await questionary.confirm(words, default=False).unsafe_ask_async())

    def tell(self, sentence: str) -> None:
        questionary.print(sentence)

    def refuse(self, sentence: str) -> None:
        questionary.print(sentence, style="fg:ansired")

    def _hint_at(self, question: Question) -> None:
        if question.hint:
            questionary.print(question.hint, style="fg:ansibrightblack")

    async def _checked(self, question: Question, answer: str, check: Check) -> str | None:
        """Return the value to keep; None if the question is to be asked again."""
        try:
            return await check(answer)
        except ValueError as error:
            self.refuse(f"{question.variable} {error}.")
        except DoubtError as doubt:
            self.refuse(f"{question.variable} {doubt}.")
            if await self.agree("Use it all the same?"):
                return doubt.value
        return None


def as_choice(option: Option, *, ticked: bool = False) -> questionary.Choice:
    can_be_ticked = ticked and not option.unusable
    return questionary.Choice(option.words, option.value, disabled=option.unusable or None, checked=can_be_ticked)


class Unattended:
    """Takes what is known as the answer to every question, collects what is wrong with it, and agrees to nothing.

    So nothing is bought: that needs a person's yes.
    """

    asks_again = False

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self.problems: list[str] = []

    async def text(self, question: Question, default: str, check: Check) -> str:
        try:
            return await check(default)
        except ValueError as error:
            self.refuse(f"{question.variable} {error}")
        except DoubtError as doubt:
            self.tell(f"warning: {question.variable} {doubt}.")
        return default

    async def secret(self, question: Question, kept: str, check: Check) -> str:
        return await self.text(question, kept, check)

    async def choose(self, question: Question, options: Sequence[Option], default: str) -> str:
        if default not in [option.value for option in options]:
            expected = ", ".join(option.value for option in options)
            self.refuse(f"{question.variable} is {quote(default)}; expected one of {expected}")
        return default

    async def choose_several(
        self, question: Question, options: Sequence[Option], chosen: Sequence[str]
    ) -> Sequence[str]:
        reasons = {option.value: option.unusable for option in options}
        for place, value in enumerate(chosen, start=1):
            if reason := reasons.get(value, "it is none of the account's"):
                self.refuse(f"{question.variable}: entry {place} of {len(chosen)} cannot be used: {reason}")
        return chosen

    async def agree(self, words: str) -> bool:
        return False

    def tell(self, sentence: str) -> None:
        self._write(f"{sentence}\n")

    def refuse(self, sentence: str) -> None:
        self.problems.append(sentence)
