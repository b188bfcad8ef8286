"""The package for arm64 runs, under qemu on other machines."""

import json
import platform
import shutil

import pytest

from support.cargo_lambda import TRIGGER, CargoLambda, Function
from support.program import ROOT, skip_or_fail

# The C library of Debian's package libc6-arm64-cross.
LIBRARIES = "/usr/aarch64-linux-gnu"
EVENT = ROOT / "guest/cases/native.event.json"


@pytest.fixture
def function(stack, packages, tmp_path):
    """The function of the package for arm64, and Django behind it."""
    runner = []
    if platform.machine() != "aarch64":
        runner = ["qemu-aarch64-static", "-L", LIBRARIES]
        if shutil.which(runner[0]) is None:
            skip_or_fail("qemu-aarch64-static is missing: install Debian's package qemu-user-static")
    lambda_ = CargoLambda(tmp_path)
    function = Function(lambda_, TRIGGER, packages("arm64"), tmp_path, runner)
    # It is slow under qemu and needs more time.
    ample = {"MAPPER_TIMEOUT_MS": "4000", "ATTEMPT_TIMEOUT_MS": "60000"}
    function.deploy(BACKEND_API_URL=stack.django.url, BACKEND_SIGNING_SECRET=stack.django.secret, **ample)
    yield function
    function.stop()
    lambda_.stop()


def test_the_function_for_arm64_delivers_a_user(function, stack, proved):
    event = json.loads(EVENT.read_bytes())
    # Its start takes seconds under qemu, which must not count towards an event's deadline.
    dry = json.loads(function.invoke(json.dumps({"dryRun": event}).encode()))
    assert dry["dryRun"]["end"] == "delivered" and function.ends() == []
    proved("`bootstrap` for arm64 loads the mapper for arm64 and maps an event in a dry run")

    answer = function.invoke(json.dumps(event).encode())
    [end] = function.ends()
    [row] = stack.django.rows(sub=event["request"]["userAttributes"]["sub"])
    assert (json.loads(answer), end["end"], end["status"]) == (event, "delivered", 201)
    assert row["event_id"] == end["eventId"]
    proved("then it delivers the event: Django's table has the row")
