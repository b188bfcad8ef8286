"""The checks of `doctor`, a file for each part of a deployment, and the kinds of finding.

A check is a function of a Deployment that yields findings, none if all is well. It raises NotChecked if a part that it
needs does not exist; the caller reports what AWS refuses to show.
"""

from typing import NamedTuple


class Finding(NamedTuple):
    """What is wrong, why it matters, and how to fix it. It never holds user data or the value of a secret setting."""

    level: str
    what: str
    why: str
    fix: str


class NotChecked(Exception):
    """The reason why a check could not be made, as a clause."""


def fault(what, why, fix):
    """A fault loses users, keeps them from the backend, or makes dead letters of their events."""
    return Finding("fault", what, why, fix)


def warning(what, why, fix):
    """A warning may do harm later, or may be intended."""
    return Finding("warning", what, why, fix)
