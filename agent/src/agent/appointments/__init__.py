"""Appointments that callers make: which times are free, and booking, finding, moving and cancelling them.

`desk` has the rules, and a backend keeps what it decides: `embedded` on this host, `caldav` on another server.
"""
