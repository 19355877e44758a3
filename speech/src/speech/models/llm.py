"""The language model: a Qwen2.5 instruct model by llama.cpp, kept to short answers that can be spoken."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import xllamacpp  # type: ignore[import-untyped]

from speech.errors import invalid
from speech.models.completion import CONTEXT, translated
from speech.models.engines import AnswerEnd, Call, Delta
from speech.models.speakable import Speakable
from speech.models.tools import result
from speech.models.tools.decision import TEXT, decide
from speech.queueing import Emit
from speech.requests import ChatRequest, Message

ANSWER = 160  # tokens if the client names no limit: about 40 s of speech, which is long for a telephone answer
# Tokens of the prompt that are read in one batch. llama.cpp checks whether to stop only between two batches: one of 64
# takes 0.8 s on two cores, and the whole prompt takes no longer than with 512.
BATCH = 64
NOTHING_TO_SAY = "I am sorry, could you say that again?"  # spoken for an answer that is all code, or empty
ASK = "You cannot do that yet. Ask the caller in one short question to tell you this about themselves:"
OTHER_PROMPTS = 256  # MiB of earlier prompts kept beside the one in use; llama.cpp's own bound is 8 GiB

# For a small model whose task is to repeat facts that it was given. The penalty is what Qwen recommends.
SAMPLING = {"temperature": 0.3, "top_p": 0.8, "top_k": 20, "repeat_penalty": 1.05}
PASSED_ON = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop")


class Qwen:
    def __init__(self, weights: Path, threads: int, *, calls_tools: bool) -> None:
        """Load the model. Without `calls_tools`, the tools of a request are ignored."""
        self._calls_tools = calls_tools
        params = xllamacpp.CommonParams()
        params.model.path = str(weights)
        params.n_ctx = CONTEXT
        # One slot: the persona that all calls begin with stays in it, so only the new messages have to be read.
        params.n_parallel = 1
        params.cache_ram_mib = OTHER_PROMPTS
        params.n_batch = params.n_ubatch = BATCH
        params.n_gpu_layers = 0
        # Read without mmap and the page cache: the weights are rearranged while they are loaded, and the originals
        # would only fill a gigabyte of memory.
        params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_DIRECT_IO
        for pool in (params.cpuparams, params.cpuparams_batch):
            pool.n_threads = threads
            pool.poll = 0  # do not spin while idle: the other two engines use the same cores
        # llama.cpp always opens its own HTTP port too, on loopback; nobody uses it.
        params.ui = params.endpoint_slots = False
        params.n_threads_http = 1
        params.verbosity = 0
        self._server = xllamacpp.Server(params)

    def warm(self) -> None:
        """Answer once; the first time takes longer. What is the same for all results of tools is read and kept."""
        for role in ("tool", "user") if self._calls_tools else ("user",):
            hello = {"model": "", "messages": [{"role": role, "content": "Hello"}], "max_tokens": 2}
            self.chat(ChatRequest.model_validate(hello), lambda _: False)

    def chat(self, wanted: ChatRequest, emit: Emit[Delta | Call | AnswerEnd]) -> None:
        """Emit the answer as it is written, None while a prompt is still being read, `AnswerEnd` at the end.

        An answer is text or, if tools are offered and the caller's last words ask for one, its call.

        Raises:
            APIError: the prompt is longer than the context.
        """
        decision = decide(self._server, wanted, still_wanted=lambda: not emit(None)) if self._calls_tools else TEXT
        if decision is None:
            return
        if decision.call:
            for piece in decision.call:
                emit(piece)
            return
        answer = _Answer(emit)
        self._server.handle_chat_completions(_prompt(wanted, decision.ask_for), answer.take)
        answer.finish()


class _Answer:
    """Takes llama.cpp's chunks and emits what can be spoken."""

    def __init__(self, emit: Emit[Delta | Call | AnswerEnd]) -> None:
        self._emit = emit
        self._speakable = Speakable()
        self._finish_reason: Literal["stop", "length"] = "stop"
        self._usage: dict[str, Any] = {}
        self._error: dict[str, Any] | None = None
        self._abandoned = False
        self._silent = True

    def take(self, chunk: dict[str, Any]) -> bool:
        """Take one chunk; True makes llama.cpp drop the request. C++ calls this, so no exception may leave it."""
        self._error = self._error or chunk.get("error")
        self._usage = chunk.get("usage") or self._usage
        text = ""
        for choice in chunk.get("choices", []):
            if choice.get("finish_reason") == "length":
                self._finish_reason = "length"
            text += self._speakable.feed(choice["delta"].get("content") or "")
        self._silent = self._silent and not text.strip()
        self._abandoned = self._emit(Delta(text) if text else None)
        return self._abandoned or self._error is not None

    def finish(self) -> None:
        if self._error:
            raise translated(self._error)
        if self._abandoned:
            return
        rest = self._speakable.flush()
        if self._silent and not rest.strip():
            rest = NOTHING_TO_SAY
        if rest:
            self._emit(Delta(rest))
        details = self._usage.get("prompt_tokens_details") or {}
        self._emit(
            AnswerEnd(
                finish_reason=self._finish_reason,
                prompt_tokens=self._usage.get("prompt_tokens", 0),
                cached_tokens=details.get("cached_tokens", 0),
                completion_tokens=self._usage.get("completion_tokens", 0),
            )
        )


def _prompt(wanted: ChatRequest, ask_for: Sequence[str] = ()) -> dict[str, Any]:
    """Return the request in llama.cpp's terms; the chat template is the one in the model file.

    `ask_for` is what the caller has to say before a tool can be called.
    """
    asked = wanted.model_dump(include=set(PASSED_ON), exclude_none=True)
    return {
        **SAMPLING,
        **asked,
        "messages": [*(result.messages(wanted) or _messages(wanted)), *_asking_for(ask_for)],
        "max_tokens": wanted.max_completion_tokens or wanted.max_tokens or ANSWER,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,  # a chunk after each batch of the prompt: only then can it be cancelled
        "cache_prompt": True,
    }


def _messages(wanted: ChatRequest) -> list[dict[str, str]]:
    """Return the messages. What a tool has returned is the system's; the call itself is left out, since a small model
    would write its next one as text."""
    roles = {"developer": "system", "system": "system", "user": "user", "assistant": "assistant", "tool": "system"}
    called = {call.id: call.function.name for message in wanted.messages for call in message.tool_calls or ()}
    messages = [
        {
            "role": roles[message.role],
            "content": _result(message, called) if message.role == "tool" else message.content,
        }
        for message in wanted.messages
        if message.role in roles and message.content
    ]
    if not messages:
        raise invalid("No message has any content.", "messages")
    return messages


def _result(message: Message, called: Mapping[str, str]) -> str:
    name = called.get(message.tool_call_id or "", "a tool")
    return f"The result of {name}, which the caller has been told: {message.content}"


def _asking_for(what: Sequence[str]) -> list[dict[str, str]]:
    if not what:
        return []
    return [{"role": "system", "content": f"{ASK} {'; '.join(what)}."}]
