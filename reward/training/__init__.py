"""Training of the reward model: comparisons in, a calibrated scorer out."""
