"""Runs in the container of the voices: text in, speech at the voice's own rate out, with the places to open it."""
