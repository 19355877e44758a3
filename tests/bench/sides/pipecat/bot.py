"""Pipecat's LiveKit example (pipecat-ai/pipecat, examples/transports/transports-livekit.py), with OpenAI's services.

Every default of theirs stands: Silero's VAD, Smart Turn, the models, the interruptions. It is better off than the
example in three ways: it waits in the room before the call, it greets without the example's second of waiting, and it
is never idle too long. One call at a time, each with a pipeline of its own in the same warm process.
"""
# mypy: disable-error-code="import-not-found, untyped-decorator"

import asyncio
import os
import uuid
from pathlib import Path
from typing import Any

from dotenv import load_dotenv
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker, ProcessorUnusablePolicy
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.runner.livekit import generate_token_with_agent
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.livekit.transport import LiveKitParams, LiveKitTransport
from pipecat.workers.runner import WorkerRunner

load_dotenv()

PROMPTS = Path(os.environ.get("PROMPTS", "prompts"))


def join(room: str) -> LiveKitTransport:
    key, secret = os.environ["LIVEKIT_API_KEY"], os.environ["LIVEKIT_API_SECRET"]
    # A name that no other connection has had: the server may not have noticed yet that the last one is gone.
    token = generate_token_with_agent(room, f"Pipecat Agent-{uuid.uuid4().hex[:8]}", key, secret)
    params = LiveKitParams(audio_in_enabled=True, audio_out_enabled=True)
    return LiveKitTransport(url=os.environ["LIVEKIT_URL"], token=token, room_name=room, params=params)


async def answer_one_call(room: str) -> None:
    transport = join(room)

    api = {"api_key": os.environ["OPENAI_API_KEY"], "base_url": os.environ.get("OPENAI_BASE_URL")}
    stt = OpenAISTTService(**api)
    words = [PROMPTS / "persona.md", *sorted((PROMPTS / "facts").glob("*.md"))]
    instruction = "\n\n".join(file.read_text().strip() for file in words)
    llm = OpenAILLMService(**api, settings=OpenAILLMService.Settings(system_instruction=instruction))
    tts = OpenAITTSService(**api)

    context = LLMContext()
    user_aggregator, assistant_aggregator = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    pipeline = Pipeline([transport.input(), stt, user_aggregator, llm, tts, transport.output(), assistant_aggregator])
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
        idle_timeout_secs=None,
        processor_unusable_policy=ProcessorUnusablePolicy.END,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_first_participant_joined")
    async def on_first_participant_joined(_: Any, __: str) -> None:
        await worker.queue_frame(TTSSpeakFrame((PROMPTS / "greeting.md").read_text().strip()))

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(_: Any, __: Any) -> None:
        await runner.cancel()

    @transport.event_handler("on_disconnected")
    async def on_disconnected(_: Any) -> None:
        await runner.cancel()

    await runner.run()


async def main() -> None:
    while True:
        await answer_one_call(os.environ["LIVEKIT_ROOM_NAME"])


if __name__ == "__main__":
    asyncio.run(main())
