"""The watcher: it keeps what `make up` made, for as long as the line is up.

It is a process of its own that stays for months, so it imports nothing that only the other commands need (see
`__main__`). It looks every few seconds, and asks for everything again each time. The server could also report its
events by webhooks. They are not used: one that is lost is not repeated, and there is none for a trunk that is deleted.
"""
