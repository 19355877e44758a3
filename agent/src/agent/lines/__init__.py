"""A line: one business on the phone, as its owner describes it in a folder of their own.

`line.toml` has the settings, typed by the modules here: one subject each, one field a setting, which is the only place
of its default, its bounds and its meaning (`reference` makes the documentation from them). `words` are what the agent
says, `folder` finds the lines and reads their files anew for each call.
"""
