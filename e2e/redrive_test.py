"""`redrive` moves the dead letters back into the queue."""

import urllib.error
import urllib.request
from subprocess import run

import pytest

from support.no_sleep import without_sleeping
from support.program import MAPPER, announced
from support.redrives import Redrives

# How often it looks for a redrive that SQS does not list.
LOOKS = 30


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
