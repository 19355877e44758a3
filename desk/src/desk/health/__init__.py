"""The page that says how the line is doing."""
