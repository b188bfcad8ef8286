"""Points the alias `live` of both functions at the former version, or at a given one, with its mapper."""

import argparse
from concurrent.futures import ThreadPoolExecutor

import versions
from aws import AwsError, Stop, agreed, aws, main, say
from dry_run import Failed, handles, ready
from functions import configuration
from live import make_live
from names import ALIAS, DEFAULT, Names

HELP = """
Without VERSION, it goes back to the version that was live before. `swap-mapper` and `rollback` write that version into
the alias's description, so a second `rollback` undoes the first. VERSION is a version of the trigger's function.
Redelivery gets its own version with the same code and the same mapper. $LATEST gets the same layers, so the next
published version does not bring the bad mapper back. Settings and code of $LATEST stay. Both versions map an event in a
dry run first; if one can't, it says why and asks. Exit status 1: the former version is not known (the versions are
listed, with those that can't handle events), you did not agree, or AWS refused.

Rights: lambda:GetAlias, UpdateAlias, GetFunctionConfiguration, ListVersionsByFunction, UpdateFunctionConfiguration,
InvokeFunction, and GetLayerVersion on the mapper's layer.
"""
# How many versions are listed, and how many are tried at once.
SHOWN, THREADS = 20, 4


class NotAgreed(Stop):
    """A version can't handle events, and the person does not want it."""


def rollback():
    """Does it; returns the exit status."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("version", metavar="VERSION", nargs="?", help="the version to go back to (the former one)")
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
    parser.add_argument("--yes", action="store_true", help="do not ask: a version that fails the dry run goes live too")
    arguments = parser.parse_args()
    names = Names(arguments.function)

    trigger, redelivery = (versions.live(function) for function in names.functions)
    published = {function: published_of(function) for function in names.functions}
    number = arguments.version or versions.former(trigger)
    if number not in published[names.function]:
        show(published[names.function], trigger, names)
        raise Stop(
            f"{names.function} has no version {number}; choose one of these"
            if number
            else f"the alias {names.function}:{ALIAS} does not say which version was live before; choose one of these "
            "with `just rollback VERSION`"
        )
    target = published[names.function][number]
    stays = number == trigger["FunctionVersion"]
    likely = redelivery["FunctionVersion"] if stays else versions.former(redelivery)
    partner = partner_of(target, published[names.redelivery], likely, names)
    # In an emergency the alias matters most, and first the one that Cognito calls.
    moves = {}
    for alias, version in ((trigger, number), (redelivery, partner["Version"])):
        if alias["FunctionVersion"] == version:
            say(f"alias {versions.function_of(alias)}:{ALIAS}: is at version {version} already")
        else:
            moves[versions.function_of(alias)] = version
    try:
        make_live(moves, lambda function, version: confirm(function, version, arguments.yes))
    except NotAgreed:
        show(published[names.function], trigger, names)
        raise
    for function, version in zip(names.functions, (target, partner), strict=True):
        keep_mapper(function, version)
    return 0


def confirm(function, version, yes):
    """Tries a version, and asks if it can't handle an event or can't be tried. Raises Stop without a yes."""
    try:
        ready(function, version)
    except Stop as stop:
        say(str(stop))
        if not agreed(f"Make version {version} of {function} live anyway?", yes):
            raise NotAgreed(
                "not agreed; nothing was changed. Choose another version with `just rollback VERSION`"
            ) from None


def published_of(function):
    """The configurations of the function's published versions, by number."""
    found = aws("lambda", "list-versions-by-function", {"FunctionName": function})["Versions"]
    return {version["Version"]: version for version in found if version["Version"] != "$LATEST"}


def partner_of(target, published, likely, names):
    """The version of redelivery, one of `published`, that belongs to the version `target` of the trigger's function.

    They share code and mapper, but their numbers may differ. Of several it is the one with the number `likely`, else
    the newest, which has the newest settings. Raises Stop if there is none.
    """
    mapper = versions.mapper_of(target, names)
    fitting = {
        number: version
        for number, version in published.items()
        if (versions.mapper_of(version, names), version["CodeSha256"]) == (mapper, target["CodeSha256"])
    }
    if not fitting:
        raise Stop(
            f"{names.redelivery} has no version with the code and the mapper of version {target['Version']} of "
            f"{names.function} ({mapper}); nothing was changed, choose another version"
        )
    return fitting[likely if likely in fitting else max(fitting, key=int)]


def keep_mapper(function, version):
    """Makes the layers of a version those of $LATEST."""
    latest = configuration(function)
    layers = versions.layers_of(version)
    if latest["CodeSha256"] != version["CodeSha256"]:
        say(
            f"function {function}: $LATEST has other code than version {version['Version']}, and keeps its mapper; "
            "before the next change, deploy the packages of the release that you want"
        )
    elif versions.layers_of(latest) == layers:
        say(f"function {function}: $LATEST has this mapper already")
    else:
        versions.put_layers(function, layers)
        say(f"function {function}: $LATEST has this mapper now")


def show(published, alias, names):
    """Lists versions, the newest first, with date, mapper, and the reason if one can't handle events."""
    numbers = sorted(published, key=int, reverse=True)
    say(f"versions of {names.function}:")
    with ThreadPoolExecutor(THREADS) as threads:
        shown = numbers[:SHOWN]
        for number, mark in zip(shown, threads.map(lambda number: fault(names.function, number), shown), strict=True):
            mapper = versions.mapper_of(published[number], names)
            layer = ":".join(mapper.split(":")[-2:]) if mapper else "no mapper"
            live = f" ({ALIAS})" if number == alias["FunctionVersion"] else ""
            say(f"  {number:>4}  {published[number]['LastModified'][:19]}  {layer}{live}{mark}")
    if older := numbers[SHOWN:]:
        say(f"  and {len(older)} older ones")


def fault(function, version):
    """The reason if a version does not pass a dry run, else an empty text."""
    try:
        handles(function, version)
    except Failed as failed:
        return f", can't handle an event: {failed.error_type}"
    except AwsError as error:
        return f", could not be tried: {error.code or 'the AWS CLI failed'}"
    return ""


if __name__ == "__main__":
    main(rollback)
