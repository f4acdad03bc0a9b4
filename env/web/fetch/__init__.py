"""Fetching from a web that may be hostile: one careful client. Knows no page and no search."""
