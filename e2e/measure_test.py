"""`measure` makes three functions, puts what Lambda reports of them into a table, and deletes them.

`bootstrap` stands in for the native function, with the mapper in its own zip; nothing is run for Node.js, whose answers
are made up here. The figures are those of the tests' Lambda, and say nothing about the programs.
"""

import base64
import io
import json
import shutil
import signal
import zipfile
from subprocess import PIPE, Popen, run

import pytest

from parts.between import refused
from parts.chain import ARCHITECTURE
from parts.deployed import FUNCTIONS, backend, between, service  # noqa: F401  (fixtures)
from parts.program import ROOT
from parts.zips import zipped

PREFIX = "post-confirmation-measure"
NAMES = MAPPER, NATIVE, NODE = [f"{PREFIX}-{kind}" for kind in ("mapper", "native", "node")]
FEW = "--starts=2", "--events=12", "--yes"

pytest_plugins = ["parts.aws_cli"]


@pytest.fixture
def project(tmp_path, packages):
    """A folder with the scripts and packages of its own."""
    package = packages(ARCHITECTURE)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("guest", "host"):
        (tmp_path / name).symlink_to(ROOT / name)
    folder = tmp_path / "target/package" / ARCHITECTURE
    folder.mkdir(parents=True)
    members = {}
    for name in ("function.zip", "mapper.zip"):
        shutil.copy(package / name, folder)
        with zipfile.ZipFile(package / name) as content:
            members |= {member: content.read(member) for member in content.namelist()}
    (folder / "native.zip").write_bytes(zipped(**members))
    return tmp_path


@pytest.fixture
def command(project, backend):
    """The command of a run with a backend that takes everything."""
    script = str(project / "deploy/measure.py")
    return ["python", script, "--arch", ARCHITECTURE, "--backend-api-url", backend.url]


@pytest.fixture
def measure(cli, command):
    """Runs `measure`."""

    def run_measure(*args, answer=""):
        return run([*command, *args], env=cli, input=answer, capture_output=True, text=True)

    return run_measure


@pytest.fixture(autouse=True)
def node(service):
    """What Node.js would answer: each event as it was. Lambda's reports of it are JSON, and begin with a slow start."""
    asked = f"PUT {FUNCTIONS}/{NODE}/configuration"
    begun = set()

    def answer(call):
        metrics = {"durationMs": 24.68, "billedDurationMs": 25, "memorySizeMB": 128, "maxMemoryUsedMB": 90}
        if (number := len(service.asked(asked))) not in begun:
            metrics |= {"durationMs": 60.0, "initDurationMs": 50.0 + 100 * number}
        begun.add(number)
        report = {"time": "2026-01-01T00:00:00Z", "type": "platform.report", "record": {"metrics": metrics}}
        log = f"{json.dumps({'end': 'delivered'})}\n{json.dumps(report)}\n"
        call.headers = {"X-Amz-Log-Result": base64.b64encode(log.encode()).decode()}
        return 200, call.body

    service.answers[f"POST {FUNCTIONS}/{NODE}/invocations"] = answer


def left(aws):
    """The names of what is on AWS."""
    functions, logs = aws.client("lambda"), aws.client("logs")
    return [
        *(it["FunctionName"] for it in functions.list_functions()["Functions"]),
        *(it["LayerName"] for it in functions.list_layers()["Layers"]),
        *(it["logGroupName"] for it in logs.describe_log_groups()["logGroups"]),
        *(it["RoleName"] for it in aws.client("iam").list_roles()["Roles"]),
    ]


def test_the_table_has_what_lambda_reports_and_nothing_is_left(aws, measure, service, backend, proved):
    done = measure(*FEW)
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        "| mapper | **30.1** (30.1 – 30.1) | **42.5** (42.5 – 42.5) | 12.34 | 12.34 | 19 |",
        "| native | **30.1** (30.1 – 30.1) | **42.5** (42.5 – 42.5) | 12.34 | 12.34 | 19 |",
        "| node | **200.0** (175.0 – 225.0) | **260.0** (235.0 – 285.0) | 24.68 | 24.68 | 90 |",
        "mapper / native: start 1.00 ×, warm event 1.00 ×",
        "node / mapper: start 6.64 ×, warm event 2.00 ×",
    ):
        assert line in done.stdout.splitlines()
    proved("the table is made of Lambda's reports, in text and in JSON")

    invoked = [call.operation.split("/")[-2] for call in service.calls if call.operation.endswith("/invocations")]
    assert invoked == [*NAMES, *NAMES, *(name for times in (10, 2) for name in NAMES for _ in range(times))]
    assert len({user["cognito_id"] for user in backend.users}) == len(backend.users) == 2 * (2 + 12)
    proved("the functions have their turns, and each event is another user at the backend")

    made = {call["FunctionName"]: call for call in service.asked(f"POST {FUNCTIONS}")}
    assert {name: (it["Runtime"], it["Handler"], "Layers" in it) for name, it in made.items()} == {
        MAPPER: ("provided.al2023", "bootstrap", True),
        NATIVE: ("provided.al2023", "bootstrap", False),
        NODE: ("nodejs22.x", "index.handler", False),
    }
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(made[NODE]["Code"]["ZipFile"]))) as content:
        assert content.read("index.mjs") == (ROOT / "host/benches/node/index.mjs").read_bytes()
    assert len({it["Role"] for it in made.values()}) == 1 and left(aws) == []
    proved("functions, layer, log groups and role are deleted")


