"""What a file in Python says of itself: what it imports, what it binds, and what it reads outside of functions."""

import ast

# What reads variables, by its name in `os`.
VARIABLES = {"environ", "environb", "getenv", "getenvb"}
READING = {"get", "items", "keys", "values", "copy", "pop", "setdefault"}
CONDITIONAL = (ast.If, ast.Try, getattr(ast, "TryStar", ast.Try), ast.With, ast.Match, ast.While, ast.For)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def package_of(name, file):
    """The package that a module is in, or is."""
    return name if file.name == "__init__.py" else name.rpartition(".")[0]


def imports(tree, name, file, *, is_own):
    """What a file imports, with the line, whether it can't do without, and whether it is a name in a module."""
    for node, is_sure in statements(tree, True, is_own):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, is_sure, False
            continue
        module = module_of(node, name, file)
        yield module, node.lineno, is_sure, False
        for alias in node.names:
            if module is not None and alias.name != "*":
                yield f"{module}.{alias.name}", node.lineno, is_sure, True


def module_of(node, name, file):
    """The module that names are imported from into the module `name`. None if its dots lead nowhere."""
    if not node.level:
        return node.module
    package = package_of(name, file)
    parents = package.split(".") if package else []
    if len(parents) < node.level:
        return None
    return ".".join(filter(None, [*parents[: len(parents) - node.level + 1], node.module]))


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


def variables(tree):
    """Where a file reads variables outside of functions without a condition, and how."""
    known = {"os.environ": "environ", "os.environb": "environb", "os.getenv": "getenv", "os.getenvb": "getenvb"}
    for node in in_the_open(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            known |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in VARIABLES}
        if isinstance(node, ast.Import):
            tops = [alias.asname for alias in node.names if alias.name == "os" and alias.asname]
            known |= {f"{top}.{name}": name for top in tops for name in VARIABLES}
    for node in run_at_once(tree):
        of = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            of = node.value
        elif isinstance(node, ast.Call):
            of = node.func if known.get(ast.unparse(node.func), "").startswith("getenv") else None
            is_reading = isinstance(node.func, ast.Attribute) and node.func.attr in READING
            of = node.func.value if is_reading else of
        if of is not None and ast.unparse(of) in known:
            yield node.lineno, ast.unparse(node)


def run_at_once(node):
    """The parts of a file that run if it is imported, whatever is the case."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            for part in [*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)]:
                yield part
                yield from run_at_once(part)
        elif not isinstance(child, (*CONDITIONAL, ast.Lambda, ast.IfExp, ast.BoolOp, ast.GeneratorExp)):
            yield child
            yield from run_at_once(child)


def bound(node):
    """The names that a part of a file binds."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.alias):
        name = node.asname or node.name.partition(".")[0]
        return [name, "transform"] if node.name == "*" else [name]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name]
    if isinstance(node, ast.Global):
        return node.names
    if isinstance(node, ast.MatchMapping):
        return [node.rest]
    return [node.id] if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else []


def used(tree):
    """The names that a file reads."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def listed(names):
    return ", ".join(f"`{name}`" for name in names)
