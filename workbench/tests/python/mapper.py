"""Does what the user's name asks for."""

from follow_ups import FOLLOW_UPS
from mistakes import MISTAKES
from works import WORKS


def transform(event):
    if event.user_name in WORKS:
        return WORKS[event.user_name](event)
    return MISTAKES[event.user_name]()


def conclude(event, answer):
    return FOLLOW_UPS[event.user_name](answer)
