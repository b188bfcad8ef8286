"""A mapper in Python to start from.

It does what the default mapper does: a confirmed user becomes a `POST` with a small JSON body, and password resets are
skipped. What your backend wants goes into `user_of` and `transform`.

Each event gets a sandbox of its own, made from a snapshot that was taken when the component was built. Code outside of
functions therefore runs once, at build time: variables and clocks belong into `transform`, and every import to the top,
because the files of modules are not there later. There is no network; the host sends the request.

The types are generated from `wit/`; for an editor, `componentize-py -d wit -w post-confirmation-mapper bindings .`
writes them.
"""

import json
import os
import re
import sys
from typing import Any

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports.types import (
    Attribute,
    Error,
    Event,
    Header,
    Method,
    Outcome,
    Outcome_Deliver,
    Outcome_Skip,
    Request,
    TriggerSource_ConfirmForgotPassword,
    TriggerSource_ConfirmSignUp,
)

# What is sent unless `USER_ATTRIBUTES` says otherwise: what most user tables have a column for.
COMMON = "email,email_verified,phone_number,name,given_name,family_name,identities,custom:*"

# The names that Cognito has for attributes of its own, but for those that begin with `cognito:`.
STANDARD = frozenset(
    "address birthdate email email_verified family_name gender given_name identities locale middle_name name nickname "
    "phone_number phone_number_verified picture preferred_username profile sub updated_at website zoneinfo".split()
)
# A name without its prefix: no blank in it, and no mark that lists have between names.
NAME = re.compile(r"""[^\s\x00-\x1f\x7f-\x9f;:|/+&*"]+""")


class Mapper(exports.Mapper):
    """The interface `mapper` of the contract."""

    def transform(self, event: Event) -> Outcome:
        """Maps one event; raises `Err` with an `Error` where that can't be done."""
        match event.trigger_source:
            case TriggerSource_ConfirmSignUp():
                pass
            case TriggerSource_ConfirmForgotPassword():
                return Outcome_Skip("password-reset")
            case _:
                return Outcome_Skip("unknown-trigger-source")
        # A variable that is set to nothing counts as not set.
        path = os.environ.get("USERS_PATH") or "users/"
        user = user_of(event, attributes_in(os.environ.get("USER_ATTRIBUTES") or COMMON))
        return Outcome_Deliver(
            Request(
                method=Method.POST,
                path=path,
                headers=[Header("content-type", "application/json")],
                body=json.dumps(user).encode(),
                # The backend's word for a user that it has already, from an earlier attempt.
                accept_status=[409],
            )
        )


def attributes_in(text: str) -> set[str]:
    """The names in `USER_ATTRIBUTES`.

    One that no attribute has (of a list that is separated by something else, for example) would match nothing, and
    users would go out without attributes and without a word.
    """
    names = [name for name in map(str.strip, text.split(",")) if name]
    wrong = next((name for name in names if not is_possible(name)), None)
    if names and wrong is None:
        return set(names)
    holds = f"`{wrong}`, which is no name of an attribute of Cognito" if names else "no name"
    takes = "it takes names of attributes, separated by commas: `email,locale,custom:*`"
    raise Err(Error("bad-user-attributes", f"USER_ATTRIBUTES holds {holds}; {takes}"))


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

    `client_metadata` is never copied: whoever signs up can write anything into it.
    """
    subs = (attribute.value for attribute in event.user_attributes if attribute.name == "sub" and attribute.value)
    sub = next(subs, None)
    if sub is None:
        raise Err(Error("no-sub", "the event has no attribute `sub`, which is the user's id"))

    user: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    sent_custom = {custom_name(name) for name in sent} - {None}
    # What only a developer can write comes last, so that no user can write another value in its place.
    for attribute in sorted(event.user_attributes, key=lambda attribute: attribute.name.startswith("dev:")):
        own = custom_name(attribute.name)
        if not (attribute.name in sent if own is None else sent_custom & {own, "*"}):
            continue
        try:
            (user if own is None else custom)[attribute.name if own is None else own] = value_of(attribute)
        except ValueError as reason:
            # Left out rather than keeping the user from the backend, and told without its value.
            print(f"the attribute `{attribute.name}` {reason} and is left out", file=sys.stderr)
    # What the user is comes last, so that no attribute of the same name can take its place.
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
    """An attribute's value as JSON; `ValueError` where it is not what it has to be.

    Cognito writes every value as text, whatever it is.
    """
    match attribute.name, attribute.value.lower():
        case "email_verified" | "phone_number_verified", "true" | "false" as value:
            return value == "true"
        case "email_verified" | "phone_number_verified", _:
            raise ValueError("is neither `true` nor `false`")
        case "identities", _:
            try:
                identities = json.loads(attribute.value)
                # Python also reads `NaN` and `Infinity`, which are no JSON and would spoil the body.
                json.dumps(identities, allow_nan=False)
                return identities
            except (ValueError, RecursionError):
                raise ValueError("is not JSON") from None
    return attribute.value
