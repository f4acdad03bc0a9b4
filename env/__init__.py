"""The world: a text browser over a web. Knows nothing of models, tokenizers or rewards."""
