"""Points the alias `live` of both functions at the version before, or at another one, with its mapper."""

import argparse

import versions
from aws import Stop, aws, main, say
from functions import configuration
from names import ALIAS, DEFAULT, Names

HELP = """
Without VERSION, back to the version of which the alias's description says that it was live before: that is what
`swap-mapper` and `rollback` leave there, so a second `rollback` undoes the first. VERSION is one of the trigger's
function. Redelivery gets the version of its own that has the same code and the same mapper. The layers become those of
$LATEST, too, so that the next version that is published does not bring the bad mapper back. Settings and code of
$LATEST stay. Exit status 1: it is not known where to go back to (the versions are listed), or AWS refused.

Rights: lambda:GetAlias, UpdateAlias, GetFunctionConfiguration, ListVersionsByFunction, UpdateFunctionConfiguration,
and GetLayerVersion on the mapper's layer.
"""


def rollback():
    """Does it; returns the exit status."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=HELP, formatter_class=style)
    parser.add_argument("version", metavar="VERSION", nargs="?", help="the version to go back to; the one before")
    parser.add_argument("--function", default=DEFAULT, help="the function's name (%(default)s)")
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
    # In a bad minute the alias matters most, and of these the one that Cognito calls.
    for alias, version in ((trigger, number), (redelivery, partner["Version"])):
        if alias["FunctionVersion"] == version:
            say(f"alias {alias['AliasArn'].split(':')[-2]}:{ALIAS}: is at version {version} already")
        else:
            versions.move(alias, version)
    for function, version in zip(names.functions, (target, partner), strict=True):
        keep_mapper(function, version)
    return 0


def published_of(function):
    """The configurations of the function's published versions, by number."""
    found = aws("lambda", "list-versions-by-function", {"FunctionName": function})["Versions"]
    return {version["Version"]: version for version in found if version["Version"] != "$LATEST"}


def partner_of(target, published, likely, names):
    """The version of redelivery, one of `published`, that belongs to the version `target` of the trigger's function.

    Code and mapper are what they share: their numbers may differ. Of several it is the one with the number `likely`,
    else the newest, which has the newest settings. Raises Stop where there is none.
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
    """Lists versions, the newest first, with date and mapper."""
    say(f"versions of {names.function}:")
    for number in sorted(published, key=int, reverse=True):
        mapper = versions.mapper_of(published[number], names)
        layer = ":".join(mapper.split(":")[-2:]) if mapper else "no mapper"
        mark = f" ({ALIAS})" if number == alias["FunctionVersion"] else ""
        say(f"  {number:>4}  {published[number]['LastModified'][:19]}  {layer}{mark}")


if __name__ == "__main__":
    main(rollback)
