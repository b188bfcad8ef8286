"""Making versions live, each after it has passed a dry run."""

from aws import aws, aws_or_none, say
from names import ALIAS, REMEMBERED


def make_live(moves, tried, moved=lambda function: None):
    """Points the aliases of functions at versions after all versions have passed. Returns the aliases' ARNs.

    `moves` is the version by the function, in the order of the moves. `tried(function, version)` raises Stop if a
    version must not go live: then nothing is moved. `moved(function)` is called when its alias is moved.
    """
    for function, version in moves.items():
        tried(function, version)
    aliases = {}
    for function, version in moves.items():
        aliases[function] = point(function, version)
        moved(function)
    return aliases


def point(function, version):
    """Points the function's alias at a version; the description holds the former one. Returns the alias's ARN."""
    alias = aws_or_none("lambda", "get-alias", {"FunctionName": function, "Name": ALIAS})
    state = "exists" if alias and alias["FunctionVersion"] == version else "updated" if alias else "created"
    if state != "exists":
        asked = {"FunctionName": function, "Name": ALIAS, "FunctionVersion": version}
        if alias:
            asked["Description"] = REMEMBERED.format(version, alias["FunctionVersion"])
        alias = aws("lambda", "update-alias" if alias else "create-alias", asked)
    say(f"alias {function}:{ALIAS}: {state}, version {version}")
    return alias["AliasArn"]
