//! What a pool and the functions may do with each other: the pool calls the alias, and the
//! functions write to the pool's users.

use std::collections::BTreeSet;

use anyhow::Result;

use super::names::{self, Names};
use super::permission::{attached, permit, revoke};
use super::pool::Pool;
use super::talk::say;
use super::user_rights;

/// Lets the pool call the alias with the ARN `alias`, and the functions write to its users if they
/// have to. `others` are the ARNs of the pools that are attached.
///
/// # Errors
/// What AWS refuses.
pub fn allow(pool: &Pool, alias: &str, names: &Names, others: &BTreeSet<String>) -> Result<()> {
    user_rights::give(names, &pool.arn, others)?;
    permit(&pool.arn, alias)
}

/// Takes back what [`allow`] gave.
///
/// # Errors
/// What AWS refuses.
pub fn forbid(pool: &Pool, alias: &str, names: &Names) -> Result<()> {
    let sid = names::statement_id(&pool.id);
    let removed = if revoke(&sid, alias)? { "removed" } else { "there was none" };
    say(format!("permission {sid}: {removed}"));
    let mut others = attached(alias)?;
    others.remove(&pool.arn);
    user_rights::take(names, &others)
}
