"""The record of a call: its recording, its transcript, and the event that tells the webhook of its end.

`capture` collects sound and events while the call lasts. When the call is over, `finalize` makes its folder from them,
and `redaction` removes card and identity numbers. In the main process, `retention` finishes what a crash interrupted,
deletes what is old, and has `webhook` deliver the events in the outbox.
"""
