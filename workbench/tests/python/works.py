"""What a mapper can do, by names."""

import os
import random
from datetime import datetime
from os import environ

import greeting

RIGHT = {"method": "post", "path": "users/", "body": "text"}
EARLY = (random.random(), datetime.now().isoformat())
with open("data/names.txt", encoding="utf-8") as file:
    NAMES = file.read().split()


def deliver(**other):
    return {"deliver": RIGHT | other}


def sees_the_event(event):
    values = [(value.name, value.value) for value in event.user_attributes]
    assert values == list(event.attributes.items())
    return deliver(
        body={
            "source": event.trigger_source,
            "region": event.region,
            "pool": event.user_pool_id,
            "client": event.client_id,
            "attributes": event.attributes,
            "metadata": event.metadata,
            "json": '"userName"' in event.json,
            "id": event.id.startswith("evt_"),
        }
    )


def imports_later(event):
    import colorsys

    from lib import words

    return deliver(
        body={
            "own": words.greeting_of({"name": "ada"}),
            "standard": colorsys.rgb_to_hsv(0, 0, 0)[0],
            "date": datetime.strptime("2026-01-02", "%Y-%m-%d").year,
            "codec": "ß".encode("cp1252").decode("latin-1") + "bücher".encode("idna").decode(),
            "package": [greeting.polite(), greeting.word_of("german"), greeting.deep(), greeting.by_name()],
        }
    )


WORKS = {
    "sees the event": sees_the_event,
    "imports later": imports_later,
    "reads variables": lambda event: deliver(body=[environ["USERS_PATH"], os.getenv("OTHER"), [*os.environ]]),
    "is random": lambda event: deliver(body=[*EARLY, random.random(), datetime.now().isoformat()]),
    "has read a file": lambda event: deliver(body=NAMES),
    "sends a text": lambda event: deliver(body="aé\ud800"),
    "sends bytes": lambda event: deliver(body=bytearray(b"ab")),
    "sends a list": lambda event: deliver(body=[1, None, {"a": ("é", 1.5)}]),
    "sets a type": lambda event: deliver(body={}, headers={"Content-Type": "application/scim+json"}),
    "lists headers": lambda event: deliver(headers=[("X-A", "1"), ["X-A", "2"]], accept_status=(409,), method="PUT"),
    "leaves out nothing": lambda event: deliver(headers=None, accept_status=None),
}
