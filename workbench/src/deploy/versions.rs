//! Versions of the two functions behind the alias `live`, and the layer with each version's mapper.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::answer::{self, Unexpected};
use super::aws::{self, AwsError};
use super::functions::{RUNTIME, blob, layers_of, settle};
use super::names::{ALIAS, Names, remembered};
use super::talk::say;
use super::zips::{self, same_layer};

/// The alias of a function as Lambda describes it.
///
/// # Errors
/// AWS does not show it.
pub fn alias(function: &str) -> Result<Option<Value>, AwsError> {
    aws::find("lambda", "get-alias", json!({ "FunctionName": function, "Name": ALIAS }))
}

/// A function's alias as it was when Lambda described it.
#[derive(Clone, PartialEq)]
pub struct Alias {
    /// The function.
    pub function: String,
    /// The version that it names.
    pub version: String,
    description: String,
}

impl Alias {
    /// The alias of a function.
    ///
    /// # Errors
    /// There is none, or AWS does not show it.
    pub fn live(function: &str) -> Result<Alias> {
        let found = alias(function)?.with_context(|| {
            format!(
                "there is no function {function} with an alias {ALIAS} in this account and region; make it with \
                 `mapper create` or by a stack, and check AWS_PROFILE and AWS_REGION"
            )
        })?;
        Ok(Alias {
            function: function.to_owned(),
            version: answer::text(&found, "FunctionVersion")?.to_owned(),
            description: found["Description"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Gives it the version and the description that it had, if it has others.
    ///
    /// # Errors
    /// AWS refuses.
    pub fn put_back(&self) -> Result<()> {
        let Alias { function, version, description } = self;
        if Alias::live(function)? == *self {
            return Ok(());
        }
        let given = json!({
            "FunctionName": function, "Name": ALIAS, "FunctionVersion": version, "Description": description,
        });
        aws::call("lambda", "update-alias", given)?;
        say(format!("alias {function}:{ALIAS}: version {version}"));
        Ok(())
    }

    /// The version that was live before, from the description. None if it does not name it.
    pub fn former(&self) -> Option<&str> {
        let former = self.description.strip_prefix(&remembered(&self.version, ""))?;
        let digits = !former.is_empty() && former.bytes().all(|byte| byte.is_ascii_digit());
        digits.then_some(former)
    }
}

/// Publishes `$LATEST` as a version and returns its number, a text.
///
/// # Errors
/// AWS refuses.
pub fn publish(function: &str) -> Result<String> {
    let published = aws::call("lambda", "publish-version", json!({ "FunctionName": function }))?;
    let version = answer::text(&published, "Version")?.to_owned();
    settle(function, &version)?;
    say(format!("function {function}: version {version} is published"));
    Ok(version)
}

/// Makes `layers` (ARNs) the layers of `$LATEST`, if it has others. Returns its configuration.
///
/// # Errors
/// AWS refuses.
pub fn put_layers(function: &str, layers: &[String]) -> Result<Value> {
    // AWS refuses an update while an interrupted run's update is under way.
    let there = settle(function, "$LATEST")?;
    if layers_of(&there)? == layers {
        return Ok(there);
    }
    let given = json!({ "FunctionName": function, "Layers": layers });
    aws::call("lambda", "update-function-configuration", given)?;
    settle(function, "$LATEST")
}

/// Layers, and the zip with code if that changes too.
pub struct Parts {
    /// The ARNs.
    pub layers: Vec<String>,
    /// The zip.
    pub code: Option<PathBuf>,
}

impl Parts {
    /// Gives `$LATEST` of a function these, as far as it has others.
    ///
    /// # Errors
    /// AWS refuses.
    pub fn put(&self, function: &str) -> Result<()> {
        let there = put_layers(function, &self.layers)?;
        if let Some(code) = &self.code
            && there["CodeSha256"] != zips::digest(code)?.as_str()
        {
            let (given, zip) = (json!({ "FunctionName": function }), blob(code));
            let flags = ["--zip-file".as_ref(), zip.as_os_str()];
            aws::call_with("lambda", "update-function-code", &given, &flags)?;
            settle(function, "$LATEST")?;
        }
        Ok(())
    }
}

/// The zip with the code of `$LATEST`.
///
/// # Errors
/// It can't be fetched.
pub fn code_of(function: &str) -> Result<Vec<u8>> {
    let found = aws::call("lambda", "get-function", json!({ "FunctionName": function }))?;
    zips::download(answer::text(&found["Code"], "Location")?)
}

/// The ARN of the layer version that holds the mapper.
///
/// # Errors
/// A layer has no ARN.
pub fn mapper_of(configuration: &Value, names: &Names) -> Result<Option<String>, Unexpected> {
    let layer = names.layer();
    let mut all = layers_of(configuration)?.into_iter();
    Ok(all.find(|arn| arn.rsplit(':').nth(1) == Some(layer.as_str())))
}

/// The layers of a configuration with `layer` (an ARN) in place of another version of it, else at
/// the end.
///
/// # Errors
/// A layer has no ARN.
pub fn with_mapper(configuration: &Value, layer: &str) -> Result<Vec<String>, Unexpected> {
    let mut layers = layers_of(configuration)?;
    let mut replaced = false;
    for other in layers.iter_mut().filter(|other| same_layer(other, layer)) {
        *other = layer.to_owned();
        replaced = true;
    }
    if !replaced {
        layers.push(layer.to_owned());
    }
    Ok(layers)
}

/// Publishes the zip `zipped` as a version of the layer `name` for an architecture; returns its
/// version and its ARN.
///
/// # Errors
/// AWS refuses.
pub fn publish_layer(name: &str, zipped: &Path, arch: &str) -> Result<(u64, String)> {
    let given = json!({
        "LayerName": name, "CompatibleArchitectures": [arch], "CompatibleRuntimes": [RUNTIME],
    });
    let zip = blob(zipped);
    let flags = ["--zip-file".as_ref(), zip.as_os_str()];
    let made = aws::call_with("lambda", "publish-layer-version", &given, &flags)?;
    let arn = answer::text(&made, "LayerVersionArn")?.to_owned();
    Ok((answer::number(&made, "Version")?, arn))
}

/// Publishes the layer, unless its newest version has the same content. Returns that version's ARN.
///
/// # Errors
/// AWS refuses.
pub fn ensure_layer(name: &str, zipped: &Path, arch: &str) -> Result<String> {
    let found = aws::find("lambda", "list-layer-versions", json!({ "LayerName": name }))?;
    let found = found.unwrap_or_default();
    let versions = answer::items(&found, "LayerVersions").iter();
    let newest = versions.max_by_key(|version| version["Version"].as_u64());
    if let Some(newest) = newest {
        let number = answer::number(newest, "Version")?;
        let asked = json!({ "LayerName": name, "VersionNumber": number });
        let content = aws::call("lambda", "get-layer-version", asked)?;
        if answer::text(&content["Content"], "CodeSha256")? == zips::digest(zipped)? {
            say(format!("layer {name}: exists, version {number}"));
            return Ok(answer::text(newest, "LayerVersionArn")?.to_owned());
        }
    }
    let (version, arn) = publish_layer(name, zipped, arch)?;
    let state = if newest.is_some() { "updated" } else { "created" };
    say(format!("layer {name}: {state}, version {version}"));
    Ok(arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Alias, with_mapper};

    /// An alias of version 3.
    fn alias(description: &str) -> Alias {
        Alias {
            function: "f".to_owned(),
            version: "3".to_owned(),
            description: description.to_owned(),
        }
    }

    #[test]
    fn a_description_counts_only_for_its_version() {
        assert_eq!(alias("version 3, before it version 2").former(), Some("2"));
        assert_eq!(alias("version 2, before it version 1").former(), None);
        assert_eq!(alias("version 3, before it version 2 or so").former(), None);
        assert_eq!(alias("").former(), None);
    }

    #[test]
    fn a_mapper_takes_the_place_of_the_former_one() {
        let has = json!({ "Layers": [{ "Arn": "a:layer:m:1" }, { "Arn": "a:layer:other:9" }] });
        assert_eq!(with_mapper(&has, "a:layer:m:2").unwrap(), ["a:layer:m:2", "a:layer:other:9"]);
        let none = json!({});
        assert_eq!(with_mapper(&none, "a:layer:m:2").unwrap(), ["a:layer:m:2"]);
    }
}
