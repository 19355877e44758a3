"""The guided set-up: what a host needs to know, asked in a terminal or given in advance, and kept in `.env`."""
