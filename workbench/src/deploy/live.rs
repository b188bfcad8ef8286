//! Making versions live, each after it was tried.

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

/// Moves to versions that may go live: only these do.
pub struct Tried(Vec<Move>);

impl Tried {
    /// The moves, if `trial` lets the version of each go live.
    ///
    /// # Errors
    /// It does not.
    pub fn by(moves: Vec<Move>, trial: impl Fn(&Move) -> Result<()>) -> Result<Tried> {
        moves.iter().try_for_each(trial)?;
        Ok(Tried(moves))
    }

    /// Points the functions' aliases at the versions, in this order; `moved` is told of each
    /// function whose alias is moved. Returns the aliases' ARNs.
    ///
    /// # Errors
    /// AWS refuses, or `moved` fails.
    pub fn make_live(&self, moved: impl Fn(&str) -> Result<()>) -> Result<Vec<String>> {
        let mut aliases = Vec::new();
        for each in &self.0 {
            aliases.push(point(each)?);
            moved(&each.function)?;
        }
        Ok(aliases)
    }
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
