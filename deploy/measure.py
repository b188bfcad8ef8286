"""Measures the function on Lambda beside a native one and one in Node.js: the table of docs/benchmarks.md, for real.

Everything is made for the purpose and deleted at the end. `measure.sh` builds what this deploys.
"""

import argparse
import base64
import json
import re
import signal
import statistics
import sys
import uuid
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import functions
from aws import INTERRUPTIONS, Stop, agreed, aws, aws_or_none, main, say
from create import arn
from dry_run import SIGN_UP
from package import write_zip
from queues import ensure_log_group
from role import POLICY, ensure_role

PREFIX = "post-confirmation-measure"
NAMES = {kind: f"{PREFIX}-{kind}" for kind in ("mapper", "native", "node")}
NODE = Path(__file__).resolve().parents[1] / "host/benches/node/index.mjs"
MADE = f"the functions {', '.join(NAMES.values())},\ntheir log groups, a layer and a role named {PREFIX}"
HELP = f"""
Makes {MADE}; starts each function anew for
--starts events, gives it --events more, prints what Lambda reports of them as a table, and deletes all that, also after
a failure. The backend gets made-up users by POST users/ and has to answer 2xx.

Rights, each on those names: lambda:CreateFunction, GetFunctionConfiguration, UpdateFunctionConfiguration,
InvokeFunction, DeleteFunction, ListLayerVersions, GetLayerVersion, PublishLayerVersion, DeleteLayerVersion;
iam:GetRole, CreateRole, GetRolePolicy, PutRolePolicy, PassRole, DeleteRolePolicy, DeleteRole; logs:DescribeLogGroups,
CreateLogGroup, PutRetentionPolicy, DeleteLogGroup.
"""
# In seconds, with room for Node.js in the smallest function; and warm events in a row, before the next one's turn.
TIMEOUT, BLOCK = 10, 10
HEAD = """| function | start (Init Duration), ms: median (quartiles) | start and first event, ms | event, warm, ms: \
p50 | p99 | memory, MB (most) |
|---|---|---|---|---|---|"""
SPREAD = "**{1:.1f}** ({0:.1f} – {2:.1f})"
# What the report of an invocation is in Lambda's two log formats.
REPORT = re.compile(r'^REPORT .*|^.*"type":\s*"platform\.report".*', re.MULTILINE)
FIGURES = {
    "init": r'\tInit Duration: ([\d.]+) ms|"initDurationMs":\s*([\d.]+)',
    "took": r'\tDuration: ([\d.]+) ms|"durationMs":\s*([\d.]+)',
    "memory": r'\tMax Memory Used: (\d+) MB|"maxMemoryUsedMB":\s*(\d+)',
}


def measure():
    """Does it; returns the exit status."""
    arguments = parsed()
    if min(arguments.starts, arguments.events) < 2:
        raise Stop("quartiles need --starts and --events of 2 or more")
    code, layer = functions.package(arguments.arch)
    if not (native := code.with_name("native.zip")).is_file():
        raise Stop(f"{native} is missing; build it with `bash deploy/measure.sh` and these arguments")
    users = f"{len(NAMES) * (arguments.starts + arguments.events)} made-up users to {arguments.backend_api_url}"
    say(f"This makes {MADE}, or takes those of\nthese names; lets the functions send {users}; and deletes them all.")
    if not agreed("Go on?", arguments.yes):
        raise Stop("not agreed; nothing was made")
    try:
        make(arguments, code, native, layer)
        print(table(*measured(arguments)), flush=True)
        return 0
    finally:
        if left := delete():
            first = f"{sys.exception() or ''}\nNot all could be deleted; run this again, or delete by hand:"
            raise Stop("\n  ".join([first.strip(), *left]))


def parsed():
    """The arguments."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style, allow_abbrev=False)
    parser.add_argument("--backend-api-url", metavar="URL", required=True, help="a test backend that answers 2xx")
    parser.add_argument("--arch", choices=["x86_64", "arm64"], default="x86_64", help="of the functions (%(default)s)")
    for name, default, text in (("--memory", 128, "MB"), ("--starts", 20, "starts"), ("--events", 100, "warm events")):
        parser.add_argument(name, type=int, default=default, metavar="N", help=f"{text} of each function (%(default)s)")
    parser.add_argument("--node-runtime", default="nodejs22.x", metavar="NAME", help="Lambda's name (%(default)s)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args()


def make(arguments, code, native, content):
    """Makes everything; the functions in place of those that an earlier run has left."""
    layer = functions.ensure_layer(PREFIX, content, arguments.arch)
    for name in NAMES.values():
        ensure_log_group(f"/aws/lambda/{name}")
    # Without the right to make a log group, so that late lines of a deleted function make none.
    logs = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]}
    logs["Resource"] = arn(layer, "logs", f"log-group:/aws/lambda/{PREFIX}-*:*")
    role = ensure_role(PREFIX, {"Version": "2012-10-17", "Statement": [logs]})
    all_ = {"Role": role, "Architectures": [arguments.arch], "MemorySize": arguments.memory, "Timeout": TIMEOUT}
    host = {"Runtime": functions.RUNTIME, "Handler": functions.HANDLER}
    managed = {"Runtime": arguments.node_runtime, "Handler": "index.handler"}
    with TemporaryDirectory() as folder:
        write_zip(node := Path(folder, "node.zip"), [NODE])
        parts = (code, host | {"Layers": [layer]}), (native, host), (node, managed)
        for name, (zipped, own) in zip(NAMES.values(), parts, strict=True):
            delete_function(name)
            given = all_ | own | settings(arguments, name, 0)
            call = partial(aws, "lambda", "create-function", given, "--zip-file", f"fileb://{zipped}")
            functions.once_role_works(call, role)
            functions.settle(name)
            say(f"function {name}: created")


def settings(arguments, name, number):
    """A function's name with its variables in a round. That these are new ones makes Lambda start it anew."""
    variables = {"BACKEND_API_URL": arguments.backend_api_url, "MEASURE_ROUND": str(number)}
    plain = {"BACKEND_ALLOW_HTTP": "on"} if arguments.backend_api_url.startswith("http:") else {}
    return {"FunctionName": name, "Environment": {"Variables": variables | plain}}


