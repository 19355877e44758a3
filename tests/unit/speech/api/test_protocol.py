"""What goes over the wire: OpenAI's shapes for answers and for errors."""

import base64
import json
import struct
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from speech.api import http
from speech.api.app import App
from speech.errors import invalid
from speech.models.engines import Engines
from tests.unit.speech.conftest import wait_until
from tests.unit.speech.engines import Mind

HELLO = [{"role": "user", "content": "one two three"}]


def transcribe(client: TestClient, **fields: str) -> Any:
    form = {"model": "ears", **fields}
    return client.post("/v1/audio/transcriptions", data=form, files={"file": ("file.wav", b"good morning")})


def events(body: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in body.splitlines() if line.startswith("data: ")]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def test_a_transcription_is_json_by_default(client: TestClient) -> None:
    assert transcribe(client).json() == {"text": "good morning"}


def test_a_transcription_as_text_is_the_words_alone(client: TestClient) -> None:
    answer = transcribe(client, response_format="text")
    assert (answer.text, answer.headers["content-type"]) == ("good morning\n", "text/plain; charset=utf-8")


def test_a_verbose_transcription_tells_the_times(client: TestClient) -> None:
    answer = transcribe(client, response_format="verbose_json").json()
    assert (answer["text"], answer["duration"], answer["language"]) == ("good morning", 1.5, "english")
    assert answer["segments"][1] == {"id": 1, "start": 1, "end": 2, "text": " morning"}


def test_what_the_plugin_sends_for_whisper_is_understood(client: TestClient) -> None:
    assert transcribe(client, language="en", prompt="Rosie", temperature="0.0").status_code == 200


def test_a_chat_is_answered_whole(client: TestClient) -> None:
    answer = client.post("/v1/chat/completions", json={"model": "mind", "messages": HELLO}).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "one two three ", "refusal": None}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["total_tokens"] == 13
    assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 4}


def test_a_chat_is_streamed_with_its_usage_last(client: TestClient) -> None:
    body = {"model": "mind", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.headers["content-type"] == "text/event-stream"
    *chunks, finish, usage = events(answer.text)
    assert [chunk["choices"][0]["delta"].get("content") for chunk in chunks] == ["", "one ", "two ", "three "]
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert (usage["choices"], usage["usage"]["completion_tokens"]) == ([], 3)
    assert len({chunk["id"] for chunk in [*chunks, finish, usage]}) == 1


def test_no_usage_is_streamed_unless_it_is_asked_for(client: TestClient) -> None:
    answer = client.post("/v1/chat/completions", json={"model": "mind", "messages": HELLO, "stream": True})
    assert not any("usage" in event for event in events(answer.text))


def test_parts_of_text_are_joined(client: TestClient) -> None:
    parts = [{"type": "text", "text": "four"}, {"type": "text", "text": "five"}]
    body = {"model": "mind", "messages": [{"role": "user", "content": parts}]}
    answer = client.post("/v1/chat/completions", json=body).json()
    assert answer["choices"][0]["message"]["content"] == "four five "


# What livekit-agents sends after a tool has been called, and the caller has said more.
CALLING = {
    "model": "mind",
    "messages": [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "x", "arguments": ""}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "done"},
        {"role": "user", "content": "tell_opening_hours"},
    ],
    "tools": [{"type": "function", "function": {"name": "tell_opening_hours", "strict": True, "parameters": {}}}],
    "parallel_tool_calls": True,
}


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "web_search"}, {"type": "custom", "custom": {"name": "x"}}]},
        {"tools": [{"type": "function", "function": {"name": "x", "description": None, "parameters": None}}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "type": "custom", "custom": {}}]}, *HELLO]},
    ],
)
def test_what_is_no_function_and_what_is_null_is_ignored(client: TestClient, more: dict[str, Any]) -> None:
    body = {"model": "mind", "messages": HELLO, **more}
    assert client.post("/v1/chat/completions", json=body).status_code == 200


def test_a_call_of_a_tool_is_an_answer_without_content(client: TestClient) -> None:
    [choice] = client.post("/v1/chat/completions", json=CALLING).json()["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    [call] = choice["message"]["tool_calls"]
    assert (call["type"], call["function"]) == (
        "function",
        {"name": "tell_opening_hours", "arguments": '{"day": "today"}'},
    )


def test_a_call_of_a_tool_is_streamed_in_one_piece(client: TestClient) -> None:
    answer = client.post("/v1/chat/completions", json=CALLING | {"stream": True})
    first, called, finish = (event["choices"][0] for event in events(answer.text))
    assert first["delta"]["role"] == "assistant"
    [call] = called["delta"]["tool_calls"]
    assert call["id"].startswith("call_")
    assert (call["index"], call["function"]["name"]) == (0, "tell_opening_hours")
    assert finish == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "tool_calls"}


