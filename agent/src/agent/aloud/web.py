"""E-mail and web addresses: "info at landline dot example"."""

import re

from agent.aloud.numbers import Numbers
from agent.aloud.reading import Rule, one_of, spelled

# The last part of a domain is known, or what looks like an address may be two sentences without a space between them.
ENDINGS = [
    *("com", "org", "net", "info", "biz", "edu", "gov", "app", "dev", "io", "ai", "co", "shop", "store", "online"),
    *("cafe", "coffee", "eu", "de", "at", "ch", "fr", "be", "lu", "es", "mx", "ar", "cl", "pe", "us", "uk", "ie", "ca"),
    *("au", "nz", "nl", "it", "pt", "se", "dk", "no", "fi", "pl", "cz", "example", "test"),
]
LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
DOMAIN = rf"(?:{LABEL}\.)+(?:{one_of(ENDINGS)})(?![\w-]|\.\w)"
PATH = r"(?::\d+)?(?:/[\w./~%#?=&+@-]*[\w/])?"
SIGNS = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", "@": "at", "+": "plus", ":": "colon"}
SIGNS |= {"=": "equals", "?": "question", "&": "and", "#": "hash", "~": "tilde", "%": "percent"}
LONGEST_SPELLED = 2  # letters of a domain's last part that are spelled: "de", but not "com"


def rules(numbers: Numbers) -> list[Rule]:
    words = numbers.reading.web

    def read_part(part: str) -> str:
        return numbers.digits(part) if part.isdigit() else spelled(part) if part.lower() == "www" else part

    def read_parts(written: str) -> list[str]:
        parts = re.findall(r"\d|[^\W\d_]+|[^\w\s]|_", written)
        return [
            words[SIGNS[part]] if part in SIGNS else read_part(part)
            for part in parts
            if part.isalnum() or part in SIGNS
        ]

    def read(match: re.Match[str]) -> str:
        address = re.sub(r"^https?://", "", match[0], flags=re.IGNORECASE).removesuffix("/")
        host, slash, path = address.partition("/")
        spoken = read_parts(host)
        if len(spoken[-1]) <= LONGEST_SPELLED:
            spoken[-1] = spelled(spoken[-1])
        return " ".join([*spoken, *read_parts(slash + path)])

    mail = rf"[\w.+-]*\w@{DOMAIN}"
    link = rf"https?://(?:{DOMAIN}|[\w.-]*\w){PATH}|(?:www\.)?{DOMAIN}{PATH}|www\.[\w.-]*\w"
    return [(re.compile(rf"(?<![\w@.])(?:{mail}|{link})", re.IGNORECASE), read)]
