"""Embedded speech-to-text, language model and text-to-speech behind an OpenAI-compatible HTTP API."""
