"""What servers with almost OpenAI's API send, translated into what OpenAI sends, so that OpenAI's plugin can be used.

`client` is the HTTP client that translates. `chat` is for language models: `roles` is about what they are sent, and
`reasoning`, `tool_calls` and `written_calls` about what they answer. `voice` is for text to speech, `transcripts` for
speech to text. Every module works on requests and responses alone.
"""