def measured(arguments):
    """What Lambda reports of the first events and of those that follow: two dictionaries of lists by function."""
    cold, warm = ({kind: [] for kind in NAMES} for _ in range(2))
    for number in range(1, arguments.starts + 1):
        say(f"start {number} of {arguments.starts}")
        for kind, name in NAMES.items():
            aws("lambda", "update-function-configuration", settings(arguments, name, number))
            functions.settle(name)
            cold[kind].append(invoke(name))
    for done in range(0, arguments.events, BLOCK):
        say(f"events from {done + 1} of {arguments.events}")
        for kind, name in NAMES.items():
            warm[kind] += [invoke(name) for _ in range(min(BLOCK, arguments.events - done))]
    return cold, warm


def invoke(name):
    """Gives a function a sign-up; returns what Lambda reports of it. Raises Stop where the user was not delivered."""
    event = json.loads(SIGN_UP.read_bytes())
    event["request"]["userAttributes"]["sub"] = str(uuid.uuid4())
    with TemporaryDirectory() as folder:
        payload, answer = Path(folder, "payload"), Path(folder, "answer")
        payload.write_text(json.dumps(event))
        # The CLI takes these only as flags where it writes a file.
        asked = "--function-name", name, "--payload", f"fileb://{payload}", "--log-type", "Tail"
        done = aws("lambda", "invoke", None, *asked, str(answer))
        said = answer.read_text()
    log = base64.b64decode(done.get("LogResult", "")).decode(errors="replace")
    if "FunctionError" in done:
        raise Stop(f"{name} failed: {said[:1000]}\nThe end of its log:\n{log[-1000:]}")
    if not re.search(r"\bdelivered\b", log):
        raise Stop(f"{name} did not deliver a user; mend the backend or --backend-api-url. Its log:\n{log[-1000:]}")
    line = (REPORT.findall(log) or [""])[-1]
    found = {figure: re.search(pattern, line) for figure, pattern in FIGURES.items()}
    if not found["took"] or not found["memory"]:
        raise Stop(f"{name}: Lambda's report, of which the table is made, is not in the log:\n{log[-1000:]}")
    return {figure: float(match[1] or match[2]) for figure, match in found.items() if match}


def table(cold, warm):
    """The table in Markdown, and the ratios of medians under it. Raises Stop where Lambda has reported too little."""
    starts, events, lines, ratios = {}, {}, [HEAD], []
    for kind in NAMES:
        # An environment may have stayed all the same, and Lambda may have changed one: no start, and no warm event.
        began = [one for one in cold[kind] if "init" in one]
        took = [one["took"] for one in warm[kind] if "init" not in one]
        if len(began) < 2 or len(took) < 2:
            raise Stop(f"{len(began)} starts and {len(took)} warm events of {kind} are too few: give more of each")
        first, whole = [one["init"] for one in began], [one["init"] + one["took"] for one in began]
        starts[kind], events[kind] = statistics.median(first), statistics.median(took)
        first, whole = (SPREAD.format(*statistics.quantiles(each, method="inclusive")) for each in (first, whole))
        late = statistics.quantiles(took, n=100, method="inclusive")[98]
        most = max(one["memory"] for one in cold[kind] + warm[kind])
        lines.append(f"| {kind} | {first} | {whole} | {events[kind]:.2f} | {late:.2f} | {most:.0f} |")
    for one, other in (("mapper", "native"), ("node", "mapper")):
        start, event = starts[one] / starts[other], events[one] / events[other]
        ratios.append(f"{one} / {other}: start {start:.2f} ×, warm event {event:.2f} ×")
    return "\n".join([*lines, "", *ratios])


def delete():
    """Deletes everything by its name, whoever has made it. Returns what AWS did not delete."""
    # Another interruption would leave the rest.
    for name in INTERRUPTIONS:
        signal.signal(name, signal.SIG_IGN)
    left, role = [], {"RoleName": PREFIX}
    steps = [
        *((delete_function, name) for name in NAMES.values()),
        (delete_layer, PREFIX),
        *((aws_or_none, "logs", "delete-log-group", {"logGroupName": f"/aws/lambda/{it}"}) for it in NAMES.values()),
        (aws_or_none, "iam", "delete-role-policy", role | {"PolicyName": POLICY}),
        (aws_or_none, "iam", "delete-role", role),
    ]
    for step, *given in steps:
        try:
            step(*given)
        except Stop as stop:
            left.append(f"{given[-1]}: {stop}")
    say(f"deleted: {MADE}" if not left else "not all could be deleted")
    return left


def delete_function(name):
    """Deletes a function, where there is one."""
    if functions.configuration(name):
        # AWS deletes none in the middle of a change; one that has failed can be deleted.
        with suppress(Stop):
            functions.settle(name)
        aws_or_none("lambda", "delete-function", {"FunctionName": name})


def delete_layer(name):
    """Deletes all versions of the layer, those of earlier runs too."""
    for version in (aws_or_none("lambda", "list-layer-versions", {"LayerName": name}) or {}).get("LayerVersions", []):
        aws("lambda", "delete-layer-version", {"LayerName": name, "VersionNumber": version["Version"]})


if __name__ == "__main__":
    main(measure)
