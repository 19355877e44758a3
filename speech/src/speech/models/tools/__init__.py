"""Tool calls of a small model: it chooses a tool, then copies the arguments from what the caller has said."""
