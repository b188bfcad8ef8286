"""A backend that is down, hangs or refuses: no user is lost, and each is in its table once."""

import json
from datetime import datetime

from parts.cognito import COGNITO_WAITS
from parts.django import new_secret

EMAIL = "alice@example.com"


def sign_up(chain):
    """The `sub` of a user who has signed up and been confirmed."""
    sub = chain.pool.sign_up(EMAIL, email=EMAIL)
    chain.pool.confirm(EMAIL)
    assert chain.pool.status(EMAIL) == "CONFIRMED"
    return sub


def queued(chain, reason):
    """The one message of the queue, for this reason, after checking it against the function's log."""
    [end], [message] = chain.function.ends(), chain.queue.receive()
    assert (end["end"], end["errorType"]) == ("queued", reason)
    assert end["milliseconds"]["total"] < COGNITO_WAITS
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert datetime.fromisoformat(attributes.pop("first-failed-at")).tzinfo
    assert attributes == {"event-id": end["eventId"], "reason": reason, "attempts": str(len(end["attempts"]))}
    return message


def test_a_user_whom_a_stopped_backend_missed_is_delivered_later_and_once(chain, proved):
    chain.django.stop()
    try:
        sub = sign_up(chain)
        proved("the backend is stopped, and the sign-up succeeds within Cognito's five seconds")
        message = queued(chain, "Backend.Unreachable")
        assert chain.queue.hand_over(chain.redelivery, [message]) == [message["MessageId"]]
        assert chain.queue.size() == 1
    finally:
        chain.django.start()
    event = json.loads(message["Body"])
    assert (event["triggerSource"], event["userPoolId"]) == ("PostConfirmation_ConfirmSignUp", chain.pool.id)
    assert (event["request"]["userAttributes"]["sub"], event["request"]["userAttributes"]["email"]) == (sub, EMAIL)
    assert chain.django.rows(sub=sub) == []
    proved("the user is in the queue, with the event's id, the reason and the attempts, and stays as long as need be")

    assert chain.queue.hand_over(chain.redelivery, [message]) == []
    [_, end], [row] = chain.redelivery.ends(), chain.django.rows(sub=sub)
    assert (end["end"], end["status"], end["messageId"]) == ("delivered", 201, message["MessageId"])
    assert (row["email"], row["event_id"]) == (EMAIL, chain.function.ends()[0]["eventId"])
    assert chain.queue.size() == 0
    proved("the backend is started: redelivery makes the row, under the same id, and empties the queue")

    assert chain.queue.hand_over(chain.redelivery, [message]) == []
    assert chain.redelivery.ends()[2]["status"] == 200
    assert chain.django.rows(sub=sub) == [row]
    proved("the same batch handed over twice leaves one row, as it was")


def test_a_user_whom_a_hanging_backend_took_too_late_is_in_the_table_once(chain, proved):
    chain.django.freeze()
    try:
        sub = sign_up(chain)
        message = queued(chain, "Backend.TimedOut")
        assert chain.django.rows(sub=sub) == []
        proved("the backend hangs: the sign-up succeeds within Cognito's five seconds, and the user is in the queue")
    finally:
        chain.django.freeze(False)
    [row] = chain.django.programs[-1].wait_for("the row", lambda: chain.django.rows(sub=sub))
    proved("the backend goes on and takes the request that nobody waits for any more")
    assert chain.queue.hand_over(chain.redelivery, [message]) == []
    assert (chain.redelivery.ends()[0]["status"], chain.django.rows(sub=sub)) == (200, [row])
    assert chain.queue.size() == 0
    proved("redelivery leaves the one row as it was, and empties the queue")


def test_a_wrong_signing_secret_loses_nobody_and_a_new_one_needs_no_deployment(chain, proved):
    secrets = chain.aws.client("secretsmanager")
    arn = secrets.create_secret(Name="signing", SecretString=new_secret())["ARN"]
    chain.deploy(BACKEND_SIGNING_SECRET=arn)
    sub = sign_up(chain)
    message = queued(chain, "Backend.Refused")
    assert (chain.function.ends()[0]["status"], chain.django.rows(sub=sub)) == (401, [])
    proved("signed with the wrong secret, the request gets 401, and the user is in the queue")
    secrets.put_secret_value(SecretId=arn, SecretString=chain.django.secret)
    assert chain.queue.hand_over(chain.redelivery, [message]) == []
    assert (chain.redelivery.ends()[0]["status"], len(chain.django.rows(sub=sub)), chain.queue.size()) == (201, 1, 0)
    proved("the secret is mended in Secrets Manager: redelivery, which was not deployed anew, delivers")


def test_a_user_whose_name_another_one_left_is_kept_until_the_name_is_free(chain, proved):
    chain.pool = chain.cognito.new_pool()
    left = chain.pool.sign_up("alice", email=EMAIL)
    chain.pool.confirm("alice")
    chain.pool.delete("alice")
    sub = chain.pool.sign_up("alice", email="another@example.com")
    chain.pool.confirm("alice")
    first, second = chain.function.ends()
    assert (first["end"], second["end"], second["status"]) == ("delivered", "queued", 422)
    assert [row["sub"] for row in chain.django.rows(user_pool_id=chain.pool.id)] == [left]
    proved("a user signs up with the name of one who was deleted: 422, and so queued, not taken for delivered")
    chain.django.delete(left)
    assert chain.queue.hand_over(chain.redelivery, chain.queue.receive()) == []
    assert [row["sub"] for row in chain.django.rows(user_pool_id=chain.pool.id)] == [sub]
    proved("the old row is deleted, and redelivery makes the new one")
