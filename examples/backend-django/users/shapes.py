"""The bodies that mappers send, and the column of each field.

A shape is the body of one mapper. Another mapper needs another function here, and no other change: the whole body is
always kept beside the columns.
"""

from .models import CognitoUser

WORDS = {str: "text", bool: "true or false", dict: "an object"}
# The columns of the default mapper's shape, by what they hold. Identities are whatever the provider's are.
COLUMNS = {
    "username": str,
    "email": str,
    "email_verified": bool,
    "phone_number": str,
    "name": str,
    "given_name": str,
    "family_name": str,
    "custom": dict,
    "identities": object,
    "trigger_source": str,
    "user_pool_id": str,
    "client_id": str,
}


class Unfit(Exception):
    """A body that does not have the shape; the message names the field and never its value."""


def user(body):
    """The `sub` and the columns of what the default mapper sends, and those in JavaScript and Python. Raises Unfit."""
    columns = {column: _value(body, column, column, kind) for column, kind in COLUMNS.items()}
    return _sub(body, "cognito_id"), columns


def account(body, sub):
    """The same of what `examples/mapper-rust` sends to the address of the account `sub`. Raises Unfit.

    It has fewer columns; an existing row keeps the others.
    """
    account = _object(body, "account")
    contact = _object(account, "contact")
    if _sub(account, "id") != sub:
        raise Unfit("`id` is not the id in the path")
    columns = {
        "email": _value(contact, "email", "email", str),
        "phone_number": _value(contact, "phone", "phone_number", str),
        "name": _value(account, "displayName", "name", str),
    }
    return sub, columns


def _sub(of, name):
    if not (sub := _value(of, name, "sub", str)):
        raise Unfit(f"`{name}` is missing")
    return sub


def _object(of, name):
    if not isinstance(of, dict) or not isinstance(of.get(name), dict):
        raise Unfit(f"`{name}` must be an object")
    return of[name]


def _value(of, name, column, kind):
    """The value of the field `name` as the column takes it; the column's default if there is none."""
    field = CognitoUser._meta.get_field(column)
    if not isinstance(of, dict):
        raise Unfit("the body must be an object")
    value = of.get(name)
    if value is None:
        return field.get_default()
    if not isinstance(value, kind):
        raise Unfit(f"`{name}` must be {WORDS[kind]}")
    if kind is str and len(value) > field.max_length:
        raise Unfit(f"`{name}` has more than {field.max_length} characters")
    return value
