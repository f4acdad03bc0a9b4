"""Behaviour cloning: from recorded episodes to a model that acts like them."""
