"""Registers each line's trunk and dispatch rule, and the outbound trunk: every request to LiveKit outside a call."""
