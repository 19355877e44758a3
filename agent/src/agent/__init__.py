"""Everything that happens inside a call."""

import os

# Read by libraries when they start, in this process and in those it starts.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else onnxruntime reports to its maker
os.environ.setdefault("LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS", "300")  # a call may take 0.2 s to start on a small host