def test_what_an_earlier_run_has_left_is_replaced_and_deleted(aws, measure, proved):
    functions = aws.client("lambda")
    role = aws.client("iam").create_role(RoleName=PREFIX, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions.publish_layer_version(LayerName=PREFIX, Content={"ZipFile": zipped(old=b"")})
    code = {"ZipFile": zipped(bootstrap=b"old")}
    for name in NAMES:
        functions.create_function(FunctionName=name, Runtime="nodejs20.x", Handler="x", Role=role, Code=code)
    done = measure(*FEW)
    assert (done.returncode, done.stderr, left(aws)) == (0, "", [])
    proved("it can be run again after a run that could not delete")


def test_everything_is_deleted_where_a_function_fails(aws, measure, service, proved):
    def failing(call):
        call.headers = {"X-Amz-Function-Error": "Unhandled"}
        return 200, {"errorType": "Settings.Invalid"}

    operation = f"POST {FUNCTIONS}/{NATIVE}/invocations"
    service.answers[operation] = failing
    done = measure(*FEW)
    assert done.returncode == 1 and left(aws) == []
    assert f"error: {NATIVE} failed: " in done.stderr and "Settings.Invalid" in done.stderr
    proved("a function that fails is named with its answer, and nothing is left")

    del service.answers[operation]
    done = measure("--backend-api-url=http://127.0.0.1:9/", *FEW)
    assert done.returncode == 1 and left(aws) == []
    assert f"error: {MAPPER} did not deliver a user; mend the backend" in done.stderr
    proved("users that don't get to the backend are not measured")

    service.answers[operation] = failing
    service.answers[f"DELETE {FUNCTIONS}/{NODE}"] = lambda _: refused("AccessDeniedException", "not yours")
    done = measure(*FEW)
    assert done.returncode == 1 and left(aws) == [NODE]
    assert f"error: {NATIVE} failed: " in done.stderr and "Not all could be deleted" in done.stderr
    assert f"\n  {NODE}: aws lambda delete-function: AccessDeniedException: not yours\n" in done.stderr
    proved("what could not be deleted is named, behind what went wrong first")


def test_everything_is_deleted_where_somebody_interrupts_it(aws, command, cli, service, proved):
    running, deleted = [], []

    def interrupted(call):
        running[0].send_signal(signal.SIGINT)
        return 200, call.body

    def again(call):
        deleted.append(call)
        running[0].send_signal(signal.SIGTERM)
        return call.forward()

    service.answers[f"POST {FUNCTIONS}/{NATIVE}/invocations"] = interrupted
    service.answers[f"DELETE {FUNCTIONS}/{MAPPER}"] = again
    running.append(Popen([*command, *FEW], env=cli, stdout=PIPE, stderr=PIPE, text=True))
    said, error = running[0].communicate()
    assert (running[0].returncode, error, left(aws)) == (1, "\nerror: interrupted\n", []), said
    assert len(deleted) == 1
    proved("who presses Ctrl-C, and again while it deletes, has nothing left")


def test_nothing_is_made_without_agreement_or_packages(measure, project, service, proved):
    done = measure(answer="n\n")
    assert done.returncode == 1 and done.stderr == "error: not agreed; nothing was made\n"
    assert "360 made-up users to http://127.0.0.1:" in done.stdout and all(name in done.stdout for name in NAMES)
    assert measure("--starts=1", "--yes").stderr == "error: quartiles need --starts and --events of 2 or more\n"
    proved("nothing is made before the person has agreed")

    folder = project / "target/package" / ARCHITECTURE
    for name, by in (("native.zip", "`bash deploy/measure.sh`"), ("function.zip", f"`just package {ARCHITECTURE}`")):
        (folder / name).unlink()
        done = measure("--yes")
        assert done.returncode == 1 and f"{name} is missing; build it with {by}" in done.stderr
    assert service.calls == []
    proved("a missing package is named with the command that builds it")
