"""Makes a user pool call the function after each confirmation, and changes nothing else of the pool."""

import names
import pool as pools
from aws import Stop, aws_or_none, main, say
from permission import permit

HELP = """
Sets LambdaConfig.PostConfirmation of the pool POOL to the function's alias `live`, and keeps every other setting and
trigger. It shows the difference and asks, saves the pool's description as it was into a file of the current folder,
gives the pool the permission to call the alias, updates the pool, reads it again and compares. Running it again does
no harm. Exit status 1: something is missing, AWS refused, or another setting is different afterwards.

Rights: cognito-idp:DescribeUserPool, GetUserPoolMfaConfig and UpdateUserPool, and iam:PassRole on the role by which the
pool sends text messages, where it has one; lambda:GetAlias, GetPolicy, AddPermission and RemovePermission.
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
    arn = alias["AliasArn"]
    if pool.trigger == arn:
        permit(pool.arn, arn)
        say(f"user pool {pool.id} calls {arn} already; nothing to change")
    else:
        # The permission first: a call without it is a user that nobody has.
        pools.change(pool, arn, arguments.yes, before_update=lambda: permit(pool.arn, arn))
        say(f"user pool {pool.id} calls {arn} after each confirmation now")
    return 0


if __name__ == "__main__":
    main(attach)
