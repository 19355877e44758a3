"""Sound: files, what is heard in it, and the voice that speaks."""
