"""Looks at a mapper in Python before anything is built of it: its syntax, its function and its imports.

Takes the mapper's folder and the folder of its environment. Prints what is wrong, the modules to load before the
snapshot, and the files of packages that were read, as JSON. It runs on the Python of the author and needs nothing else.
"""

import ast
import json
import sys
import warnings
from pathlib import Path

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
# What imports modules whose names can't be seen from here, and the modules of a package that it does not mean.
DYNAMIC = (b"import_module", b"__import__")
PROGRAMS = ("__main__", "conftest", "setup", "test")
# How the native code is called that componentize-py can take.
FOR_WASI = "wasm32-wasi.so"
CONDITIONAL = (ast.If, ast.Try, getattr(ast, "TryStar", ast.Try), ast.With, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Look:
    """What is known of a mapper."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.packages = sorted(environment.glob("lib/python3*/site-packages")) if environment else []
        self.faults, self.modules, self.files = [], set(), []
        # Whether it has a function for the backend's answer.
        self.follow_up = False
        # Modules that were found, and those that are still to be read: the author's, and those of packages.
        self.known, self.pending, self.of_packages = {MAPPER}, [], []

    def fault(self, file, line, text):
        place = file.relative_to(self.folder).as_posix()
        self.faults.append(f"{place}:{line}: {text}")

    def run(self):
        self.pending.append((MAPPER, self.folder / f"{MAPPER}.py", None))
        # The author's own files come first, so that what is wrong in them is told at once.
        while self.pending:
            name, file, _ = self.pending.pop(0)
            self.own(name, file)
        while self.of_packages and not self.faults:
            self.package(*self.of_packages.pop(0))

    def own(self, name, file):
        source, tree = self.parsed(file)
        if tree is None:
            return
        self.by_name(name, file, source, tree)
        if name == MAPPER:
            self.function(file, tree)
            self.follow_up = any("conclude" in bound(node) for top in tree.body for node in in_the_open(top))
        for wanted, line, is_sure in imports(tree, name, file, is_own=True):
            if wanted is None:
                self.fault(file, line, "there is no package here to import from by dots; write the module's name alone")
                continue
            self.modules.add(wanted)
            problem = self.follow(wanted, (file, line, wanted), is_sure=is_sure, is_own=True)
            if problem and is_sure:
                self.fault(file, line, problem)

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
        where, file = self.found(name)
        if file is None and top in NO_SYSTEM:
            lacks = "not in the Python of mappers: there are no processes, no network and no other system"
            return f"`{top}` is {lacks}" if is_own else f"`{first}` needs `{top}`, which is {lacks}"
        if file is None:
            return self.missing(name, top) if is_own and top not in ADDED | STANDARD else None
        if name in self.known:
            return None
        if file.name.endswith(NATIVE):
            lacks = f"needs native code, which a mapper has not got: {self.shown(file)}"
            return f"`{first}` {lacks}; look for a package in Python alone"
        self.known.add(name)
        if file.suffix == ".py":
            queue = self.pending if where == self.folder else self.of_packages
            queue.append((name, file, origin if is_sure else None))
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
        for wanted, _, is_sure in imports(tree, name, file, is_own=False):
            if wanted is not None:
                self.modules.add(wanted)
                is_sure = is_sure and origin is not None
                problem = self.follow(wanted, origin or (file, 0, name), is_sure=is_sure, is_own=False)
                if problem and is_sure:
                    self.fault(*origin[:2], problem)
                    return

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


def package_of(name, file):
    """The package that a module is in, or is."""
    return name if file.name == "__init__.py" else name.rpartition(".")[0]


def imports(tree, name, file, *, is_own):
    """What a file imports, with the line, and whether it can't do without."""
    package = package_of(name, file)
    for node, is_sure in statements(tree, True, is_own):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, is_sure
            continue
        module = node.module or ""
        if node.level:
            parents = package.split(".") if package else []
            if len(parents) < node.level:
                yield None, node.lineno, is_sure
                continue
            module = ".".join(filter(None, [*parents[: len(parents) - node.level + 1], module]))
        yield module, node.lineno, is_sure
        # Each name can be a module, or something in one.
        for alias in node.names:
            if alias.name != "*":
                yield f"{module}.{alias.name}", node.lineno, False


def quoted(tree):
    """The names of modules that are given to a function to import them."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and node.args
            and ast.unparse(node.func).endswith(("import_module", "__import__"))
        ):
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and not name.value.startswith("."):
                yield name.value


def statements(node, is_sure, is_own):
    """The imports in a file. Those under a condition can be done without; so can a package those in its functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, is_sure
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from statements(ast.Module([other], []), is_sure, is_own)
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            is_optional = isinstance(child, CONDITIONAL) or (isinstance(child, FUNCTIONS) and not is_own)
            yield from statements(child, is_sure and not is_optional, is_own)


def in_the_open(node):
    """A statement with its parts, but for those of functions and classes."""
    yield node
    if not isinstance(node, FUNCTIONS + (ast.ClassDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from in_the_open(child)


def bound(node):
    """The names that a part of a file binds."""
    if isinstance(node, FUNCTIONS):
        return [node.name]
    if isinstance(node, ast.alias):
        return [node.asname or node.name, "transform"] if node.name == "*" else [node.asname or node.name]
    return [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []


def listed(names):
    return ", ".join(f"`{name}`" for name in names)


def main():
    warnings.simplefilter("ignore")
    folder, environment = Path(sys.argv[1]), sys.argv[2]
    look = Look(folder, Path(environment) if environment else None)
    look.run()
    found = {"faults": look.faults, "modules": sorted(look.modules), "files": look.files}
    print(json.dumps({**found, "follow_up": look.follow_up}))


if __name__ == "__main__":
    main()
