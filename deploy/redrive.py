"""Moves the dead letters back into the queue, so that redelivery tries them again."""

import argparse
import time

from aws import Stop, aws, aws_or_none, main, say
from names import DEFAULT, Names

HELP = """
Run it after you have fixed the cause. Events that redelivery gave up (after five attempts) are in the queue
NAME-dead-letters. This starts SQS's own redrive into NAME-undelivered and follows it to its end; you can interrupt it
and run it again. If a redrive is already running, it follows that one.

Rights: sqs:GetQueueUrl, GetQueueAttributes, ListMessageMoveTasks, StartMessageMoveTask, ReceiveMessage and
DeleteMessage on the dead-letter queue; sqs:SendMessage on the queue.
"""
# In seconds.
LOOK_EVERY = 2
# How often a redrive may be missing from SQS's list: AWS does not say how soon a new one is listed.
LOOKS = 30


def redrive():
    """Does it; returns the exit status."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
    names = Names(parser.parse_args().function)

    found = aws_or_none("sqs", "get-queue-url", {"QueueName": names.dead_letters})
    if not found:
        raise Stop(f"there is no queue {names.dead_letters} in this account and region")
    asked = {"QueueUrl": found["QueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages", "QueueArn"]}
    attributes = aws("sqs", "get-queue-attributes", asked)["Attributes"]
    source = attributes["QueueArn"]
    last = newest(source)
    started = last.get("StartedTimestamp", 0)
    if last.get("Status") in ("RUNNING", "CANCELLING"):
        say("a redrive is already running")
        return follow(source, started)
    count = int(attributes["ApproximateNumberOfMessages"])
    if not count:
        say(f"{names.dead_letters}: no dead letters")
        return 0
    say(f"{names.dead_letters}: about {count} dead letters")
    target = source.removesuffix(names.dead_letters) + names.queue
    aws("sqs", "start-message-move-task", {"SourceArn": source, "DestinationArn": target})
    return follow(source, started + 1)


def follow(source, since):
    """Reports the progress of the newest redrive from the queue with the ARN `source` until it is over.

    A redrive that started before `since` (milliseconds since 1970) is an older one: the new one is not listed yet.
    """
    told, missing = None, 0
    while True:
        task = newest(source)
        if task.get("StartedTimestamp", -1) < since:
            missing += 1
            if missing == LOOKS:
                raise Stop("SQS has started the redrive, but does not list it; run this again to see how far it is")
            time.sleep(LOOK_EVERY)
            continue
        moved = task.get("ApproximateNumberOfMessagesMoved", 0)
        if task["Status"] not in ("RUNNING", "CANCELLING"):
            break
        if moved != told:
            say(f"about {moved} of {task.get('ApproximateNumberOfMessagesToMove', '?')} moved")
            told = moved
        time.sleep(LOOK_EVERY)
    if task["Status"] != "COMPLETED":
        reason = f" ({task['FailureReason']})" if "FailureReason" in task else ""
        raise Stop(f"the redrive ended as {task['Status']}{reason} after about {moved}; run this again")
    say(f"about {moved} moved; the redrive is over")
    return 0


def newest(source):
    """The newest redrive from the queue with the ARN `source`, `{}` if there was none."""
    found = aws("sqs", "list-message-move-tasks", {"SourceArn": source, "MaxResults": 1}).get("Results", [])
    return found[0] if found else {}


if __name__ == "__main__":
    main(redrive)