def test_speech_as_pcm_is_bare_samples(client: TestClient) -> None:
    body = {"model": "mouth", "input": "Hi. You", "voice": "heart", "response_format": "pcm", "speed": 1.0}
    answer = client.post("/v1/audio/speech", json=body)
    assert answer.headers["content-type"] == "audio/pcm"
    assert answer.content == "HiYou".encode("utf-16-le")


def test_speech_as_wav_has_one_header(client: TestClient) -> None:
    answer = client.post("/v1/audio/speech", json={"model": "mouth", "input": "Hi. You"})
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.content[:4] + answer.content[8:16] == b"RIFFWAVEfmt "
    assert struct.unpack("<HHIIHH", answer.content[20:36]) == (1, 1, 24_000, 48_000, 2, 16)
    assert answer.content[44:] == "HiYou".encode("utf-16-le")


def test_speech_as_events_is_what_the_plugin_reads(client: TestClient) -> None:
    body = {"model": "mouth", "input": "Hi", "voice": "heart", "response_format": "pcm", "stream_format": "sse"}
    answer = client.post("/v1/audio/speech", json=body)
    delta, done = [json.loads(line[6:]) for line in answer.text.splitlines() if line]
    assert delta["type"] == "speech.audio.delta"
    assert base64.b64decode(delta["audio"]) == "Hi".encode("utf-16-le")
    assert done["type"] == "speech.audio.done"


def test_the_models_are_listed_and_described(client: TestClient) -> None:
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["ears", "mind", "mouth"]
    assert client.get("/v1/models/mind").json()["object"] == "model"
    assert client.get("/v1/models/gpt-4o").json()["error"]["code"] == "model_not_found"


def chat(**changes: Any) -> dict[str, Any]:
    return {"model": "mind", "messages": HELLO, **changes}


