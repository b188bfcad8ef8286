"""Makes a user pool no longer call the function after a confirmation, and changes nothing else of the pool."""

import names
import pool as pools
from aws import Stop, main, say
from permission import attached, revoke
from user_rights import take

HELP = """
Removes LambdaConfig.PostConfirmation of the pool POOL if it is the function, keeps every other setting and trigger, and
removes the permission that `attach` gave, and the right to write to the pool's users. It asks, saves, reads again and
compares like `attach`. From then on the backend does not hear of confirmed users: `reconcile` finds them later. Events
of this pool that wait in the queue may need the right: let it become empty first. Exit status 1: the trigger is another
function, AWS refused, or another setting is different afterwards.

Rights: cognito-idp:DescribeUserPool, GetUserPoolMfaConfig and UpdateUserPool, and iam:PassRole on the role with which
the pool sends text messages, if it has one; lambda:RemovePermission, GetFunctionConfiguration and GetPolicy;
iam:GetRolePolicy, PutRolePolicy and DeleteRolePolicy on both roles.
"""


def detach():
    """Does it; returns the exit status."""
    arguments = pools.arguments(__doc__, HELP)
    pool = pools.read(arguments.pool)
    ours = pool.lambda_arn(arguments.function)
    if not pool.trigger:
        say(f"user pool {pool.id} calls nothing after a confirmation; nothing to change")
    elif f"{pool.trigger}:".startswith(f"{ours}:"):
        pools.change(pool, None, arguments.yes)
        say(f"user pool {pool.id} now calls nothing after a confirmation")
    else:
        raise Stop(f"user pool {pool.id} calls another function, {pool.trigger}; nothing was changed")
    sid, alias = names.statement_id(pool.id), f"{ours}:{names.ALIAS}"
    say(f"permission {sid}: {'removed' if revoke(sid, alias) else 'there was none'}")
    take(names.Names(arguments.function), attached(alias) - {pool.arn})
    return 0


if __name__ == "__main__":
    main(detach)
