"""Tools that a line brings with it: web addresses in its tools.yaml, and MCP servers."""
