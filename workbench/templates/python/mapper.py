import os

from post_confirmation import Answer, Effects, Event, MapperError, Outcome


def transform(event: Event) -> Outcome:
    """Makes the request for one confirmed user.

    Every event runs this in a sandbox of its own; what is outside of functions runs once, when the mapper is built.
    """
    if event.trigger_source != "confirm-sign-up":
        return {"skip": "no-sign-up"}

    user = event.attributes
    if not user.get("email"):
        raise MapperError("no-email", "the user has no e-mail address")

    return {
        "deliver": {
            "method": "post",
            "path": os.environ.get("USERS_PATH", "users/"),  # below BACKEND_API_URL
            "body": {"id": user.get("sub"), "email": user["email"], "plan": user.get("custom:plan", "free")},
            "accept_status": [409],  # the backend knows the user already
        }
    }


def conclude(event: Event, answer: Answer) -> Effects:
    """Says what of the backend's answer is written to the Cognito user.

    The operator lists what may be, in `COGNITO_ATTRIBUTES` and `COGNITO_GROUPS`.
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
