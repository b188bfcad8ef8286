"""Makes a user pool call the function after each confirmation, and changes nothing else of the pool."""

import names
import pool as pools
from aws import Stop, aws_or_none, main, say
from dry_run import ready
from permission import attached, permit
from user_rights import give

HELP = """
Sets LambdaConfig.PostConfirmation of the pool POOL to the function's alias `live`, and keeps every other setting and
trigger. It lets the function map an event in a dry run, shows the difference and asks. Then it saves the pool's
description into a file of the current folder, gives the pool the permission to call the alias, updates the pool, reads
it again and compares. If COGNITO_ATTRIBUTES or COGNITO_GROUPS is set, it gives the roles of both functions the right to
write to the pool's users, unless they have it. Running it again does no harm. Exit status 1: something is missing, the
function can't handle events, AWS refused, or another setting is different afterwards.

Rights: cognito-idp:DescribeUserPool, GetUserPoolMfaConfig and UpdateUserPool, and iam:PassRole on the role with which
the pool sends text messages, if it has one; lambda:GetAlias, GetFunctionConfiguration, InvokeFunction, GetPolicy,
AddPermission and RemovePermission; if users are written to, iam:SimulatePrincipalPolicy, GetRolePolicy and
PutRolePolicy on both roles.
"""


def attach():
    """Does it; returns the exit status."""
    arguments = pools.arguments(__doc__, HELP)
    pool = pools.read(arguments.pool)
    alias = aws_or_none("lambda", "get-alias", {"FunctionName": arguments.function, "Name": names.ALIAS})
    if not alias:
        raise Stop(
            f"there is no function {arguments.function} with an alias {names.ALIAS} in this account and region; "
            "make it with `just create` or from deploy/template.yaml"
        )
    # A function that can't handle an event must not get one: Cognito never calls twice.
    ready(arguments.function, names.ALIAS)
    arn = alias["AliasArn"]
    if pool.trigger == arn:
        allow(pool, arn, arguments.function)
        say(f"user pool {pool.id} calls {arn} already; nothing to change")
    else:
        # The permission first: a call without it fails, and the user is lost.
        pools.change(pool, arn, arguments.yes, before_update=lambda: allow(pool, arn, arguments.function))
        say(f"user pool {pool.id} now calls {arn} after each confirmation")
    return 0


def allow(pool, alias, function):
    """Lets the pool call the alias, and the functions write to the pool's users if they have to."""
    give(names.Names(function), pool.arn, attached(alias))
    permit(pool.arn, alias)


if __name__ == "__main__":
    main(attach)
