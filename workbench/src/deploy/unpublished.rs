//! Changes of `$LATEST` that are not live: the next published version makes them live too.

use anyhow::Result;
use serde_json::Value;

use super::functions::layers_of;
use super::settings::{differing, settings_of};
use super::talk::say;
use super::versions::with_mapper;

/// The parts of a version besides settings and layers; the rest of a configuration describes the
/// version itself.
const PARTS: [&str; 9] = [
    "Architectures",
    "CodeSha256",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "VpcConfig",
];

/// Says which other changes go live with a new version; `mapper` is the ARN of the live mapper's
/// layer.
///
/// # Errors
/// A layer has no ARN.
pub fn note(function: &str, live: &Value, latest: &Value, mapper: Option<&str>) -> Result<()> {
    let changed = PARTS.into_iter().filter(|part| live[part] != latest[part]);
    let mut changed: Vec<String> = changed.map(str::to_owned).collect();
    changed.extend(differing(&settings_of(live), &settings_of(latest)));
    let wanted = match mapper {
        Some(mapper) => with_mapper(latest, mapper)?,
        None => layers_of(latest)?,
    };
    if layers_of(live)? != wanted {
        changed.push("Layers".to_owned());
    }
    if !changed.is_empty() {
        say(format!(
            "Note: $LATEST of {function} differs from the live version, and this goes live too: {}.",
            changed.join(", ")
        ));
    }
    Ok(())
}
