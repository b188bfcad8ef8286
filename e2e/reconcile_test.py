"""`reconcile` queues users of a pool under the ids that their confirmations have."""

import collections
import json
import re
from subprocess import run

import pytest

from support.intercept import refused
from support.no_sleep import without_sleeping
from support.program import MAPPER, announced

PASSWORD = "Correct-horse-1"


@pytest.fixture
def reconcile(cli, tmp_path):
    """Runs `reconcile` without its waits."""
    variables = cli | without_sleeping(tmp_path / "no_sleep")

    def run_reconcile(*args, answer="y\n"):
        command = [MAPPER, "reconcile", *args]
        return announced(run(command, env=variables, input=answer, capture_output=True, text=True))

    return run_reconcile


@pytest.fixture
def pools(aws):
    """boto3's client of Cognito."""
    return aws.client("cognito-idp")


@pytest.fixture
def pool(pools):
    """The id of a user pool."""
    return pools.create_user_pool(PoolName="people")["UserPool"]["Id"]


@pytest.fixture
def queue(aws):
    """boto3's queue for undelivered events."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="post-confirmation-undelivered")["QueueUrl"]

    class Queue:
        def messages(self):
            """Receives and deletes all messages."""
            found = []
            while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
                "Messages"
            ):
                found += batch
            return found

        def events(self):
            """Receives and deletes all messages; returns the events by the users' names."""
            return {event["userName"]: event for event in (json.loads(found["Body"]) for found in self.messages())}

    return Queue()


def without_question(done):
    """The output after its question."""
    return done.stdout.partition("[y/N] ")[2]


def new_user(pools, pool, name, confirmed=True, **attributes):
    """The sub of a new user."""
    named = [{"Name": attribute, "Value": value} for attribute, value in attributes.items()]
    made = pools.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=named)["User"]
    if confirmed:
        pools.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
    return next(attribute["Value"] for attribute in made["Attributes"] if attribute["Name"] == "sub")


def new_client(pools, pool):
    """The id of a new app client."""
    return pools.create_user_pool_client(UserPoolId=pool, ClientName="web")["UserPoolClient"]["ClientId"]


def test_all_users_of_a_pool_are_queued(pools, pool, queue, reconcile, interceptor, proved):
    subs = {f"user-{number}": new_user(pools, pool, f"user-{number}") for number in range(130)}
    for number in range(3):
        new_user(pools, pool, f"invited-{number}", confirmed=False)
    sub = new_user(pools, pool, "Google_1", email="zoë@example.com", identities='[{"providerName":"Google"}]')
    pools.admin_disable_user(UserPoolId=pool, Username="user-7")

    def federated(call):
        status, answer = call.forward()
        for user in answer["Users"]:
            user["UserStatus"] = "EXTERNAL_PROVIDER" if user["Username"] == "Google_1" else user["UserStatus"]
        return status, answer

    interceptor.answers["ListUsers"] = federated
    done = reconcile(pool, "--all")
    assert (done.returncode, done.stderr) == (0, "")
    events = queue.events()
    assert {name: event["request"]["userAttributes"]["sub"] for name, event in events.items()} == {
        **subs,
        "Google_1": sub,
    }
    proved("every confirmed, federated or disabled user is queued, once")

    assert [(asked["Limit"], "PaginationToken" in asked) for asked in interceptor.asked("ListUsers")] == [
        (60, False),
        (60, True),
        (60, True),
    ]
    assert [len(asked["Entries"]) for asked in interceptor.asked("SendMessageBatch")].count(10) == 13
    assert without_question(done) == (
        "60 queued, 0 left out\n120 queued, 0 left out\n131 queued, 3 left out\n"
        "left out: 3 of status FORCE_CHANGE_PASSWORD\n"
    )
    proved("it reads pages of 60, sends batches of ten, shows its progress and counts users left out, without names")

    assert events["Google_1"] == {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": "eu-central-1",
        "userPoolId": pool,
        "userName": "Google_1",
        "callerContext": {},
        "request": {
            "userAttributes": {
                "sub": sub,
                "email": "zoë@example.com",
                "identities": '[{"providerName":"Google"}]',
                "cognito:user_status": "EXTERNAL_PROVIDER",
            }
        },
        "response": {},
    }
    proved("each message is the event of the confirmation, without the app client, which is not known any more")


def test_a_user_with_a_due_password_reset_is_queued(pools, pool, queue, reconcile, proved):
    new_user(pools, pool, "imported", email="imported@example.com", email_verified="true")
    pools.admin_reset_user_password(UserPoolId=pool, Username="imported")
    assert pools.admin_get_user(UserPoolId=pool, Username="imported")["UserStatus"] == "RESET_REQUIRED"
    new_user(pools, pool, "invited", confirmed=False)
    pools.sign_up(ClientId=new_client(pools, pool), Username="unconfirmed", Password=PASSWORD)
    done = reconcile(pool, "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert without_question(done) == (
        "1 queued, 2 left out\nleft out: 1 of status FORCE_CHANGE_PASSWORD\nleft out: 1 of status UNCONFIRMED\n"
    )
    [(name, event)] = queue.events().items()
    assert (name, event["request"]["userAttributes"]["cognito:user_status"]) == ("imported", "CONFIRMED")
    proved("a user whose password reset is due is queued with the status of the confirmation, CONFIRMED")
    proved("users who are not confirmed, or only invited, are left out and counted")