def speech(**changes: Any) -> dict[str, Any]:
    return {"model": "mouth", "input": "Hi", **changes}


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
JSON = {"type": "json_object"}
NAME = "tools.0.function.name"
NAMELESS = {"type": "function", "function": {"description": "Does something."}}
OTHER = {"type": "function", "function": {"name": "other"}}
WRONG = {
    "another chat model": ("chat/completions", chat(model="gpt-4o"), 404, "model", "model_not_found"),
    "another voice model": ("audio/speech", speech(model="tts-1"), 404, "model", "model_not_found"),
    "another voice": ("audio/speech", speech(voice="ash"), 400, "voice", "invalid_value"),
    "no messages": ("chat/completions", chat(messages=[]), 400, "messages", "invalid_value"),
    "a nameless tool": ("chat/completions", chat(tools=[NAMELESS]), 400, NAME, "missing_required_parameter"),
    "no tool of this name": ("chat/completions", chat(tool_choice=OTHER), 400, None, "invalid_value"),
    "messages left out": ("chat/completions", {"model": "mind"}, 400, "messages", "missing_required_parameter"),
    "an unknown role": ("chat/completions", chat(messages=[{"role": "x"}]), 400, "messages.0.role", "invalid_value"),
    "an image": ("chat/completions", chat(messages=IMAGE), 400, "messages.0.content", "invalid_value"),
    "two answers": ("chat/completions", chat(n=2), 400, "n", "invalid_value"),
    "no token at all": ("chat/completions", chat(max_tokens=0), 400, "max_tokens", "invalid_value"),
    "a schema": ("chat/completions", chat(response_format=JSON), 400, "response_format.type", "invalid_value"),
    "nothing to say": ("audio/speech", speech(input=" "), 400, "input", "invalid_value"),
    "too much to say": ("audio/speech", speech(input="a" * 4097), 400, "input", "invalid_value"),
    "mp3": ("audio/speech", speech(response_format="mp3"), 400, "response_format", "invalid_value"),
    "a hasty voice": ("audio/speech", speech(speed=3), 400, "speed", "invalid_value"),
    "a list": ("chat/completions", [], 400, None, "invalid_value"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_request_is_answered_in_the_shape_of_openai(client: TestClient, name: str) -> None:
    path, body, status, param, code = WRONG[name]
    answer = client.post(f"/v1/{path}", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (status, param, code)
    assert (error["type"], set(error)) == ("invalid_request_error", {"message", "type", "param", "code"})


@pytest.mark.parametrize("path", ["chat/completions", "audio/speech"])
def test_broken_json_is_told_as_such(client: TestClient, path: str) -> None:
    answer = client.post(f"/v1/{path}", content=b'{"model": ')
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "srt"}, "response_format"),
        ({"language": "de"}, "language"),
        ({"temperature": "7"}, "temperature"),
        ({"stream": "true"}, "stream"),
    ],
)
def test_a_wrong_field_of_the_form_is_named(client: TestClient, fields: dict[str, str], param: str) -> None:
    answer = transcribe(client, **fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_form_for_another_model_is_not_found(client: TestClient) -> None:
    assert transcribe(client, model="whisper-1").status_code == 404


@pytest.mark.parametrize("body", [{"data": {"model": "ears"}}, {"json": {}}, {"data": {"model": "ears", "file": "x"}}])
def test_a_form_without_a_file_is_told_so(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post("/v1/audio/transcriptions", **body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


def test_a_broken_form_is_a_wrong_request(client: TestClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/v1/audio/transcriptions", content=b"no form", headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_huge_body_is_refused_before_it_is_read(client: TestClient) -> None:
    headers = {"content-length": "99000000"}
    answer = client.post("/v1/audio/transcriptions", content=iter([b"x"]), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_a_huge_body_of_unknown_length_is_refused_while_it_is_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST_BODY", 100)
    answer = client.post("/v1/chat/completions", content=iter([b"x" * 60, b"x" * 60]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_every_answer_has_an_id(client: TestClient) -> None:
    answers = [client.post("/v1/chat/completions", json=chat(stream=stream, n=n)) for stream in (0, 1) for n in (1, 2)]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    assert all(answer.headers["x-request-id"].startswith("req_") for answer in answers)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/nope", 404), ("GET", "/v1/audio/speech", 405)])
def test_an_unknown_address_is_told_in_the_same_shape(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, "unknown_url")


def test_what_an_engine_refuses_reaches_the_client(client: TestClient, mind: Mind) -> None:
    mind.error = invalid("too long", "messages", "context_length_exceeded")
    for stream in (False, True):
        answer = client.post("/v1/chat/completions", json=chat(stream=stream))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")


def test_a_failure_is_a_500_that_tells_nothing_of_it(
    client: TestClient, mind: Mind, caplog: pytest.LogCaptureFixture
) -> None:
    mind.error = RuntimeError("a secret path")
    answer = client.post("/v1/chat/completions", json=chat())
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
    assert "secret" not in answer.text
    assert "a secret path" in caplog.text


def test_the_log_has_sizes_and_no_words(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "speech")
    client.post("/v1/chat/completions", json=chat())
    transcribe(client)
    client.post("/v1/audio/speech", json=speech(input="marmalade"))
    lines = [record.getMessage() for record in caplog.records if record.name == "speech"]
    assert [line.split()[:2] for line in lines] == [
        [kind, "status=200"] for kind in ("chat", "transcription", "speech")
    ]
    assert "waited=" in lines[0]
    assert not any(word in caplog.text for word in ("three", "morning", "marmalade"))


def test_until_the_models_are_loaded_everything_is_503(engines: Engines) -> None:
    loaded = threading.Event()

    def load() -> Engines:
        loaded.wait()
        return engines

    with TestClient(App(load, bound=1, give_up=lambda: None).starlette()) as client:
        assert client.get("/health").status_code == 503
        for answer in (client.get("/v1/models"), client.post("/v1/chat/completions", json=chat())):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "loading")
            assert answer.headers["retry-after"] == "2"
        loaded.set()
        wait_until(lambda: client.get("/health").status_code == 200)
        assert client.post("/v1/chat/completions", json=chat()).status_code == 200


def test_models_that_cannot_be_loaded_end_the_server(caplog: pytest.LogCaptureFixture) -> None:
    given_up = threading.Event()

    def load() -> Engines:
        raise RuntimeError("weights are torn")

    with TestClient(App(load, bound=1, give_up=given_up.set).starlette()):
        assert given_up.wait(5)
    assert "weights are torn" in caplog.text
