"""Finds what is wrong with a deployment, and says how to mend it. Changes nothing."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor

from aws import AwsError, main, say
from checks import Finding, NotChecked, function, network, queue, trigger
from checks.deployment import Deployment

HELP = """
Looks at the pool's trigger and its permission, both functions, the mapper, settings and secrets, the queue, redelivery,
the VPC, and whether this machine reaches the backend; both functions map an event in a dry run, which sends nothing.
Exit status 0: no fault, though there may be warnings. What it may not read it names as not checked, with the right that
this needs. No value of a secret is fetched or shown, and no user.

Rights: cognito-idp:DescribeUserPool; lambda:GetFunctionConfiguration, GetFunctionConcurrency, GetPolicy,
GetLayerVersion, ListEventSourceMappings and InvokeFunction; sqs:GetQueueAttributes; iam:SimulatePrincipalPolicy; and
where these are used, secretsmanager:DescribeSecret, ssm:DescribeParameters, ec2:DescribeRouteTables,
DescribeSecurityGroups and DescribeVpcEndpoints.
"""
CHECKS = {
    "pool": trigger.pool,
    "trigger": trigger.trigger,
    "permission": trigger.permission,
    "function": function.function,
    "timeout": function.timeout,
    "memory": function.memory,
    "layer": function.layer,
    "architecture": function.architecture,
    "dry run": function.dry_runs,
    "backend's address": function.api_url,
    "backend": network.backend,
    "VPC": network.vpc,
    "secrets": function.secrets,
    "logs": function.logs,
    "concurrency": function.concurrency,
    "queue": queue.queue,
    "queue's settings": queue.kept,
    "dead-letter queue": queue.dead_letter_queue,
    "sending to the queue": queue.may_send,
    "taking from the queue": queue.may_receive,
    "redelivery": queue.redelivery,
    "event source mapping": queue.mapping,
    "waiting users": queue.waiting,
}
# What a right is called where it is not as the operation.
RIGHTS = {"invoke": "InvokeFunction"}
WORST = ("fault", "warning", "not checked")
THREADS = 8


def doctor():
    """Does it; returns the exit status."""
    arguments = parsed()
    deployment = Deployment(arguments.pool, arguments.function)
    findings, width = [], max(map(len, CHECKS)) + 2
    with ThreadPoolExecutor(THREADS) as threads:
        for name, found in zip(
            CHECKS, threads.map(lambda check: made(check, deployment), CHECKS.values()), strict=True
        ):
            findings += [{"check": name} | finding._asdict() for finding in found]
            if not arguments.json:
                levels = {finding.level for finding in found}
                level = next((level for level in WORST if level in levels), "ok")
                about = f": {found[0].what}" if level == "not checked" else ""
                say(f"{name:{width}}{level}{about}")
    counts = {level: sum(finding["level"] == level for finding in findings) for level in WORST}
    if arguments.json:
        say(json.dumps({"findings": findings, "faults": counts["fault"], "warnings": counts["warning"]}, indent=2))
    else:
        for level in WORST[:2]:
            for finding in (finding for finding in findings if finding["level"] == level):
                say(f"\n{level}: {finding['check']}: {finding['what']}")
                say(f"  because: {finding['why']}\n  fix: {finding['fix']}")
        say(f"\n{counts['fault']} faults, {counts['warning']} warnings, {counts['not checked']} checks not made")
    return 1 if counts["fault"] else 0


def made(check, deployment):
    """What a check finds."""
    found = []
    try:
        for finding in check(deployment):
            found.append(finding)
    except NotChecked as reason:
        found.append(Finding("not checked", str(reason), "it depends on this", "mend that, and run this again"))
    except AwsError as error:
        if "AccessDenied" not in error.code and error.code != "UnauthorizedOperation":
            raise
        _, service, operation = str(error).partition(":")[0].split()
        right = f"{service}:{RIGHTS.get(operation) or operation.title().replace('-', '')}"
        found.append(Finding("not checked", f"needs {right}", "AWS refuses to show it", f"ask for the right {right}"))
    return found


def parsed():
    """The arguments."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("pool", metavar="POOL", help="the user pool's id")
    parser.add_argument("function", metavar="FUNCTION", help="the function's name")
    parser.add_argument("--json", action="store_true", help="one document of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main(doctor)
