"""Who is a caller by browser, and who an operator: identity and attribute both have to say so."""

from types import SimpleNamespace
from typing import cast

import pytest

from agent.conversation.participants import Participant, came_by_browser, has_taken_over, is_operator


def somebody(identity: str, **attributes: str) -> Participant:
    its = {name.replace("_", "."): value for name, value in attributes.items()}
    return cast("Participant", SimpleNamespace(identity=identity, attributes=its))


@pytest.mark.parametrize(
    ("who", "is_so"),
    [
        (somebody("browser-0123456789abcdef", landline_caller="browser"), True),
        (somebody("browser-0123456789abcdef"), False),
        (somebody("browser-0123456789abcdef", landline_caller="phone"), False),
        (somebody("operator-0123456789abcdef", landline_caller="browser"), False),
        (somebody("sip_+12025550199"), False),
    ],
)
def test_who_came_by_browser(who: Participant, is_so: bool) -> None:
    assert came_by_browser(who) is is_so


@pytest.mark.parametrize(
    ("who", "is_one", "talks"),
    [
        (somebody("operator-0123456789abcdef", landline_operator="yes"), True, True),
        (somebody("operator-0123456789abcdef", landline_operator="listens"), True, False),
        (somebody("operator-0123456789abcdef"), False, False),
        (somebody("browser-0123456789abcdef", landline_operator="yes"), False, False),
        (somebody("sip_+12025550199", landline_operator="yes"), False, False),
    ],
)
def test_who_is_an_operator(who: Participant, is_one: bool, talks: bool) -> None:
    assert (is_operator(who), has_taken_over(who)) == (is_one, talks)
