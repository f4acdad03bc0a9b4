"""What is better: comparisons, scorers, the reward model, best-of-n and PPO."""
