"""What may be written now: the legal lines of an observation, and their form for each engine."""
