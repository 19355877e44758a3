"""The question that is read to the caller before a tool of the line's own is used."""

import json
import re
from collections.abc import Mapping

from agent import languages
from agent.lines.http_tools import PLACE


def question_about(tool: str, arguments: Mapping[str, object], template: str, language: str) -> str:
    """Return what is asked before a tool is used: the owner's `template`, or the tool's name and all its arguments.

    Arguments that the template does not name are told before it, since they are sent as well.
    """
    places = set(PLACE.findall(template))
    if template and arguments.keys() >= places:
        others = _listed({name: value for name, value in arguments.items() if name not in places})
        question = PLACE.sub(lambda place: _said(arguments[place[1]]), template)
        return f"{others[0].upper()}{others[1:]}. {question}" if others else question
    told = _listed(arguments)
    action = f"{_words(tool).capitalize()}: {told}." if told else f"{_words(tool).capitalize()}."
    return f"{action} {languages.sentences(language).is_that_right}"


def _listed(arguments: Mapping[str, object]) -> str:
    return ", ".join(f"{_words(name)} {_said(value)}" for name, value in arguments.items())


def _words(name: str) -> str:
    return re.sub(r"[_.-]+", " ", name)


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_words(str(name))} {_said(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return value if isinstance(value, str) else json.dumps(value)
