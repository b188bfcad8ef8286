"""The roles of the two functions: only the rights that their settings need."""

import json

from aws import aws, aws_or_none, say
from settings import SECRETS

# The policy inside each role that these recipes own; others beside it are left alone.
POLICY = "post-confirmation"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
READ = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameter"}
SEND = ["sqs:SendMessage"]
# The rights that an event source mapping needs: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
RECEIVE = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]


def policy(log_group, queue, queue_actions, variables, former=None):
    """The policy of a function with the environment `variables`; `log_group` and `queue` are ARNs.

    `former` is the environment of the version that is live until the new one is.
    """
    statements = [
        ("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], f"{log_group}:*"),
        ("Queue", queue_actions, queue),
    ]
    for number, name in enumerate(SECRETS):
        value, before = variables.get(name, ""), (former or {}).get(name, "")
        for sid, arn in ((f"Secret{number}", value), (f"Secret{number}Former", before if before != value else "")):
            if arn.startswith("arn:"):
                statements.append((sid, [READ[arn.split(":")[2]]], whole(arn)))
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
            for sid, actions, resource in statements
        ],
    }


def whole(arn):
    """The ARN of the secret in `arn`, without `:KEY:STAGE:VERSION`, which selects a part of it."""
    return ":".join(arn.split(":")[:7])


def ensure_role(name, document):
    """Makes or updates the role `name` with the policy `document`. Returns its ARN."""
    role = aws_or_none("iam", "get-role", {"RoleName": name})
    there = role and aws_or_none("iam", "get-role-policy", {"RoleName": name, "PolicyName": POLICY})
    state = "updated" if role else "created"
    if not role:
        role = aws("iam", "create-role", {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(TRUST)})
    if there and there["PolicyDocument"] == document:
        state = "exists"
    else:
        put_policy(name, document)
    say(f"role {name}: {state}")
    return role["Role"]["Arn"]


def tidy_role(name, document):
    """Reduces the role `name` to the rights of `document`."""
    there = aws("iam", "get-role-policy", {"RoleName": name, "PolicyName": POLICY})
    if there["PolicyDocument"] != document:
        put_policy(name, document)
        say(f"role {name}: no longer needs the former secrets")


def put_policy(name, document):
    """Makes `document` the policy of the role `name`."""
    given = {"RoleName": name, "PolicyName": POLICY, "PolicyDocument": json.dumps(document)}
    aws("iam", "put-role-policy", given)
