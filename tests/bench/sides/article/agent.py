"""Step 4 of the article "Voice Agents": an agent on LiveKit's framework with its defaults, left as it is there.

The one change: the name comes from the environment, so that this agent and another answer side by side.
"""

import os

from dotenv import load_dotenv
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, cli
from livekit.plugins import openai, silero

load_dotenv()


class PhoneAssistant(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You are a helpful phone assistant. Be brief and conversational.")

    async def on_enter(self) -> None:
        self.session.generate_reply()


server = AgentServer()


def prewarm(proc: JobProcess) -> None:
    proc.userdata["vad"] = silero.VAD.load(min_silence_duration=0.3)


server.setup_fnc = prewarm


@server.rtc_session(agent_name=os.environ.get("AGENT_NAME", "inbound-voice-agent"))
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession[None](
        stt=openai.STT(),
        llm=openai.LLM(model="gpt-4o-mini"),
        tts=openai.TTS(),
        vad=ctx.proc.userdata["vad"],
        preemptive_generation=True,
    )
    await session.start(agent=PhoneAssistant(), room=ctx.room)


if __name__ == "__main__":
    cli.run_app(server)
