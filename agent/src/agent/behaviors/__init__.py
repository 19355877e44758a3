"""The agent's behaviours besides talking: one module for each, named after what it makes the agent do.

`answer` attaches each behaviour with one line, and so those lines are the table of contents.
"""
