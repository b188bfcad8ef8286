"""What was raised, in words for the mapper's author: the traceback of his own files, with the lines of their source."""

import linecache
from traceback import StackSummary, TracebackException

# Where componentize-py puts the folders that it is given, in their order: this one, the mapper's, and packages.
MAPPER = "/1/"
PACKAGES = "/2/"

HINTS = (
    (
        SystemExit | KeyboardInterrupt,
        'a mapper does not end its process: return `{"skip": "code"}`, or raise `MapperError(code, message)`',
    ),
    (
        ModuleNotFoundError,
        "modules are loaded when the mapper is built: write `import NAME` at the top for one that is found by name",
    ),
    (
        OSError,
        "a mapper has no files and no network: files are read outside of functions, and the host sends the request "
        'that `transform` returns as `{"deliver": {…}}`, and does what `conclude` returns',
    ),
)
# What fails without a network, when there still are files.
NETWORK = ("URLError", "gaierror", "ConnectionError", "ConnectError")
# What is said of a field that only the event of a handler in Lambda has, and what to do.
OF_HANDLERS = ("'Event' object is not subscriptable", "'Event' object has no attribute")
EVENT_HAS = (
    "the event of a mapper is not a dict: `event.attributes` and `event.metadata` have values by name, and "
    "`post_confirmation.py` says what else there is"
)


class Misplaced(Exception):
    """What belongs into a function and stands outside of one."""

    __module__ = "builtins"


def remember(file):
    """Keeps the source of a file of the mapper for tracebacks: there are no files later."""
    name = name_of(file)
    if name not in linecache.cache:
        try:
            with open(file, encoding="utf-8") as source:
                lines = source.readlines()
        except (OSError, ValueError):
            return
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)


def name_of(file):
    """A file's name as its author knows it. None if it is not his and of no package."""
    for prefix in (MAPPER, PACKAGES):
        if file.startswith(prefix):
            return file.removeprefix(prefix)
    return None


def described(raised, *, is_built=True):
    """The traceback as Python writes it, without what is not the author's."""
    told = TracebackException.from_exception(raised, lookup_lines=False, compact=True)
    pending = [told]
    while pending:
        one = pending.pop()
        one.stack = StackSummary.from_list([renamed(frame) for frame in one.stack if name_of(frame.filename)])
        if getattr(one, "filename", None) is not None:
            one.filename = name_of(one.filename) or one.filename
        pending += filter(None, [one.__cause__, one.__context__, *(one.exceptions or ())])
        # What a library has dealt with itself says nothing to the author.
        if one.__context__ and not any(name_of(frame.filename) for frame in one.__context__.stack):
            one.__context__ = None
    text = "".join(told.format()).rstrip("\n").replace(f"({MAPPER}", "(")
    hint = hint_for(raised) if is_built or is_of_network(raised) else None
    return text if hint is None else f"{text}\n{hint}"


def is_of_network(raised):
    return any(one.__name__ in NETWORK for one in type(raised).__mro__)


def hint_for(raised):
    """What to do about it, if that is known."""
    if isinstance(raised, TypeError | AttributeError) and str(raised).startswith(OF_HANDLERS):
        return EVENT_HAS
    # Its heirs are of another kind: only codecs that are not found raise it itself.
    if type(raised) is LookupError and "encoding" in str(raised):
        return "codecs are modules that are loaded when the mapper is built: write `import encodings.NAME` at the top"
    return next((hint for types, hint in HINTS if isinstance(raised, types)), None)


def renamed(frame):
    if frame.filename.startswith(MAPPER):
        remember(frame.filename)
    frame.filename = name_of(frame.filename)
    return frame


def shown_place(function):
    """Where a function is, for messages."""
    code = getattr(function, "__code__", None)
    file = None if code is None else name_of(code.co_filename)
    return "" if file is None else f" ({file}:{code.co_firstlineno})"
