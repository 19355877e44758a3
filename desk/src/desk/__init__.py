"""The web page of a Landline: talk to a line from a browser, and see what happens on it."""
