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
    from env.errors import Error
    from webqa.asking import aask, ask
    from webqa.webs import close_web, open_web

__all__ = ["Error", "__version__", "aask", "ask", "close_web", "open_web"]


def __getattr__(name: str) -> object:
    if name in {"aask", "ask"}:
        from webqa import asking

        return getattr(asking, name)
    if name in {"close_web", "open_web"}:
        from webqa import webs

        return getattr(webs, name)
    if name == "Error":
        from env.errors import Error

        return Error
    raise AttributeError(f"module 'webqa' has no attribute {name!r}")
