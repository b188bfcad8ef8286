//! Making versions live, each after it has passed a dry run.

use anyhow::Result;
use serde_json::json;

use super::answer;
use super::aws;
use super::names::{ALIAS, remembered};
use super::talk::say;
use super::versions;

/// A function, and the version that it is to have.
pub struct Move {
    /// The function.
    pub function: String,
    /// The version.
    pub version: String,
}

/// Points the aliases of functions at versions, in this order, after all versions have passed.
/// Returns the aliases' ARNs.
///
/// `tried` says whether a version may go live; if one may not, nothing is moved. `moved` is told of
/// each function whose alias is moved.
///
/// # Errors
/// A version must not go live, or AWS refuses.
pub fn make_live(
    moves: &[Move],
    tried: impl Fn(&Move) -> Result<()>,
    moved: impl Fn(&str) -> Result<()>,
) -> Result<Vec<String>> {
    moves.iter().try_for_each(tried)?;
    let mut aliases = Vec::new();
    for each in moves {
        aliases.push(point(each)?);
        moved(&each.function)?;
    }
    Ok(aliases)
}

/// Points the function's alias at a version; the description holds the former one. Returns the
/// alias's ARN.
fn point(Move { function, version }: &Move) -> Result<String> {
    let there = versions::alias(function)?;
    let former = there.as_ref().map(|there| answer::text(there, "FunctionVersion")).transpose()?;
    let mut asked = json!({ "FunctionName": function, "Name": ALIAS, "FunctionVersion": version });
    let (state, alias) = match (&there, former) {
        (Some(there), Some(former)) if former == version => ("exists", there.clone()),
        (Some(_), Some(former)) => {
            asked["Description"] = remembered(version, former).into();
            ("updated", aws::call("lambda", "update-alias", asked)?)
        }
        _ => ("created", aws::call("lambda", "create-alias", asked)?),
    };
    say(format!("alias {function}:{ALIAS}: {state}, version {version}"));
    Ok(answer::text(&alias, "AliasArn")?.to_owned())
}
