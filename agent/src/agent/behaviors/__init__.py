"""What the agent does besides talking: one module for each behaviour, named after what it makes the agent do.

`answer` attaches each behaviour with one line, and so those lines are the table of contents.
"""
