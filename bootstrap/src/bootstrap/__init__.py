"""Registers each line's inbound trunk and dispatch rule; it makes every request to the LiveKit API outside a call."""
