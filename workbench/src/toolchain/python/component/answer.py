"""Checks by field what a mapper returns. A fault names the field and what it got."""

import difflib
import json
import math
import re
import reprlib
from types import CoroutineType

from wit_world.imports.types import (
    Attribute,
    Effect_AddToGroup,
    Effect_SetAttribute,
    Header,
    Method,
    Outcome_Deliver,
    Outcome_Skip,
    Request,
)

CODE_IS = "a code of 1 to 64 lower-case letters, digits and hyphens that begins with a letter"
OUTCOME_IS = '`{"deliver": {"method", "path", "body"}}` or `{"skip": "code"}`'
METHODS = {"post": Method.POST, "put": Method.PUT, "patch": Method.PATCH}
OUTCOME = ("deliver", "skip")
EFFECTS = ("attributes", "groups")
REQUEST = ("method", "path", "headers", "body", "accept_status")
CODE = re.compile("[a-z][a-z0-9-]{0,63}")
# What JSON can hold besides lists and dicts, and the types of their keys.
IN_JSON = (str, bool, int, float, type(None))

shown = reprlib.Repr(maxlevel=4, maxtuple=100, maxlist=100, maxdict=100, maxset=100, maxstring=1000, maxother=1000).repr


class Fault(Exception):
    """What is wrong with what a mapper returns: its words say all of it."""


def is_code(code):
    """Whether this is the code of a skip or an error."""
    return isinstance(code, str) and CODE.fullmatch(code) is not None


def well_formed(text):
    """The text without halves of characters, which UTF-8 has not got."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def outcome_of(answer):
    """The outcome of the contract."""
    if not isinstance(answer, dict):
        hint = "; write `def` in place of `async def`" if isinstance(answer, CoroutineType) else ""
        raise Fault(f"it has to be {OUTCOME_IS}, and is {shown(answer)}{hint}")
    only(answer, OUTCOME, "")
    match answer:
        case {"deliver": _, "skip": _}:
            raise Fault(f"it has to be {OUTCOME_IS}, and is both: {shown(answer)}")
        case {"deliver": request}:
            return Outcome_Deliver(request_of(request))
        case {"skip": code} if is_code(code):
            return Outcome_Skip(code)
        case {"skip": code}:
            raise Fault(f"`skip` has to be {CODE_IS}, and is {shown(code)}")
    raise Fault(f"it has to be {OUTCOME_IS}, and is {shown(answer)}")


def effects_of(effects):
    """The effects of the contract."""
    if effects is None:
        return []
    if not isinstance(effects, dict):
        raise Fault(f'it has to be `{{"attributes": {{name: value}}, "groups": [name]}}`, and is {shown(effects)}')
    only(effects, EFFECTS, "")
    attributes, groups = effects.get("attributes"), effects.get("groups")
    attributes = {} if attributes is None else attributes
    groups = [] if groups is None else groups
    if not isinstance(attributes, dict):
        raise Fault(f"`attributes` has to be a dict, and is {shown(attributes)}")
    if not isinstance(groups, list | tuple):
        raise Fault(f"`groups` has to be a list, and is {shown(groups)}")
    return [
        Effect_SetAttribute(Attribute(text_of(name, "attributes"), text_of(value, f"attributes[{name!r}]")))
        for name, value in attributes.items()
    ] + [Effect_AddToGroup(text_of(group, f"groups[{at}]")) for at, group in enumerate(groups)]


def request_of(request):
    if not isinstance(request, dict):
        raise Fault(f'`deliver` has to be `{{"method", "path", "body"}}`, and is {shown(request)}')
    only(request, REQUEST, "deliver.")
    missing = next((name for name in ("method", "path", "body") if name not in request), None)
    if missing is not None:
        raise Fault(f"`deliver.{missing}` is missing")
    method, headers = request["method"], headers_of(request.get("headers"))
    known = METHODS.get(method.lower()) if isinstance(method, str) else None
    if known is None:
        raise Fault(f"`deliver.method` has to be 'post', 'put' or 'patch', and is {shown(method)}")
    return Request(
        method=known,
        path=text_of(request["path"], "deliver.path"),
        body=body_of(request["body"], headers),
        headers=headers,
        accept_status=statuses_of(request.get("accept_status")),
    )


def only(fields, known, prefix):
    """Refuses fields that are not `known`, above all misspelt ones."""
    for field in fields:
        if field not in known:
            plain = {name.replace("_", ""): name for name in known}
            asked = re.sub("[^a-z]", "", str(field).lower())
            near = difflib.get_close_matches(asked, plain, n=1)
            it_takes = "it takes " + ", ".join(f"`{name}`" for name in known)
            instead = f"`{plain[near[0]]}` is meant?" if near else it_takes
            raise Fault(f"there is no field `{prefix}{field}`: {instead}")


def text_of(value, field):
    if isinstance(value, str):
        return well_formed(value)
    raise Fault(f"`{field}` has to be a text, and is {shown(value)}")


def headers_of(headers):
    match headers:
        case None:
            return []
        case dict():
            return [
                Header(text_of(name, "deliver.headers"), text_of(value, f"deliver.headers[{name!r}]"))
                for name, value in headers.items()
            ]
        case list() | tuple():
            return [header_of(header, f"deliver.headers[{at}]") for at, header in enumerate(headers)]
    raise Fault(f"`deliver.headers` has to be a dict or a list of names and values, and is {shown(headers)}")


def header_of(header, field):
    if isinstance(header, list | tuple) and len(header) == 2:
        return Header(text_of(header[0], f"{field}[0]"), text_of(header[1], f"{field}[1]"))
    raise Fault(f"`{field}` has to be a name and a value, and is {shown(header)}")


def body_of(body, headers):
    """A text or bytes. A body that becomes JSON gets the header that says so, unless there is one."""
    match body:
        case str():
            return well_formed(body).encode()
        case bytes() | bytearray() | memoryview():
            return bytes(body)
        case dict() | list() | tuple():
            if all(header.name.lower() != "content-type" for header in headers):
                headers.append(Header("content-type", "application/json"))
            return json_of(body)
    raise Fault(f"`deliver.body` has to be a text, bytes, a dict or a list, and is {shown(body)}")


def json_of(body):
    try:
        text = json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        try:
            refuse_what_json_lacks(body, "")
        except RecursionError:
            pass
        raise Fault(f"`deliver.body` can't be written as JSON: {error}") from None
    return well_formed(text).encode()


def refuse_what_json_lacks(value, place):
    """Finds what keeps `value` from being JSON."""
    if isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(key, IN_JSON):
                raise Fault(f"`deliver.body{place}` is a dict with a key that is not text: {shown(key)}")
            refuse_what_json_lacks(part, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for at, part in enumerate(value):
            refuse_what_json_lacks(part, f"{place}[{at}]")
    elif not isinstance(value, IN_JSON):
        hint = "; is an `await` missing?" if isinstance(value, CoroutineType) else ""
        raise Fault(f"`deliver.body{place}` is what JSON can't hold: {shown(value)}{hint}")
    elif isinstance(value, float) and not math.isfinite(value):
        raise Fault(f"`deliver.body{place}` is what JSON can't hold: {value}")


def statuses_of(statuses):
    if statuses is None:
        return []
    if not isinstance(statuses, list | tuple):
        raise Fault(f"`deliver.accept_status` has to be a list of numbers, and is {shown(statuses)}")
    for at, status in enumerate(statuses):
        if not isinstance(status, int) or isinstance(status, bool) or not 0 <= status <= 65535:
            raise Fault(f"`deliver.accept_status[{at}]` has to be a status, and is {shown(status)}")
    return list(statuses)
