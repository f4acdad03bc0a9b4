"""ZIM archives (Kiwix) as items. Needs libzim, which is an extra: `pip install -e '.[zim]'`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from env.errors import ConfigError
from env.web.sources.items import Item, Limits, Skip
from env.web.sources.kinds import DOCUMENTS

if TYPE_CHECKING:
    from libzim.reader import Archive

_OLD = ("-/", "M/", "X/")
"""Where archives of the old layout keep what is no article."""


def read_zim(path: Path, limits: Limits) -> Iterator[Item | Skip]:
    """Yield the articles of a ZIM archive; redirects lead to pages that are yielded anyway.

    Raises:
        ConfigError: libzim is not installed.
    """
    try:
        from libzim.reader import Archive
    except ImportError as error:
        raise ConfigError(
            f"{path} is a ZIM archive, which needs libzim:"
            " pip install -e '.[zim]' in the folder of webqa"
        ) from error
    try:
        archive = Archive(path)
        prefix = limits.url_prefix or f"zim://{_name(archive, path)}/"
        # Articles come first; what follows is about the archive itself.
        count = int(archive.entry_count)
    except RuntimeError as fault:
        yield Skip("broken ZIM archive", str(path), str(fault))
        return
    for number in range(count):
        if (item := _item(archive, number, prefix, limits)) is not None:
            yield item


def _name(archive: Archive, path: Path) -> str:
    try:
        name = archive.get_metadata("Name").decode().strip()
    except (RuntimeError, KeyError, UnicodeDecodeError):
        name = ""
    return quote(name or path.stem, safe="")


def _item(archive: Archive, number: int, prefix: str, limits: Limits) -> Item | Skip | None:
    try:
        entry = archive._get_entry_by_id(number)
        if entry.is_redirect or (
            entry.path.startswith(_OLD) and not archive.has_new_namespace_scheme
        ):
            return None
        item = entry.get_item()
        media = item.mimetype.split(";", 1)[0].strip().lower()
        if media not in DOCUMENTS:
            return None
        url = prefix + quote(entry.path, safe="/:@!$&'()*+,;=~-._")
        if item.size > limits.document:
            return Skip("too large", url)
        return Item(url, bytes(item.content), item.mimetype, "", entry.title, url)
    except RuntimeError as fault:
        return Skip("broken ZIM entry", f"entry {number}", str(fault))
