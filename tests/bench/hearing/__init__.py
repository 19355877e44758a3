"""How well the embedded speech to text understands callers: the word error rate and the time of each Whisper model."""
