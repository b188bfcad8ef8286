"""Faults of a deployment, a file for each part of it, and how `doctor` must report them."""

import pytest

FAULT, WARNING = "fault", "warning"


def fault(name, check, level, what, fix, inject, follows=None):
    """A fault called `name`: `inject` makes it, and `check` reports it with the words `what` and `fix`.

    `follows` are other findings that it causes, level by check.
    """
    return pytest.param(inject, check, level, what, fix, follows or {}, id=name.replace(" ", "-"))
