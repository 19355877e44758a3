"""Registers the inbound trunk and the dispatch rule: everything said to the LiveKit API outside a call."""
