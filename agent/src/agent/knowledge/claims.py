"""Whether the facts support what a sentence of an answer claims."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent import languages
from agent.knowledge.facts import Fact, Facts
from agent.knowledge.terms import Language, Terms

MOST_FACTS = 3  # that one sentence may put together
ABOUT = 0.55  # the share of what is claimed and asked that the facts have to mention
SENTENCE = re.compile(r"[^.!?]+[.!?]*")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer."""

    terms: Terms
    affirms: bool
    denies: bool
    refers: bool  # to all that was asked, without repeating it: "It costs two dollars.", "Yes, we have soup."
    says_unknown: bool  # that the answer is not known, and nothing else


class Judge:
    """Judges the sentences of one answer by the facts, and by what the caller has said."""

    def __init__(self, facts: Facts, language: Language, asked: str, said: Iterable[str]) -> None:
        """`asked` is what the caller has said last; `said` has that, and what they said before."""
        self._facts, self._language, self._its = facts, language, language.its
        self._not_known = re.compile(rf"\b(?:{'|'.join(map(re.escape, self._its.not_known))})\b")
        self._asked = language.terms(asked)
        self._said = [terms for text in said for terms in self._statements(text)]

    @property
    def unknown(self) -> str:
        """What is said for what is not known."""
        return self._its.unknown

    def claim(self, sentence: str) -> Claim:
        """Return what a sentence claims."""
        terms = self._language.terms(sentence)
        words = [word for word in languages.plain(sentence).split() if word not in self._its.yes | self._its.no]
        return Claim(
            terms,
            affirms=terms.have(self._its.yes),
            denies=self._denies(terms),
            refers=terms.have(self._its.yes) or not self._its.pronouns.isdisjoint(words[:1]),
            says_unknown=self._says_unknown(sentence, terms),
        )

    def is_talk(self, claim: Claim) -> bool:
        """Return whether a sentence states nothing, such as "How can I help you?"."""
        return not claim.terms.stems and not self.is_yes_or_no(claim)

    def asks_the_caller(self, sentence: str) -> bool:
        """Return whether a sentence asks for what only the caller knows, such as their name, and states nothing."""
        terms = self._language.terms(sentence)
        return (
            sentence.rstrip().endswith("?")
            and terms.have(self._its.details)
            and all(self._language.is_detail(stem) for stem in terms.stems)
        )

    def is_yes_or_no(self, claim: Claim) -> bool:
        """Return whether a sentence states what the question does, or the contrary, by a mere yes or no."""
        return not claim.terms.stems and bool(self._asked.stems) and (claim.affirms or claim.denies)

    def supports(self, claim: Claim) -> bool:
        """Return whether facts that the question is about say what is claimed."""
        if self.is_yes_or_no(claim):
            fact = self._facts.best(self._asked, self._asked, frozenset(self._asked.stems))
            return fact is not None and self._denies(fact.terms) == claim.denies
        if self._caller_said(claim.terms):
            return True
        facts = self._facts_of(claim.terms)
        return (
            bool(facts)
            and _have(facts, claim.terms.amounts)
            and all(self._denies(fact.terms) == claim.denies for fact in facts)
            and self._are_about(facts, claim)
        )

    def answer(self, drafted: Claim) -> Fact | None:
        """Return the fact that answers the question in place of what was drafted, if one does."""
        asked = frozenset(self._asked.stems)
        # An answer is about what it repeats of the question. If it is not known, all of the question counts.
        topics = asked if drafted.says_unknown else asked.intersection(drafted.terms.stems)
        return self._facts.best(self._asked, drafted.terms, topics)

    def _facts_of(self, terms: Terms) -> list[Fact]:
        """Return the few facts that say it one after another; none if they do not."""
        rest, found = list(terms.stems), list[Fact]()
        while rest:
            asked = set(self._asked.stems)
            candidates = (
                (_covered(rest, fact), self._facts.weight(asked & fact.stems), fact) for fact in self._facts.all
            )
            length, _, fact = max(candidates, key=lambda it: it[:2])
            says_all = length == len(terms.stems)
            if len(found) == MOST_FACTS or not (says_all or _is_statement(rest[:length], terms.numbers)):
                return []
            found.append(fact)
            rest = rest[length:]
        return found

    def _are_about(self, facts: Sequence[Fact], claim: Claim) -> bool:
        mentioned = frozenset[str]().union(*(fact.stems for fact in facts))
        asked, claimed = set(self._asked.stems), set(claim.terms.stems)
        share = self._facts.share(mentioned, asked | claimed, asked & claimed)
        of_asked = asked if claim.refers else set(filter(self._facts.knows, asked))
        return share >= ABOUT and self._facts.mention(mentioned, of_asked)

    def _caller_said(self, terms: Terms) -> bool:
        """Return whether the caller has said it of themselves; no caller knows what the business has and does."""
        about_them = terms.have(self._its.you) or not any(map(self._facts.knows, terms.stems))
        if terms.have(self._its.business) or not about_them:
            return False
        return bool(terms.stems) and any(set(terms.stems) <= set(said.stems) for said in self._said)

    def _statements(self, text: str) -> list[Terms]:
        sentences = (sentence for sentence in SENTENCE.findall(text) if not sentence.endswith("?"))
        said = map(self._language.terms, sentences)
        return [terms for terms in said if terms.numbers or terms.have(self._its.caller)]

    def _denies(self, terms: Terms) -> bool:
        return terms.have(self._its.no)

    def _says_unknown(self, sentence: str, terms: Terms) -> bool:
        phrase = self._not_known.search(languages.plain(sentence))
        if not phrase or self._its.but.intersection(phrase.string[phrase.end() :].split()):
            return False
        return all(stem in self._asked.stems or self._facts.knows(stem) for stem in terms.stems)


def _covered(stems: Sequence[str], fact: Fact) -> int:
    """Return how many of the first stems a fact mentions."""
    return next((at for at, stem in enumerate(stems) if stem not in fact.stems), len(stems))


def _have(facts: Sequence[Fact], amounts: frozenset[tuple[str, ...]]) -> bool:
    """Return whether each amount stands in one of these facts, and each of them has one, if there are any."""
    missing = amounts.difference(*(fact.terms.amounts for fact in facts))
    return not missing and all(not amounts or amounts & fact.terms.amounts for fact in facts)


def _is_statement(stems: Sequence[str], numbers: frozenset[str]) -> bool:
    """Return whether a part of a sentence says something by itself, as a number alone or a word alone does not."""
    if not numbers:
        return len(stems) > 1
    return not numbers.isdisjoint(stems) and not numbers.issuperset(stems)