def test_a_reconciled_user_has_the_id_of_the_confirmation(stack, pools, pool, reconcile, proved):
    sub = new_user(pools, pool, "alice", email="alice@example.com")
    lost = new_user(pools, pool, "bob", email="bob@example.com")
    trigger = {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": "eu-central-1",
        "userPoolId": pool,
        "userName": "alice",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "exampleclientid"},
        "request": {"userAttributes": {"sub": sub, "email": "alice@example.com"}},
        "response": {},
    }
    stack.function.invoke(json.dumps(trigger).encode())
    [confirmed] = stack.function.ends()
    assert confirmed["end"] == "delivered", confirmed
    assert [row["event_id"] for row in stack.django.rows(user_pool_id=pool)] == [confirmed["eventId"]]

    for _ in range(2):
        assert reconcile(pool, "--all").returncode == 0
    messages = [{"MessageAttributes": {}} | message for message in stack.queue.receive()]
    assert len(messages) == 4
    assert stack.queue.hand_over(stack.redelivery, messages) == []
    ids = [end["eventId"] for end in stack.redelivery.ends()]
    rows = {row["sub"]: row["event_id"] for row in stack.django.rows(user_pool_id=pool)}
    assert set(rows) == {sub, lost}
    assert rows[sub] == confirmed["eventId"]
    assert sorted(ids) == sorted([rows[sub], rows[lost]] * 2)
    proved("a user whom the backend has is sent again under the id of the confirmation, and stays one row")
    proved("a user whom it lacks is added; a second run sends everyone under the same id again")


def test_users_are_found_by_name_and_by_sub(pools, pool, queue, reconcile, proved):
    subs = {name: new_user(pools, pool, name) for name in ("alice", "bob", "carol")}
    new_user(pools, pool, "invited", confirmed=False)
    done = reconcile(pool, "alice", 'al"ice', subs["bob"], "invited", "nobody@example.com")
    assert done.returncode == 1
    assert set(queue.events()) == {"alice", "bob"}
    assert "\nleft out: 1 of status FORCE_CHANGE_PASSWORD\nunknown: argument 2, 5 of the users given\n" in done.stdout
    proved("users are found by name and by sub")
    assert "nobody@example.com" not in done.stdout + done.stderr
    proved("unknown users are reported by their position, because a name may be an e-mail address")
    assert reconcile(pool, "carol").returncode == 0
    assert reconcile(pool).returncode == reconcile(pool, "--all", "carol").returncode == 2
    proved("it takes either users or --all")


def test_a_refused_message_is_retried_alone_and_reported(pools, pool, queue, reconcile, interceptor, proved):
    subs = {f"user-{number}": new_user(pools, pool, f"user-{number}") for number in range(12)}
    tries = {}

    def failing(call):
        sent = {entry["Id"]: entry for entry in call.parameters["Entries"]}
        users = {number: json.loads(entry["MessageBody"])["userName"] for number, entry in sent.items()}
        for user in users.values():
            tries[user] = tries.get(user, 0) + 1
        failed = {n for n, user in users.items() if user == "user-3" or (user == "user-11" and tries[user] < 3)}
        call.parameters["Entries"] = [entry for number, entry in sent.items() if number not in failed]
        call.body = json.dumps(call.parameters).encode()
        call.handler.headers.replace_header("Content-Length", str(len(call.body)))
        status, answer = call.forward() if call.parameters["Entries"] else (200, {"Successful": []})
        entry = {"SenderFault": False, "Code": "InternalError"}
        return status, answer | {"Failed": [entry | {"Id": number} for number in failed]}

    interceptor.answers["SendMessageBatch"] = failing
    done = reconcile(pool, "--all")
    assert done.returncode == 1
    assert without_question(done) == f"11 queued, 0 left out\nnot queued: {subs['user-3']} (InternalError)\n"
    assert (tries.pop("user-3"), tries.pop("user-11"), set(tries.values())) == (4, 3, {1})
    assert set(queue.events()) == set(subs) - {"user-3"}
    proved("a message that SQS refuses is retried alone, then reported by sub; the others are queued once")

    interceptor.answers["SendMessageBatch"] = lambda _: refused("AccessDenied", "No")
    done = reconcile(pool, "--all")
    assert done.returncode == 1
    assert "AccessDenied" in done.stderr and "run this again, it does no harm" in done.stderr
    proved("if SQS refuses everything, it stops at once")


# The characters that SQS takes: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
TAKEN = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
# The bytes that a queue takes if it is set to less than SQS's maximum.
SMALL = 4096


def strict(call):
    """SQS's answer to a batch: it refuses the whole for one character or for a message that is too long."""
    bodies = [entry["MessageBody"] for entry in call.parameters["Entries"]]
    if not all(map(TAKEN.fullmatch, bodies)):
        return refused("InvalidMessageContents", "Invalid characters in message")
    if any(len(body.encode()) > SMALL for body in bodies):
        return refused("InvalidParameterValue", f"One or more parameters are invalid: shorter than {SMALL} bytes")
    return call.forward()


