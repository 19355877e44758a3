"""Calls that the agent makes: who may be called and when, the orders for them, and who must not be called again."""
