"""Everything that can go wrong, as one tree.

Error                      one line that a person can act on
├── InvalidAction          a policy wrote something that is no command
├── RecordError            a stored record cannot be read
├── ConfigError            a setting or a file named by the user is not usable
├── DocumentError          bytes that could not be turned into a page
├── CassetteMiss           a replay was asked for what was never recorded
└── WebError               a web could not deliver; becomes a notice, costs one action
    ├── Blocked            hidden by a filter or a rule
    ├── NotFound           no such page
    ├── TooLarge           more than the limit
    ├── TimedOut           not in time
    └── Exhausted          a search service rests (env.web.live.services.asking)

The policy's fault (InvalidAction) and the world's (WebError) become a notice in the next
observation. Everything else propagates and ends the episode as failed.
"""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "",  # not told
    "filter",  # hidden by the leakage filter or a list of domains
    "address",  # the host has an address that must not be reached
    "url",  # a scheme, port, user name, host or character that must not be requested
    "robots",  # robots.txt forbids it
    "redirect",  # too many, in a circle, or to nowhere
    "name",  # the host's name could not be resolved
    "connection",  # refused, reset or cut short
    "tls",  # no trusted certificate for this host
    "protocol",  # what came is not HTTP
    "encoding",  # a content encoding that is broken or not supported
    "size",  # more bytes than the limit, on the wire or unpacked
    "time",  # not in time
    "status",  # an HTTP status other than success
    "missing",  # no such page
    "type",  # not a document that can be read
    "conversion",  # the document could not be converted within its limits
    "service",  # a search service did not answer as documented
    "key",  # a search service's key is missing or refused
    "quota",  # a search service has had enough
    "recorded",  # replayed from a cassette that does not tell
]
"""Why a web could not deliver, for the log: a typed word beside the sentence for people."""


class Error(Exception):
    """Base of all errors of this project; its text is meant for people."""


class InvalidAction(Error):
    """A policy wrote something that is no command."""


class RecordError(Error):
    """A stored record cannot be read."""


class ConfigError(Error):
    """A setting, or a file or folder named by the user, is not usable."""


class DocumentError(Error):
    """Bytes could not be turned into a page; the text says why."""


class CassetteMiss(Error):
    """A replay was asked for something that its cassette does not hold.

    Not a WebError: a replay that differs from its recording must end, not go on as if a page
    were missing.
    """


class WebError(Error):
    """A web could not deliver a page or results."""

    def __init__(self, message: str = "", reason: Reason = "") -> None:
        super().__init__(message)
        self.reason: Reason = reason


class Blocked(WebError):
    """The page is hidden by a filter or forbidden by a rule."""


class NotFound(WebError):
    """There is no such page."""


class TooLarge(WebError):
    """The reply is larger than the limit."""


class TimedOut(WebError):
    """The reply did not come in time."""
