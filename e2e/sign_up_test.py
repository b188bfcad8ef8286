"""Each way in which Cognito confirms a user, or does not, and the row that results in the backend's table."""

import json

import pytest

from support.program import ROOT

CASES = ROOT / "guest/cases"


def test_a_confirmed_sign_up_is_in_the_table(stack, proved):
    pool = stack.pool
    user = {"email": "alice@example.com", "given_name": "Alice", "family_name": "Exämple", "custom_plan": "gold"}
    sub = pool.sign_up("alice@example.com", **user)
    assert (stack.django.rows(sub=sub), stack.function.ends()) == ([], [])
    proved("before the confirmation, the function is not called and there is no row")

    pool.confirm("alice@example.com")
    assert pool.status("alice@example.com") == "CONFIRMED"
    [end] = stack.function.ends()
    assert (end["end"], end["status"], end["triggerSource"]) == ("delivered", 201, "PostConfirmation_ConfirmSignUp")
    assert (end["userPoolId"], len(end["attempts"]), end["coldStart"]) == (pool.id, 1, True)
    proved("with the confirmation, the function's log says `delivered` at the first attempt")

    [row] = stack.django.rows(sub=sub)
    assert (row["email"], row["given_name"], row["family_name"]) == ("alice@example.com", "Alice", "Exämple")
    assert (row["custom"], row["identities"], row["phone_number"]) == ({"plan": "gold"}, [], "")
    assert (row["user_pool_id"], row["client_id"]) == (pool.id, pool.client_id)
    assert (row["event_id"], row["trigger_source"]) == (end["eventId"], end["triggerSource"])
    assert (row["profile"]["cognito_id"], row["profile"]["username"]) == (sub, row["username"])
    assert len(stack.django.rows(user_pool_id=pool.id)) == 1
    proved("Django's table has the user once, with every attribute and the event's id")

    for log in (stack.function.logs(), stack.django.logs()):
        assert not any(value in log for value in ("alice@example.com", "Alice", "Exämple", "gold"))
    proved("no log of the function or of the backend holds an attribute")


def test_a_user_confirmed_by_an_administrator_is_in_the_table(stack, proved):
    sub = stack.pool.sign_up("bob@example.com", email="bob@example.com")
    stack.pool.admin_confirm("bob@example.com")
    [end], [row] = stack.function.ends(), stack.django.rows(user_pool_id=stack.pool.id)
    assert (end["end"], end["status"]) == ("delivered", 201)
    assert (row["sub"], row["email"], row["client_id"]) == (sub, "bob@example.com", "")
    proved("an administrator's confirmation makes a row, without an app client")


def test_a_user_with_only_a_phone_number_is_in_the_table(stack, proved):
    pool = stack.cognito.new_pool("phone_number")
    sub = pool.sign_up("+12025550100", phone_number="+12025550100")
    pool.confirm("+12025550100")
    [end], [row] = stack.function.ends(), stack.django.rows(user_pool_id=pool.id)
    assert (end["end"], row["sub"], row["phone_number"]) == ("delivered", sub, "+12025550100")
    assert (row["email"], "email" in row["profile"]) == ("", False)
    proved("a user without an e-mail address makes a row")


def test_a_password_reset_is_skipped_and_changes_nothing(stack, proved):
    stack.pool.sign_up("carol@example.com", email="carol@example.com")
    stack.pool.confirm("carol@example.com")
    before = stack.django.rows(user_pool_id=stack.pool.id)
    stack.pool.reset_password("carol@example.com")
    confirmed, reset = stack.function.ends()
    assert (confirmed["end"], reset["end"], reset["code"]) == ("delivered", "skipped", "password-reset")
    assert (reset["triggerSource"], reset["attempts"]) == ("PostConfirmation_ConfirmForgotPassword", [])
    proved("Cognito calls the function after a password reset, and the mapper skips the event")
    assert len(before) == 1 and stack.django.rows(user_pool_id=stack.pool.id) == before
    proved("the row is unchanged, its time of change included")


def test_a_user_created_by_an_administrator_calls_no_trigger(stack, proved):
    sub = stack.pool.admin_create("dave@example.com", email="dave@example.com")
    assert stack.pool.status("dave@example.com") == "FORCE_CHANGE_PASSWORD"
    assert (stack.function.ends(), stack.django.rows(sub=sub)) == ([], [])
    proved("Cognito calls no trigger for a user whom an administrator creates: there is no row")


@pytest.mark.parametrize("case", sorted(CASES.glob("federated*.event.json")), ids=lambda case: case.name.split(".")[0])
def test_a_federated_user_is_in_the_table(stack, case, proved):
    # cognito-local has no identity providers, so the function gets these events directly.
    event, pool = json.loads(case.read_bytes()), stack.pool.id
    payload = json.dumps(event | {"userPoolId": pool}).encode()
    answer = stack.function.invoke(payload)
    assert answer == payload
    proved("the function answers with exactly the bytes that it got")
    [end], [row] = stack.function.ends(), stack.django.rows(user_pool_id=pool)
    attributes = event["request"]["userAttributes"]
    assert (end["end"], row["sub"], row["username"]) == ("delivered", attributes["sub"], event["userName"])
    assert (row["email_verified"], row["name"]) == (0, attributes["name"])
    assert row["identities"] == json.loads(attributes["identities"])
    proved("the row has the identities, parsed from their text")
    stack.django.delete(row["sub"])
