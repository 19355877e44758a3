"""The pages of the calls that are over."""
