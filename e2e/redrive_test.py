"""`redrive` moves the dead letters back into the queue."""

import urllib.error
import urllib.request
from subprocess import run

import pytest

from support.no_sleep import without_sleeping
from support.program import MAPPER, announced

# How often it looks for a redrive that SQS does not list.
LOOKS = 30
ARN = "arn:aws:sqs:eu-central-1:123456789012:post-confirmation"
NAMES = {"dead": "post-confirmation-dead-letters", "queue": "post-confirmation-undelivered"}


class Redrives:
    """SQS's redrives, which moto lacks: each look at the progress moves one message."""

    def __init__(self, sqs, interceptor):
        """Answers the operations in moto's place; makes both queues."""
        self.sqs, self.tasks, self.started, self.hidden = sqs, [], False, 0
        self.urls = {name: sqs.create_queue(QueueName=queue)["QueueUrl"] for name, queue in NAMES.items()}
        interceptor.answers |= {"StartMessageMoveTask": self.start, "ListMessageMoveTasks": self.list}

    def start(self, call):
        """StartMessageMoveTask."""
        assert call.parameters == {"SourceArn": f"{ARN}-dead-letters", "DestinationArn": f"{ARN}-undelivered"}
        self.tasks.insert(0, self.task("RUNNING"))
        self.started = True
        return 200, {"TaskHandle": "task"}

    def task(self, status):
        """A redrive of the messages that exist now."""
        moved = {"ApproximateNumberOfMessagesToMove": self.count("dead"), "ApproximateNumberOfMessagesMoved": 0}
        started = {"StartedTimestamp": 1_767_225_600_000 + len(self.tasks)}
        return {"Status": status, "SourceArn": f"{ARN}-dead-letters"} | started | moved

    def list(self, call):
        """ListMessageMoveTasks, the newest first. A redrive that has just started is `hidden` for that many looks."""
        if self.started and self.hidden:
            self.hidden -= 1
            return 200, {"Results": self.tasks[1:][: call.parameters["MaxResults"]]}
        shown = [dict(task) for task in self.tasks[: call.parameters["MaxResults"]]]
        if self.tasks and self.tasks[0]["Status"] == "RUNNING":
            [message] = self.sqs.receive_message(QueueUrl=self.urls["dead"])["Messages"]
            self.sqs.send_message(QueueUrl=self.urls["queue"], MessageBody=message["Body"])
            self.sqs.delete_message(QueueUrl=self.urls["dead"], ReceiptHandle=message["ReceiptHandle"])
            self.tasks[0]["ApproximateNumberOfMessagesMoved"] += 1
            if not self.count("dead"):
                self.tasks[0]["Status"] = "COMPLETED"
        return 200, {"Results": shown}

    def put(self, count):
        """Makes dead letters."""
        for number in range(count):
            self.sqs.send_message(QueueUrl=self.urls["dead"], MessageBody=str(number))

    def count(self, name):
        """How many messages are in a queue."""
        asked = {"QueueUrl": self.urls[name], "AttributeNames": ["ApproximateNumberOfMessages"]}
        return int(self.sqs.get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture
def redrives(aws, interceptor):
    """SQS's redrives."""
    return Redrives(aws.client("sqs"), interceptor)


@pytest.fixture
def redrive(cli, tmp_path):
    """Runs `redrive` without its waits."""
    variables = cli | without_sleeping(tmp_path / "no_sleep")
    command = [MAPPER, "redrive"]
    return lambda *args: announced(run([*command, *args], env=variables, capture_output=True, text=True))


def test_dead_letters_are_moved_back(redrives, redrive, interceptor, proved):
    redrives.put(3)
    done = redrive()
    assert (done.returncode, done.stderr) == (0, "")
    assert (redrives.count("dead"), redrives.count("queue")) == (0, 3)
    assert done.stdout.splitlines() == [
        "post-confirmation-dead-letters: about 3 dead letters",
        "about 0 of 3 moved",
        "about 1 of 3 moved",
        "about 2 of 3 moved",
        "about 3 moved; the redrive is over",
    ]
    proved("it counts the dead letters and follows SQS's redrive until all are in the queue")

    done = redrive()
    assert (done.returncode, done.stdout) == (0, "post-confirmation-dead-letters: no dead letters\n")
    assert len(interceptor.asked("StartMessageMoveTask")) == 1
    proved("if there are none, it says so and starts nothing")


def test_a_running_redrive_is_followed(redrives, redrive, interceptor, proved):
    redrives.put(2)
    redrives.tasks = [redrives.task("RUNNING")]
    done = redrive()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("a redrive is already running\nabout 1 of 2 moved\n")
    assert interceptor.asked("StartMessageMoveTask") == []
    proved("after an interruption it follows the running redrive")


@pytest.mark.parametrize("older", ["none", "COMPLETED", "FAILED"])
def test_a_redrive_that_is_listed_late_is_waited_for(older, redrives, redrive, interceptor, proved):
    redrives.tasks = [] if older == "none" else [redrives.task(older)]
    redrives.put(2)
    redrives.hidden = LOOKS - 1
    done = redrive()
    assert (done.returncode, done.stderr) == (0, "")
    assert (redrives.count("dead"), redrives.count("queue")) == (0, 2)
    assert done.stdout.splitlines()[1:] == [
        "about 0 of 2 moved",
        "about 1 of 2 moved",
        "about 2 moved; the redrive is over",
    ]
    proved(f"it waits for a redrive that SQS does not list yet, and does not follow an older one (here: {older})")


@pytest.mark.parametrize("older", ["none", "COMPLETED"])
def test_a_redrive_that_is_never_listed_is_reported(older, redrives, redrive, interceptor, proved):
    redrives.tasks = [] if older == "none" else [redrives.task(older)]
    redrives.put(2)
    redrives.hidden = LOOKS
    done = redrive()
    assert (done.returncode, done.stdout) == (1, "post-confirmation-dead-letters: about 2 dead letters\n")
    assert done.stderr == (
        "error: SQS has started the redrive, but does not list it; run this again to see how far it is\n"
    )
    assert len(interceptor.asked("ListMessageMoveTasks")) == 1 + LOOKS
    proved(f"after {LOOKS} looks it says that SQS does not list the redrive (before: {older})")

    done = redrive()
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "a redrive is already running")
    assert (redrives.count("queue"), len(interceptor.asked("StartMessageMoveTask"))) == (2, 1)
    proved("a second run follows that redrive to its end and starts none")


