"""Makes the function with everything around it through the AWS CLI, without CloudFormation, or updates it."""

import argparse
import time

import functions
import user_rights
import workbench
from aws import Stop, agreed, aws, main, say
from dry_run import Failed, ready
from live import make_live
from names import ALIAS, DEFAULT, Names
from permission import attached
from queues import ensure_log_group, ensure_queues
from role import RECEIVE, SEND, ensure_role, policy, tidy_role
from settings import merged, setting
from unpublished import differing, settings_of
from versions import mapper_of

HELP = """
Makes the dead-letter queue, the queue, the log groups, the roles, the layer with the mapper, the function with its
alias `live`, the redelivery function with its alias, and the event source mapping from the queue to that. It keeps and
updates what exists: run it again after a failure, or to change a setting. Settings that are not given stay, and so do
more memory, a longer timeout and other layers. Code, mapper and role of existing functions stay too: `swap-mapper`
changes the first two. The function's own code checks the settings before anything is made. A version goes live only
after it has mapped an event in a dry run. If $LATEST has settings that are not live, which `rollback` leaves there, it
lists them and asks. No pool calls the function before `attach`, which also gives the right to write to the pool's
users; a change of COGNITO_ATTRIBUTES or COGNITO_GROUPS changes that right on the pools that are attached. Change what a
stack has made through its stack.

Rights, each on the names that this makes: sqs:CreateQueue, GetQueueUrl, GetQueueAttributes, SetQueueAttributes;
logs:DescribeLogGroups, CreateLogGroup, PutRetentionPolicy; iam:GetRole, CreateRole, GetRolePolicy, PutRolePolicy,
DeleteRolePolicy, PassRole; lambda:ListLayerVersions, GetLayerVersion, PublishLayerVersion, GetFunction,
GetFunctionConfiguration, CreateFunction, InvokeFunction, UpdateFunctionConfiguration, PublishVersion, GetAlias,
CreateAlias, UpdateAlias, GetPolicy, ListEventSourceMappings, CreateEventSourceMapping, UpdateEventSourceMapping.
"""
# In seconds. Cognito waits 5; a redelivery has a batch of ten.
TIMEOUT, REDELIVERY_TIMEOUT = 6, 30
# Only the trigger has it, because it fills the queue.
QUEUE = "UNDELIVERED_QUEUE_URL"


def create():
    """Does it; returns the exit status."""
    arguments = parsed()
    names, given = Names(arguments.function), dict(arguments.set)
    before = [functions.configuration(name) for name in names.functions]
    for name, there in zip(names.functions, before, strict=True):
        if there:
            check_is_ours(name, there, names)
    trigger, redelivery = (there and settings_of(there) for there in before)
    variables = merged(trigger or {}, given)
    if "BACKEND_API_URL" not in variables:
        raise Stop("the function needs --set BACKEND_API_URL=https://..., the base of every request")
    arch = before[0]["Architectures"][0] if before[0] else arguments.arch or "x86_64"
    if arguments.arch not in (arch, None):
        raise Stop(
            f"{names.function} is for {arch}, which can't be changed; choose another --function for {arguments.arch}"
        )
    code, mapper = functions.package(arch)
    if redelivery is None:
        redelivery = {name: value for name, value in variables.items() if name != QUEUE}
    wanted = dict(zip(names.functions, (variables, merged(redelivery, given)), strict=True))
    check_settings(wanted)
    confirm_unpublished(wanted, given, arguments.yes)

    url, queue = ensure_queues(names, max(REDELIVERY_TIMEOUT, before[1]["Timeout"] if before[1] else 0))
    parts = [
        (names.function, names.trigger_role, SEND, wanted[names.function] | {QUEUE: url}, TIMEOUT),
        (names.redelivery, names.redelivery_role, RECEIVE, wanted[names.redelivery], REDELIVERY_TIMEOUT),
    ]
    live = {function: settings_of(functions.configuration(function, ALIAS) or {}) for function in names.functions}
    writes = user_rights.needed(*wanted.values(), *live.values())
    pools = attached(f"{names.function}:{ALIAS}") if writes else set()
    roles, rights = {}, {}
    for function, role, actions, environment, _ in parts:
        group = f"/aws/lambda/{function}"
        ensure_log_group(group)
        needs = arn(queue, "logs", f"log-group:{group}"), queue, actions, environment
        rights[role] = policy(*needs)
        roles[function] = ensure_role(role, policy(*needs, live[function]))
        user_rights.ensure(role, user_rights.needed(environment, live[function]), pools)
    if layer := before[0] and mapper_of(before[0], names):
        say(f"layer {names.layer}: exists, version {layer.rpartition(':')[2]}")
    else:
        layer = functions.ensure_layer(names.layer, mapper, arch)
    versions = {
        function: functions.ensure_function(function, roles[function], layer, code, arch, environment, timeout)
        for function, _, _, environment, timeout in parts
    }
    # Redelivery first: if this fails, no sign-up does.
    aliases = make_live(dict(reversed(versions.items())), check_is_ready)
    for role, document in rights.items():
        # What only the former settings needed is not needed any more.
        tidy_role(role, document)
    for _, role, _, environment, _ in parts:
        user_rights.ensure(role, user_rights.needed(environment), pools)
    functions.ensure_mapping(queue, aliases[names.redelivery], roles[names.redelivery], arguments.max_concurrency)
    say(f"Next: `just attach POOL`, so that the pool calls {names.function} after a confirmation.")
    return 0


