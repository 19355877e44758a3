"""make doctor: looks at everything a call depends on, changes nothing, and says what would stop a call.

`checks` has one module for each station of a call's way, and one function for each check.
"""
