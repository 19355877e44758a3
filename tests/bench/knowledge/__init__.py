"""Sixty questions to the example line, half of which its facts answer: what it says, and what it was not told."""
