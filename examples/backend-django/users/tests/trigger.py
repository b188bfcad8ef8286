"""A stand-in for the post-confirmation function, which signs its requests."""

import json
from datetime import UTC, datetime
from pathlib import Path

from django.test import Client, override_settings
from standardwebhooks import Webhook

SECRET = "whsec_" + "c2VjcmV0" * 4
# The cases of the default mapper, and of the mappers in JavaScript and Python.
CASES = Path(__file__).parents[4] / "guest/cases"
OTHER_CASES = Path(__file__).parents[3] / "mapper-rust/cases"

with_secret = override_settings(SIGNING_SECRETS=[SECRET])


def signature(body, secret=SECRET, event_id="evt_1", when=None):
    """The headers that sign `body` (bytes)."""
    when = when or datetime.now(UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, when, body.decode()),
    }


def send(user, path="/users/", method="POST", headers=None, client=None):
    """The answer to a signed request with `user`, which is bytes or becomes JSON."""
    body = user if isinstance(user, bytes) else json.dumps(user).encode()
    headers = signature(body) | (headers or {})
    return (client or Client()).generic(method, path, body, content_type="application/json", headers=headers)


def delivered(case):
    """The request that a case expects: method, path and body; None if the event is not delivered."""
    return json.loads(case.read_bytes()).get("deliver")


def alice(**changes):
    """A user as the default mapper sends one, with changes."""
    return delivered(CASES / "native.expected.json")["body"] | changes
