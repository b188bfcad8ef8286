"""Looks at a mapper in Python before anything is built of it: its syntax, its function and its imports.

Takes the mapper's folder and the folder of its environment. Prints what is wrong, the modules to load before the
snapshot, and the files that were read, as JSON. It runs on the Python of the author and needs nothing else.
"""

import ast
import json
import sys
import warnings
from pathlib import Path

from source import (
    FUNCTIONS,
    bound,
    imports,
    in_the_open,
    listed,
    module_of,
    package_of,
    quoted,
    statements,
    used,
    variables,
)

# The mapper's own module, and what the build adds to it.
MAPPER = "mapper"
ADDED = {"post_confirmation", "wit_world", "componentize_py_types"}
# The Python of mappers, and what of the standard library of this one it has not got: what needs a system, and what was
# taken out before it.
VERSION = (3, 14)
NO_SYSTEM = set(
    "bz2 ctypes curses fcntl grp lzma mmap msvcrt nt pty pwd readline resource ssl syslog termios tkinter tty winreg "
    "winsound _ssl _ctypes _hashlib".split()
)
TAKEN_OUT = set(
    "aifc asynchat asyncore audioop cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib nis nntplib "
    "ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib".split()
)
STANDARD = (sys.stdlib_module_names | {"annotationlib", "compression"}) - NO_SYSTEM - TAKEN_OUT
NATIVE = (".so", ".pyd", ".dylib")
# Packages that send requests, and what is done in place of that.
CLIENTS = {"requests", "httpx", "aiohttp", "urllib3", "boto3", "botocore", "aiobotocore"}
HOST_SENDS = (
    'the host sends the request that `transform` returns as `{"deliver": {…}}`, and does what `conclude` returns'
)
# What can give a module names that can't be seen from here.
UNSEEN = (b"import *", b"__getattr__", b"setattr(", b"__dict__", b"exec(")
UNSEEN += (b"globals(", b"locals(", b"vars(", b"sys.modules")
# What every module has.
ALWAYS = set("__name__ __file__ __doc__ __package__ __spec__ __loader__ __path__ __cached__ __builtins__".split())
# The function for the backend's answer, as it is called, as people call it, and how many letters may be wrong.
FOLLOW_UP, CALLED, WRONG = "conclude", "followup", 2
# What imports modules whose names can't be seen from here, and the modules of a package that it does not mean.
DYNAMIC = (b"import_module", b"__import__")
PROGRAMS = ("__main__", "conftest", "setup", "test")
# How the native code is called that componentize-py can take.
FOR_WASI = "wasm32-wasi.so"


