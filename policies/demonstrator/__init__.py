"""A policy that knows the accepted answers: it makes demonstrations for others to learn from."""

from policies.demonstrator.policy import DemonstratorConfig, DemonstratorPolicy

__all__ = ["DemonstratorConfig", "DemonstratorPolicy"]
