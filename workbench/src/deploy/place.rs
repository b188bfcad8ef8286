//! The account and the region in which a recipe works.

use std::env;
use std::thread;

use anyhow::{Context, Result};
use serde_json::Value;

use super::answer;
use super::aws;
use super::names::region_of;
use super::talk::say;

/// The variables that name the region to the AWS CLI, of version 2 and of version 1.
const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Lets a recipe work in the region of `pool`, or else in the one that is configured. Returns
/// account and region for people.
///
/// # Errors
/// There is no region, there are no credentials, or the CLI is too old.
pub fn locate(pool: Option<&str>) -> Result<String> {
    let region = match pool {
        Some(pool) => region_of(pool).to_owned(),
        None => configured()?,
    };
    aws::work_in(&region);
    // At once, because each starts a process.
    let (checked, identity) = thread::scope(|threads| {
        let checked = threads.spawn(aws::check);
        let identity = aws::call("sts", "get-caller-identity", Value::Null);
        (checked.join(), identity)
    });
    checked.unwrap_or(Ok(()))?;
    Ok(format!("account {}, region {region}", answer::text(&identity?, "Account")?))
}

/// The same, and says which these are.
///
/// # Errors
/// As there.
pub fn announce(pool: Option<&str>) -> Result<()> {
    say(locate(pool)?);
    Ok(())
}

/// The region that the environment names, or else the profile.
fn configured() -> Result<String> {
    let set = REGION.iter().filter_map(|name| env::var(name).ok());
    match set.into_iter().find(|region| !region.is_empty()) {
        Some(region) => Ok(region),
        None => aws::configured("region")?
            .context("there is no region: set AWS_REGION, or `aws configure set region REGION`"),
    }
}
