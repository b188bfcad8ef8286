"""The rights on the users of a pool that a mapper's follow-up needs, for the pools that `attach` has attached.

The functions are made before any pool is known, so these rights have a policy of their own inside each role, which
`create`, `attach` and `detach` keep up to date.
"""

import json

from aws import aws, aws_or_none, say
from checks import NotChecked
from checks.deployment import refused
from functions import configuration
from names import ALIAS
from unpublished import settings_of

# The policy inside each role; others beside it are left alone.
POLICY = "post-confirmation-users"
# What each setting needs.
NEEDED = {
    "COGNITO_ATTRIBUTES": "cognito-idp:AdminUpdateUserAttributes",
    "COGNITO_GROUPS": "cognito-idp:AdminAddUserToGroup",
}


def needed(*settings):
    """The rights on a pool that functions with these settings need, each settings a dictionary."""
    return [right for name, right in NEEDED.items() if any(variables.get(name) for variables in settings)]


def give(names, pool, attached):
    """Gives the roles of both functions what they lack on the pool with the ARN `pool`.

    A stack, or the role's owner, may have given it already. `attached` are the ARNs of the pools of `attach`.
    """
    for function in names.functions:
        there = configuration(function, ALIAS)
        rights = needed(settings_of(there)) if there else []
        if rights and lacks(there["Role"], rights, pool):
            ensure(role_of(there), rights, {*attached, pool})


def take(names, attached):
    """Leaves the roles of both functions, of what `give` and `create` gave, only the rights on the pools `attached`."""
    for function in names.functions:
        there = configuration(function, ALIAS)
        if there and written(role_of(there)):
            ensure(role_of(there), needed(settings_of(there)), attached)


def lacks(role, rights, pool):
    """Whether the role with the ARN `role` lacks one of the rights on the pool, as far as IAM can tell."""
    try:
        return refused(role, rights, pool) != []
    except NotChecked:
        # Its policies have conditions that only a real call meets.
        return True


def ensure(role, rights, pools):
    """Makes the policy inside the role `role` give exactly these rights on the pools; without any, removes it."""
    statement = {"Sid": "Users", "Effect": "Allow", "Action": [*rights], "Resource": sorted(pools)}
    wanted = {"Version": "2012-10-17", "Statement": [statement]} if rights and pools else None
    there = written(role)
    if there == wanted:
        return
    named = {"RoleName": role, "PolicyName": POLICY}
    if wanted:
        aws("iam", "put-role-policy", named | {"PolicyDocument": json.dumps(wanted)})
        on = ", ".join(pool.rpartition("/")[2] for pool in statement["Resource"])
        say(f"role {role}: may do {', '.join(rights)} on {on}")
    else:
        aws("iam", "delete-role-policy", named)
        say(f"role {role}: may no longer write to users")


def written(role):
    """The policy as it is inside the role `role`, None if there is none."""
    found = aws_or_none("iam", "get-role-policy", {"RoleName": role, "PolicyName": POLICY})
    return found and found["PolicyDocument"]


def role_of(there):
    """The name of the role in a function's configuration."""
    return there["Role"].rpartition("/")[2]
