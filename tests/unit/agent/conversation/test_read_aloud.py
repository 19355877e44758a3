"""The voice is given words to say, and the transcript has what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.aloud.reader import Reader
from agent.conversation.presynthesis import Presynthesis
from agent.conversation.session import connect_options, reader_of
from tests.unit.agent.fakes import host, line, pipeline, spoken, until
from tests.unit.agent.never_silent import calling

if TYPE_CHECKING:
    from tests.support.fakes.openai_api import FakeOpenAI

ANSWERS = {
    "en": ("**No. 12** Station Road, from 9:30 a.m. 😀", "Number twelve Station Road, from nine thirty AM."),
    "de": ("Nr. 12, ab 9:30 Uhr, z. B. am 3. Mai.", "Nummer zwölf, ab neun Uhr dreißig, zum Beispiel am dritten Mai."),
    "es": ("El Sr. García cobra 12,50 €.", "El señor García cobra doce euros con cincuenta."),
    "fr": ("M. Dupont est là à 9h30.", "Monsieur Dupont est là à neuf heures trente."),
}


@pytest.mark.parametrize("language", ANSWERS)
async def test_an_answer_is_spoken_in_words_and_written_down_as_the_model_wrote_it(language: str) -> None:
    written, said = ANSWERS[language]
    async with calling(language=language) as call:
        call.endpoint.script = call.endpoint.script.changed(answers=(written,))
        await call.says("When?")
        await until(lambda: spoken(call.session) == [written], 5)
        pieces = [request.text for request in call.endpoint.asked("tts")]
        assert " ".join(piece.strip() for piece in pieces) == said


async def test_a_greeting_that_is_synthesized_in_advance_is_read_aloud_as_well(endpoint: FakeOpenAI) -> None:
    chosen = pipeline(settings=host(openai_base_url=endpoint.url))
    options = connect_options("tts", chosen)
    greeting = Presynthesis("Hello, **open** 9-5.", chosen.new_tts(), options, Reader.of("en"))
    assert await greeting.audio()
    assert [request.text for request in endpoint.asked("tts")] == ["Hello, open nine to five."]


def test_the_country_of_the_lines_numbers_decides_and_else_that_of_the_hosts() -> None:
    def date(*numbers: str, **settings: str) -> str:
        return reader_of(line(numbers=list(numbers)), host(**settings)).read("It is ", "3/4/2026", "")

    american, british = "March fourth, twenty twenty-six", "the third of April, twenty twenty-six"
    assert date("+442079460958", phone_numbers="+12025550123") == british
    assert date(phone_numbers="+442079460958") == british
    assert date("+12025550123") == date(phone_numbers="") == american
