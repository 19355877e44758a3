"""What is kept of a call: its sound, its transcript, and the news that it has ended.

`recorder` takes the sound, `happened` all else; when the call is over `finishing` makes its folder of both, without
card and identity numbers (`redaction`, `silence`). `keeper` is the main process' part: it finishes what was left
unfinished, deletes what is old, and delivers the news from the `outbox`.
"""
