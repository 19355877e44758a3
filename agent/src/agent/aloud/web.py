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

    def read(match: re.Match[str]) -> str:
        address = re.sub(r"^https?://", "", match[0], flags=re.IGNORECASE).removesuffix("/")
        spoken = [
            words[SIGNS[part]] if part in SIGNS else read_part(part)
            for part in re.findall(r"\d|[^\W\d_]+|[^\w\s]|_", address)
            if part.isalnum() or part in SIGNS
        ]
        ending = re.search(r"\.([a-z]+)(?=[/:]|$)", address, re.IGNORECASE)
        if ending and len(ending[1]) <= LONGEST_SPELLED:
            last = len(spoken) - spoken[::-1].index(ending[1]) - 1
            spoken[last] = spelled(ending[1])
        return " ".join(spoken)

    mail = rf"[\w.+-]*\w@{DOMAIN}"
    link = rf"https?://(?:{DOMAIN}|[\w.-]*\w){PATH}|(?:www\.)?{DOMAIN}{PATH}|www\.[\w.-]*\w"
    return [(re.compile(rf"(?<![\w@.])(?:{mail}|{link})", re.IGNORECASE), read)]
