"""Question answering by browsing, from Python.

    import webqa
    answer = webqa.ask("Why is the sky blue?")
    print(answer.text, answer.quotes)

Nothing is imported until it is used, so that the command line starts quickly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from env.version import VERSION as __version__

if TYPE_CHECKING:
    from webqa.asking import aask, ask
    from webqa.webs import open_web

__all__ = ["__version__", "aask", "ask", "open_web"]


def __getattr__(name: str) -> object:
    if name in {"aask", "ask"}:
        from webqa import asking

        return getattr(asking, name)
    if name == "open_web":
        from webqa.webs import open_web

        return open_web
    raise AttributeError(f"module 'webqa' has no attribute {name!r}")
