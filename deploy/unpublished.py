"""Changes of $LATEST that are not live: the next published version makes them live too."""

import versions
from aws import say

# The parts of a version besides settings and layers; the rest of a configuration describes the version itself.
PARTS = "Architectures CodeSha256 Handler LoggingConfig MemorySize Role Runtime Timeout VpcConfig".split()


def settings_of(configuration):
    """The settings in a function's configuration that are not empty, by name."""
    variables = configuration.get("Environment", {}).get("Variables", {})
    return {name: value for name, value in variables.items() if value}


def differing(one, other):
    """The names of settings (two dictionaries) that are not the same in both."""
    return sorted(name for name in one | other if one.get(name) != other.get(name))


def note(function, live, latest, mapper):
    """Says which other changes go live with a new version; `mapper` is the ARN of the live mapper's layer."""
    changed = [part for part in PARTS if live.get(part) != latest.get(part)]
    changed += differing(settings_of(live), settings_of(latest))
    if versions.layers_of(live) != (versions.with_mapper(latest, mapper) if mapper else versions.layers_of(latest)):
        changed.append("Layers")
    if changed:
        say(f"Note: $LATEST of {function} differs from the live version, and this goes live too: {', '.join(changed)}.")
