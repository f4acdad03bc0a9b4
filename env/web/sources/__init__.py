"""Where the pages of an offline web come from: folders, files, WARC, ZIM, JSON lines.

`read` turns sources into items, one document each, in an order that is always the same; what
cannot be read becomes a `Skip`, so that nothing is lost silently. The kind of a file is told by
its first bytes. Knows nothing of converting documents, or of where they are stored.
"""

from env.web.sources.items import Item, Limits, Skip
from env.web.sources.reading import manifest, read

__all__ = ["Item", "Limits", "Skip", "manifest", "read"]
