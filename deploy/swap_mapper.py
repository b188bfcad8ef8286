"""Puts another mapper into both functions: compared with the deployed one, tried by a dry run, and only then live."""

import argparse
import json
import platform
import signal
import tempfile
from pathlib import Path

import unpublished
import versions
import workbench
from aws import INTERRUPTIONS, Stop, agreed, main, say
from dry_run import SIGN_UP, dry_run
from functions import configuration, digest, package
from live import make_live
from names import ALIAS, DEFAULT, Names

HELP = """
Builds, compiles and checks the mapper and runs its cases, none of which may be FAILED, UNSTABLE or DIFFERS. It shows
what the mapper maps differently from the deployed one, and asks. Then it publishes the layer, replaces the former layer
in both functions, publishes a version of each, and lets these map an event in a dry run, which sends nothing. Only then
do the aliases point at them, and each is tried once more. If anything fails, layers and aliases are restored.
`just rollback` goes back later. Exit status 1: the mapper is not live.

Cases are in the folder `cases` of the mapper, or beside its component. A mapper without any is tried with the events of
the default mapper.

A mapper must be compiled by the release of the function's program. With --with-host, the version also gets the program
of `just package`: this upgrades a function.

Rights: lambda:GetAlias, UpdateAlias, GetFunctionConfiguration, UpdateFunctionConfiguration, PublishVersion and
InvokeFunction on both functions, for an upgrade also GetFunction and UpdateFunctionCode; lambda:GetLayerVersion and
PublishLayerVersion on the mapper's layer.
"""
TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
# By the name of the processor in `uname -m`.
HERE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())


def swap():
    """Does it; returns the exit status."""
    arguments = parsed()
    names = Names(arguments.function)
    aliases = [versions.live(function) for function in names.functions]
    live = [configuration(function, ALIAS) for function in names.functions]
    latest = [configuration(function) for function in names.functions]
    arch, variables = live[0]["Architectures"][0], unpublished.settings_of(live[0])
    code = package(arch)[0] if arguments.with_host else None

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        component, own = workbench.build(arguments.mapper), workbench.cases(arguments.mapper)
        workbench.compile(component, TARGETS[arch], folder / versions.IMAGE)
        # The image that is tried goes live; native code for another machine can't be tried.
        tried = folder / versions.IMAGE if arch == HERE else component
        workbench.check(tried)
        workbench.test(tried, own, variables)
        zipped = versions.pack(folder)
        manifest = json.loads((folder / versions.MANIFEST).read_bytes())
        deployed = fetch(versions.mapper_of(live[0], names), folder / "deployed")
        if deployed == manifest and alike(live, latest, names) and has_code((*live, *latest), code):
            say("This mapper is live already; nothing to change.")
            return 0
        events = own or SIGN_UP.parent
        if deployed:
            compare(folder / "deployed" / versions.IMAGE, deployed.get("target"), tried, events, variables)
        sample = workbench.sample(tried, events, variables)
        for function, one, other in zip(names.functions, live, latest, strict=True):
            unpublished.note(function, one, other, versions.mapper_of(one, names))
        if not agreed(f"Put this mapper into {' and '.join(names.functions)}?", arguments.yes):
            raise Stop("not agreed; nothing was changed")
        former = [versions.fetch_code(function, folder / function) if code else None for function in names.functions]
        layer = versions.publish_layer(names.layer, zipped, arch)
        parts = [(versions.with_mapper(each, layer), code) for each in latest]
        before = [(versions.layers_of(each), zip_) for each, zip_ in zip(latest, former, strict=True)]
        component_sha256 = manifest["component"]["sha256"]
        try:
            take_over(aliases, parts, lambda function, at: try_out(function, at, sample, component_sha256))
        except BaseException as error:
            if failed := put_back(aliases, before):
                first = str(error) or "interrupted"
                raise Stop("\n  ".join([f"{first}\nNot everything could be restored:", *failed])) from None
            raise
    say("The mapper is live. `just rollback` takes it back.")
    return 0


def fetch(layer, folder):
    """Writes image and manifest of the deployed layer (an ARN or None) into `folder`; returns the manifest.

    A layer with any fault can be replaced: if it can't be read, this says so and returns None.
    """
    if layer is None:
        say("No mapper is deployed, so there is nothing to compare with.")
        return None
    say(f"deployed: {layer}")
    try:
        with versions.layer_content(layer) as content:
            content.extract(versions.IMAGE, folder)
            return json.loads(Path(content.extract(versions.MANIFEST, folder)).read_bytes())
    except (KeyError, Stop, ValueError) as error:
        say(f"The deployed mapper can't be read, so what the swap changes is not shown: {error}")
        return None


def alike(live, latest, names):
    """Whether all four configurations have the same mapper."""
    return len({versions.mapper_of(each, names) for each in (*live, *latest)}) == 1


def has_code(configurations, code):
    """Whether all of them have the code in the zip `code`; True without a zip."""
    return code is None or {digest(code)} == {each["CodeSha256"] for each in configurations}


def compare(image, target, file, events, variables):
    """Shows what the mapper in `file` maps differently from the deployed image, if this machine can run that."""
    if target != TARGETS.get(HERE):
        say(
            f"The deployed mapper is native code for {target}, so what the swap changes can't be shown on this machine."
        )
        return
    workbench.diff(image, file, events, variables)


def take_over(aliases, parts, tried):
    """Gives both functions layers and code, and points the aliases at versions that pass `tried(function, at)`."""
    functions = [versions.function_of(alias) for alias in aliases]
    for function, (layers, code) in zip(functions, parts, strict=True):
        versions.put(function, layers, code)
    published = {function: versions.publish(function) for function in functions}
    # Redelivery first: if this fails, no sign-up does.
    make_live(dict(reversed(published.items())), tried, moved=lambda function: tried(function, ALIAS))


def try_out(function, qualifier, sample, component):
    """Raises Stop unless the function maps the event in the file `sample` with the mapper of the digest `component`."""
    found = dry_run(function, qualifier, sample)
    if found["mapper"] != component:
        raise Stop(f"{function}:{qualifier} maps with the mapper {found['mapper']} instead of the new one, {component}")
    code = f" ({found['code']})" if "code" in found else ""
    say(f"{function}:{qualifier}: maps {sample.name}, which would be {found['end']}{code}")


def put_back(aliases, before):
    """Restores aliases, layers and code as far as AWS allows. Returns the changes that AWS refused."""
    # Another interruption would leave the functions half restored.
    for name in INTERRUPTIONS:
        signal.signal(name, signal.SIG_IGN)
    say("That failed; restoring the former state")
    failed = []
    for alias, (layers, code) in zip(aliases, before, strict=True):
        function = versions.function_of(alias)
        for step in (
            lambda alias=alias: versions.put_back(alias),
            lambda function=function, layers=layers, code=code: versions.put(function, layers, code),
        ):
            try:
                step()
            except Stop as stop:
                failed.append(f"{function}: {stop}")
    if not failed:
        say("Both functions have their former mapper.")
    return failed


def parsed():
    """The arguments."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("mapper", metavar="MAPPER", type=mapper, help="the mapper's folder, or its component (.wasm)")
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
    parser.add_argument("--with-host", action="store_true", help="deploy the program of `just package` too")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser.parse_args()


def mapper(text):
    """A mapper's folder or component. For argparse."""
    path = Path(text)
    if path.is_dir() or (path.is_file() and path.suffix == ".wasm"):
        return path
    raise argparse.ArgumentTypeError(f"{text} is neither a mapper's folder nor a component, NAME.wasm")


if __name__ == "__main__":
    main(swap)
