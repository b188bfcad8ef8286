"""Checks of what a mapper's follow-up may write to the users of the pool: Cognito would do it."""

from aws import aws_or_none
from checks import NotChecked, fault
from checks.deployment import refused
from unpublished import settings_of
from user_rights import needed

WHY = "the backend has the user, but the event is tried again from the queue and ends as a dead letter"
CUSTOM = "custom:"


def rights(deployment):
    """Both roles may write to the pool's users."""
    for there in deployment.functions():
        if actions := needed(settings_of(there)):
            denied = refused(there["Role"], actions, arn(deployment))
            if denied is None:
                yield fault(f"there is no role {there['Role']}", WHY, deployment.create)
            elif denied:
                yield fault(
                    f"{there['Role']} may not {', '.join(denied)} on {arn(deployment)}",
                    WHY,
                    f"{deployment.attach}, or the stack's parameter UserPoolId",
                )


def attributes(deployment):
    """The attributes that may be set are in the pool's schema and can be changed."""
    if wanted := listed(deployment, "COGNITO_ATTRIBUTES"):
        schema = {attribute["Name"]: attribute for attribute in pool(deployment)["SchemaAttributes"]}
        without = deployment.change("COGNITO_ATTRIBUTES=…")
        for name in wanted:
            if name not in schema:
                yield fault(
                    f"COGNITO_ATTRIBUTES has {name}, which is not in the pool's schema", WHY, add(name, deployment)
                )
            elif not schema[name].get("Mutable"):
                yield fault(
                    f"COGNITO_ATTRIBUTES has {name}, which can't be changed once the user exists",
                    WHY,
                    f"Cognito changes no attribute of a schema: add a mutable one under another name, then {without}",
                )


def add(name, deployment):
    """The fix for the attribute `name`, which is not in the schema."""
    without = f"{deployment.change('COGNITO_ATTRIBUTES=…')} without it"
    if not name.startswith(CUSTOM):
        return f"{without}: a custom attribute is named with `{CUSTOM}` before it"
    described = f"Name={name.removeprefix(CUSTOM)},AttributeDataType=String,Mutable=true"
    command = (
        f"aws cognito-idp add-custom-attributes --user-pool-id {deployment.pool_id} --custom-attributes {described}"
    )
    return f"`{command}`, or {without}"


def groups(deployment):
    """The groups to which users may be added exist."""
    for name in listed(deployment, "COGNITO_GROUPS"):
        asked = {"UserPoolId": pool(deployment)["Id"], "GroupName": name}
        if aws_or_none("cognito-idp", "get-group", asked) is None:
            yield fault(
                f"COGNITO_GROUPS has {name}, which is no group of the pool",
                WHY,
                f"`aws cognito-idp create-group --user-pool-id {deployment.pool_id} --group-name {name}`, or "
                f"{deployment.change('COGNITO_GROUPS=…')} without it",
            )


def listed(deployment, setting):
    """The names in a list of the settings of either function."""
    lists = (settings_of(there).get(setting, "") for there in deployment.functions())
    return sorted({name.strip() for names in lists for name in names.split(",")} - {""})


def pool(deployment):
    """The pool as AWS describes it."""
    if deployment.pool is None:
        raise NotChecked("there is no such pool")
    return deployment.pool


def arn(deployment):
    """The pool's ARN."""
    return pool(deployment)["Arn"]
