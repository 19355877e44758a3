"""Sixty questions to the example line, of which half are answered by its facts: what it says, and what it was not told."""
