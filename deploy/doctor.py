"""Finds the faults of a deployment, and says how to fix them. Changes nothing."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor

from aws import AwsError, Stop, main, say
from checks import Finding, NotChecked, function, network, queue, trigger, users
from checks.deployment import Deployment
from function_log import printable
from names import DEFAULT

HELP = """
Checks the pool's trigger and its permission, both functions, the mapper, settings and secrets, the queue, redelivery,
the VPC, whether this machine reaches the backend, and what may be written to users; both functions map an event in a
dry run, which sends nothing. Faults come first, each with its reason and its fix, then warnings, then every check by
its name. Exit status 0: no fault, though there may be warnings. If AWS does not allow a check, one line says what it
needs, and the other checks are still made. It fetches and shows no value of a secret, and no user.

Rights: cognito-idp:DescribeUserPool; lambda:GetFunctionConfiguration, GetFunctionConcurrency, GetPolicy,
GetLayerVersion, ListEventSourceMappings and InvokeFunction; sqs:GetQueueAttributes; iam:SimulatePrincipalPolicy; and,
if these are used, secretsmanager:DescribeSecret, ssm:DescribeParameters, ec2:DescribeRouteTables,
DescribeSecurityGroups and DescribeVpcEndpoints; cognito-idp:GetGroup.
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
    "rights on users": users.rights,
    "attributes": users.attributes,
    "groups": users.groups,
}
# Rights that are not called like their operation.
RIGHTS = {"invoke": "InvokeFunction"}
# AWS's codes for a missing right.
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
WORST = ("fault", "warning", "not checked")
THREADS = 8
# The most characters of AWS's words that are shown.
LENGTH = 300


def doctor():
    """Does it; returns the exit status."""
    arguments = parsed()
    deployment = Deployment(arguments.pool, arguments.function)
    with ThreadPoolExecutor(THREADS) as threads:
        found = dict(zip(CHECKS, threads.map(lambda check: made(check, deployment), CHECKS.values()), strict=True))
    findings = [{"check": name} | finding._asdict() for name, each in found.items() for finding in each]
    counts = {level: sum(finding["level"] == level for finding in findings) for level in WORST}
    if arguments.json:
        say(json.dumps({"findings": findings, "faults": counts["fault"], "warnings": counts["warning"]}, indent=2))
    else:
        show(found, findings)
        say(f"\n{counts['fault']} faults, {counts['warning']} warnings, {counts['not checked']} checks not made")
    return 1 if counts["fault"] else 0


def show(found, findings):
    """Explains the faults, then the warnings; then each check has a line."""
    for level in WORST[:2]:
        for finding in (finding for finding in findings if finding["level"] == level):
            say(f"{level}: {finding['check']}: {finding['what']}")
            say(f"  because: {finding['why']}\n  fix: {finding['fix']}\n")
    width = max(map(len, CHECKS)) + 2
    for name, each in found.items():
        levels = {finding.level for finding in each}
        level = next((level for level in WORST if level in levels), "ok")
        kept = next((f"could not be checked: {finding.what}" for finding in each if finding.level == WORST[2]), "")
        say(f"{name:{width}}" + ("; ".join(filter(None, [level, kept])) if level != WORST[2] else kept))


def made(check, deployment):
    """The findings of a check. If it can't be made, that is a finding too, and the other checks go on."""
    found = []
    try:
        for finding in check(deployment):
            found.append(finding)
    except NotChecked as reason:
        found.append(not_checked(reason, "it depends on this", "fix that, and run this again"))
    except AwsError as error:
        if error.code in DENIED:
            _, service, operation = str(error).partition(":")[0].split()
            right = f"{service}:{RIGHTS.get(operation) or operation.title().replace('-', '')}"
            found.append(not_checked(f"needs {right}", "AWS refuses to show it", f"ask for the right {right}"))
        else:
            found.append(not_checked(error, "AWS did not answer", "fix that, and run this again"))
    except Stop as stop:
        found.append(not_checked(stop, "it depends on this", "fix that, and run this again"))
    except Exception as error:
        # An answer that AWS does not document must not hide the findings of the other checks.
        what = f"an answer of AWS is not as expected ({type(error).__name__}: {error})"
        found.append(not_checked(what, "it can't be interpreted", "run this again with the newest AWS CLI"))
    return found


def not_checked(reason, why, fix):
    """The finding that a check could not be made, in one line."""
    return Finding(WORST[2], printable(" ".join(str(reason).split()))[:LENGTH], why, fix)


def parsed():
    """The arguments."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("pool", metavar="POOL", help="the user pool's id")
    parser.add_argument("former", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
    parser.add_argument("--json", action="store_true", help="one document of JSON")
    arguments = parser.parse_args()
    if arguments.former:
        parser.error(f"name the function with `--function {arguments.former}`, as in the other recipes")
    return arguments


if __name__ == "__main__":
    main(doctor)
