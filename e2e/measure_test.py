"""`measure` makes three functions, puts what Lambda reports of them into a table, and deletes them."""

import base64
import json
import shutil
from subprocess import run

import pytest

from parts.hasty import without_waiting
from parts.program import ROOT
from parts.zips import zipped

PREFIX = "post-confirmation-measure"
FUNCTIONS = "/2015-03-31/functions"
URL = "--backend-api-url=https://api.example.com/"
# What Lambda reports of each function: milliseconds of its init and of an event, megabytes.
FIGURES = {"mapper": (20, 4, 20), "native": (16, 2, 15), "node": (200, 40, 90)}

pytest_plugins = ["parts.aws_cli"]


@pytest.fixture
def project(tmp_path):
    """A folder with the scripts and packages of its own."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "guest").symlink_to(ROOT / "guest")
    (tmp_path / "host").symlink_to(ROOT / "host")
    package = tmp_path / "target/package/x86_64"
    (package / "native").mkdir(parents=True)
    (package / "native/bootstrap").write_bytes(b"native")
    for name in ("function", "mapper"):
        (package / f"{name}.zip").write_bytes(zipped(bootstrap=name))
    return tmp_path


@pytest.fixture
def measure(cli, project):
    """Runs `measure`."""
    variables = cli | without_waiting(project / "hasty")

    def run_measure(*args, answer=""):
        command = ["python", str(project / "deploy/measure.py"), URL, *args]
        return run(command, env=variables, input=answer, capture_output=True, text=True)

    return run_measure


@pytest.fixture
def lambda_(between):
    """A Lambda that gives back the event, and reports the figures of the function. Each other function logs as JSON."""
    started = set()

    def answering(name):
        def answer(call):
            init, took, memory = FIGURES[name]
            configured = len(between.asked(f"PUT {FUNCTIONS}/{PREFIX}-{name}/configuration"))
            cold = (name, configured) not in started
            started.add((name, configured))
            text = f"REPORT RequestId: 1\tDuration: {took}.00 ms\tBilled Duration: 9 ms\tMax Memory Used: {memory} MB\t"
            text += f"Init Duration: {init}.50 ms\t" if cold else ""
            metrics = {"durationMs": took, "maxMemoryUsedMB": memory} | ({"initDurationMs": init + 0.5} if cold else {})
            report = json.dumps({"type": "platform.report", "record": {"metrics": metrics}})
            log = f"a line of the function\n{report if name == 'native' else text}\n"
            call.headers = {"X-Amz-Log-Result": base64.b64encode(log.encode()).decode()}
            return 200, call.body

        return answer

    for name in FIGURES:
        between.answers[f"POST {FUNCTIONS}/{PREFIX}-{name}/invocations"] = answering(name)
    return between


def left(aws):
    """What is left of the run on AWS."""
    functions = aws.client("lambda").list_functions()["Functions"]
    layers = aws.client("lambda").list_layers()["Layers"]
    roles = aws.client("iam").list_roles()["Roles"]
    return [*functions, *layers, *(role for role in roles if role["RoleName"].startswith(PREFIX))]


def test_the_table_has_what_lambda_reports_and_nothing_is_left(aws, measure, lambda_, proved):
    done = measure("--starts", "3", "--events", "10", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    for row in (
        "| mapper | **20.5** (20.5 – 20.5) | **24.5** (24.5 – 24.5) | 4.00 | 4.00 | 20 |",
        "| native | **16.5** (16.5 – 16.5) | **18.5** (18.5 – 18.5) | 2.00 | 2.00 | 15 |",
        "| node | **200.5** (200.5 – 200.5) | **240.5** (240.5 – 240.5) | 40.00 | 40.00 | 90 |",
        "mapper / native: start 1.24 ×, warm event 2.00 ×",
        "node / mapper: start 9.78 ×, warm event 10.00 ×",
    ):
        assert row in done.stdout.splitlines()
    assert left(aws) == []
    subs = [
        call.parameters["request"]["userAttributes"]["sub"]
        for call in lambda_.calls
        if "/invocations" in call.operation
    ]
    assert len(subs) == len(set(subs)) == 3 * 13
    proved("three functions are measured in turn, and deleted")


def test_everything_is_deleted_where_a_function_fails(aws, measure, lambda_, proved):
    def failing(call):
        call.headers = {"X-Amz-Function-Error": "Unhandled"}
        return 200, {"errorType": "Settings.Invalid"}

    lambda_.answers[f"POST {FUNCTIONS}/{PREFIX}-native/invocations"] = failing
    done = measure("--yes")
    assert done.returncode == 1
    assert f"error: {PREFIX}-native failed: " in done.stderr and "Settings.Invalid" in done.stderr
    assert left(aws) == []
    proved("a function that fails is named with its answer, and nothing is left")


def test_nothing_is_made_without_agreement_or_without_packages(aws, measure, lambda_, project, proved):
    assert measure(answer="n\n").returncode == 1
    (project / "target/package/x86_64/native/bootstrap").unlink()
    done = measure("--yes")
    assert done.returncode == 1 and "bash deploy/measure.sh" in done.stderr
    assert not [call for call in lambda_.calls if call.operation.startswith(("POST", "PUT", "Create"))]
    proved("nothing is made before the person has agreed and all is built")
