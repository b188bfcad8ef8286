"""Queues users of a pool for the backend as if they had just been confirmed: those that it lacks get there."""

import argparse
import collections
import json
import time
from concurrent.futures import ThreadPoolExecutor

from aws import AwsError, Stop, aws, aws_or_none, main, say
from names import DEFAULT, Names

HELP = """
Puts, for each user, the event that Cognito would have sent after the confirmation into the queue NAME-undelivered;
redelivery takes it from there. The event's id is that of the confirmation, so a backend that honours it gets each user
once however often this runs: after an interruption, run it again.

Users of status CONFIRMED, EXTERNAL_PROVIDER (federated) and RESET_REQUIRED (confirmed, a new password is due) are
queued, disabled ones too: the backend should know them. Others are counted and left out. Exit status 1: a USER is
unknown, or SQS did not take a user, whose `sub` is named.

Rights: cognito-idp:ListUsers on the pool; sqs:GetQueueUrl and SendMessage on the queue.
"""
# The statuses taken, each with the one that the event of the confirmation has. RESET_REQUIRED is one of them: "User is
# confirmed, but the user must request a code and reset their password before they can sign in" (UserType in Cognito's
# API reference). Imported users have it.
STATUSES = {"CONFIRMED": "CONFIRMED", "EXTERNAL_PROVIDER": "EXTERNAL_PROVIDER", "RESET_REQUIRED": "CONFIRMED"}
# The most that ListUsers and SendMessageBatch take.
PAGE, BATCH = 60, 10
# In bytes. SQS takes 1 MiB in a batch, and took 256 KiB before August 2025.
BATCH_SIZE = 256 * 1024
PARALLEL, TRIES = 4, 4


def reconcile():
    """Does it; returns the exit status."""
    arguments = parsed()
    names = Names(arguments.function)
    queue = aws_or_none("sqs", "get-queue-url", {"QueueName": names.queue})
    if not queue:
        raise Stop(f"there is no queue {names.queue} in this account and region")
    unknown = []
    users = every(arguments.pool) if arguments.all else named(arguments.pool, arguments.user, unknown)
    queued, failed, left_out = 0, [], collections.Counter()
    try:
        with ThreadPoolExecutor(PARALLEL) as threads:
            for page in users:
                taken = [user for user in page if user["UserStatus"] in STATUSES]
                left_out.update(user["UserStatus"] for user in page if user["UserStatus"] not in STATUSES)
                entries = [(attributes(user).get("sub", ""), event(arguments.pool, user)) for user in taken]
                for rest in threads.map(lambda batch: send(queue["QueueUrl"], batch), list(batches(entries))):
                    failed += rest
                queued += len(taken)
                say(f"{queued - len(failed)} queued, {left_out.total()} left out")
    except AwsError as error:
        raise Stop(
            f"{error}\n{queued - len(failed)} users are queued; run this again, it does no harm to them"
        ) from None
    for status, count in sorted(left_out.items()):
        say(f"left out: {count} of status {status}")
    if unknown:
        say(f"unknown: argument {', '.join(map(str, unknown))} of the users given")
    for sub, code in failed:
        say(f"not queued: {sub} ({code})")
    return 1 if failed or unknown else 0


def every(pool):
    """All users of the pool, page by page."""
    asked = {"UserPoolId": pool, "Limit": PAGE}
    while True:
        page = aws("cognito-idp", "list-users", asked, "--no-paginate")
        yield page["Users"]
        if not page.get("PaginationToken"):
            return
        asked["PaginationToken"] = page["PaginationToken"]


def named(pool, users, unknown):
    """The users with the names or subs `users`, a page of one each; the places of unknown ones go into `unknown`."""
    for place, user in enumerate(users, start=1):
        quoted = user.replace("\\", "\\\\").replace('"', '\\"')
        for attribute in ("username", "sub"):
            asked = {"UserPoolId": pool, "Filter": f'{attribute} = "{quoted}"', "Limit": 1}
            if found := aws("cognito-idp", "list-users", asked, "--no-paginate")["Users"]:
                yield found
                break
        else:
            unknown.append(place)


def event(pool, user):
    """The event of the user's confirmation as text. The app client is not known, so it is left out."""
    return json.dumps(
        {
            "version": "1",
            "triggerSource": "PostConfirmation_ConfirmSignUp",
            "region": pool.partition("_")[0],
            "userPoolId": pool,
            "userName": user["Username"],
            "callerContext": {},
            "request": {"userAttributes": attributes(user) | {"cognito:user_status": STATUSES[user["UserStatus"]]}},
            "response": {},
        },
        ensure_ascii=False,
    )


def attributes(user):
    """A user's attributes by name."""
    return {attribute["Name"]: attribute.get("Value", "") for attribute in user.get("Attributes", [])}


def batches(entries):
    """The entries in batches that SQS takes."""
    batch, size = [], 0
    for sub, body in entries:
        length = len(body.encode())
        if batch and (len(batch) == BATCH or size + length > BATCH_SIZE):
            yield batch
            batch, size = [], 0
        batch.append((sub, body))
        size += length
    if batch:
        yield batch


def send(queue, batch):
    """Queues a batch and tries again what SQS did not take. Returns what remains: each user's sub with SQS's code."""
    entries = {str(number): entry for number, entry in enumerate(batch)}
    for attempt in range(TRIES):
        time.sleep(2**attempt - 1)
        sent = [{"Id": number, "MessageBody": body} for number, (_, body) in entries.items()]
        answer = aws("sqs", "send-message-batch", {"QueueUrl": queue, "Entries": sent})
        refused = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", [])}
        entries = {number: entry for number, entry in entries.items() if number in refused}
        if not entries:
            return []
    return [(sub, refused[number]) for number, (sub, _) in entries.items()]


def parsed():
    """The arguments."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("pool", metavar="POOL", help="the user pool's id")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="all users of the pool")
    which.add_argument("user", metavar="USER", nargs="*", default=[], help="a user's name in the pool, or its sub")
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main(reconcile)
