//! The permission that lets one user pool call the function's alias.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::{Value, json};

use super::answer::{self, Unexpected, merged};
use super::aws;
use super::names::{self, last};
use super::talk::say;

/// Who calls.
pub const PRINCIPAL: &str = "cognito-idp.amazonaws.com";
const ACTION: &str = "lambda:InvokeFunction";

/// Lets only the pool with the ARN `pool` call the alias with the ARN `alias` through Cognito.
///
/// # Errors
/// What AWS refuses.
pub fn permit(pool: &str, alias: &str) -> Result<()> {
    let sid = names::statement_id(last(pool, '/'));
    let meanwhile = format!("{sid}-meanwhile");
    let there = statements(alias)?;
    let has_one = there.contains_key(&sid);
    let right = there.get(&sid) == Some(&statement(&sid, pool, alias));
    if has_one && !right {
        // A temporary permission: without any, a confirmation in between would be lost.
        if !there.contains_key(&meanwhile) {
            add(&meanwhile, pool, alias)?;
        }
        revoke(&sid, alias)?;
    }
    if !right {
        add(&sid, pool, alias)?;
    }
    if statements(alias)?.contains_key(&meanwhile) {
        revoke(&meanwhile, alias)?;
    }
    let state = match (right, has_one) {
        (true, _) => "exists",
        (false, true) => "replaced",
        (false, false) => "added",
    };
    say(format!("permission {sid}: {state}"));
    Ok(())
}

/// The statement that Lambda makes of the permission in the alias's policy.
fn statement(sid: &str, pool: &str, alias: &str) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": { "Service": PRINCIPAL },
        "Action": ACTION,
        "Resource": alias,
        "Condition": {
            "ArnLike": { "AWS:SourceArn": pool },
            "StringEquals": { "AWS:SourceAccount": account(pool) },
        },
    })
}

/// The statements of the policy of the alias with the ARN `alias`, by their names.
fn statements(alias: &str) -> Result<BTreeMap<String, Value>> {
    let Some(found) = aws::find("lambda", "get-policy", parameters(alias))? else {
        return Ok(BTreeMap::new());
    };
    let policy = answer::json_in_text(&found, "Policy")?;
    let named = answer::list(&policy, "Statement")?.iter().map(|statement| {
        Ok::<_, Unexpected>((answer::text(statement, "Sid")?.to_owned(), statement.clone()))
    });
    Ok(named.collect::<Result<_, _>>()?)
}

/// The ARNs of the pools to which [`permit`] gave the alias.
///
/// # Errors
/// What AWS refuses.
pub fn attached(alias: &str) -> Result<BTreeSet<String>> {
    let mut pools = BTreeSet::new();
    for (sid, there) in statements(alias)? {
        let pool = there["Condition"]["ArnLike"]["AWS:SourceArn"].as_str().unwrap_or_default();
        if sid == names::statement_id(last(pool, '/')) {
            pools.insert(pool.to_owned());
        }
    }
    Ok(pools)
}

fn add(sid: &str, pool: &str, alias: &str) -> Result<()> {
    let permission = json!({
        "StatementId": sid,
        "Action": ACTION,
        "Principal": PRINCIPAL,
        "SourceArn": pool,
        "SourceAccount": account(pool),
    });
    aws::call("lambda", "add-permission", merged(parameters(alias), &permission))?;
    Ok(())
}

/// Removes the permission `sid`; returns whether there was one.
///
/// # Errors
/// What AWS refuses.
pub fn revoke(sid: &str, alias: &str) -> Result<bool> {
    let asked = merged(parameters(alias), &json!({ "StatementId": sid }));
    Ok(aws::find("lambda", "remove-permission", asked)?.is_some())
}

/// The parameters by which Lambda's operations name the alias with the ARN `alias`.
fn parameters(alias: &str) -> Value {
    let (function, qualifier) = alias.rsplit_once(':').unwrap_or((alias, ""));
    json!({ "FunctionName": function, "Qualifier": qualifier })
}

/// The account in an ARN.
pub fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}
