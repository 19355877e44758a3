"""The engines' own work around their models: sound in, sound out, what the language model is told and says."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from speech.errors import APIError
from speech.models.engines import AnswerEnd, Call, Delta
from speech.models.llm import ANSWER, ASK, NOTHING_TO_SAY, _Answer, _prompt
from speech.models.stt import LONGEST, decode
from speech.models.tools.result import TASK
from speech.models.tts import Heart, shape
from speech.requests import ChatRequest
from tests.support.sounds import wav


def tone(seconds: float, rate: int, peak: float = 0.5) -> NDArray[np.float32]:
    return (peak * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (8_000, 1), (24_000, 1), (48_000, 2)])
def test_any_rate_is_heard_at_16_khz(rate: int, channels: int) -> None:
    samples = np.repeat((tone(1.0, rate) * 32767).astype(np.int16), channels)
    heard = decode(wav(samples, rate, channels))
    assert heard.dtype == np.float32
    assert len(heard) == pytest.approx(16_000, abs=200)
    assert float(np.abs(heard).max()) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("sound", [b"", b"no sound at all" * 50, wav(np.zeros(9, np.int16), 16_000)[:30]])
def test_what_is_no_sound_is_a_wrong_request(sound: bytes) -> None:
    with pytest.raises(APIError) as error:
        decode(sound)
    assert (error.value.status, error.value.body["error"]["code"]) == (400, "invalid_audio")


def test_too_long_a_sound_is_refused() -> None:
    with pytest.raises(APIError) as error:
        decode(wav(np.zeros((LONGEST + 1) * 8_000, np.int16), 8_000))
    assert (error.value.status, error.value.body["error"]["code"]) == (413, "audio_too_long")


def test_a_sentence_loses_its_silence_and_peaks_at_minus_3_db() -> None:
    quiet = np.zeros(8_000, np.float32)
    shaped = shape(np.concatenate([quiet, tone(1.0, 24_000, peak=0.3), quiet]))
    assert len(shaped) / 24_000 == pytest.approx(1.04, abs=0.01)
    assert 20 * np.log10(np.abs(shaped).max() / 32768) == pytest.approx(-3.0, abs=0.1)


def test_a_whisper_is_not_blown_up_without_end() -> None:
    assert np.abs(shape(tone(1.0, 24_000, peak=0.01))).max() == pytest.approx(0.04 * 32767, rel=0.01)


def test_silence_stays_nothing() -> None:
    assert shape(np.zeros(24_000, np.float32)).size == 0


@pytest.fixture(scope="module")
def heart() -> Heart:
    return Heart()


def spoken(heart: Heart, text: str, speed: float = 1.0) -> list[bytes]:
    pieces: list[bytes] = []

    def emit(piece: bytes | None) -> bool:
        pieces.append(piece or b"")
        return False

    heart.speak(text, speed, emit)
    return [piece for piece in pieces if piece]


def test_each_sentence_is_handed_over_when_it_is_made(heart: Heart) -> None:
    first, pause, second, end = spoken(heart, "Hello there. How are you?")
    assert not any(pause)
    assert not any(end)
    assert len(first) > len(pause)
    assert len(second) > len(pause)


def test_a_faster_voice_is_shorter(heart: Heart) -> None:
    text = "We are open until ten."
    assert len(b"".join(spoken(heart, text, 1.5))) < len(b"".join(spoken(heart, text)))


def test_a_text_without_sound_is_a_moment_of_silence(heart: Heart) -> None:
    (silence,) = spoken(heart, "\U0001f600")
    assert len(silence) == 2 * 2400


def test_the_voice_stops_when_nobody_listens(heart: Heart) -> None:
    pieces: list[bytes | None] = []

    def emit(piece: bytes | None) -> bool:
        pieces.append(piece)
        return piece is not None

    heart.speak("One. Two. Three.", 1.0, emit)
    assert len([piece for piece in pieces if piece]) == 1


def chat(**fields: Any) -> ChatRequest:
    return ChatRequest.model_validate({"model": "x", "messages": [{"role": "user", "content": "Hi"}], **fields})


def test_a_tools_result_is_told_as_the_systems_and_its_call_is_left_out() -> None:
    called = {"id": "1", "type": "function", "function": {"name": "find_order", "arguments": "{}"}}
    messages = [
        {"role": "developer", "content": "You are Ada."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "1", "content": "done"},
        {"role": "user", "content": "Well?"},
    ]
    tools = [{"type": "function", "function": {"name": "find_order"}}]
    prompt = _prompt(chat(messages=messages, tools=tools, tool_choice="auto"))
    assert not prompt.keys() & {"tools", "tool_choice"}
    assert [message["role"] for message in prompt["messages"]] == ["system", "user", "system", "user"]
    assert prompt["messages"][2]["content"].startswith("The result of find_order, ")
    assert prompt["messages"][2]["content"].endswith(": done")


def test_what_tools_have_just_returned_is_told_by_a_prompt_of_its_own() -> None:
    talk = [
        {"role": "system", "content": "You are Ada."},
        {"role": "user", "content": "Where is my order?"},
        {"role": "assistant", "content": None},
        {"role": "tool", "tool_call_id": "1", "content": "on its way"},
        {"role": "tool", "tool_call_id": "2", "content": "paid"},
    ]
    first, *examples, last = _prompt(chat(messages=talk))["messages"]
    assert first == {"role": "system", "content": TASK}
    assert {message["role"] for message in examples} == {"user", "assistant"}
    assert last == {"role": "user", "content": "Caller: Where is my order?\nSystem: on its way\npaid"}
    went_on = _prompt(chat(messages=[*talk, {"role": "user", "content": "Thanks"}]))["messages"]
    assert went_on[0]["content"] == "You are Ada."


def test_what_a_call_lacks_is_asked_for_in_the_end() -> None:
    assert _prompt(chat(), ["The name of the caller", "The day"])["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": f"{ASK} The name of the caller; The day."},
    ]


def test_an_answer_is_short_unless_its_length_is_asked_for() -> None:
    assert _prompt(chat())["max_tokens"] == ANSWER
    assert _prompt(chat(max_tokens=5))["max_tokens"] == 5
    assert _prompt(chat(max_completion_tokens=7, max_tokens=5))["max_tokens"] == 7


def test_what_the_client_sets_goes_before_what_suits_the_model() -> None:
    assert _prompt(chat(temperature=0.9, stop=["x"]))["temperature"] == 0.9
    assert _prompt(chat())["temperature"] == 0.3
    assert "stop" not in _prompt(chat())


def test_messages_without_content_are_a_wrong_request() -> None:
    with pytest.raises(APIError, match="No message"):
        _prompt(chat(messages=[{"role": "user", "content": ""}]))


def delta(text: str | None, reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text} if text else {}, "finish_reason": reason}]}


def test_an_answer_is_handed_over_without_its_markdown() -> None:
    pieces: list[Delta | Call | AnswerEnd | None] = []

    def emit(piece: Delta | Call | AnswerEnd | None) -> bool:
        pieces.append(piece)
        return False

    answer = _Answer(emit)
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}
    for chunk in (
        delta(None),
        delta("It is **"),
        delta("four** now"),
        delta(None, "length"),
        {"choices": [], "usage": usage},
    ):
        assert answer.take(chunk) is False
    answer.finish()
    assert [piece for piece in pieces if piece] == [Delta("It is "), Delta("four now"), AnswerEnd("length", 9, 8, 4)]


def test_an_abandoned_answer_is_dropped() -> None:
    answer = _Answer(lambda _: True)
    assert answer.take({"choices": [], "prompt_progress": {"processed": 64}}) is True
    answer.finish()


def test_too_long_a_prompt_is_told_as_openai_does() -> None:
    answer = _Answer(lambda _: False)
    answer.take({"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9001}})
    with pytest.raises(APIError, match="9001") as error:
        answer.finish()
    assert error.value.body["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("text", ["", "```json\n{}\n```", "```python\nprint()\n```"])
def test_an_answer_without_a_spoken_word_becomes_a_question(text: str) -> None:
    pieces: list[Delta | Call | AnswerEnd | None] = []

    def emit(piece: Delta | Call | AnswerEnd | None) -> bool:
        pieces.append(piece)
        return False

    answer = _Answer(emit)
    answer.take(delta(text))
    answer.finish()
    assert "".join(piece.text for piece in pieces if isinstance(piece, Delta)).strip() == NOTHING_TO_SAY
