"""Webs: what can be searched and opened."""
