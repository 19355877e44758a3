"""Markdown goes, words stay, wherever the text is cut into pieces."""

import pytest

from speech.models.speakable import Speakable

SPOKEN = {
    "plain words": ("We open at noon.", "We open at noon."),
    "bold": ("It is **four** dollars, __not__ five.", "It is four dollars, not five."),
    "italics": ("It is *really* _very_ good.", "It is really very good."),
    "bold italics": ("***Yes***!", "Yes!"),
    "a multiplication": ("That is 2*3 and 4 * 5.", "That is 2*3 and 4  5."),
    "a name with an underscore": ("Write to the_baker now.", "Write to the_baker now."),
    "inline code": ("Say `hello` twice.", "Say hello twice."),
    "struck out": ("It is ~~five~~ four, ~ten more.", "It is five four, ~ten more."),
    "a heading": ("# Opening hours\nNoon.", "Opening hours\nNoon."),
    "bullets": ("We have:\n- rye\n* wheat\n  + oats", "We have:\nrye\nwheat\noats"),
    "a bold bullet": ("- **Rye**: four", "Rye: four"),
    "a number at the beginning": ("-5 degrees", "-5 degrees"),
    "an ordered list": ("1. Rye\n2. Wheat", "1. Rye\n2. Wheat"),
    "a quotation": ("> as she said\nyes", "as she said\nyes"),
    "a rule": ("one\n---\ntwo", "one\n\ntwo"),
    "a link": ("See [our page](https://x.example/a_b) soon.", "See our page soon."),
    "an image": ("![a cake](cake.png) here", "a cake here"),
    "brackets": ("It is [almost] free (today).", "It is [almost] free (today)."),
    "an exclamation": ("Hello! We are open!", "Hello! We are open!"),
    "code": ("Sure:\n```python\nprint('x')\n```\nDone.", "Sure:\n\nDone."),
    "a call as JSON": ('```json\n{"name": "hang_up"}\n```', ""),
    "prose in a fence": ("```\nWe open at noon.\n```", "We open at noon.\n"),
    "code without an end": ("Look:\n```js\nalert(1)", "Look:\n"),
    "a lone star": ("five * ", "five  "),
}


def spoken(text: str, length: int) -> str:
    speakable = Speakable()
    pieces = [text[begin : begin + length] for begin in range(0, len(text), length)]
    return "".join(speakable.feed(piece) for piece in pieces) + speakable.flush()


@pytest.mark.parametrize("name", SPOKEN)
def test_markdown_is_not_spoken(name: str) -> None:
    text, expected = SPOKEN[name]
    assert spoken(text, len(text)) == expected


@pytest.mark.parametrize("length", [1, 2, 3, 5])
@pytest.mark.parametrize("name", SPOKEN)
def test_the_pieces_make_no_difference(name: str, length: int) -> None:
    text, expected = SPOKEN[name]
    assert spoken(text, length) == expected


def test_words_are_not_held_back() -> None:
    speakable = Speakable()
    assert [speakable.feed(piece) for piece in ("We", " open", " at", " noon", ".")] == [
        "We",
        " open",
        " at",
        " noon",
        ".",
    ]
