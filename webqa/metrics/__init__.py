"""Metrics: how good answers are, what they cost, and how sure one can be of it.

Pure functions, one module for each kind; `measures` applies them to an episode. They know no run
folder, no policy and no terminal.
"""
