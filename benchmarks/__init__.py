"""A script for each figure in docs/log.md. They take their data as arguments."""
