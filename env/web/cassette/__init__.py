"""Record what a web replies and replay it byte for byte, from one file. Knows no network."""
