"""A SIP phone in a container: dials, plays, records, measures."""