class Look:
    """What is known of a mapper."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.packages = sorted(environment.glob("lib/python3*/site-packages")) if environment else []
        self.faults, self.warnings, self.modules, self.files = [], [], set(), []
        # Whether it has a function for the backend's answer.
        self.follow_up = False
        # Modules that were found, with whether the mapper can't do without, and those that are still to be read: the
        # author's, and those of packages. Of both, the ones that it can't do without come first.
        self.known, self.pending, self.perhaps, self.of_packages, self.optional = {MAPPER: True}, [], [], [], []

    def fault(self, file, line, text):
        self.faults.append(f"{self.place(file)}:{line}: {text}")

    def place(self, file):
        return file.relative_to(self.folder).as_posix()

    def run(self):
        self.pending.append((MAPPER, self.folder / f"{MAPPER}.py"))
        read = set()
        # The author's own files come first, so that what is wrong in them is told at once.
        while self.pending or self.perhaps:
            name, file = (self.pending or self.perhaps).pop(0)
            if name not in read:
                read.add(name)
                self.own(name, file)
        while (self.of_packages or self.optional) and not self.faults:
            name, file, origin = (self.of_packages or self.optional).pop(0)
            if name not in read:
                read.add(name)
                self.package(name, file, origin)

    def own(self, name, file):
        source, tree = self.parsed(file)
        if tree is None:
            return
        self.files.append(str(file))
        self.by_name(name, file, source, tree)
        if name == MAPPER:
            self.function(file, tree)
            self.find_follow_up(file, tree)
        is_needed = self.known[name]
        for line, what in variables(tree) if is_needed else ():
            self.fault(
                file,
                line,
                f"`{what}` stands outside of functions, where code runs once, when the mapper is built: read variables "
                "in `transform`, or in a function that it calls, for each event",
            )
        if is_needed:
            self.names(name, file, tree)
        for wanted, line, is_sure in self.wanted(tree, name, file, is_own=True):
            is_sure = is_sure and is_needed
            if wanted is None:
                self.fault(file, line, "there is no package here to import from by dots; write the module's name alone")
                continue
            self.modules.add(wanted)
            client = self.client(wanted) if is_needed else None
            problem = client or self.follow(wanted, (file, line, wanted), is_sure=is_sure, is_own=True)
            if problem and is_sure:
                self.fault(file, line, problem)

    def find_follow_up(self, file, tree):
        """Whether there is `conclude`, or what looks like it."""
        self.follow_up = any("conclude" in bound(node) for top in tree.body for node in in_the_open(top))
        if self.follow_up:
            return
        for node in tree.body:
            if isinstance(node, FUNCTIONS) and is_misspelt(node.name) and node.name not in used(tree):
                says = "is not called with the backend's answer: what is called with it has the name `conclude`"
                self.warnings.append(f"{self.place(file)}:{node.lineno}: `{node.name}` {says}")

    def client(self, name):
        """What is wrong with an import of the author's if it is of a package that sends requests."""
        top = name.partition(".")[0]
        if top not in CLIENTS or self.found(top)[0] == self.folder:
            return None
        return f"`{top}` needs the network, which a mapper has not got: {HOST_SENDS}"

    def names(self, name, file, tree):
        """Refuses names that are imported from the author's own modules, and are not in them."""
        for node, is_sure in statements(tree, True, True):
            if not isinstance(node, ast.ImportFrom) or not is_sure or (module := module_of(node, name, file)) is None:
                continue
            where, other = self.found(module)
            if module in ADDED or where != self.folder or other.suffix != ".py":
                continue
            try:
                source = other.read_bytes()
                has = {one for part in ast.walk(ast.parse(source)) for one in bound(part)}
            except (OSError, SyntaxError, ValueError):
                continue
            if any(word in source for word in UNSEEN):
                continue
            for alias in node.names:
                is_there = alias.name in has or alias.name in ALWAYS
                if alias.name != "*" and not is_there and self.found(f"{module}.{alias.name}")[1] is None:
                    self.fault(file, node.lineno, f"there is no `{alias.name}` in `{self.place(other)}`")

    def parsed(self, file):
        try:
            source = file.read_bytes()
            tree = ast.parse(source, str(file))
            compile(tree, str(file), "exec", dont_inherit=True)
            return source, tree
        except SyntaxError as error:
            words = f"{type(error).__name__}: {error.msg}"
            if sys.version_info < VERSION:
                here, there = (".".join(map(str, version[:2])) for version in (sys.version_info, VERSION))
                words += f" (as Python {here} reads it; a mapper runs on {there})"
            self.fault(file, f"{error.lineno or 1}:{error.offset or 1}", words)
        except (OSError, ValueError) as error:
            self.fault(file, 1, f"the file can't be read: {error}")
        return None, None

    def function(self, file, tree):
        """Whether there is `transform`, and takes one argument."""
        found = [node for node in tree.body if isinstance(node, FUNCTIONS) and node.name == "transform"]
        is_named = any("transform" in bound(node) for top in tree.body for node in in_the_open(top))
        if not found and not is_named:
            names = [node.name for node in tree.body if isinstance(node, FUNCTIONS)]
            other = f", but {listed(names)}" if names else ""
            self.fault(file, 1, f"there is no function `transform`{other}; write `def transform(event): …`")
        for function in found:
            given = function.args
            takes = len(given.posonlyargs) + len(given.args)
            required = takes - len(given.defaults)
            named = [one.arg for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if not default]
            if isinstance(function, ast.AsyncFunctionDef):
                self.fault(file, function.lineno, "`transform` has to be `def`, not `async def`: it waits for nothing")
            elif required > 1 or (takes == 0 and given.vararg is None):
                self.fault(file, function.lineno, f"`transform` has to take one argument, the event, and takes {takes}")
            elif named:
                wants = listed(named)
                self.fault(file, function.lineno, f"`transform` has to take one argument, the event, and wants {wants}")

    def follow(self, name, origin, *, is_sure, is_own):
        """Looks for a module. Says what is wrong if it can't be had."""
        top, first = name.partition(".")[0], origin[2]
        if top in ADDED:
            # The build's own goes before a copy of the author's.
            return None
        where, file = self.found(name)
        if file is None and top in NO_SYSTEM:
            lacks = "not in the Python of mappers: there are no processes, no network and no other system"
            return f"`{top}` is {lacks}" if is_own else f"`{first}` needs `{top}`, which is {lacks}"
        if file is None:
            return self.missing(name, top) if is_own and top not in STANDARD else None
        if file.name.endswith(NATIVE):
            lacks = f"needs native code, which is compiled for this machine and not for a mapper's: {self.shown(file)}"
            return f"`{first}` {lacks}; only packages in Python alone can be bundled"
        if self.known.get(name, False) or (name in self.known and not is_sure):
            return None
        self.known[name] = is_sure
        if file.suffix == ".py" and where != self.folder:
            queue = self.of_packages if is_sure else self.optional
            queue.append((name, file, origin if is_sure else None))
        elif file.suffix == ".py":
            (self.pending if is_sure else self.perhaps).append((name, file))
        if "." in name:
            return self.follow(name.rpartition(".")[0], origin, is_sure=is_sure, is_own=is_own)
        return None

    def by_name(self, name, file, source, tree):
        """Follows what a file may import by names that it makes: those in quotes, and all modules of its package."""
        if not any(word in source for word in DYNAMIC):
            return
        package = package_of(name, file)
        beside = sorted(file.parent.glob("*.py")) if package else []
        names = [f"{package}.{other.stem}" for other in beside if not other.stem.startswith((*PROGRAMS, "__init__"))]
        for wanted in [*quoted(tree), *names]:
            self.modules.add(wanted)
            self.follow(wanted, (file, 0, name), is_sure=False, is_own=False)

    def package(self, name, file, origin):
        """A module of a package. If the author's import at `origin` can't do without, its faults are that import's."""
        self.files.append(str(file))
        try:
            source = file.read_bytes()
            tree = ast.parse(source)
        except (OSError, SyntaxError, ValueError):
            return
        self.by_name(name, file, source, tree)
        for wanted, _, is_sure in self.wanted(tree, name, file, is_own=False):
            if wanted is not None:
                self.modules.add(wanted)
                is_sure = is_sure and origin is not None
                problem = self.follow(wanted, origin or (file, 0, name), is_sure=is_sure, is_own=False)
                if problem and is_sure:
                    self.fault(*origin[:2], problem)
                    return

    def wanted(self, tree, name, file, *, is_own):
        """What a file imports. A name that is in a module can be a module, which is sure of few."""
        for wanted, line, is_sure, is_name in imports(tree, name, file, is_own=is_own):
            yield wanted, line, is_sure and (not is_name or self.is_module(wanted, file))

    def is_module(self, name, importer):
        """Whether a name is that of a module, native or the author's, and its package gives it no other meaning."""
        (where, file), package = self.found(name), self.found(name.rpartition(".")[0])[1]
        if file is None or not (where == self.folder or file.name.endswith(NATIVE)):
            return False
        is_told = package.suffix == ".py" and package != importer
        return not is_told or name.rpartition(".")[2].encode() not in package.read_bytes()

    def found(self, name):
        """Where a module is: the folder that it was found in, and its file or folder."""
        for base in (self.folder, *self.packages):
            path = base.joinpath(*name.split("."))
            for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
                if file.is_file():
                    return base, file
            if path.parent.is_dir():
                for file in sorted(path.parent.glob(f"{path.name}.*")):
                    if file.name.endswith(NATIVE) and not file.name.endswith(FOR_WASI):
                        return base, file
            if path.is_dir():
                return base, path
        return None, None

    def missing(self, name, top):
        if top in TAKEN_OUT:
            return f"`{top}` was taken out of Python before {'.'.join(map(str, VERSION))}, which a mapper runs on"
        base, above = self.found(top)
        if above is not None:
            # What a package makes of itself can't be seen from here.
            return f"there is no module `{name}` in {self.shown(above)}" if base == self.folder else None
        if self.environment is None:
            make = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
            return f"there is no module `{name}` in this folder, and there is no `.venv`; `{make}` makes one"
        pip = ".venv/bin/pip" if self.environment == self.folder / ".venv" else "pip"
        where = f"in this folder and in `{self.environment.name}`"
        return f"there is no module `{name}` {where}; `{pip} install {top}` may get it"

    def shown(self, file):
        base = next(base for base in (self.folder, *self.packages) if file.is_relative_to(base))
        return f"`{file.relative_to(base).as_posix()}`"


def is_misspelt(name):
    """Whether a name is nearly that of a follow-up. Other words, such as `include`, begin with another letter."""
    plain = name.lower().replace("_", "")
    return plain == CALLED or (plain[:1] == FOLLOW_UP[0] and distance(plain, FOLLOW_UP) <= WRONG)


def distance(one, other):
    """How many letters are to be put in, taken out or changed."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, row = row, [at]
        for there, its in enumerate(other, 1):
            row.append(min(before[there] + 1, row[-1] + 1, before[there - 1] + (letter != its)))
    return row[-1]


def main():
    warnings.simplefilter("ignore")
    folder, environment = Path(sys.argv[1]), sys.argv[2]
    look = Look(folder, Path(environment) if environment else None)
    look.run()
    found = {"faults": look.faults, "warnings": look.warnings, "files": look.files, "follow_up": look.follow_up}
    print(json.dumps({**found, "modules": sorted(look.modules)}))


if __name__ == "__main__":
    main()
