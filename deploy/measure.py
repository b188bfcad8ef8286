"""Measures the function on Lambda beside a native one and one in Node.js: the table of docs/benchmarks.md, for real.

Everything is made for the purpose and deleted at the end. `measure.sh` builds what this deploys.
"""

import argparse
import base64
import io
import json
import re
import statistics
import uuid
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from aws import AwsError, Stop, agreed, aws, aws_or_none, main, say
from dry_run import SIGN_UP
from functions import HANDLER, PACKAGES, RUNTIME, once_role_works, settle
from role import POLICY, ensure_role

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "post-confirmation-measure"
HELP = """
Makes three functions named post-confirmation-measure-*, a layer and a role, starts each function anew for --starts
events, gives each --events more, prints what Lambda reports of them as a table, and deletes all of it. The backend gets
made-up users by POST users/ and has to answer 2xx.

Rights, each on those names: lambda:CreateFunction, GetFunctionConfiguration, UpdateFunctionConfiguration,
InvokeFunction, DeleteFunction, PublishLayerVersion, GetLayerVersion, DeleteLayerVersion; iam:GetRole, CreateRole,
GetRolePolicy, PutRolePolicy, DeleteRolePolicy, DeleteRole, PassRole; logs:DeleteLogGroup.
"""
# Warm events in a row, before the next function has its turn.
BLOCK = 10
# What the line of a report is in Lambda's two log formats.
TEXT = {
    "init": r"Init Duration: ([\d.]+) ms",
    "took": r"\tDuration: ([\d.]+) ms",
    "memory": r"Max Memory Used: (\d+) MB",
}
JSON = {"init": "initDurationMs", "took": "durationMs", "memory": "maxMemoryUsedMB"}


def measure():
    """Does it; returns the exit status."""
    arguments = parsed()
    zips = packages(arguments.arch)
    users = 3 * (arguments.starts + arguments.events)
    say(f"This makes three functions, a layer and a role named {PREFIX}-*, lets them send {users} made-up users to")
    say(f"{arguments.backend_api_url}, and deletes what it made.")
    if not agreed("Go on?", arguments.yes):
        return 1
    made = []
    try:
        functions = make(arguments, zips, made)
        reports = {name: {"cold": [], "warm": []} for name in functions}
        for number in range(arguments.starts):
            say(f"start {number + 1} of {arguments.starts}")
            for name, function in functions.items():
                renew(function, arguments)
                reports[name]["cold"].append(invoke(function))
        for _ in range(0, arguments.events, BLOCK):
            for name, function in functions.items():
                reports[name]["warm"] += [invoke(function) for _ in range(BLOCK)]
        print(table(reports))
        return 0
    finally:
        delete(made)


