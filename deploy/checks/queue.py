"""Checks of the queue of undelivered events, and of redelivery from it."""

import json

from checks import fault, warning
from checks.deployment import function_of, refused
from checks.function import is_ready
from checks.trigger import listed
from names import ALIAS
from queues import RETENTION, VISIBLE_AFTER
from role import RECEIVE, SEND
from unpublished import settings_of
from versions import layers_of

LOST = "a user whom the backend does not take at once is lost"
# In seconds. Ten events of a batch need it.
REDELIVERY_TIMEOUT = 30
WORKS = ("Creating", "Enabled", "Enabling", "Updating")


def queue(deployment):
    """The function has a queue, which exists."""
    if not deployment.variables.get("UNDELIVERED_QUEUE_URL"):
        yield fault("UNDELIVERED_QUEUE_URL is not set", LOST, f"{deployment.create}: both make and set it")
    elif deployment.found_queue is None:
        yield fault("the queue that UNDELIVERED_QUEUE_URL names does not exist", LOST, deployment.create)


def kept(deployment):
    """Both queues keep messages as long as SQS can, encrypted, with a visibility timeout that is long enough."""
    yield from long_enough(deployment.names.queue, deployment.queue, deployment)
    yield from long_enough(deployment.names.dead_letters, dead_letters(deployment), deployment)
    if deployment.found_redelivery is not None:
        has, timeout = int(deployment.queue["VisibilityTimeout"]), deployment.redelivery["Timeout"]
        if has < VISIBLE_AFTER * timeout:
            report = fault if has < timeout else warning
            yield report(
                f"the queue's visibility timeout is {has} s, not {VISIBLE_AFTER} times redelivery's {timeout} s",
                "messages come again while they are still being delivered, and end as dead letters too soon",
                f"`aws sqs set-queue-attributes --queue-url {deployment.queue_url} --attributes "
                f"VisibilityTimeout={VISIBLE_AFTER * timeout}`",
            )


def long_enough(name, there, deployment):
    """Findings if the queue with the attributes `there` keeps messages too short a time, or unencrypted."""
    if int(there.get("MessageRetentionPeriod", RETENTION)) < RETENTION:
        days = int(there["MessageRetentionPeriod"]) / 86400
        yield warning(
            f"{name} keeps messages for {days:g} days, not 14",
            "then SQS deletes users whom the backend does not have",
            deployment.create,
        )
    if there.get("SqsManagedSseEnabled") != "true" and not there.get("KmsMasterKeyId"):
        yield warning(f"{name} is not encrypted", "it holds users' attributes", deployment.create)


def dead_letters(deployment):
    """The attributes of the dead-letter queue, or faultless ones if there is no such queue."""
    there = deployment.dead_letters if deployment.dead_letters_arn else None
    return {"SqsManagedSseEnabled": "true"} if there is None else there


def dead_letter_queue(deployment):
    """Events that redelivery gives up go to a dead-letter queue."""
    if not deployment.dead_letters_arn:
        what = "the queue has no dead-letter queue"
    elif deployment.dead_letters is None:
        what = "the queue's dead-letter queue does not exist"
    else:
        return
    yield fault(what, "an event that can't be delivered is tried until SQS deletes it", deployment.create)


def waiting(deployment):
    """Nobody waits."""
    if count := messages(deployment.queue):
        yield warning(
            f"about {count} users wait in the queue",
            "the backend does not have them",
            "if they do not become fewer within minutes, see `errorType` in "
            f"`aws logs tail /aws/lambda/{deployment.names.redelivery} --since 1h`",
        )
    if count := deployment.dead_letters_arn and messages(dead_letters(deployment)):
        yield warning(
            f"about {count} users are dead letters",
            "redelivery has given them up, and SQS deletes them after 14 days",
            f"fix the cause, then `just redrive{deployment.option}`",
        )


def messages(attributes):
    """How many messages a queue has."""
    names = "", "NotVisible", "Delayed"
    return sum(int(attributes.get(f"ApproximateNumberOfMessages{name}", 0)) for name in names)


def may_send(deployment):
    """The function's role may send into the queue, and neither policy denies it."""
    yield from may(deployment, deployment.function["Role"], SEND, LOST)


def may_receive(deployment):
    """Redelivery's role may take from the queue, and neither policy denies it."""
    yield from may(deployment, deployment.redelivery["Role"], RECEIVE, "nothing is redelivered")