def test_a_failed_redrive_is_reported(redrives, redrive, interceptor, proved):
    redrives.put(2)

    def failing(_):
        failed = {"Status": "FAILED", "FailureReason": "AWS.SimpleQueueService.NonExistentQueue"}
        redrives.tasks = [redrives.task("FAILED") | failed | {"ApproximateNumberOfMessagesMoved": 1}]
        return 200, {"TaskHandle": "task"}

    interceptor.answers["StartMessageMoveTask"] = failing
    done = redrive()
    assert done.returncode == 1
    assert done.stderr == (
        "error: the redrive ended as FAILED (AWS.SimpleQueueService.NonExistentQueue) after about 1; run this again\n"
    )
    proved("a failed redrive is reported with SQS's reason")


def test_a_missing_queue_is_reported(redrive, proved):
    done = redrive("--function", "joined")
    assert done.returncode == 1
    assert done.stderr == "error: there is no queue joined-dead-letters in this account and region\n"
    proved("a missing queue is reported")


def test_moto_lacks_redrives(aws, proved):
    headers = {
        "X-Amz-Target": "AmazonSQS.ListMessageMoveTasks",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/eu-central-1/sqs/aws4_request",
    }
    asked = urllib.request.Request(aws.url, b'{"SourceArn": "any"}', headers)
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(asked)
    assert answer.value.code == 500
    proved("moto still has no redrives (getmoto/moto pull request 10265), so these tests have their own")