def parsed():
    """The arguments."""
    parser = argparse.ArgumentParser(description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend-api-url", required=True, help="a test backend that answers 2xx")
    parser.add_argument("--arch", choices=["x86_64", "arm64"], default="x86_64")
    parser.add_argument("--memory", type=int, default=128, help="megabytes of each function")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--node-runtime", default="nodejs22.x")
    parser.add_argument("--yes", action="store_true", help="don't ask")
    return parser.parse_args()


def packages(arch):
    """The zips by what they hold; those of the native function and of Node.js are made here, in memory."""
    folder = PACKAGES / arch
    native = folder / "native/bootstrap"
    files = folder / "function.zip", folder / "mapper.zip"
    if missing := [file for file in (*files, native) if not file.is_file()]:
        raise Stop(f"{missing[0]} is missing; `bash deploy/measure.sh` builds it")
    return {
        "mapper": files[0].read_bytes(),
        "layer": files[1].read_bytes(),
        "native": zipped("bootstrap", native),
        "node": zipped("index.mjs", ROOT / "host/benches/node/index.mjs"),
    }


def zipped(name, file):
    """A zip with one file that can be run, under another name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o100755 << 16
        archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def make(arguments, zips, made):
    """Makes everything and notes it in `made` beforehand, as what deletes it. Returns the functions' names by ours."""
    role = {"RoleName": PREFIX}
    made += [("iam", "delete-role", role), ("iam", "delete-role-policy", role | {"PolicyName": POLICY})]
    logs = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    logs = {"Version": "2012-10-17", "Statement": [logs]}
    arn = ensure_role(PREFIX, logs)
    given = {"LayerName": PREFIX, "CompatibleArchitectures": [arguments.arch]}
    layer = with_zip(zips["layer"], "--zip-file", "lambda", "publish-layer-version", given)
    number = {"LayerName": PREFIX, "VersionNumber": layer["Version"]}
    made.append(("lambda", "delete-layer-version", number))
    functions = {}
    for name in ("mapper", "native", "node"):
        function = functions[name] = f"{PREFIX}-{name}"
        if aws_or_none("lambda", "get-function-configuration", {"FunctionName": function}):
            aws("lambda", "delete-function", {"FunctionName": function})
            say(f"function {function}: deleted, it was left of an earlier run")
        made.append(("logs", "delete-log-group", {"logGroupName": f"/aws/lambda/{function}"}))
        made.append(("lambda", "delete-function", {"FunctionName": function}))
        node = name == "node"
        wanted = {
            "FunctionName": function,
            "Role": arn,
            "Runtime": arguments.node_runtime if node else RUNTIME,
            "Handler": "index.handler" if node else HANDLER,
            "Architectures": [arguments.arch],
            "MemorySize": arguments.memory,
            "Timeout": 10,
            "Layers": [layer["LayerVersionArn"]] if name == "mapper" else [],
            "Environment": environment(arguments),
        }
        once_role_works(
            lambda code=zips[name], wanted=wanted: with_zip(code, "--zip-file", "lambda", "create-function", wanted),
            arn,
        )
        settle(function)
        say(f"function {function}: created")
    return functions


def environment(arguments):
    """Variables that no environment of a function has had before, so that Lambda starts a new one."""
    # The native function reads the setting too, and looks at no file.
    given = {"BACKEND_API_URL": arguments.backend_api_url, "MEASURED": uuid.uuid4().hex}
    return {
        "Variables": given | ({"BACKEND_ALLOW_HTTP": "on"} if arguments.backend_api_url.startswith("http:") else {})
    }


def renew(function, arguments):
    """Lets the next event start the function anew."""
    given = {"FunctionName": function, "Environment": environment(arguments)}
    aws("lambda", "update-function-configuration", given)
    settle(function)


def invoke(function):
    """Gives a sign-up to a function; returns what Lambda reports: `init` where it started, `took`, `memory`."""
    event = json.loads(SIGN_UP.read_text())
    event["request"]["userAttributes"]["sub"] = str(uuid.uuid4())
    with TemporaryDirectory() as folder:
        payload, answer = Path(folder, "payload"), Path(folder, "answer")
        payload.write_text(json.dumps(event))
        # The CLI takes these only as flags where it writes a file.
        asked = "--function-name", function, "--payload", f"fileb://{payload}", "--log-type", "Tail"
        answered = aws("lambda", "invoke", None, *asked, str(answer))
        said = answer.read_text()
    if answered.get("FunctionError") or json.loads(said) != event:
        raise Stop(f"{function} failed: {said[:500]}")
    log = base64.b64decode(answered["LogResult"]).decode()
    found = report(log)
    if "took" not in found:
        raise Stop(f"Lambda's report is not in the log of {function}: {log[-500:]}")
    return found


def report(log):
    """The figures of the report at the end of a log, text or JSON."""
    for line in reversed(log.splitlines()):
        if line.startswith("REPORT "):
            found = {name: re.search(pattern, line) for name, pattern in TEXT.items()}
            return {name: float(match[1]) for name, match in found.items() if match}
        if '"platform.report"' in line:
            metrics = json.loads(line)["record"]["metrics"]
            return {name: float(metrics[key]) for name, key in JSON.items() if key in metrics}
    return {}


def table(reports):
    """The table in Markdown, and the ratios under it."""
    lines = [
        "| function | start (init), ms | start and first event, ms | event, warm, p50, ms | p99, ms | memory, MB |",
        "|---|---|---|---|---|---|",
    ]
    starts, events = {}, {}
    for name, measured in reports.items():
        # Lambda may have had an environment at hand all the same; that was no start.
        cold = [one for one in measured["cold"] if "init" in one]
        warm = [one["took"] for one in measured["warm"] if "init" not in one]
        if len(cold) < 2 or len(warm) < 2:
            raise Stop(f"there are too few starts or events of {name} to say anything: give more --starts and --events")
        inits, whole = [one["init"] for one in cold], [one["init"] + one["took"] for one in cold]
        starts[name], events[name] = statistics.median(inits), statistics.median(warm)
        most = max(one["memory"] for one in measured["cold"] + measured["warm"])
        late = statistics.quantiles(warm, n=100)[98]
        lines.append(f"| {name} | {spread(inits)} | {spread(whole)} | {events[name]:.2f} | {late:.2f} | {most:.0f} |")
    lines.append("")
    for one, other in (("mapper", "native"), ("node", "mapper")):
        start, event = starts[one] / starts[other], events[one] / events[other]
        lines.append(f"{one} / {other}: start {start:.2f} ×, warm event {event:.2f} ×")
    return "\n".join(lines)


def spread(figures):
    """The median with the quartiles around it."""
    first, middle, third = statistics.quantiles(figures, n=4)
    return f"**{middle:.1f}** ({first:.1f} – {third:.1f})"


def with_zip(content, flag, service, operation, given):
    """As `aws`, with the bytes of a zip."""
    with NamedTemporaryFile(suffix=".zip") as file:
        file.write(content)
        file.flush()
        return aws(service, operation, given, flag, f"fileb://{file.name}")


def delete(made):
    """Deletes what was made, the newest first, and names what is left."""
    for service, operation, given in reversed(made):
        try:
            aws_or_none(service, operation, given)
        except AwsError as error:
            say(f"not deleted, do it by hand: {service} {operation} {given}: {error}")
    say("what was made for it is deleted")


if __name__ == "__main__":
    main(measure)