def check_is_ours(name, there, names):
    """Stops if this may not change a function, or if $LATEST has code that was not tried."""
    if there.get("Runtime") != functions.RUNTIME:
        raise Stop(
            f"{name} is already another function, with the runtime {there.get('Runtime')}; choose another --function"
        )
    tags = aws("lambda", "get-function", {"FunctionName": name}).get("Tags", {})
    if stack := tags.get("aws:cloudformation:stack-name"):
        raise Stop(f"{name} belongs to the stack {stack}: change the stack's parameters or its template, and deploy it")
    live = functions.configuration(name, ALIAS)
    if live and (live["CodeSha256"], mapper_of(live, names)) != (there["CodeSha256"], mapper_of(there, names)):
        raise Stop(
            f"{name}: $LATEST has another program or mapper than the live version, left there by an interrupted swap; "
            f"finish it with `just swap-mapper MAPPER --with-host`, or undo it with `just rollback VERSION`"
        )


def check_settings(wanted):
    """Stops if the program would refuse the wanted settings (by function)."""
    found = {fault: None for variables in wanted.values() for fault in workbench.faults(variables)}
    if found:
        raise Stop("\n  ".join(["the function would refuse these settings; nothing was changed", *found]))


def confirm_unpublished(wanted, given, yes):
    """Asks if settings would go live that were not given now, those from before a rollback for example."""
    asked = False
    for function, variables in wanted.items():
        live = functions.configuration(function, ALIAS)
        others = differing(settings_of(live), variables) if live else []
        if others := [name for name in others if name not in given and name != QUEUE]:
            say(f"{function}: in $LATEST but not live, left there by a rollback or a failure: {', '.join(others)}.")
            asked = True
    if asked and not agreed("Make these settings live too?", yes):
        raise Stop("not agreed; nothing was changed. To keep what is live, --set each of them to its live value")


def check_is_ready(function, version):
    """Stops if a version can't handle events, before the live version is changed.

    A new role's rights are not known everywhere at once, so a failed fetch of a secret is tried again.
    """
    for attempt in range(1, functions.ROLE_TRIES + 1):
        try:
            return ready(function, version)
        except Failed as failed:
            if failed.error_type != "Secret.Unavailable" or attempt == functions.ROLE_TRIES:
                raise Stop(
                    f"{failed}\nThe live version stays; fix the cause (with --set, for example) and run this again"
                ) from None
        say(f"{function} can't fetch its secrets yet; trying again ({attempt} of {functions.ROLE_TRIES - 1})")
        time.sleep(functions.ROLE_WAIT)


def parsed():
    """The arguments."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        type=setting,
        action="append",
        default=[],
        help="a setting of docs/reference.md; BACKEND_API_URL is required at first, an empty VALUE removes a setting",
    )
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
    parser.add_argument("--arch", choices=["x86_64", "arm64"], help="of a new function (x86_64)")
    parser.add_argument("--max-concurrency", type=concurrency, metavar="N", help="redeliveries at once (5)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args()


def concurrency(text):
    """A number of redeliveries at once. For argparse."""
    if text.isdecimal() and 2 <= int(text) <= 1000:
        return int(text)
    raise argparse.ArgumentTypeError("must be a number from 2 to 1000")


def arn(like, service, resource):
    """The ARN of `resource` of `service` in the account and region of the ARN `like`."""
    _, partition, _, region, account, _ = like.split(":", 5)
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


if __name__ == "__main__":
    main(create)