# Characters at the edges of SQS's ranges, and escapes that JSON needs anyway.
NAMES = {
    "noncharacters": "a\uffffb\ufffec",
    "edges": "\ufffd\ue000\ud7ff\U00010000\U0010ffff\U0001fffe\x7f\x80",
    "controls": 'x\x00\x01\x1f\x0b\t\n\r"\\uffff',
}


def test_characters_that_sqs_refuses_are_escaped(pools, pool, queue, reconcile, interceptor, proved):
    for name, value in NAMES.items():
        new_user(pools, pool, name, given_name=value)
    interceptor.answers["SendMessageBatch"] = strict
    done = reconcile(pool, "--all")
    assert (done.returncode, done.stderr) == (0, "")
    assert without_question(done) == "3 queued, 0 left out\n"
    assert {name: event["request"]["userAttributes"]["given_name"] for name, event in queue.events().items()} == NAMES
    assert len(interceptor.asked("SendMessageBatch")) == 1
    proved("only characters that SQS refuses are written as escapes, which mean the same")


def test_a_refused_user_does_not_stop_the_others(pools, pool, queue, reconcile, interceptor, proved):
    subs = {f"user-{number:03}": new_user(pools, pool, f"user-{number:03}") for number in range(125)}
    # Two in the first batch, a whole page, and the last user.
    long = {"user-003", "user-007", *(f"user-{number:03}" for number in range(60, 120)), "user-124"}
    tries = collections.Counter()

    def lengthened(call):
        status, answer = call.forward()
        for user in answer["Users"]:
            if user["Username"] in long:
                user["Attributes"].append({"Name": "profile", "Value": "x" * SMALL})
        return status, answer

    def counted(call):
        for entry in call.parameters["Entries"]:
            tries[json.loads(entry["MessageBody"])["userName"]] += 1
        return strict(call)

    interceptor.answers |= {"ListUsers": lengthened, "SendMessageBatch": counted}
    done = reconcile(pool, "--all")
    assert (done.returncode, done.stderr) == (1, "")
    assert without_question(done).startswith("58 queued, 0 left out\n58 queued, 0 left out\n62 queued, 0 left out\n")
    assert {*re.findall(r"not queued: (\S+) \(InvalidParameterValue\)", done.stdout)} == {subs[name] for name in long}
    assert done.stdout.count("not queued: ") == len(long)
    assert set(queue.events()) == set(subs) - long
    assert max(tries.values()) == 2
    proved("users who can't be queued are reported, even a whole page; all others are queued and counted")


def test_what_was_queued_before_an_error_is_counted(pools, pool, queue, reconcile, interceptor, proved):
    for number in range(70):
        new_user(pools, pool, f"user-{number}")

    def expired(call):
        taken = len(interceptor.asked("SendMessageBatch")) <= 6 or len(interceptor.asked("ListUsers")) < 2
        return call.forward() if taken else refused("ExpiredToken", "The security token is expired")

    interceptor.answers["SendMessageBatch"] = expired
    done = reconcile(pool, "--all")
    assert done.returncode == 1
    assert "ExpiredToken" in done.stderr and "\n60 users are queued; run this again" in done.stderr
    assert len(queue.events()) == 60
    proved("if it must stop, it says how many are in the queue")


def test_reconcile_asks_before_it_queues_everybody(pools, pool, queue, reconcile, interceptor, proved):
    for number in range(3):
        new_user(pools, pool, f"user-{number}")
    for answer in ("n\n", "\n", ""):
        done = reconcile(pool, "--all", answer=answer)
        assert (done.returncode, done.stderr) == (1, "error: not agreed; nothing was queued\n")
        assert f"user pool {pool} (people) has about 3 users.\n" in done.stdout
        assert ("use `--yes` to agree" in done.stdout) == (answer == "")
    assert interceptor.asked("SendMessageBatch") == interceptor.asked("ListUsers") == []
    proved("before it queues all users it says how many there are, and asks; without a terminal it names `--yes`")
    done = reconcile(pool, "--all", "--yes", answer="")
    assert (done.returncode, len(queue.events()), "[y/N]" in done.stdout) == (0, 3, False)
    done = reconcile(pool, "user-1", answer="")
    assert (done.returncode, list(queue.events()), "[y/N]" in done.stdout) == (0, ["user-1"], False)
    proved("`--yes` skips the question; for users by name there is none")


def test_a_missing_queue_or_pool_is_reported(pool, reconcile, aws, proved):
    done = reconcile(pool, "--all", "--yes")
    assert (done.returncode, done.stderr) == (
        1,
        "error: there is no queue post-confirmation-undelivered in this account and region\n",
    )
    aws.client("sqs").create_queue(QueueName="post-confirmation-undelivered")
    done = reconcile("eu-central-1_Nowhere01", "--all")
    assert (done.returncode, "ResourceNotFoundException" in done.stderr) == (1, True)
    proved("a missing queue or pool is reported")
