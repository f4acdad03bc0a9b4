"""The extractive policy: answers from the sentences it quotes, without a language model."""

from policies.extractive.policy import ExtractiveConfig, ExtractivePolicy

__all__ = ["ExtractiveConfig", "ExtractivePolicy"]
