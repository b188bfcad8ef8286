"""Checks of Cognito's side: the pool, what it calls after a confirmation, and whether it may."""

from fnmatch import fnmatchcase

from checks import NotChecked, fault, warning
from names import ALIAS

PRINCIPAL = "cognito-idp.amazonaws.com"


def pool(deployment):
    """The pool exists."""
    if deployment.pool is None:
        yield fault(
            f"there is no user pool {deployment.pool_id} in this account and region",
            "nothing calls the function",
            "check the id (`aws cognito-idp list-user-pools --max-results 60`), AWS_PROFILE and AWS_REGION",
        )


def trigger(deployment):
    """The pool calls the function's alias."""
    called, ours = deployment.trigger, deployment.function_arn
    reconcile = f"`just reconcile {deployment.pool_id} --all{deployment.option}` for users since then"
    if not called:
        yield fault(
            "the pool calls nothing after a confirmation",
            "the backend does not hear of new users",
            f"{deployment.attach}, then {reconcile}",
        )
    elif not f"{called}:".startswith(f"{ours}:"):
        yield fault(
            f"the pool calls another function after a confirmation, {called}",
            "this function is never called",
            f"{deployment.attach} if the pool must call this one instead, then {reconcile}",
        )
    elif called != f"{ours}:{ALIAS}":
        yield warning(
            f"the pool calls {called} and not the alias `{ALIAS}`",
            "a swap or a rollback of the mapper does not reach it as a whole",
            deployment.attach,
        )


def permission(deployment):
    """Cognito may call what the pool names, for this pool."""
    if deployment.called is None:
        raise NotChecked(f"there is no function {deployment.names.function}:{deployment.qualifier}")
    qualifier = "" if deployment.qualifier == "$LATEST" else f":{deployment.qualifier}"
    called, arn = f"{deployment.function_arn}{qualifier}", deployment.pool["Arn"]
    account = arn.split(":")[4]
    cognitos = [statement for statement in deployment.statements if is_cognitos(statement, called)]
    sources = [(condition(statement, "sourcearn"), condition(statement, "sourceaccount")) for statement in cognitos]
    why = "each confirmation fails at once, without a line in any log, and the user is lost to the backend"
    if not cognitos:
        yield fault(f"Cognito may not call {called}", why, deployment.attach)
    elif not any(matches(pools, arn) and matches(accounts, account) for pools, accounts in sources):
        if any(matches(pools, arn) for pools, _ in sources):
            said = "only for another account"
        else:
            said = f"only for {', '.join(pool for pools, _ in sources for pool in pools or [])}"
        yield fault(f"Cognito may call {called} {said}", why, deployment.attach)
    elif any(pools is None for pools, _ in sources):
        yield warning(
            f"Cognito may call {called} for every pool",
            "everyone who has a pool can send users to the backend",
            f"{deployment.attach}, and `aws lambda remove-permission` for the statement without AWS:SourceArn",
        )


def is_cognitos(statement, called):
    """Whether a statement lets Cognito call the ARN `called`."""
    principal = statement.get("Principal")
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return (
        statement["Effect"] == "Allow"
        and PRINCIPAL in listed(services)
        and statement["Resource"] == called
        and bool({"lambda:InvokeFunction", "lambda:*"} & {*listed(statement["Action"])})
    )


def condition(statement, key):
    """The values that a statement asks of the key `aws:KEY` (in small letters), None if it asks for none."""
    for asked in statement.get("Condition", {}).values():
        for name, values in asked.items():
            if name.lower() == f"aws:{key}":
                return listed(values)
    return None


def matches(patterns, value):
    """Whether a value matches one of the wanted ones, in which `*` and `?` are wildcards."""
    return patterns is None or any(fnmatchcase(value, pattern) for pattern in patterns)


def listed(value):
    """A list of one value or of several, which policies write either way."""
    return value if isinstance(value, list) else [value]
