"""Twelve calls with a form to fill in after each: which values a model finds, misses and makes up."""
