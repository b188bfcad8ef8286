"""The queue of undelivered events, its dead-letter queue, and the functions' log groups."""

import json

from aws import aws, aws_or_none, say

# In seconds: 14 days, the most that SQS offers.
RETENTION = 14 * 24 * 3600
# The visibility timeout, in timeouts of redelivery:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBLE_AFTER = 6
# How often redelivery tries before a message becomes a dead letter.
RECEIVES = 5
LOG_DAYS = 30


def ensure_queues(names, timeout):
    """Makes or updates both queues; `timeout` is redelivery's, in seconds.

    Returns the URL and the ARN of the queue.
    """
    kept = {"MessageRetentionPeriod": str(RETENTION), "SqsManagedSseEnabled": "true"}
    _, dead_letters = ensure_queue(names.dead_letters, kept)
    redrive = json.dumps({"deadLetterTargetArn": dead_letters, "maxReceiveCount": RECEIVES})
    return ensure_queue(
        names.queue, kept | {"VisibilityTimeout": str(VISIBLE_AFTER * timeout), "RedrivePolicy": redrive}
    )


def ensure_queue(name, attributes):
    """Makes the queue `name`, or sets those of `attributes` that it lacks. Returns its URL and its ARN.

    Larger values stay: a longer visibility timeout, a key of one's own, another number of receives.
    """
    queue = aws_or_none("sqs", "get-queue-url", {"QueueName": name})
    state = "exists" if queue else "created"
    if not queue:
        queue = aws("sqs", "create-queue", {"QueueName": name, "Attributes": attributes})
    url = queue["QueueUrl"]
    there = aws("sqs", "get-queue-attributes", {"QueueUrl": url, "AttributeNames": ["All"]})["Attributes"]
    if wrong := {key: value for key, value in attributes.items() if not does(there, key, value)}:
        aws("sqs", "set-queue-attributes", {"QueueUrl": url, "Attributes": wrong})
        state = "updated"
    say(f"queue {name}: {state}")
    return url, there["QueueArn"]


def does(there, key, wanted):
    """Whether the attributes `there` meet the purpose of the value `wanted` of the attribute `key`."""
    if key == "SqsManagedSseEnabled" and "KmsMasterKeyId" in there:
        return True
    if key not in there:
        return False
    has, wanted = json.loads(there[key]), json.loads(wanted)
    if key == "VisibilityTimeout":
        return has >= wanted
    if key == "RedrivePolicy":
        return has.get("deadLetterTargetArn") == wanted["deadLetterTargetArn"]
    return has == wanted


def ensure_log_group(name):
    """Makes the log group `name`, and sets a retention if it has none: without it, logs stay for ever."""
    groups = aws("logs", "describe-log-groups", {"logGroupNamePrefix": name})["logGroups"]
    group = next((group for group in groups if group["logGroupName"] == name), None)
    if not group:
        aws("logs", "create-log-group", {"logGroupName": name})
    if not group or "retentionInDays" not in group:
        aws("logs", "put-retention-policy", {"logGroupName": name, "retentionInDays": LOG_DAYS})
    state = "created" if not group else "exists" if "retentionInDays" in group else "updated"
    say(f"log group {name}: {state}")
