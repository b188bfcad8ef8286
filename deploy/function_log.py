"""The lines of a function's log that say why it failed. They hold no user data, because its log holds none."""

import json

# The first words of the program before it ends, and of a panic.
FATAL = ("error: ", "panicked")
LEVELS = ("ERROR", "FATAL")
# The most lines, and characters of each, that are shown.
LINES, LENGTH = 20, 1000


def explanation(log):
    """The lines that explain a failure, from the end of a log (a text); an empty list if none does.

    A program that can't start writes lines of text, the later ones indented: the last group of these counts. A running
    program writes JSON, or a line with its level: the last error counts.
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
    """The text of a line of the running program, None if it is not an error."""
    try:
        told = json.loads(line)
    except ValueError:
        # TIME LEVEL MESSAGE, if the log format is Text.
        time, _, rest = line.partition(" ")
        level, _, message = rest.partition(" ")
        return message.strip() if level in LEVELS and time[:4].isdecimal() else None
    if not isinstance(told, dict) or told.get("level") not in LEVELS:
        return None
    return ": ".join(str(told[name]) for name in ("message", "error") if name in told)


def printable(text):
    """The text without characters that control a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
