"""One setting is the language of everything: of the ear, the voice, the model's rules and the end of a turn."""

import asyncio

import pytest
from livekit import rtc
from livekit.agents import inference

from agent import languages
from agent.conversation.session import new_session
from tests.support.fakes.openai_api import FakeOpenAI
from tests.unit.agent.fakes import host, line, pipeline


@pytest.mark.parametrize("language", languages.known())
async def test_speech_to_text_is_told_the_language(endpoint: FakeOpenAI, language: str) -> None:
    [ear] = pipeline(settings=host(openai_base_url=endpoint.url), language=language).new_stts()
    await ear.recognize(rtc.AudioFrame(bytes(2 * 1600), 16000, 1, 1600))
    assert endpoint.asked("stt")[0].body["language"] == language


@pytest.mark.parametrize("language", ["de", "es", "fr"])
async def test_the_voice_is_told_how_to_speak_and_english_is_left_as_it_is(endpoint: FakeOpenAI, language: str) -> None:
    for chosen in (language, "en"):
        voice = pipeline(settings=host(openai_base_url=endpoint.url), language=chosen).new_tts()
        await voice.synthesize("7 Uhr").collect()
    told, english = endpoint.asked("tts")
    assert told.body["instructions"] == languages.voice(language)
    assert "instructions" not in english.body


async def test_a_voice_that_takes_no_instructions_is_given_none(endpoint: FakeOpenAI) -> None:
    voice = pipeline(settings=host(openai_base_url=endpoint.url), language="de", tts="openai/tts-1-hd").new_tts()
    await voice.synthesize("7 Uhr").collect()
    assert "instructions" not in endpoint.asked("tts")[0].body


def test_an_ear_that_streams_is_told_the_language_too() -> None:
    [ear] = pipeline(language="fr", stt="openai-realtime/gpt-4o-mini-transcribe").new_stts()
    assert ear._opts.languages == ["fr"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", languages.known())
def test_the_end_of_a_turn_is_judged_in_every_language(language: str) -> None:
    async def detector() -> object:
        its = line(language=language)
        return new_session(its, pipeline(its), inference.VAD(model="silero")).turn_detection

    assert asyncio.run(detector()).model == "lexical cue and prosody"  # type: ignore[attr-defined]


@pytest.mark.parametrize("language", languages.known())
def test_a_language_is_a_folder_with_all_its_files(language: str) -> None:
    files, english = ({file.name for file in (languages.FOLDER / it).iterdir()} for it in (language, "en"))
    assert files - {"voice.md"} == english
    assert languages.sentences(language)
    assert languages.phrases(language)
    assert languages.rules(language)
