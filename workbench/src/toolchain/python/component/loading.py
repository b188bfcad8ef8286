"""Loads the mapper before the snapshot, and all that it may import later: no file is there then."""

import gc
import importlib
import os
import sys
from pathlib import Path

from component.errors import MAPPER, Misplaced, described, remember, shown_place

# The folder that the workbench gives, writes the names of modules into, and reads what is wrong from.
SCRATCH = Path("/0")
# What the interpreter itself imports if a function of it is called: all codecs would take 4 MB.
BY_THE_INTERPRETER = ("_strptime",) + tuple(
    f"encodings.{codec}"
    for codec in "ascii base64_codec cp1252 hex_codec idna iso8859_15 latin_1 punycode raw_unicode_escape "
    "unicode_escape utf_16 utf_16_be utf_16_le utf_32 utf_8_sig".split()
)


def load():
    """The mapper's functions, and what messages call them. If there is none, the workbench is told why."""
    # The author's folder stays as it is.
    sys.dont_write_bytecode = True
    try:
        os.chdir(MAPPER)
        with while_building():
            mapper = importlib.import_module("mapper")
            function, conclude = getattr(mapper, "transform", None), getattr(mapper, "conclude", None)
            load_what_is_imported_later()
    except BaseException as raised:
        raise refusal(described(raised, is_built=False)) from None
    if not callable(function):
        raise refusal(f"mapper.py: `transform` is not a function but {function!r}; write `def transform(event): …`")
    if conclude is not None and not callable(conclude):
        raise refusal(f"mapper.py: `conclude` is not a function but {conclude!r}")
    for module in [*sys.modules.values()]:
        if file := file_of(module):
            remember(file)
    # What is here by now stays, and a collection in an event need not look at it.
    gc.collect()
    gc.freeze()
    named = conclude and f"`conclude`{shown_place(conclude)}"
    return function, f"`transform`{shown_place(function)}", conclude, named


def refusal(text):
    """Tells the workbench why there is no component."""
    (SCRATCH / "fault.txt").write_text(text, "utf-8", "backslashreplace")
    return SystemExit(1)


class while_building:
    """Refuses to read variables, which are those of the machine that builds, for the author's files."""

    def __enter__(self):
        self.kind = type(os.environ)
        os.environ.__class__ = type("_Environ", (self.kind,), {"__getitem__": refused, "__iter__": refused})

    def __exit__(self, *_):
        os.environ.__class__ = self.kind


def refused(environ, *name):
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") in ("os", "collections.abc", "_collections_abc"):
        frame = frame.f_back
    if frame.f_code.co_filename.startswith(MAPPER):
        raise Misplaced(
            "what is outside of functions runs once, when the mapper is built: read variables in `transform`, or in a "
            "function that it calls, for each event"
        )
    if name:
        raise KeyError(*name)
    return iter(())


def load_what_is_imported_later():
    """Imports what functions import, by the names that `check.py` has found. Some of them are not modules."""
    for name in (*BY_THE_INTERPRETER, *(SCRATCH / "modules.txt").read_text("utf-8").split()):
        load_if_possible(name)


def load_if_possible(name):
    """Imports a module. One that can't be is not missed before somebody asks for it."""
    try:
        importlib.import_module(name)
    except BaseException:
        return


def file_of(module):
    """The file of a module, if it is one of the mapper."""
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) and file.startswith(MAPPER) else None
