//! Where a recipe works: the account, and the region.

use std::env;

use anyhow::{Context, Result};
use serde_json::Value;

use super::answer;
use super::aws;
use super::talk::say;

/// The variables that name the region to the AWS CLI, of version 2 and of version 1.
const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// Lets a recipe work in the region of `pool`, whose id begins with it, or else in the one that is
/// configured. Returns it.
///
/// # Errors
/// There is none.
pub fn locate(pool: Option<&str>) -> Result<String> {
    let region = match pool.and_then(|pool| pool.split_once('_')) {
        Some((region, _)) => region.to_owned(),
        None => configured()?,
    };
    aws::work_in(&region);
    Ok(region)
}

/// The same, and says in which account and region that is.
///
/// # Errors
/// There is no region, or there are no credentials.
pub fn announce(pool: Option<&str>) -> Result<()> {
    let region = locate(pool)?;
    let identity = aws::call("sts", "get-caller-identity", Value::Null)?;
    say(format!("account {}, region {region}", answer::text(&identity, "Account")?));
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
