"""The page from which a browser talks to a line."""
