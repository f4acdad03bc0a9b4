"""A model of a few million parameters, made from scratch from a web's own text."""
