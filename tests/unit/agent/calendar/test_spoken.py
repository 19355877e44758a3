"""A moment is said with the day's name and the date, in each language, and can be read aloud."""

from __future__ import annotations

from datetime import datetime

import pytest

from agent import languages
from agent.calendar.expressions import understand
from agent.calendar.spoken import ask, say_date, say_moment, say_time

MOMENT = datetime(2026, 12, 4, 19, 30)  # noqa: DTZ001 - only the clock's face matters
SAID = {
    "en": "on Friday, the 4th of December, at 7:30 PM",
    "de": "am Freitag, dem 4. Dezember, um 19:30 Uhr",
    "es": "el viernes 4 de diciembre a las 19:30",
    "fr": "le vendredi 4 décembre à 19 h 30",
}


@pytest.mark.parametrize("language", languages.known())
def test_a_moment_has_the_days_name_the_date_and_the_time(language: str) -> None:
    assert say_moment(MOMENT, language) == SAID[language]


def test_the_forms_that_are_not_the_usual_ones() -> None:
    assert say_time(MOMENT.replace(hour=0, minute=0), "en") == "12 AM"
    assert say_date(MOMENT.replace(day=21), "en") == "Monday, the 21st of December"
    assert say_date(MOMENT.replace(day=1), "fr") == "mardi 1er décembre"
    assert say_moment(MOMENT.replace(hour=1, minute=0), "es") == "el viernes 4 de diciembre a la 1:00"


@pytest.mark.parametrize("language", languages.known())
def test_what_is_said_is_understood_as_the_same_moment(language: str) -> None:
    now = datetime(2026, 11, 27, 10)  # noqa: DTZ001
    for day in range(1, 31):
        for hour in (0, 9, 12, 19):
            moment = MOMENT.replace(day=day, hour=hour)
            found = understand(say_moment(moment, language), language, now)
            assert (found.first, found.last) == (moment.date(), moment.date())
            assert moment.hour * 60 + moment.minute in found.times


@pytest.mark.parametrize("language", languages.known())
@pytest.mark.parametrize("question", ["book", "move", "cancel"])
def test_a_question_names_what_is_about_to_be_done(language: str, question: str) -> None:
    when, before = SAID[language], say_moment(MOMENT.replace(day=5), language)
    said = ask(question, language, what="TABLE", name="ANNA", when=when, before=before)
    assert "TABLE" in said
    assert "ANNA" in said
    assert when in said
    assert (before in said) == (question == "move")
    assert said.rstrip().endswith("?")
