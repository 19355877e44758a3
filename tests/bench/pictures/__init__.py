"""Pictures of the desk for docs/, taken in a real browser: `make bench pictures`."""
