"""A web that replays a cassette: the stored pages and errors, no network, and no second guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from env.errors import CassetteMiss
from env.records import Page, WebIdentity, to_json
from env.sanitise import sanitise_line
from env.web.cassette.lines import Call, Header, error_of, writable
from env.web.cassette.tape import Tape
from env.web.encoding import Encoder

_SHOWN = 200
"""Characters of what was asked that an error repeats."""


class CassetteWeb:
    """A web (see env.web.base.Web) that replies what was recorded and nothing else."""

    def __init__(self, path: Path | str, encoder: Encoder | None = None) -> None:
        """Open a cassette.

        Args:
            path: the file.
            encoder: the one that the recorded web had (see `recorded.encoder`): a policy that
                uses it asks other things than one without.

        Raises:
            ConfigError: there is no usable cassette.
        """
        self._tape = Tape(Path(path))
        self.recorded: Header = self._tape.header
        """What was recorded, and when."""
        self.encoder = encoder
        self.identity = WebIdentity("cassette", _content_hash(self._tape))
        self.notes = self._tape.notes + _missing_encoder(self.recorded, encoder)

    def close(self) -> None:
        """Close the file."""
        self._tape.close()

    async def search(self, query: str) -> Page:
        """Return the results page that was recorded.

        Raises:
            WebError: as it was recorded.
            CassetteMiss: nothing was recorded for this query.
        """
        return self._replied("search", query)

    async def open(self, url: str) -> Page:
        """Return the page that was recorded.

        Raises:
            WebError: as it was recorded.
            CassetteMiss: nothing was recorded for this URL.
        """
        return self._replied("open", url)

    def pages(self) -> Mapping[str, Page]:
        """Return all stored pages by the hash of their text; each is read when it is asked for."""
        return _Pages(self._tape)

    def _replied(self, call: Call, asked: str) -> Page:
        reply = self._tape.reply(call, writable(asked))
        if reply is None:
            raise CassetteMiss(
                f"{self._tape.path} holds no reply to {call} {sanitise_line(asked, _SHOWN)!r}: "
                "record it again with the same questions, policy and settings (--record)"
            )
        if reply.error is not None:
            raise error_of(reply.error)
        return self._tape.page(reply.page)


class _Pages(Mapping[str, Page]):
    """The pages of a tape by the hash of their text."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def __getitem__(self, text: str) -> Page:
        return self._tape.page(self._tape.texts[text])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tape.texts)

    def __len__(self) -> int:
        return len(self._tape.texts)


def _content_hash(tape: Tape) -> str:
    """Hash what decides the replies, and not the order in which they were recorded."""
    digest = sha256()
    for line in sorted(to_json(reply) for reply in tape.replies):
        digest.update(line + b"\n")
    return digest.hexdigest()


def _missing_encoder(header: Header, encoder: Encoder | None) -> tuple[str, ...]:
    if header.encoder == (encoder.name if encoder else ""):
        return ()
    if not header.encoder:
        return ("it was recorded without an encoder: a policy that uses one may ask other things",)
    name = sanitise_line(header.encoder, _SHOWN)
    return (
        f"it was recorded with the encoder {name}, which is not loaded: a policy that "
        "used it asks other things without it, which the cassette does not hold",
    )
