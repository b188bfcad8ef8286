"""What `doctor` looks at, a file for each part of a deployment, and what a check can say.

A check is a function of a Deployment that yields findings: nothing where all is well. It raises NotChecked where it has
nothing to look at; what AWS refuses to show is for the caller to report.
"""

from typing import NamedTuple


class Finding(NamedTuple):
    """What is wrong, why it matters, and what mends it. No user data and no value of a secret setting is ever in it."""

    level: str
    what: str
    why: str
    fix: str


class NotChecked(Exception):
    """Why a check could not be made, as a half-sentence."""


def fault(what, why, fix):
    """A finding that loses users, or keeps them from the backend."""
    return Finding("fault", what, why, fix)


def warning(what, why, fix):
    """A finding that will hurt one day, or that may be meant."""
    return Finding("warning", what, why, fix)
