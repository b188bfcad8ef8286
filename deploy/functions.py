"""The layer with the mapper, the two functions, and the event source mapping of the second one."""

import base64
import hashlib
import time
from pathlib import Path

from aws import AwsError, Stop, aws, aws_or_none, say

RUNTIME, HANDLER = "provided.al2023", "bootstrap"
PACKAGES = Path(__file__).resolve().parents[1] / "target/package"
# A new role is not known everywhere at once: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#
# troubleshoot_general_eventual-consistency. In seconds, and how often.
ROLE_WAIT, ROLE_TRIES = 5, 12
UPDATE_WAIT, UPDATE_TRIES = 1, 180


def package(arch):
    """The zips of the function and of the layer for an architecture. Raises Stop if they are not built."""
    zips = PACKAGES / arch / "function.zip", PACKAGES / arch / "mapper.zip"
    if missing := [file for file in zips if not file.is_file()]:
        raise Stop(f"{missing[0]} is missing; build it with `just package {arch}`")
    return zips


def configuration(function, qualifier="$LATEST"):
    """The configuration of a function as get-function-configuration shows it, None if there is no such function."""
    asked = {"FunctionName": function, "Qualifier": qualifier}
    return aws_or_none("lambda", "get-function-configuration", asked)


def ensure_layer(name, zipped, arch):
    """Publishes the layer, unless its newest version has the same content. Returns that version's ARN."""
    versions = (aws_or_none("lambda", "list-layer-versions", {"LayerName": name}) or {}).get("LayerVersions", [])
    if versions:
        newest = max(versions, key=lambda version: version["Version"])
        asked = {"LayerName": name, "VersionNumber": newest["Version"]}
        if aws("lambda", "get-layer-version", asked)["Content"]["CodeSha256"] == digest(zipped):
            say(f"layer {name}: exists, version {newest['Version']}")
            return newest["LayerVersionArn"]
    given = {"LayerName": name, "CompatibleArchitectures": [arch], "CompatibleRuntimes": [RUNTIME]}
    made = aws("lambda", "publish-layer-version", given, "--zip-file", f"fileb://{zipped}")
    say(f"layer {name}: {'updated' if versions else 'created'}, version {made['Version']}")
    return made["LayerVersionArn"]


def ensure_function(name, role, layer, zipped, arch, variables, timeout):
    """Makes the function `name` or brings its settings up to date, and publishes that; returns the version.

    Code and role of a function that exists, more memory, a longer timeout and other layers are left alone.
    """
    there = configuration(name)
    if there:
        # An interrupted run may have left it in the middle of a change.
        settle(name)
    others = [other["Arn"] for other in (there or {}).get("Layers", []) if not same_layer(other["Arn"], layer)]
    wanted = {
        "Role": there["Role"] if there else role,
        "Handler": HANDLER,
        "Layers": [*others, layer],
        "Environment": {"Variables": variables},
        "MemorySize": max(128, there["MemorySize"] if there else 0),
        "Timeout": max(timeout, there["Timeout"] if there else 0),
        "LoggingConfig": (there or {}).get("LoggingConfig", {}) | {"LogFormat": "JSON"},
    }
    state = "exists"
    if not there:
        given = wanted | {"FunctionName": name, "Runtime": RUNTIME, "Architectures": [arch]}
        once_role_works(lambda: aws("lambda", "create-function", given, "--zip-file", f"fileb://{zipped}"), role)
        settle(name)
        state = "created"
    elif differs(there, wanted):
        update = wanted | {"FunctionName": name}
        once_role_works(lambda: aws("lambda", "update-function-configuration", update), role)
        settle(name)
        state = "updated"
    # AWS publishes nothing if neither code nor configuration have changed since the last version.
    version = aws("lambda", "publish-version", {"FunctionName": name})["Version"]
    settle(name, version)
    own = "" if wanted["Role"] == role else f", keeps its own role {wanted['Role']}"
    say(f"function {name}: {state}, version {version}{own}")
    return version


def differs(there, wanted):
    """Whether a function's configuration differs from `wanted`."""
    layers = [layer["Arn"] for layer in there.get("Layers", [])]
    return there | {"Layers": layers} != there | wanted


def same_layer(one, other):
    """Whether the ARNs of two versions are of the same layer."""
    return one.rpartition(":")[0] == other.rpartition(":")[0]


def ensure_mapping(queue, alias, role, concurrency):
    """Feeds the alias from the queue (ARNs), at most `concurrency` batches at once; None keeps it, or is 5 at first."""
    asked = {"EventSourceArn": queue, "FunctionName": alias}
    there = next(iter(aws("lambda", "list-event-source-mappings", asked)["EventSourceMappings"]), {})
    concurrency = concurrency or there.get("ScalingConfig", {}).get("MaximumConcurrency", 5)
    wanted = {
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": concurrency},
    }
    state = "exists"
    if not there:
        once_role_works(lambda: aws("lambda", "create-event-source-mapping", asked | wanted), role)
        state = "created"
    elif there | wanted != there:
        aws("lambda", "update-event-source-mapping", wanted | {"UUID": there["UUID"]})
        state = "updated"
    say(f"event source mapping: {state}, at most {concurrency} at once")


def once_role_works(call, role):
    """Repeats `call` while AWS does not yet know the role (an ARN) or its policy."""
    for attempt in range(1, ROLE_TRIES + 1):
        try:
            return call()
        except AwsError as error:
            if error.code != "InvalidParameterValueException" or "role" not in str(error) or attempt == ROLE_TRIES:
                raise
        say(f"{role} is not known everywhere yet; trying again ({attempt} of {ROLE_TRIES - 1})")
        time.sleep(ROLE_WAIT)


def settle(function, qualifier="$LATEST"):
    """Waits until the last change of a function is complete."""
    for _ in range(UPDATE_TRIES):
        there = configuration(function, qualifier)
        if "Failed" in (there["State"], there.get("LastUpdateStatus")):
            raise Stop(f"{function}: {there.get('StateReason') or there.get('LastUpdateStatusReason')}")
        if there["State"] != "Pending" and there.get("LastUpdateStatus") != "InProgress":
            return
        time.sleep(UPDATE_WAIT)
    raise Stop(f"{function} is still not ready after {UPDATE_TRIES * UPDATE_WAIT} seconds; run this again")


def digest(file):
    """The SHA-256 of a file as Lambda shows it."""
    return base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()
