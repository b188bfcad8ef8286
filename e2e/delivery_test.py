"""If the backend is down, hangs or refuses, no user is lost, and each is in its table once."""

import json
from datetime import datetime

from support.cognito import COGNITO_WAITS
from support.django import new_secret

EMAIL = "alice@example.com"


def sign_up(stack):
    """The `sub` of a user who has signed up and been confirmed."""
    sub = stack.pool.sign_up(EMAIL, email=EMAIL)
    stack.pool.confirm(EMAIL)
    assert stack.pool.status(EMAIL) == "CONFIRMED"
    return sub


def queued(stack, reason):
    """The only message in the queue, checked against `reason` and the function's log."""
    [end], [message] = stack.function.ends(), stack.queue.receive()
    assert (end["end"], end["errorType"]) == ("queued", reason)
    assert end["milliseconds"]["total"] < COGNITO_WAITS
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    for time in ("received-at", "first-failed-at"):
        assert datetime.fromisoformat(attributes.pop(time)).tzinfo
    assert attributes == {"event-id": end["eventId"], "reason": reason, "attempts": str(len(end["attempts"]))}
    return message


def test_redelivery_delivers_once_after_the_backend_was_down(stack, proved):
    stack.django.stop()
    try:
        sub = sign_up(stack)
        proved("the backend is stopped, and the sign-up succeeds within Cognito's five seconds")
        message = queued(stack, "Backend.Unreachable")
        assert stack.queue.hand_over(stack.redelivery, [message]) == [message["MessageId"]]
        assert stack.queue.size() == 1
    finally:
        stack.django.start()
    event = json.loads(message["Body"])
    assert (event["triggerSource"], event["userPoolId"]) == ("PostConfirmation_ConfirmSignUp", stack.pool.id)
    assert (event["request"]["userAttributes"]["sub"], event["request"]["userAttributes"]["email"]) == (sub, EMAIL)
    assert stack.django.rows(sub=sub) == []
    proved("the event is in the queue, with its id, reason and attempts, and stays until it is delivered")

    assert stack.queue.hand_over(stack.redelivery, [message]) == []
    [_, end], [row] = stack.redelivery.ends(), stack.django.rows(sub=sub)
    assert (end["end"], end["status"], end["messageId"]) == ("delivered", 201, message["MessageId"])
    assert (row["email"], row["event_id"]) == (EMAIL, stack.function.ends()[0]["eventId"])
    assert stack.queue.size() == 0
    proved("the backend is up again: redelivery makes the row, under the same id, and empties the queue")

    assert stack.queue.hand_over(stack.redelivery, [message]) == []
    assert stack.redelivery.ends()[2]["status"] == 200
    assert stack.django.rows(sub=sub) == [row]
    proved("a batch that is redelivered twice leaves one row, unchanged")


def test_redelivery_after_a_late_backend_makes_no_second_row(stack, proved):
    stack.django.freeze()
    try:
        sub = sign_up(stack)
        message = queued(stack, "Backend.TimedOut")
        assert stack.django.rows(sub=sub) == []
        proved("the backend hangs: the sign-up succeeds within Cognito's five seconds, and the user is in the queue")
    finally:
        stack.django.freeze(False)
    [row] = stack.django.programs[-1].wait_for("the row", lambda: stack.django.rows(sub=sub))
    proved("the backend continues and takes the request after the function has given it up")
    assert stack.queue.hand_over(stack.redelivery, [message]) == []
    assert (stack.redelivery.ends()[0]["status"], stack.django.rows(sub=sub)) == (200, [row])
    assert stack.queue.size() == 0
    proved("redelivery leaves the row unchanged, and empties the queue")


def test_a_corrected_signing_secret_needs_no_deployment(stack, proved):
    secrets = stack.aws.client("secretsmanager")
    arn = secrets.create_secret(Name="signing", SecretString=new_secret())["ARN"]
    stack.deploy(BACKEND_SIGNING_SECRET=arn)
    sub = sign_up(stack)
    message = queued(stack, "Backend.Refused")
    assert (stack.function.ends()[0]["status"], stack.django.rows(sub=sub)) == (401, [])
    proved("a request with a wrong signature gets 401, and the event is in the queue")
    secrets.put_secret_value(SecretId=arn, SecretString=stack.django.secret)
    assert stack.queue.hand_over(stack.redelivery, [message]) == []
    assert (stack.redelivery.ends()[0]["status"], len(stack.django.rows(sub=sub)), stack.queue.size()) == (201, 1, 0)
    proved("the secret is corrected in Secrets Manager: redelivery delivers without a new deployment")


def test_a_user_with_a_taken_name_waits_in_the_queue(stack, proved):
    stack.pool = stack.cognito.new_pool()
    left = stack.pool.sign_up("alice", email=EMAIL)
    stack.pool.confirm("alice")
    stack.pool.delete("alice")
    sub = stack.pool.sign_up("alice", email="another@example.com")
    stack.pool.confirm("alice")
    first, second = stack.function.ends()
    assert (first["end"], second["end"], second["status"]) == ("delivered", "queued", 422)
    assert [row["sub"] for row in stack.django.rows(user_pool_id=stack.pool.id)] == [left]
    proved("a user with the name of a deleted one gets 422, and is queued instead of counted as delivered")
    stack.django.delete(left)
    assert stack.queue.hand_over(stack.redelivery, stack.queue.receive()) == []
    assert [row["sub"] for row in stack.django.rows(user_pool_id=stack.pool.id)] == [sub]
    proved("after the old row is deleted, redelivery makes the new one")
