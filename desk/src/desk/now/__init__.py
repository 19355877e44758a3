"""The page of the calls in progress."""
