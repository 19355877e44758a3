"""What the agent knows on one call."""

import re
from collections.abc import Iterable

from agent.aloud.reader import Reader
from agent.aloud.reading import Reading
from agent.knowledge.check import Checked
from agent.knowledge.claims import Judge
from agent.knowledge.facts import Facts
from agent.knowledge.terms import Language

NAME = re.compile(r"\b[A-Z][\w'’&-]*(?: (?:& )?[A-Z][\w'’&-]*)+")  # noqa: RUF001 - Landline Coffee


class Knowledge:
    """The facts of a line, and whatever else the model is told. It is made once for a call, in some 10 ms."""

    def __init__(self, facts: str, persona: str, greeting: str, language: str, reader: Reader) -> None:
        """`persona` is all that the model is told, and `greeting` has the name of the business in it."""
        self._reading = Reading.of(language)
        self._language = Language(language, reader, NAME.findall(greeting))
        self._facts = Facts(facts, persona.replace(facts, ""), self._language)

    def check(self, asked: str, said: Iterable[str]) -> Checked:
        """Check one answer. `asked` is what the caller has said last; `said` has that, and what they said before."""
        return Checked(Judge(self._facts, self._language, asked, said), self._reading)
