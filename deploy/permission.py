"""The permission that lets one user pool call the function's alias."""

import json

import names
from aws import aws, aws_or_none, say


def permit(pool, alias):
    """Lets only the pool with the ARN `pool` call the alias with the ARN `alias` through Cognito."""
    sid = names.statement_id(pool.rsplit("/", 1)[1])
    meanwhile = f"{sid}-meanwhile"
    there = statements(alias)
    right = there.get(sid) == statement(sid, pool, alias)
    if sid in there and not right:
        # A temporary permission: without any, a confirmation in between would be lost.
        if meanwhile not in there:
            add(meanwhile, pool, alias)
        revoke(sid, alias)
    if not right:
        add(sid, pool, alias)
    if meanwhile in statements(alias):
        revoke(meanwhile, alias)
    say(f"permission {sid}: {'exists' if right else 'replaced' if sid in there else 'added'}")


def statement(sid, pool, alias):
    """The statement that Lambda makes of the permission in the alias's policy."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "cognito-idp.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": alias,
        "Condition": {
            "ArnLike": {"AWS:SourceArn": pool},
            "StringEquals": {"AWS:SourceAccount": pool.split(":")[4]},
        },
    }


def statements(alias):
    """The statements of the policy of the alias with the ARN `alias`, by their names."""
    policy = aws_or_none("lambda", "get-policy", of(alias))
    return {found["Sid"]: found for found in json.loads(policy["Policy"])["Statement"]} if policy else {}


def attached(alias):
    """The ARNs of the pools to which `permit` gave the alias."""
    named = {sid: there.get("Condition", {}).get("ArnLike", {}) for sid, there in statements(alias).items()}
    pools = {sid: str(condition.get("AWS:SourceArn")) for sid, condition in named.items()}
    return {pool for sid, pool in pools.items() if sid == names.statement_id(pool.rpartition("/")[2])}


def add(sid, pool, alias):
    """Adds the permission under the name `sid`."""
    permission = {
        "StatementId": sid,
        "Action": "lambda:InvokeFunction",
        "Principal": "cognito-idp.amazonaws.com",
        "SourceArn": pool,
        "SourceAccount": pool.split(":")[4],
    }
    aws("lambda", "add-permission", of(alias) | permission)


def revoke(sid, alias):
    """Removes the permission `sid`; returns whether there was one."""
    return aws_or_none("lambda", "remove-permission", of(alias) | {"StatementId": sid}) is not None


def of(alias):
    """The parameters by which Lambda's operations name the alias with the ARN `alias`."""
    function, qualifier = alias.rsplit(":", 1)
    return {"FunctionName": function, "Qualifier": qualifier}
