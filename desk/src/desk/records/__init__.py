"""What the agent has kept of calls, as the desk reads and deletes it."""
