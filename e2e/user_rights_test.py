"""`create`, `attach` and `detach` give both roles the right to write to the users of the attached pools."""

import json

import pytest

from support.aws import ACCOUNT, REGION
from support.doctor import FUNCTION, REDELIVERY, USERS

SET, ADD = "cognito-idp:AdminUpdateUserAttributes", "cognito-idp:AdminAddUserToGroup"
PLAN = "custom:plan"


@pytest.fixture(scope="module")
def created(recipes):
    """The recipes, with the functions made."""
    recipes.create()
    return recipes


@pytest.fixture
def pools(created):
    """Two pools with a group, of which the functions know nothing afterwards."""
    made = [created.new_pool() for _ in range(2)]
    for pool in made:
        created.account.aws.client("cognito-idp").create_group(UserPoolId=pool, GroupName="members")
    yield made
    for pool in made:
        created.run("detach", pool, "--yes")
    created.create(COGNITO_ATTRIBUTES="", COGNITO_GROUPS="")
    assert rights(created) == []


def rights(recipes, policy=USERS):
    """What both roles may do with users, and on which pools; empty without the policy."""
    iam = recipes.account.aws.client("iam")
    given = []
    for role in (FUNCTION, REDELIVERY):
        if policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            [statement] = document["Statement"]
            assert statement["Effect"] == "Allow"
            given.append((statement["Action"], statement["Resource"]))
    assert given in ([], given[:1] * 2)
    return given[:1]


def arns(*pools):
    """Their ARNs, sorted."""
    return sorted(f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool}" for pool in pools)


def test_the_roles_may_write_to_the_users_of_attached_pools(created, pools, proved):
    one, other = pools
    created.create(COGNITO_GROUPS="members")
    assert rights(created) == []
    proved("before a pool is attached, there is none to write to")
    said = created.succeeds("attach", one, "--yes")
    assert rights(created) == [([ADD], arns(one))]
    assert f"role {REDELIVERY}: may do {ADD} on {one}\n" in said
    assert created.succeeds("doctor", one).endswith("\n0 faults, 0 warnings, 0 checks not made\n")
    proved("attach gives both roles the right on its pool alone, and doctor has nothing to say")
    assert "may do" not in created.succeeds("attach", one, "--yes")
    created.succeeds("attach", other, "--yes")
    assert rights(created) == [([ADD], arns(one, other))]
    proved("a second run changes nothing, and a second pool is added")

    created.create(COGNITO_ATTRIBUTES=PLAN)
    assert rights(created) == [([SET, ADD], arns(one, other))]
    created.create(COGNITO_GROUPS="")
    assert rights(created) == [([SET], arns(one, other))]
    proved("create adds what a new list needs on the attached pools, and removes what none needs")

    said = created.succeeds("detach", other, "--yes")
    assert rights(created) == [([SET], arns(one))]
    created.succeeds("detach", one, "--yes")
    assert rights(created) == []
    proved("detach takes the right on its pool away, and the policy with the last one")


def test_a_live_version_keeps_its_rights_until_another_is_live(created, pools, proved):
    created.create(COGNITO_ATTRIBUTES=PLAN)
    created.succeeds("attach", pools[0], "--yes")
    # The mapper answers with a path that no request may have.
    broken = ["--set", "MAPPER_ENV_USERS_PATH=https://example.com/"]
    done = created.run("create", "--set", "COGNITO_ATTRIBUTES=", "--set", "COGNITO_GROUPS=members", *broken)
    assert done.returncode == 1 and "The live version stays" in done.stderr
    assert rights(created) == [([SET, ADD], arns(pools[0]))]
    created.create(COGNITO_ATTRIBUTES="", COGNITO_GROUPS="", MAPPER_ENV_USERS_PATH="")
    assert rights(created) == []
    proved("the right that the live version needs is taken away only after another one is live")


def test_roles_that_have_the_right_get_no_second_one(created, pools, proved):
    iam, policy = created.account.aws.client("iam"), "write-to-users"
    statement = {"Effect": "Allow", "Action": [SET, ADD], "Resource": arns(pools[0])}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for role in (FUNCTION, REDELIVERY):
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
    created.create(COGNITO_ATTRIBUTES=PLAN)
    assert "may do" not in created.succeeds("attach", pools[0], "--yes")
    assert rights(created) == []
    created.succeeds("detach", pools[0], "--yes")
    assert rights(created, policy) == [([SET, ADD], arns(pools[0]))]
    for role in (FUNCTION, REDELIVERY):
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    proved("what a stack has given is neither given again nor taken away")
