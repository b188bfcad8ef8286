"""Whether the post-confirmation function sent a request: https://www.standardwebhooks.com."""

from django.conf import settings
from standardwebhooks import Webhook, WebhookVerificationError


def signed(headers, body):
    """Whether one of the secrets signed `body` (bytes) with these headers, within the last five minutes."""
    return any(_signed_with(secret, headers, body) for secret in settings.SIGNING_SECRETS)


def _signed_with(secret, headers, body):
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    # The package raises ValueError if a header or the body could never have been signed.
    except (WebhookVerificationError, ValueError):
        return False
    return True
