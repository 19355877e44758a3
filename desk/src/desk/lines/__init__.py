"""The pages on which a line's files are edited."""
