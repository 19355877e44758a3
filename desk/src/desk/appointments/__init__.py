"""The pages of the appointments."""
