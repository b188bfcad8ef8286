"""The lines of a function's log that say why it failed. They hold no user data, because its log holds none."""

import json

# What the program writes before it ends, and where it broke.
FATAL = ("error: ", "panicked")
LEVELS = ("ERROR", "FATAL")
# So many lines of so many characters explain enough.
LINES, LENGTH = 20, 1000


def explanation(log):
    """The lines that explain a failure, from the end of a log (a text); none where it does not.

    A program that can't start says so in lines of text, of which the later ones are indented: the last of these. One
    that runs writes JSON, or a line with its level: the last one that is an error.
    """
    found = []
    for line in log.splitlines():
        if said := error_of(line):
            found = [said]
        elif line.startswith(FATAL):
            found = [line.removeprefix("error: ")]
        elif found and line.startswith("  "):
            found.append(line.strip())
    return [printable(line)[:LENGTH] for line in found[:LINES]]


def error_of(line):
    """What a line of the running program says, None where that is no error."""
    try:
        told = json.loads(line)
    except ValueError:
        # TIME LEVEL MESSAGE, where the log format is Text.
        time, _, rest = line.partition(" ")
        level, _, message = rest.partition(" ")
        return message.strip() if level in LEVELS and time[:4].isdecimal() else None
    if not isinstance(told, dict) or told.get("level") not in LEVELS:
        return None
    return ": ".join(str(told[name]) for name in ("message", "error") if name in told)


def printable(text):
    """The text without what would control a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
