"""The HTTP side: the part of OpenAI's API that a phone line uses."""
