"""The page of the lines: editing a line's files, its versions, and trying an edit before it is saved."""
