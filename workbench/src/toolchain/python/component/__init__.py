"""The component around a mapper: what componentize-py is given in place of the author's own file.

It loads the mapper once, before the snapshot, and stands between it and the contract afterwards.
"""

from componentize_py_types import Err
from post_confirmation import Answer, Attribute, Event, MapperError
from wit_world import exports
from wit_world.imports.types import Error, TriggerSource_ConfirmForgotPassword, TriggerSource_ConfirmSignUp

from component import loading
from component.answer import CODE_IS, Fault, effects_of, is_code, outcome_of, well_formed
from component.errors import described

transform, named, conclude, conclude_named = loading.load()


class Mapper(exports.Mapper):
    """The interface `mapper` of the contract."""

    def transform(self, event):
        return checked(lambda: transform(event_of(event)), outcome_of, named, "is not an outcome")


if conclude is not None:

    class FollowUp(exports.FollowUp):
        """The interface `follow-up` of the contract."""

        def conclude(self, event, answer):
            call = lambda: conclude(event_of(event), answer_of(answer))  # noqa: E731
            return checked(call, effects_of, conclude_named, "are not effects")


def checked(call, check, named, wrong):
    """What the mapper's function returns, once it is checked."""
    try:
        answer = call()
    except MapperError as error:
        raise returned(error) from None
    # Whatever it is: what ends the interpreter would take the traceback with it.
    except BaseException as raised:
        raise Err(Error("exception", well_formed(described(raised)))) from None
    try:
        return check(answer)
    except Fault as fault:
        message = f"{named} returned what {wrong}: {fault}"
    except BaseException as raised:
        message = f"{named} returned what can't be read:\n{described(raised)}"
    raise Err(Error("bad-answer", well_formed(message)))


def answer_of(answer):
    """The backend's answer as a mapper sees it."""
    headers = {}
    for header in answer.headers:
        headers.setdefault(header.name, header.value)
    return Answer(status=answer.status, headers=headers, body=answer.body)


def event_of(event):
    """The event as a mapper sees it."""
    source = event.trigger_source
    match source:
        case TriggerSource_ConfirmSignUp():
            source = "confirm-sign-up"
        case TriggerSource_ConfirmForgotPassword():
            source = "confirm-forgot-password"
        case _:
            source = source.value
    return Event(
        trigger_source=source,
        region=event.region,
        user_pool_id=event.user_pool_id,
        user_name=event.user_name,
        client_id=event.client_id,
        user_attributes=[Attribute(one.name, one.value) for one in event.user_attributes],
        client_metadata=[Attribute(one.name, one.value) for one in event.client_metadata],
        id=event.id,
        json=event.json,
        received_at=event.received_at,
    )


def returned(error):
    """The error that a mapper has raised as its own, if it has the form of one."""
    if is_code(error.code):
        return Err(Error(error.code, well_formed(str(error.message))))
    wrong = f"the code of a MapperError has to be {CODE_IS}, and is {error.code!r}"
    return Err(Error("exception", well_formed(f"{described(error)}\n{wrong}")))
