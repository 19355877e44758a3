"""The record of a call: its recording and its transcript, and who is told of it and of the messages taken in it.

`capture` collects sound and events while the call lasts. When the call is over, `finalize` makes its folder from them,
and `redaction` removes card and identity numbers. `report` leaves in the outbox what tells of a call or of a message:
an event for the `webhook`, and `notices` for the owner's e-mail, chat or SMS. In the main process, `retention` finishes
what a crash interrupted, deletes what is old, and delivers what is in the outbox (`delivery`).
"""