def may(deployment, role, actions, why):
    """Findings that keep a role from `actions` on the queue."""
    arn = deployment.queue["QueueArn"]
    denied = refused(role, actions, arn)
    if denied is None:
        yield fault(f"there is no role {role}", why, deployment.create)
    elif denied:
        yield fault(f"{role} may not {', '.join(denied)} on {arn}", why, deployment.create)
    for statement in json.loads(deployment.queue.get("Policy") or "{}").get("Statement", []):
        if statement["Effect"] == "Deny" and concerns(statement, role, actions):
            sid = statement.get("Sid", "without a name")
            report = warning if "Condition" in statement else fault
            yield report(
                f"the queue's policy denies {', '.join(actions)} to {role}, in the statement {sid}"
                + (", under a condition" if "Condition" in statement else ""),
                why,
                f"remove the role from it: `aws sqs set-queue-attributes --queue-url {deployment.queue_url} "
                "--attributes file://…`",
            )


def concerns(statement, role, actions):
    """Whether a Deny statement applies to the role and one of `actions`, and not only to calls without TLS."""
    if list(statement.get("Condition", {}).values()) == [{"aws:SecureTransport": "false"}]:
        return False
    principal = statement.get("Principal", "*")
    named = listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)
    account = role.split(":")[4]
    everybody = {"*", role, account, f"arn:aws:iam::{account}:root"}
    denied = {action.lower() for action in listed(statement.get("Action", "*"))}
    wanted = {action.lower() for action in actions} | {"sqs:*", "*"}
    return bool(everybody & {*named}) and bool(denied & wanted)


def redelivery(deployment):
    """The redelivery function exists, with the mapper and the settings of the function that Cognito calls."""
    there, name, why = deployment.found_redelivery, deployment.names.redelivery, "nothing is redelivered"
    yield from is_ready(there, f"{name}:{deployment.redelivery_qualifier}", why, deployment)
    if there is None:
        return
    if there["Timeout"] < REDELIVERY_TIMEOUT:
        yield warning(
            f"{name} has a timeout of {there['Timeout']} s, not {REDELIVERY_TIMEOUT}",
            "a batch of ten events may run out of time",
            deployment.create,
        )
    if (
        layers_of(there) != layers_of(deployment.function)
        or there["Architectures"] != (deployment.function["Architectures"])
    ):
        yield fault(
            f"{name} has other layers than {deployment.names.function}",
            "events from the queue are mapped differently, or not at all",
            f"{deployment.swap}: both change both functions",
        )
    ours, theirs = (shared(settings_of(function)) for function in (deployment.function, there))
    if differing := sorted(key for key in ours | theirs if ours.get(key) != theirs.get(key)):
        yield fault(
            f"{name} has other values of {', '.join(differing)} than {deployment.names.function}",
            "events from the queue end differently",
            deployment.change(f"{differing[0]}=VALUE") + ", which sets both",
        )


def shared(variables):
    """The settings that must be the same in both functions."""
    return {name: value for name, value in variables.items() if name.startswith(("BACKEND_", "COGNITO_", "MAPPER_"))}


def mapping(deployment):
    """The queue feeds only the redelivery function, which reports failed records."""
    there, name = deployment.mapping, deployment.names.redelivery
    for other in deployment.mappings:
        if function_of(other["FunctionArn"]) != name:
            yield fault(
                f"{other['FunctionArn']} reads the queue",
                "it takes users away from redelivery",
                f"`aws lambda delete-event-source-mapping --uuid {other['UUID']}`",
            )
    if not there:
        yield fault(f"the queue does not feed {name}", "nothing is redelivered", deployment.create)
        return
    update = f"`aws lambda update-event-source-mapping --uuid {there['UUID']} "
    if there["State"] not in WORKS:
        yield fault(f"the event source mapping is {there['State']}", "nothing is redelivered", f"{update}--enabled`")
    if "ReportBatchItemFailures" not in (there.get("FunctionResponseTypes") or []):
        yield fault(
            "the event source mapping lacks ReportBatchItemFailures",
            "Lambda deletes messages that were not delivered",
            f"{update}--function-response-types ReportBatchItemFailures`",
        )
    if not there["FunctionArn"].endswith(f":{ALIAS}"):
        yield warning(
            f"the event source mapping calls {there['FunctionArn']} and not the alias `{ALIAS}`",
            "a swap or a rollback of the mapper does not reach it as a whole",
            f"{update}--function-name {name}:{ALIAS}`",
        )
