"""Faults of the pool's trigger."""

from . import FAULT, WARNING, fault

OTHER = "arn:aws:lambda:eu-central-1:123456789012:function:somebody-else"
FAULTS = [
    fault("no trigger", "trigger", FAULT, "calls nothing", "`mapper attach eu-", lambda it: it.call(None)),
    fault("another trigger", "trigger", FAULT, "another function", "`mapper attach eu-", lambda it: it.call(OTHER)),
    fault(
        "a trigger without the alias",
        "trigger",
        WARNING,
        "not the alias `live`",
        "`mapper attach",
        lambda it: it.call(it.arn),
        follows={"permission": FAULT},
    ),
    fault("no permission", "permission", FAULT, "may not call", "`mapper attach eu-", lambda it: it.forbid()),
    fault(
        "a permission beside the alias",
        "permission",
        FAULT,
        "may not call",
        "`mapper attach",
        lambda it: it.permit(qualifier=None, SourceArn=it.pool_arn),
    ),
    fault(
        "a permission for another pool",
        "permission",
        FAULT,
        "userpool/",
        "`mapper attach",
        lambda it: it.permit(SourceArn=f"{it.pool_arn}x"),
    ),
    fault(
        "a permission for another account",
        "permission",
        FAULT,
        "another account",
        "`mapper attach",
        lambda it: it.permit(SourceArn=it.pool_arn, SourceAccount="210987654321"),
    ),
    fault(
        "a permission for all pools", "permission", WARNING, "every pool", "remove-permission", lambda it: it.permit()
    ),
]
