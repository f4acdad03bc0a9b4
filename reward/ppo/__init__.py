"""Reinforcement learning of whole episodes: PPO with a critic, and RLOO without one."""
