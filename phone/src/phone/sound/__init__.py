"""Sound: files, tracks, where somebody speaks in them, speech synthesis and transcription."""
