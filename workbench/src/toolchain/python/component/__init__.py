"""The component around a mapper: what componentize-py is given in place of the author's own file.

It loads the mapper once, before the snapshot, and stands between it and the contract afterwards.
"""

from componentize_py_types import Err
from post_confirmation import Attribute, Event, MapperError
from wit_world import exports
from wit_world.imports.types import Error, TriggerSource_ConfirmForgotPassword, TriggerSource_ConfirmSignUp

from component import loading
from component.answer import CODE_IS, Fault, is_code, outcome_of, well_formed
from component.errors import described

transform, named = loading.load()


class Mapper(exports.Mapper):
    """The interface `mapper` of the contract."""

    def transform(self, event):
        try:
            answer = transform(event_of(event))
        except MapperError as error:
            raise returned(error) from None
        # Whatever it is: what ends the interpreter would take the traceback with it.
        except BaseException as raised:
            raise Err(Error("exception", well_formed(described(raised)))) from None
        try:
            return outcome_of(answer)
        except Fault as fault:
            message = f"{named} returned what is no outcome: {fault}"
        except BaseException as raised:
            message = f"{named} returned what can't be read:\n{described(raised)}"
        raise Err(Error("bad-answer", well_formed(message)))


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
    )


def returned(error):
    """The error that a mapper has raised as its own, if it has the form of one."""
    if is_code(error.code):
        return Err(Error(error.code, well_formed(str(error.message))))
    wrong = f"the code of a MapperError has to be {CODE_IS}, and is {error.code!r}"
    return Err(Error("exception", well_formed(f"{described(error)}\n{wrong}")))
