"""A mapper in Python to start from.

It does what the default mapper does: a confirmed user becomes a `POST` with a small JSON body, and password resets are
skipped. Change `user_of` and `transform` for your backend.

Each event gets a sandbox of its own, made from a snapshot that was taken when the component was built. Code outside of
functions therefore runs once, at build time: variables and clocks belong into `transform`. There is no network; the
host sends the request.
"""

import json
import os
import re
import sys
from typing import Any

from post_confirmation import Answer, Attribute, Effects, Event, MapperError, Outcome

# The attributes that are sent if `USER_ATTRIBUTES` is not set: most user tables have a column for them.
COMMON = "email,email_verified,phone_number,name,given_name,family_name,identities,custom:*"

# Cognito's own attributes, except those that begin with `cognito:`.
STANDARD = frozenset(
    "address birthdate email email_verified family_name gender given_name identities locale middle_name name nickname "
    "phone_number phone_number_verified picture preferred_username profile sub updated_at website zoneinfo".split()
)
# A name without its prefix: no blank, and no separator of a list.
NAME = re.compile(r"""[^\s\x00-\x1f\x7f-\x9f;:|/+&*"]+""")


def transform(event: Event) -> Outcome:
    """Maps one event; raises a `MapperError` if that fails."""
    match event.trigger_source:
        case "confirm-sign-up":
            pass
        case "confirm-forgot-password":
            return {"skip": "password-reset"}
        case _:
            return {"skip": "unknown-trigger-source"}
    # An empty variable counts as not set.
    path = os.environ.get("USERS_PATH") or "users/"
    return {
        "deliver": {
            "method": "post",
            "path": path,
            "body": user_of(event, attributes_in(os.environ.get("USER_ATTRIBUTES") or COMMON)),
            # The backend has the user already, from an earlier attempt.
            "accept_status": [409],
        }
    }


def attributes_in(text: str) -> set[str]:
    """The names in `USER_ATTRIBUTES`.

    A name that no attribute has (in a list with another separator, for example) would match nothing, and users would
    silently be sent without attributes.
    """
    names = [name for name in map(str.strip, text.split(",")) if name]
    wrong = next((name for name in names if not is_possible(name)), None)
    if names and wrong is None:
        return set(names)
    holds = f"`{wrong}`, which is no name of an attribute of Cognito" if names else "no name"
    takes = "it takes names of attributes, separated by commas: `email,locale,custom:*`"
    raise MapperError("bad-user-attributes", f"USER_ATTRIBUTES holds {holds}; {takes}")


def is_possible(name: str) -> bool:
    """Whether an attribute can have this name, or `*` in it stands for all custom ones."""
    own = custom_name(name)
    if own is not None:
        return own == "*" or NAME.fullmatch(own) is not None
    is_cognitos = name.startswith("cognito:") and NAME.fullmatch(name.removeprefix("cognito:")) is not None
    return name in STANDARD or is_cognitos


def custom_name(name: str) -> str | None:
    """The name of a custom attribute without its prefix; `None` if it is another one.

    Those that only a developer can write have `dev:` before it.
    """
    own = name.removeprefix("dev:").removeprefix("custom:")
    return own if name.startswith(("dev:", "custom:")) else None


def user_of(event: Event, sent: set[str]) -> dict[str, Any]:
    """The user as the backend gets it, with the attributes `sent`.

    `client_metadata` is never copied: the person who signs up can write anything into it.
    """
    subs = (attribute.value for attribute in event.user_attributes if attribute.name == "sub" and attribute.value)
    sub = next(subs, None)
    if sub is None:
        raise MapperError("no-sub", "the event has no attribute `sub`, which is the user's id")

    user: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    sent_custom = {custom_name(name) for name in sent} - {None}
    # Attributes that only a developer can write come last, so that no user can replace them.
    for attribute in sorted(event.user_attributes, key=lambda attribute: attribute.name.startswith("dev:")):
        own = custom_name(attribute.name)
        if not (attribute.name in sent if own is None else sent_custom & {own, "*"}):
            continue
        try:
            (user if own is None else custom)[attribute.name if own is None else own] = value_of(attribute)
        except ValueError as reason:
            # Left out, because it must not keep the user from the backend, and reported without its value.
            print(f"the attribute `{attribute.name}` {reason} and is left out", file=sys.stderr)
    # The user's identity comes last, so that no attribute of the same name can replace it.
    if custom:
        user["custom"] = custom
    if event.client_id is not None:
        user["client_id"] = event.client_id
    return user | {
        "cognito_id": sub,
        "username": event.user_name,
        "trigger_source": "PostConfirmation_ConfirmSignUp",
        "user_pool_id": event.user_pool_id,
    }


def value_of(attribute: Attribute) -> Any:
    """An attribute's value as JSON; `ValueError` if it has the wrong type.

    Cognito writes every value as text.
    """
    match attribute.name, attribute.value.lower():
        case "email_verified" | "phone_number_verified", "true" | "false" as value:
            return value == "true"
        case "email_verified" | "phone_number_verified", _:
            raise ValueError("is neither `true` nor `false`")
        case "identities", _:
            try:
                identities = json.loads(attribute.value)
                # Python also reads `NaN` and `Infinity`, which are not JSON and would spoil the body.
                json.dumps(identities, allow_nan=False)
                return identities
            except (ValueError, RecursionError):
                raise ValueError("is not JSON") from None
    return attribute.value


def conclude(event: Event, answer: Answer) -> Effects:
    """Says what of the answer is written to the Cognito user: the backend's id of the user and the group that it names.

    The operator lists what may be, in `COGNITO_ATTRIBUTES` and `COGNITO_GROUPS`. The default mapper does the same with
    `ATTRIBUTES_FROM_ANSWER=custom:backend_id=/id` and `GROUPS_FROM_ANSWER=/group`.
    """
    if not answer.body:
        return {}
    body = answer.json()
    if not body.get("id"):
        # The backend knows the user, but does not say by which id: an error would come again with each delivery.
        if answer.status == 409:
            return {}
        raise MapperError("no-id", "the backend's answer has no `id`")
    groups = [body["group"]] if body.get("group") else []
    return {"attributes": {"custom:backend_id": str(body["id"])}, "groups": groups}
