"""What the rating page refuses, each with the status of its reply.

Refused                    a sentence that the person is shown
├── SignInNeeded   401     nobody is signed in
├── NotAllowed     403     signed in, but not for this
├── Unknown        404     no such thing, or not one's own: which of the two is not told
├── Conflict       409     a lease that ran out, an older draft, something done already
├── Unfit          422     what was sent cannot be what the page asks for
├── Damaged        500     what the database holds was not written by us
└── NotSaved       503     the database could not be written
"""

from __future__ import annotations

from env.errors import Error


class Refused(Error):
    """A request that is not carried out; the text is shown to the person."""

    status = 400


class SignInNeeded(Refused):
    """Nobody is signed in."""

    status = 401


class NotAllowed(Refused):
    """This role may not do this."""

    status = 403


class Unknown(Refused):
    """There is no such thing, or it is somebody else's."""

    status = 404


class Conflict(Refused):
    """The state is another one by now."""

    status = 409


class Unfit(Refused):
    """What was sent makes no sense here."""

    status = 422


class Damaged(Refused):
    """What is stored makes no sense, so that nothing can be done with it."""

    status = 500


class NotSaved(Refused):
    """The database could not be written: its disk is full, or it is busy or gone."""

    status = 503
