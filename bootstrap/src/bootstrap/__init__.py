"""Registers each line's inbound trunk and dispatch rule: everything said to the LiveKit API outside a call."""
