"""livekit-agents' end-of-turn model in a process of its own for all calls, since it takes 250 MB wherever it is loaded.

`python -m agent.turns.prosody_server SOCKET` answers on a Unix socket. A question is 1.2 s of sound (16 kHz, 16 bit),
and the answer is the probability that the turn is over (a 32-bit float). The server imports little, so it answers 0.4 s
after its start.
"""

import asyncio
import struct
import sys
from pathlib import Path

import numpy as np
from livekit.local_inference import EOT, EOT_MAX_SAMPLES

QUESTION = EOT_MAX_SAMPLES * 2  # bytes
ANSWER = struct.Struct("<f")


async def serve(socket: Path) -> None:
    """Answer questions until the process is stopped."""
    model = EOT()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                sound = np.frombuffer(await reader.readexactly(QUESTION), np.int16)
                writer.write(ANSWER.pack(await asyncio.to_thread(model.predict, sound)))
        except (asyncio.IncompleteReadError, ConnectionError):  # the call is over
            writer.close()

    async with await asyncio.start_unix_server(answer, socket) as server:
        await server.serve_forever()


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    asyncio.run(serve(path))
