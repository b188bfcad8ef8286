"""Puts another mapper into both functions: compared with the deployed one, tried by a dry run, and only then live."""

import argparse
import json
import platform
import signal
import tempfile
from pathlib import Path

import versions
import workbench
from aws import INTERRUPTIONS, Stop, agreed, main, say
from dry_run import dry_run
from functions import configuration, digest, package
from names import ALIAS, DEFAULT, Names

HELP = """
Builds, checks and compiles the mapper, shows what it maps otherwise than the deployed one, and asks. Then it publishes
the layer, puts it in the place of the former one in both functions, publishes a version of each, and lets these map an
event in a dry run, which sends nothing. Only then the aliases point at them, and are tried once more. Where anything
fails, layers and aliases become what they were. `just rollback` goes back later. Exit status 1: the mapper is not live.

A mapper has to be compiled by the release of the function's program. With --with-host, that program becomes the one of
`just package` in the same version, which is how a function is upgraded.

Rights: lambda:GetAlias, UpdateAlias, GetFunctionConfiguration, UpdateFunctionConfiguration, PublishVersion and
InvokeFunction on both functions, for an upgrade GetFunction and UpdateFunctionCode, too; lambda:GetLayerVersion and
PublishLayerVersion on the mapper's layer.
"""
TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
# By what `uname -m` calls the processor.
HERE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
# What a version is made of, besides layers; the rest of a configuration is of the version itself.
PARTS = "Architectures CodeSha256 Environment Handler LoggingConfig MemorySize Role Runtime Timeout VpcConfig".split()


def swap():
    """Does it; returns the exit status."""
    arguments = parsed()
    names = Names(arguments.function)
    aliases = [versions.live(function) for function in names.functions]
    live = [configuration(function, ALIAS) for function in names.functions]
    latest = [configuration(function) for function in names.functions]
    arch, variables = live[0]["Architectures"][0], live[0].get("Environment", {}).get("Variables", {})
    code = package(arch)[0] if arguments.with_host else None

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        component, events = workbench.build(arguments.mapper), workbench.events(arguments.mapper)
        workbench.check(component)
        workbench.compile(component, TARGETS[arch], folder / versions.IMAGE)
        zipped = versions.pack(folder)
        manifest = json.loads((folder / versions.MANIFEST).read_bytes())
        deployed = fetch(versions.mapper_of(live[0], names), folder / "deployed")
        if deployed == manifest and alike(live, latest, names) and has_code((*live, *latest), code):
            say("This mapper is live already; nothing to change.")
            return 0
        if deployed:
            compare(folder / "deployed" / versions.IMAGE, deployed.get("target"), component, events, variables)
        sample = workbench.sample(component, events, variables)
        say_unpublished(names, live, latest)
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
                raise Stop("\n  ".join([f"{first}\nNot all could be put back:", *failed])) from None
            raise
    say("The mapper is live. `just rollback` takes it back.")
    return 0


def fetch(layer, folder):
    """Writes image and manifest of the deployed layer (an ARN or None) into `folder`; returns the manifest.

    Whatever is wrong with a layer, it can be replaced: where it can't be read, it is said and None is returned.
    """
    if layer is None:
        say("No mapper is deployed, so there is none to compare with.")
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
    """Whether all of them have the code in the zip `code`, where there is one."""
    return code is None or {digest(code)} == {each["CodeSha256"] for each in configurations}


def compare(image, target, component, events, variables):
    """Shows what the component maps otherwise than the deployed image, where this machine can run that."""
    if target != TARGETS.get(HERE):
        say(
            f"The deployed mapper is native code for {target}, so what the swap changes can't be shown on this machine."
        )
        return
    workbench.diff(image, component, events, variables)


def say_unpublished(names, live, latest):
    """Says what else goes live: a version is made of all that $LATEST is."""
    for function, one, other in zip(names.functions, live, latest, strict=True):
        changed = [part for part in PARTS if one.get(part) != other.get(part)]
        mapper = versions.mapper_of(one, names)
        if versions.layers_of(one) != (versions.with_mapper(other, mapper) if mapper else versions.layers_of(other)):
            changed.append("Layers")
        if changed:
            say(f"Note: $LATEST of {function} differs from what is live, and that goes live too: {', '.join(changed)}.")


def take_over(aliases, parts, tried):
    """Gives both functions layers and code, and points the aliases at versions that pass `tried(function, at)`."""
    functions = [versions.function_of(alias) for alias in aliases]
    for function, (layers, code) in zip(functions, parts, strict=True):
        versions.put(function, layers, code)
    published = [versions.publish(function) for function in functions]
    for function, version in zip(functions, published, strict=True):
        tried(function, version)
    # Redelivery first: what fails then costs no sign-up.
    for alias, version in reversed([*zip(aliases, published, strict=True)]):
        versions.move(alias, version)
        tried(versions.function_of(alias), ALIAS)


def try_out(function, qualifier, sample, component):
    """Raises Stop unless the function maps the event in the file `sample`, by the mapper of the digest `component`."""
    found = dry_run(function, qualifier, sample)
    if found["mapper"] != component:
        raise Stop(f"{function}:{qualifier} maps by the mapper {found['mapper']}, and not by the new one, {component}")
    code = f" ({found['code']})" if "code" in found else ""
    say(f"{function}:{qualifier}: maps {sample.name}, which would be {found['end']}{code}")


def put_back(aliases, before):
    """Makes aliases, layers and code what they were, as far as AWS takes it. Returns what it did not take."""
    # Another interruption would leave the functions in the middle.
    for name in INTERRUPTIONS:
        signal.signal(name, signal.SIG_IGN)
    say("That failed; putting back what was there")
    failed = []
    for alias, (layers, code) in zip(aliases, before, strict=True):
        function = versions.function_of(alias)
        for step in (
            lambda alias=alias: versions.point(alias),
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
    parser.add_argument("--with-host", action="store_true", help="put the program of `just package` there, too")
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
