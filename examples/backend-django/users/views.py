"""The addresses that the post-confirmation function calls.

201 is a new user, 200 a known one. 409 means that this user exists already, and mappers take it for success; so a user
who could not be stored must never get it. Such a user gets 422, which keeps the event in the function's queue.

The first three have the same body: the function may write it to the Cognito user, and a repetition must write the same.
"""

import json
import logging

from django.core.exceptions import RequestDataTooBig
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from . import shapes
from .signatures import signed
from .upsert import KnownOtherwise, NameTaken, upsert

logger = logging.getLogger(__name__)


# Exempt from Django's protection against forged requests of a browser: it depends on cookies, which the function does
# not have. The signature authenticates the sender.
@csrf_exempt
@require_POST
def users(request):
    """A user as the default mapper sends it."""
    return _answer(request, shapes.user)


@csrf_exempt
@require_http_methods(["PUT"])
def account(request, sub):
    """A user as `examples/mapper-rust` sends it."""
    return _answer(request, lambda body: shapes.account(body, sub))


def _answer(request, shape):
    try:
        body = request.body
    except RequestDataTooBig:
        return _refused(413, "the body is too large")
    if not signed(request.headers, body):
        return _refused(401, "no valid signature: the secrets or the clocks differ, or somebody else sent this")
    # Signed, so it is the id that the function gave to the event.
    event_id = request.headers["webhook-id"]
    try:
        profile = _json(body)
        sub, columns = shape(profile)
        user, created = upsert(sub, columns | {"profile": profile, "event_id": event_id})
    except shapes.Unfit as unfit:
        return _refused(400, str(unfit), event_id)
    except KnownOtherwise as known:
        _log(409, event_id, "this user is here already, in another pool or by another name")
        return _known(known.user, 409)
    except NameTaken:
        return _refused(422, "another user has this name: delete the one who has left Cognito", event_id)
    return _known(user, 201 if created else 200)


def _json(body):
    """The body's JSON. Python's parser also accepts values that are not JSON, and text that no database takes."""
    try:
        profile = json.loads(body)
        json.dumps(profile, allow_nan=False, ensure_ascii=False).encode()
        return profile
    except (ValueError, RecursionError):
        raise shapes.Unfit("the body is not JSON") from None


def _known(user, status):
    """The answer for a user who has a row: what this project knows and Cognito does not."""
    return JsonResponse({"id": user.id, "plan": user.plan, "group": user.group}, status=status)


def _refused(status, reason, event_id=None):
    """The answer for a user who has none, and a log line."""
    _log(status, event_id, reason)
    return JsonResponse({"error": reason}, status=status)


def _log(status, event_id, reason):
    """A log line without user data."""
    logger.warning("answered %s to the event %s: %s", status, event_id, reason)
