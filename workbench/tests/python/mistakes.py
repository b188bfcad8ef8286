"""The mistakes that authors make, by their names."""

import asyncio
import datetime
import decimal
import json
import os
import sys
import threading
import urllib.request

from lib import words
from post_confirmation import Event, MapperError

RIGHT = {"method": "post", "path": "users/", "body": "text"}


def deliver(**other):
    return {"deliver": RIGHT | other}


def recurse():
    return recurse() + 1


def raises(error):
    raise error


def raises_with_cause():
    try:
        {}["id"]
    except KeyError as error:
        raise RuntimeError("no user") from error


async def waits():
    return {"skip": "done"}


def circular():
    body = {}
    body["self"] = body
    return deliver(body=body)


def nested():
    body = []
    for _ in range(100_000):
        body = [body]
    return deliver(body=body)


def imports_late():
    name = "colorsys" + "_of_nowhere"
    return __import__(name)


MISTAKES = {
    "returns nothing": lambda: None,
    "returns a text": lambda: "users/",
    "returns nothing in it": lambda: {},
    "returns both": lambda: {"deliver": RIGHT, "skip": "no"},
    "returns a coroutine": waits,
    "misspells deliver": lambda: {"delivr": RIGHT},
    "writes Deliver": lambda: {"Deliver": RIGHT},
    "names a field by a number": lambda: {1: RIGHT},
    "skips for a sentence": lambda: {"skip": "Not for us"},
    "skips for no reason": lambda: {"skip": None},
    "delivers a text": lambda: {"deliver": "users/"},
    "deletes": lambda: deliver(method="DELETE"),
    "has a method of a number": lambda: deliver(method=1),
    "has no path": lambda: {"deliver": {"method": "post", "body": ""}},
    "has a path of bytes": lambda: deliver(path=b"users/"),
    "writes acceptStatus": lambda: deliver(acceptStatus=[409]),
    "misspells accept_status": lambda: deliver(accept_statsu=[409]),
    "has a field of nothing": lambda: deliver(retry=True),
    "accepts a number": lambda: deliver(accept_status=409),
    "accepts a text": lambda: deliver(accept_status=[409, "404"]),
    "accepts a truth": lambda: deliver(accept_status=[True]),
    "has a text of headers": lambda: deliver(headers="x-a: 1"),
    "has a header of a number": lambda: deliver(headers={"x-count": 5}),
    "has a header without value": lambda: deliver(headers=[("x-a",)]),
    "has a header of nothing": lambda: deliver(headers=[("x-a", None)]),
    "has no body": lambda: {"deliver": {"method": "post", "path": "users/"}},
    "has a body of a number": lambda: deliver(body=42),
    "has a body of a set": lambda: deliver(body={"a"}),
    "has a body with NaN": lambda: deliver(body={"user": {"ages": [1, float("nan")]}}),
    "has a body with a date": lambda: deliver(body={"at": datetime.datetime(2026, 1, 2)}),
    "has a body with a decimal": lambda: deliver(body=[decimal.Decimal("1.5")]),
    "has a body with bytes": lambda: deliver(body={"data": b"a"}),
    "has a body with a tuple as a key": lambda: deliver(body={"users": {(1, 2): 3}}),
    "has itself as a body": circular,
    "has a body of many levels": nested,
    "has a body with a coroutine": lambda: deliver(body={"user": waits()}),
    "raises an error": lambda: raises(ValueError("no user")),
    "raises with a cause": raises_with_cause,
    "raises its own error": lambda: raises(MapperError("no-user", "it is missing")),
    "raises a code that is none": lambda: raises(MapperError("NO_USER", "it is missing")),
    "raises a group": lambda: raises(ExceptionGroup("all", [KeyError("id")])),
    "raises a text": lambda: raises("no user"),
    "raises half a character": lambda: raises(ValueError("a\ud800b")),
    "reads of nothing": lambda: None.name,
    "reads the event of a handler": lambda: Event()["request"],
    "reads the request of a handler": lambda: Event().request,
    "misses a key": lambda: {}["id"],
    "misspells a name": lambda: deliverr(),  # noqa: F821
    "fails in another file": lambda: words.greeting_of({}),
    "fails in the library": lambda: json.loads("{"),
    "recurses": recurse,
    "exits": lambda: sys.exit(1),
    "ends the process": lambda: os._exit(3),
    "opens a file": lambda: open("names.txt"),
    "fetches": lambda: urllib.request.urlopen("https://example.org/"),
    "connects": lambda: urllib.request.urlopen("http://127.0.0.1:1/"),
    "starts a thread": lambda: threading.Thread(target=print).start(),
    "runs a loop": lambda: asyncio.run(waits()),
    "uses a rare codec": lambda: b"a".decode("cp437"),
    "imports by a name": imports_late,
}
