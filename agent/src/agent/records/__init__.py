"""The record of a call: its recording, its transcript, and the event that tells the webhook of its end.

`capture` collects sound and events while the call lasts. When it is over, `finalize` makes its folder of them, and
`redaction` removes card and identity numbers from it. In the main process `retention` finishes what a crash
interrupted, deletes what is old, and has `webhook` deliver the events in the outbox.
"""
