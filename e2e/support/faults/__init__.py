"""Faults of a deployment, a file for each of deploy/checks, and how `doctor` is to name them."""

import pytest

FAULT, WARNING = "fault", "warning"


def fault(name, check, level, said, fix, plant, follows=None):
    """A fault called `name`: `plant` makes it, and `check` finds it with words of what it says and of its fix.

    `follows` are other findings that it brings about, level by check.
    """
    return pytest.param(plant, check, level, said, fix, follows or {}, id=name.replace(" ", "-"))
