"""Reading settings from the environment. A fault names the variable and never its value."""

import binascii
import os
from base64 import b64decode

from django.core.exceptions import ImproperlyConfigured


def required(name):
    """The variable `name`; ImproperlyConfigured if it is not set or empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"set the variable {name}: README.md says to what")
    return value


def words(name):
    """The words in the variable `name`, separated by spaces; an empty list if it is not set."""
    return os.environ.get(name, "").split()


def signing_secrets(name):
    """The secrets in the variable `name`, each `whsec_` and 24 to 64 bytes in base64; ImproperlyConfigured otherwise.

    At least one is required: without it, anybody who finds the address could write users.
    """
    secrets = required(name).split()
    for secret in secrets:
        try:
            size = len(b64decode(secret.removeprefix("whsec_"), validate=True))
        except binascii.Error:
            size = 0
        if not secret.startswith("whsec_") or not 24 <= size <= 64:
            raise ImproperlyConfigured(f"each secret in {name} must be `whsec_` and 24 to 64 bytes in base64")
    return secrets
