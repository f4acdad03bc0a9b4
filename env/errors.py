"""Everything that can go wrong, as one tree.

Error                      one line that a person can act on
├── InvalidAction          a policy wrote something that is no command
├── RecordError            a stored record cannot be read
├── ConfigError            a setting or a file named by the user is not usable
├── DocumentError          bytes that could not be turned into a page
└── WebError               a web could not deliver; becomes a notice, costs one action
    ├── Blocked            hidden by a filter or a rule
    ├── NotFound           no such page
    ├── TooLarge           more than the limit
    └── TimedOut           not in time

The policy's fault (InvalidAction) and the world's (WebError) become a notice in the next
observation. Everything else propagates and ends the episode as failed.
"""


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


class WebError(Error):
    """A web could not deliver a page or results."""


class Blocked(WebError):
    """The page is hidden by a filter or forbidden by a rule."""


class NotFound(WebError):
    """There is no such page."""


class TooLarge(WebError):
    """The reply is larger than the limit."""


class TimedOut(WebError):
    """The reply did not come in time."""
