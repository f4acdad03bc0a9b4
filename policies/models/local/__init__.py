"""Models of transformers in this process: loading, and one engine for all episodes."""
