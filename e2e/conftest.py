"""The fixtures of the end-to-end tests, and the steps that `just e2e` prints."""

import signal

import pytest

from support.aws import Aws
from support.program import ROOT, skip_or_fail

pytest_plugins = ["support.aws_cli", "support.construct", "support.recipes", "support.stack"]
# So a SIGTERM stops the started programs too.
signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_report_teststatus(report):
    """Prints no dots: the steps show the progress."""
    return ("passed", "", "") if report.when == "call" and report.passed else None


def pytest_runtest_logreport(report):
    """Prints a test with what it has proved, in the process that gathers the results of all."""
    steps = [step for name, step in report.user_properties if name == "step"]
    if report.when == "call" and steps:
        test = report.nodeid.split("::")[-1].removeprefix("test_").replace("_", " ")
        print("\n".join(["", test, *(f"    ✓ {step}" for step in steps)]), flush=True)


@pytest.fixture(scope="session")
def started_aws(tmp_path_factory):
    """The stand-in for AWS, started once."""
    aws = Aws(tmp_path_factory.mktemp("aws"))
    yield aws
    aws.stop()


@pytest.fixture
def aws(started_aws):
    """AWS with nothing in it."""
    started_aws.reset()
    return started_aws


@pytest.fixture(scope="session")
def packages():
    """The folder into which `just package` writes for an architecture, `x86_64` or `arm64`."""

    def folder(architecture):
        folder = ROOT / "target/package" / architecture
        if not (folder / "mapper.zip").exists():
            skip_or_fail(f"the package for {architecture} is missing: build it with `just package {architecture}`")
        return folder

    return folder


@pytest.fixture
def proved(record_property):
    """Notes what a test has just proved, a step that `just e2e` prints."""
    return lambda step: record_property("step", step)
