"""When this happens, the agent does that: a module each, named after what it makes the agent do.

The composition root attaches a behaviour by calling it, one line each: those lines are the table of contents.
"""
