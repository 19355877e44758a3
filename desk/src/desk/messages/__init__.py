"""The page of what callers have asked to pass on."""
