"""Numbers in words, by Unicode's rules for spelling them out (CLDR), which the library `unicode_rbnf` applies."""

import re
from functools import cache, cached_property, lru_cache
from itertools import pairwise

from unicode_rbnf import RbnfEngine

from agent.aloud.reading import Reading

LARGEST = 10**15  # from here on, digits are read one by one
LONGEST_GROUP = 4  # digits that are read without a pause


class Numbers:
    """Spells out the numbers of one language."""

    def __init__(self, language: str) -> None:
        self.reading = Reading.of(language)
        self._rules = RbnfEngine.for_language(language)
        self._its = self.reading.number
        decimal, thousands = re.escape(self._its["decimal"]), self._its["thousands"]
        # 12; 1,250; 3.5; .5 is not among them
        self.pattern = rf"(?:\d{{1,3}}(?:[{thousands}]\d{{3}})+(?!\d)|\d+)(?:{decimal}\d+)?"
        self._separators = re.compile(rf"[{thousands}](?=\d{{3}}(?!\d))")
        self.spell = lru_cache(maxsize=1024)(self._spell)

    @classmethod
    @cache
    def of(cls, language: str) -> "Numbers":
        """Return the numbers of a language, whose rules are read once in a process."""
        return cls(language)

    def _spell(self, number: int, ruleset: str) -> str:
        """Spell out a number by a rule set of the CLDR, such as `spellout-ordinal`."""
        return self._rules.format_number(number, ruleset_names=[ruleset]).text

    def cardinal(self, number: int, gender: str = "cardinal") -> str:
        """Return three; the gender of what is counted is masculine, feminine or neuter."""
        return self.spell(number, self._its[gender])

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that numbers are made of, in lower case: nineteen, hundred, thousand, point."""
        values = (*range(101), 200, 500, 1000, 2000, 10**6, 2 * 10**6)
        genders = ("cardinal", "masculine", "feminine")
        spelled = " ".join(self.cardinal(value, gender) for gender in genders for value in values)
        return frozenset(f"{spelled} {self._its['point']} {self._its['minus']}".lower().split())

    def year(self, number: int) -> str:
        """Return nineteen ninety-nine."""
        return self.spell(number, self._its["year"])

    def in_hundreds(self, number: int) -> str:
        """Return forty-five twenty-one, as house numbers of four digits are read."""
        hundreds, rest = divmod(number, 100)
        if not rest:
            return self.year(number)
        between = f"{self._its['nought']} " if rest < 10 else ""
        return f"{self.cardinal(hundreds)} {between}{self.cardinal(rest)}"

    def digits(self, written: str) -> str:
        """Return three zero, whatever stands between the digits."""
        return " ".join(self.cardinal(int(digit)) for digit in re.findall(r"\d", written))

    def in_groups(self, written: str, longest: int = LONGEST_GROUP) -> list[str]:
        """Divide digits into groups of much the same length, so that they can be remembered: 3 and 4, or 4 and 4."""
        if len(written) <= longest:
            return [written]
        count = -(-len(written) // LONGEST_GROUP)
        ends = [len(written) * number // count for number in range(count + 1)]
        return [written[begin:end] for begin, end in pairwise(ends)]

    def split(self, written: str) -> tuple[str, str]:
        """Return the digits before and after the decimal sign: 1,250.5 has 1250 and 5."""
        whole, _, part = self._separators.sub("", written).partition(self._its["decimal"])
        return whole, part

    def read(self, written: str, gender: str = "cardinal") -> str:
        """Read a number as it is written in this language, with its separators and its decimal sign."""
        whole, part = self.split(written)
        if not part:
            return self.whole(whole, gender)
        zeros, rest = re.fullmatch(r"(0*)(\d*)", part).groups()  # type: ignore[union-attr]
        after = self.digits(part)
        if self._its["decimals"] == "whole" and 0 < len(rest) <= 2:
            after = " ".join(filter(None, (self.digits(zeros), self.cardinal(int(rest)))))
        return f"{self.whole(whole)} {self._its['point']} {after}"

    def whole(self, digits: str, gender: str = "cardinal") -> str:
        """Read digits as one number; those that begin with a zero, or are too many, one by one."""
        if (digits.startswith("0") and len(digits) > 1) or int(digits) >= LARGEST:
            return self.digits(digits)
        return self.cardinal(int(digits), gender)
