"""A line: one business on the phone, as its owner describes it in a folder of its own.

`line.toml` has the settings. Each table is a module of this package and each setting a field, which alone has the
setting's default, bounds and meaning (`reference` makes the documentation from them). `words` has what the agent says,
`folder` finds the lines and reads their files anew for each call.
"""
