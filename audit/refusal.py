"""Refusals: a sentence that says what stands in the way and what to do."""

from typing import ClassVar


class Refused(Exception):
    """An act that cannot be done now; `str(error)` is what a coordinator reads.

    `field` names the field of a form in which it is to be mended, where there is one.
    """

    field: ClassVar[str] = ""


class NotPermitted(Refused):
    """The person's role on this site does not include the act."""


class ReasonNeeded(Refused):
    """Saved data was to be changed without saying why (ICH E6(R3) 4.2.2)."""

    field = "reason"


class SessionEnded(Refused):
    """The sign-in behind the act has ended; nothing was saved."""


class Changed(Refused):
    """Somebody else changed what the form shows since it was opened; nothing was saved."""
