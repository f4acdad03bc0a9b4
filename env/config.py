"""Settings of the text browser, and their presets. Knows no policy and no command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrowserConfig:
    """Where the WebGPT paper is silent, these numbers are our choice (docs/design.md)."""

    actions: int = 100
    """Commands that may be spent on one question."""
    window: int = 2400
    """Characters shown at once, link marks included."""
    results: int = 10
    """Search results on a page."""
    snippet: int = 300
    """Characters of each search result's snippet."""
    quote: int = 1200
    """Characters of the longest quote."""
    quotes: int = 6000
    """Characters of all quotes together; passing it ends browsing."""
    open_at_snippet: bool = False
    """Show a search result's page where its snippet stands, as text fragments do; else its top."""
    leakage_filter: bool = False
    """Hide blocked domains and pages that share 10 words in a row with the question."""
    blocked_domains: tuple[str, ...] = ("reddit.com", "quora.com")
    """Hidden, with their subdomains, while the leakage filter is on."""


DEFAULT = BrowserConfig()
SMALL = BrowserConfig(
    actions=12, window=800, results=5, snippet=150, quote=300, open_at_snippet=True
)
"""For models of a few million parameters."""
PRESETS = {"default": DEFAULT, "small": SMALL}
