"""The HTTP side: OpenAI's API, as far as a phone line asks for it."""
