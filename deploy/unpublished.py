"""What $LATEST is and no live version is: whoever publishes a version makes that live, too."""

import versions
from aws import say

# What a version is made of, besides settings and layers; the rest of a configuration is of the version itself.
PARTS = "Architectures CodeSha256 Handler LoggingConfig MemorySize Role Runtime Timeout VpcConfig".split()


def settings_of(configuration):
    """The settings in a function's configuration that are not empty, by name."""
    variables = configuration.get("Environment", {}).get("Variables", {})
    return {name: value for name, value in variables.items() if value}


def differing(one, other):
    """The names of settings (two dictionaries) that are not the same in both."""
    return sorted(name for name in one | other if one.get(name) != other.get(name))


def note(function, live, latest, mapper):
    """Says what else goes live with a new version; `mapper` is the ARN of the layer that holds the live mapper."""
    changed = [part for part in PARTS if live.get(part) != latest.get(part)]
    changed += differing(settings_of(live), settings_of(latest))
    if versions.layers_of(live) != (versions.with_mapper(latest, mapper) if mapper else versions.layers_of(latest)):
        changed.append("Layers")
    if changed:
        say(f"Note: $LATEST of {function} differs from what is live, and that goes live too: {', '.join(changed)}.")
