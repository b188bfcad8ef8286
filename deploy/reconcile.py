"""Queues users of a pool as if they had just been confirmed, so the backend gets those that it lacks."""

import argparse
import collections
import json
import re

from aws import AwsError, Stop, agreed, aws, aws_or_none, main, say
from names import DEFAULT, Names
from queueing import Queueing

HELP = """
Puts the event that Cognito would have sent after each user's confirmation into the queue NAME-undelivered; redelivery
takes it from there. The event's id is that of the confirmation, so a backend that honours it gets each user once even
if this runs again: after an interruption, run it again.

Users of status CONFIRMED, EXTERNAL_PROVIDER (federated) and RESET_REQUIRED (confirmed, a new password is due) are
queued, disabled ones too: the backend should know them. Others are counted and left out. With --all it says about how
many users the pool has, and asks. Exit status 1: a USER is unknown, you did not agree, or SQS did not take a user. The
output has that user's `sub`, and all others are queued.

Rights: cognito-idp:ListUsers on the pool, and DescribeUserPool for --all; sqs:GetQueueUrl and SendMessage on the queue.
"""
# The statuses that are queued, each with the status in the event of the confirmation. RESET_REQUIRED: "User is
# confirmed, but the user must request a code and reset their password before they can sign in" (UserType in Cognito's
# API reference). Imported users have it.
STATUSES = {"CONFIRMED": "CONFIRMED", "EXTERNAL_PROVIDER": "EXTERNAL_PROVIDER", "RESET_REQUIRED": "CONFIRMED"}
# The most that ListUsers takes.
PAGE = 60
# Characters that JSON may hold unescaped and SQS does not take:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")


def reconcile():
    """Does it; returns the exit status."""
    arguments = parsed()
    names = Names(arguments.function)
    queue = aws_or_none("sqs", "get-queue-url", {"QueueName": names.queue})
    if not queue:
        raise Stop(f"there is no queue {names.queue} in this account and region")
    if arguments.all:
        confirm(arguments.pool, names.queue, arguments.yes)
    unknown = []
    users = every(arguments.pool) if arguments.all else named(arguments.pool, arguments.user, unknown)
    queueing, left_out = Queueing(queue["QueueUrl"]), collections.Counter()
    try:
        for page in users:
            taken = [user for user in page if user["UserStatus"] in STATUSES]
            left_out.update(user["UserStatus"] for user in page if user["UserStatus"] not in STATUSES)
            queueing.put([(attributes(user).get("sub", ""), event(arguments.pool, user)) for user in taken])
            say(f"{queueing.queued} queued, {left_out.total()} left out")
    except AwsError as error:
        tell(queueing, left_out, unknown)
        raise Stop(f"{error}\n{queueing.queued} users are queued; run this again, it does no harm") from None
    tell(queueing, left_out, unknown)
    return 1 if queueing.refused or unknown else 0


def confirm(pool, queue, yes):
    """Says how many users there are, and asks whether to queue all of them. Raises Stop without a yes."""
    described = aws("cognito-idp", "describe-user-pool", {"UserPoolId": pool})["UserPool"]
    count = described.get("EstimatedNumberOfUsers", "an unknown number of")
    say(f"user pool {pool} ({described['Name']}) has about {count} users.")
    if not agreed(f"Put every confirmed user into {queue}?", yes):
        raise Stop("not agreed; nothing was queued")


def tell(queueing, left_out, unknown):
    """Says which users were not queued, and why."""
    for status, count in sorted(left_out.items()):
        say(f"left out: {count} of status {status}")
    if unknown:
        say(f"unknown: argument {', '.join(map(str, unknown))} of the users given")
    for sub, code in queueing.refused:
        say(f"not queued: {sub} ({code})")


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
    """The users with the names or subs `users`, a page of one each; the positions of unknown ones go into `unknown`."""
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
    """The event of the user's confirmation as text that SQS takes. The app client is not known, so it is left out."""
    text = json.dumps(
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
    # They can only be in strings, so the escape means the same; `bootstrap` writes these escapes too.
    return UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def attributes(user):
    """A user's attributes by name."""
    return {attribute["Name"]: attribute.get("Value", "") for attribute in user.get("Attributes", [])}


def parsed():
    """The arguments."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("pool", metavar="POOL", help="the user pool's id")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="all users of the pool")
    which.add_argument("user", metavar="USER", nargs="*", default=[], help="a user's name in the pool, or its sub")
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args()


if __name__ == "__main__":
    main(reconcile)
