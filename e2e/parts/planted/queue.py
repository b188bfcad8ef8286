"""What can be wrong with the queue and redelivery."""

from ..doctor import DEAD_LETTERS, FUNCTION, QUEUE, REDELIVERY
from . import FAULT, WARNING, planted
from .function import layer

PLANTED = [
    planted("no queue", "queue", FAULT, "not set", "`just create`", lambda it: it.set(without="UNDELIVERED_QUEUE_URL")),
    planted(
        "a queue that is not there",
        "queue",
        FAULT,
        "does not exist",
        "`just create`",
        lambda it: it.sqs.delete_queue(QueueUrl=it.url[QUEUE]),
    ),
    planted(
        "messages that do not stay",
        "queue's settings",
        WARNING,
        "post-confirmation-undelivered keeps messages for 4 days",
        "`just create`",
        lambda it: it.set_queue(MessageRetentionPeriod="345600"),
    ),
    planted(
        "dead letters that do not stay",
        "queue's settings",
        WARNING,
        "post-confirmation-dead-letters keeps messages for 4 days",
        "`just create`",
        lambda it: it.set_queue(DEAD_LETTERS, MessageRetentionPeriod="345600"),
    ),
    planted(
        "no encryption",
        "queue's settings",
        WARNING,
        "not encrypted",
        "`just create`",
        lambda it: it.set_queue(SqsManagedSseEnabled="false"),
    ),
    planted(
        "messages that come back early",
        "queue's settings",
        WARNING,
        "179 s, not 6 times",
        "VisibilityTimeout=180",
        lambda it: it.set_queue(VisibilityTimeout="179"),
    ),
    planted(
        "messages that come back at once",
        "queue's settings",
        FAULT,
        "29 s, not 6 times",
        "VisibilityTimeout=180",
        lambda it: it.set_queue(VisibilityTimeout="29"),
    ),
    planted(
        "no dead letters",
        "dead-letter queue",
        FAULT,
        "has no dead-letter queue",
        "`just create`",
        lambda it: it.set_queue(RedrivePolicy=""),
    ),
    planted(
        "a dead-letter queue that is not there",
        "dead-letter queue",
        FAULT,
        "does not exist",
        "`just create`",
        lambda it: it.sqs.delete_queue(QueueUrl=it.url[DEAD_LETTERS]),
    ),
    planted(
        "a role that may not send",
        "sending to the queue",
        FAULT,
        "may not sqs:SendMessage",
        "`just create`",
        lambda it: it.allow(FUNCTION, "Log"),
    ),
    planted(
        "a role that may not receive",
        "taking from the queue",
        FAULT,
        "may not sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage",
        "`just create`",
        lambda it: it.allow(REDELIVERY, "Log"),
    ),
    planted(
        "a queue that denies",
        "sending to the queue",
        FAULT,
        "denies sqs:SendMessage",
        "set-queue-attributes",
        lambda it: it.deny("SQS:SendMessage"),
    ),
    planted(
        "a queue that denies under a condition",
        "sending to the queue",
        WARNING,
        "under a condition",
        "set-queue-attributes",
        lambda it: it.deny("sqs:*", StringNotEquals={"aws:SourceVpce": "vpce-1"}),
        follows={"taking from the queue": WARNING},
    ),
    planted(
        "no redelivery", "redelivery", FAULT, "there is no function", "`just create`", lambda it: it.unname(REDELIVERY)
    ),
    planted(
        "a short redelivery",
        "redelivery",
        WARNING,
        "29 s, not 30",
        "`just create`",
        lambda it: it.configure(REDELIVERY, Timeout=29),
    ),
    planted(
        "another mapper in redelivery",
        "redelivery",
        FAULT,
        "other layers",
        "`just swap-mapper MAPPER`",
        lambda it: it.layer(layer(), REDELIVERY),
    ),
    planted(
        "other settings in redelivery",
        "redelivery",
        FAULT,
        "other values of MAPPER_ENV_USERS_PATH",
        "--set MAPPER_ENV_USERS_PATH=",
        lambda it: it.set(REDELIVERY, MAPPER_ENV_USERS_PATH="c2VjcmV0/"),
    ),
    planted(
        "nothing that reads", "event source mapping", FAULT, "does not feed", "`just create`", lambda it: it.starve()
    ),
    planted(
        "a mapping that is off",
        "event source mapping",
        FAULT,
        "Disabled",
        "--enabled`",
        lambda it: it.feed(Enabled=False),
    ),
    planted(
        "a mapping that deletes",
        "event source mapping",
        FAULT,
        "lacks ReportBatchItemFailures",
        "--function-response-types ReportBatchItemFailures",
        lambda it: it.feed(FunctionResponseTypes=[]),
    ),
    planted(
        "a mapping without the alias",
        "event source mapping",
        WARNING,
        "not the alias `live`",
        "--function-name post-confirmation-redelivery:live",
        lambda it: it.feed(FunctionName=it.arn.replace(FUNCTION, REDELIVERY)),
    ),
    planted(
        "another reader",
        "event source mapping",
        FAULT,
        "function:post-confirmation:live reads the queue",
        "delete-event-source-mapping",
        lambda it: it.lambda_.create_event_source_mapping(**it.mapping | {"FunctionName": f"{it.arn}:live"}),
    ),
    planted(
        "users who wait", "waiting users", WARNING, "about 1 users wait", "aws logs tail", lambda it: it.wait(QUEUE)
    ),
    planted(
        "dead letters", "waiting users", WARNING, "1 users are dead", "`just redrive`", lambda it: it.wait(DEAD_LETTERS)
    ),
]
