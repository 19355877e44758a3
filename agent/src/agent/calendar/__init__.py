"""Days and times: when a business is open, what callers mean by "tomorrow at seven", and how a moment is said.

Nothing in here knows a call or asks for the time: each function is told what it needs.
"""
