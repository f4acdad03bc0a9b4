"""Who acts: policies, and the one runner of episodes. Knows nothing of rewards."""
