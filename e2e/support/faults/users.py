"""Faults of what a mapper's follow-up may write to the pool's users."""

from . import FAULT, fault

RIGHTS, PLAN = "rights on users", "custom:plan"

FAULTS = [
    fault(
        "roles that may not set attributes",
        RIGHTS,
        FAULT,
        "may not cognito-idp:AdminUpdateUserAttributes on arn:aws:cognito-idp:",
        "`mapper attach eu-",
        lambda it: it.set_both(COGNITO_ATTRIBUTES=PLAN),
    ),
    fault(
        "roles that may not add to groups",
        RIGHTS,
        FAULT,
        "may not cognito-idp:AdminAddUserToGroup on arn:aws:cognito-idp:",
        "UserPoolId",
        lambda it: it.set_both(COGNITO_GROUPS="members"),
        follows={"groups": FAULT},
    ),
    fault(
        "an attribute that is not there",
        "attributes",
        FAULT,
        "custom:nowhere, which is not in the pool's schema",
        "Name=nowhere,AttributeDataType=String,Mutable=true",
        lambda it: it.write(COGNITO_ATTRIBUTES=f"{PLAN},custom:nowhere"),
    ),
    fault(
        "an attribute without its prefix",
        "attributes",
        FAULT,
        "plan, which is not in the pool's schema",
        "`custom:` before it",
        lambda it: it.write(COGNITO_ATTRIBUTES="plan"),
    ),
    fault(
        "an attribute that does not change",
        "attributes",
        FAULT,
        "custom:fixed, which can't be changed",
        "under another name",
        lambda it: it.write(COGNITO_ATTRIBUTES="custom:fixed"),
    ),
    fault(
        "a group that is not there",
        "groups",
        FAULT,
        "strangers, which is not a group",
        "create-group",
        lambda it: it.write(COGNITO_GROUPS="strangers"),
    ),
    fault(
        "another list in redelivery",
        "redelivery",
        FAULT,
        "other values of COGNITO_ATTRIBUTES",
        "--set COGNITO_ATTRIBUTES=",
        lambda it: (it.may_write(), it.set(COGNITO_ATTRIBUTES=PLAN)),
    ),
]
