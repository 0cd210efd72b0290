"""Pages for visitors, and what every answer carries to a browser."""
