"""Who may look at the desk: signing in, sessions, and what protects them."""
