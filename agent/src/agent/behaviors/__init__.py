"""The agent's behaviours besides talking: one module for each, named after what it makes the agent do.

`answer` attaches each behaviour with one statement, so those statements serve as the table of contents.
"""
