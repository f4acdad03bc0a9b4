"""A model on this machine: loaded by transformers, shared by all episodes of a run."""
