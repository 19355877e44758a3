"""`make bench turns`: three agents on one line, called in turn, measured where the caller's ear is."""
