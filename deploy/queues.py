"""The queue of what the backend did not take, its dead-letter queue, and the functions' log groups."""

import json

from aws import aws, aws_or_none, say

# In seconds: 14 days, the most that SQS offers, and six times the timeout of redelivery, as Lambda asks for.
RETENTION, VISIBILITY = 14 * 24 * 3600, 180
# How often redelivery tries before a message becomes a dead letter.
RECEIVES = 5
LOG_DAYS = 30


def ensure_queues(names):
    """Makes both queues, or brings them up to date. Returns the URL and the ARN of the queue."""
    kept = {"MessageRetentionPeriod": str(RETENTION), "SqsManagedSseEnabled": "true"}
    _, dead_letters = ensure_queue(names.dead_letters, kept)
    redrive = json.dumps({"deadLetterTargetArn": dead_letters, "maxReceiveCount": RECEIVES})
    return ensure_queue(names.queue, kept | {"VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": redrive})


def ensure_queue(name, attributes):
    """Makes the queue `name`, or gives it those of `attributes` that it lacks. Returns its URL and its ARN."""
    queue = aws_or_none("sqs", "get-queue-url", {"QueueName": name})
    state = "exists" if queue else "created"
    if not queue:
        queue = aws("sqs", "create-queue", {"QueueName": name, "Attributes": attributes})
    url = queue["QueueUrl"]
    there = aws("sqs", "get-queue-attributes", {"QueueUrl": url, "AttributeNames": ["All"]})["Attributes"]
    if wrong := {key: value for key, value in attributes.items() if not same(there.get(key), value)}:
        aws("sqs", "set-queue-attributes", {"QueueUrl": url, "Attributes": wrong})
        state = "updated"
    say(f"queue {name}: {state}")
    return url, there["QueueArn"]


def same(there, wanted):
    """Whether two attributes are the same; one that is JSON may be written differently."""
    return there is not None and json.loads(there) == json.loads(wanted)


def ensure_log_group(name):
    """Makes the log group `name`, and a retention where it has none: without it, logs stay for ever."""
    groups = aws("logs", "describe-log-groups", {"logGroupNamePrefix": name})["logGroups"]
    group = next((group for group in groups if group["logGroupName"] == name), None)
    if not group:
        aws("logs", "create-log-group", {"logGroupName": name})
    if not group or "retentionInDays" not in group:
        aws("logs", "put-retention-policy", {"logGroupName": name, "retentionInDays": LOG_DAYS})
    state = "created" if not group else "exists" if "retentionInDays" in group else "updated"
    say(f"log group {name}: {state}")
