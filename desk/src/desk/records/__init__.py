"""What has been kept of calls: read, found again, and deleted.

`read` makes a `Record` from what the agent has left of a call, `index` finds calls by what was said in them, and
`delete` removes one call, or all of a caller's. Nothing here knows about pages. Every function works on files and
blocks: it is called in a thread.
"""
