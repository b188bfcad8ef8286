"""Does what the user's name asks for."""

from mistakes import MISTAKES
from works import WORKS


def transform(event):
    if event.user_name in WORKS:
        return WORKS[event.user_name](event)
    return MISTAKES[event.user_name]()
