"""The backend's answer is in the user's token: the default mapper, two variables, no code.

Pool and functions are set up by the lines of the guide. cognito-local does all of it: it keeps attributes and groups,
and puts them into the next ID token.
"""

import re

import pytest

from support.program import ROOT

EMAIL = "alice@example.com"
GUIDE = (ROOT / "docs/deploy.md").read_text("utf-8").partition("\n## Your backend's id in the user's token\n")[2]
GUIDE = GUIDE.partition("\n## ")[0]
SETTINGS = dict(re.findall(r"--set (\w+)=(\S+)", GUIDE))
MAPPER = {name: value for name, value in SETTINGS.items() if name.startswith("MAPPER_ENV_")}
ATTRIBUTES = re.findall(r"Name=(\w+),AttributeDataType=String,Mutable=true", GUIDE)
[GROUP] = re.findall(r"create-group .*--group-name (\w+)", GUIDE)


@pytest.fixture
def pool(stack):
    """The pool, in which an administrator has made attributes and group; the functions write to it."""
    stack.pool.add_attributes(*ATTRIBUTES)
    # In a pool that never had a group, cognito-local answers 500 instead of ResourceNotFoundException.
    stack.pool.add_group("others")
    cognito = {"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": stack.cognito.url}
    stack.deploy(**SETTINGS, **cognito)
    return stack.pool


def written(row):
    """The claims that the answer for this row becomes."""
    return {"custom:backend_id": str(row["id"]), "custom:plan": row["plan"], "cognito:groups": [row["group"]]}


def claims(pool):
    """The claims of the next ID token that the answer can have made."""
    token = pool.sign_in(EMAIL)
    return {name: token[name] for name in written({"id": 0, "plan": "", "group": ""}) if name in token}


def test_the_backends_id_is_in_the_token(stack, pool, proved):
    assert len(MAPPER) == 2 and SETTINGS.keys() - MAPPER == {"COGNITO_ATTRIBUTES", "COGNITO_GROUPS"}
    pool.add_group(GROUP)
    sub = pool.sign_up(EMAIL, email=EMAIL)
    pool.confirm(EMAIL)
    [end], [row] = stack.function.ends(), stack.django.rows(sub=sub)
    assert (end["end"], end["status"]) == ("delivered", 201)
    assert end["effects"] == {"attributes": 2, "groups": 1}
    assert claims(pool) == written(row) == written(row | {"plan": "gold", "group": GROUP})
    proved(f"the first ID token has the backend's id, the plan and the group: {claims(pool)}")
    for log in (stack.function.logs(), stack.django.logs()):
        assert not any(value in log for value in (EMAIL, "gold", sub))
    proved("no log holds a value of them")


def test_without_permission_nothing_is_written(stack, pool, proved):
    stack.deploy(**MAPPER)
    sub = pool.sign_up(EMAIL, email=EMAIL)
    pool.confirm(EMAIL)
    [end] = stack.function.ends()
    assert (end["end"], "effects" in end, len(stack.django.rows(sub=sub))) == ("delivered", False, 1)
    assert claims(pool) == {}
    proved("without COGNITO_ATTRIBUTES and COGNITO_GROUPS the answer changes nothing")


def test_redelivery_writes_what_cognito_refused(stack, pool, proved):
    sub = pool.sign_up(EMAIL, email=EMAIL)
    pool.confirm(EMAIL)
    [end], [row] = stack.function.ends(), stack.django.rows(sub=sub)
    assert (end["end"], end["errorType"], end["status"]) == ("queued", "Effect.Refused", 201)
    assert end["effectError"] == "ResourceNotFoundException"
    assert end["effects"] == {"attributes": 2, "groups": 0}
    proved("the group does not exist: the backend has the user, and the event is in the queue")
    pool.add_group(GROUP)
    assert stack.queue.hand_over(stack.redelivery, stack.queue.receive()) == []
    [end] = stack.redelivery.ends()
    assert (end["end"], end["status"], end["effects"]) == ("delivered", 200, {"attributes": 2, "groups": 1})
    assert stack.django.rows(sub=sub) == [row] and claims(pool) == written(row)
    proved("somebody makes the group: redelivery gets the same answer from the backend, and the token has all of it")
