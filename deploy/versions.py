"""Versions of the two functions behind the alias `live`, and the layer with each version's mapper."""

import io
import re
import urllib.error
import urllib.request
import zipfile

from aws import Stop, aws, aws_or_none, say
from functions import RUNTIME, settle
from names import ALIAS, REMEMBERED
from package import write_zip

IMAGE, MANIFEST = "mapper.cwasm", "mapper.json"
# In bytes: a zip that is uploaded directly, and a function with all its layers, unpacked.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ZIPPED, MAX_UNPACKED = 50 * 2**20, 250 * 2**20
# In seconds.
DOWNLOAD_TIMEOUT = 60


def live(function):
    """The alias of a function as Lambda describes it. Raises Stop if there is none."""
    alias = aws_or_none("lambda", "get-alias", {"FunctionName": function, "Name": ALIAS})
    if not alias:
        raise Stop(
            f"there is no function {function} with an alias {ALIAS} in this account and region; make it with "
            "`just create` or from deploy/template.yaml, and check AWS_PROFILE and AWS_REGION"
        )
    return alias


def function_of(alias):
    """The name of the function of an alias that Lambda has described."""
    return alias["AliasArn"].split(":")[-2]


def put_back(alias):
    """Gives an alias the version and the description that it had when Lambda described it."""
    function, version = function_of(alias), alias["FunctionVersion"]
    given = {"FunctionVersion": version, "Description": alias.get("Description", "")}
    aws("lambda", "update-alias", {"FunctionName": function, "Name": ALIAS} | given)
    say(f"alias {function}:{ALIAS}: version {version}")


def former(alias):
    """The version that was live before, from the alias's description; None if the description does not name it."""
    pattern = REMEMBERED.format(re.escape(alias["FunctionVersion"]), r"(\d+)")
    found = re.fullmatch(pattern, alias.get("Description", ""))
    return found[1] if found else None


def publish(function):
    """Publishes $LATEST as a version and returns its number, a text."""
    version = aws("lambda", "publish-version", {"FunctionName": function})["Version"]
    settle(function, version)
    say(f"function {function}: version {version} is published")
    return version


def put_layers(function, layers):
    """Makes `layers` (ARNs) the layers of $LATEST."""
    # AWS refuses an update while an interrupted run's update is under way.
    settle(function)
    aws("lambda", "update-function-configuration", {"FunctionName": function, "Layers": layers})
    settle(function)


def put(function, layers, code):
    """Gives $LATEST the layers `layers` (ARNs) and, unless it is None, the code of the zip `code`."""
    put_layers(function, layers)
    if code:
        aws("lambda", "update-function-code", {"FunctionName": function}, "--zip-file", f"fileb://{code}")
        settle(function)


def fetch_code(function, file):
    """Writes the zip with the code of $LATEST to `file`, and returns `file`."""
    file.write_bytes(download(aws("lambda", "get-function", {"FunctionName": function})["Code"]["Location"]))
    return file


def layers_of(configuration):
    """The ARNs of the layers in a function's configuration."""
    return [layer["Arn"] for layer in configuration.get("Layers", [])]


def mapper_of(configuration, names):
    """The ARN of the layer version that holds the mapper, None if a configuration has none."""
    return next((arn for arn in layers_of(configuration) if arn.split(":")[-2] == names.layer), None)


def with_mapper(configuration, layer):
    """The layers of a configuration with `layer` (an ARN) in place of another version of it, else at the end."""
    layers, name = layers_of(configuration), layer.rpartition(":")[0]
    if not any(other.rpartition(":")[0] == name for other in layers):
        return [*layers, layer]
    return [layer if other.rpartition(":")[0] == name else other for other in layers]


def pack(folder):
    """Zips image and manifest in `folder`; returns the zip. Raises Stop if Lambda would not take it."""
    zipped, members = folder / "mapper.zip", [folder / IMAGE, folder / MANIFEST]
    unpacked, size = sum(file.stat().st_size for file in members), write_zip(zipped, members)
    for what, it, limit in (("unpacked", unpacked, MAX_UNPACKED), ("zipped", size, MAX_ZIPPED)):
        if it > limit:
            raise Stop(
                f"the mapper has {it / 2**20:.1f} MiB {what}, and Lambda takes {limit / 2**20:.0f}; make it smaller: "
                "`mapper inspect` shows its content"
            )
    return zipped


def publish_layer(name, zipped, arch):
    """Publishes a version of the layer `name` for an architecture; returns its ARN."""
    given = {"LayerName": name, "CompatibleArchitectures": [arch], "CompatibleRuntimes": [RUNTIME]}
    made = aws("lambda", "publish-layer-version", given, "--zip-file", f"fileb://{zipped}")
    say(f"layer {name}: version {made['Version']} is published")
    return made["LayerVersionArn"]


def layer_content(arn):
    """The content of the layer version with this ARN, as an open zip. Raises Stop if it can't be fetched."""
    layer, _, number = arn.rpartition(":")
    found = aws("lambda", "get-layer-version", {"LayerName": layer, "VersionNumber": int(number)})
    try:
        return zipfile.ZipFile(io.BytesIO(download(found["Content"]["Location"])))
    except zipfile.BadZipFile as error:
        raise Stop(f"{arn} is not a valid zip: {error}") from None


def download(location):
    """The bytes at an address that Lambda has given. Raises Stop if they can't be fetched."""
    try:
        with urllib.request.urlopen(location, timeout=DOWNLOAD_TIMEOUT) as answer:
            return answer.read()
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise Stop(f"the code or layer can't be fetched from Lambda: {reason}") from None
