"""How long a browser waits for the greeting: `python -m tests.bench greeting`."""
