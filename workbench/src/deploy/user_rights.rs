//! The rights on the users of a pool that a mapper's follow-up needs, for the pools that `attach`
//! has attached.
//!
//! The functions are made before any pool is known, so these rights have a policy of their own
//! inside each role, which `create`, `attach` and `detach` keep up to date.

use std::collections::BTreeSet;

use anyhow::Result;
use post_confirmation_host::config::{COGNITO_ATTRIBUTES, COGNITO_GROUPS};
use serde_json::{Value, json};

use super::answer::{self, merged};
use super::aws;
use super::functions::configuration;
use super::names::{ALIAS, Names, last};
use super::settings::{Variables, settings_of};
use super::simulation::{self, Simulated};
use super::talk::say;

/// The policy inside each role; others beside it are left alone.
const POLICY: &str = "post-confirmation-users";
/// What each setting needs.
const NEEDED: [(&str, &str); 2] = [
    (COGNITO_ATTRIBUTES, "cognito-idp:AdminUpdateUserAttributes"),
    (COGNITO_GROUPS, "cognito-idp:AdminAddUserToGroup"),
];

/// The rights on a pool that functions with these settings need.
pub fn needed(settings: &[&Variables]) -> Vec<&'static str> {
    let needed = NEEDED
        .iter()
        .filter(|(name, _)| settings.iter().any(|variables| variables.contains_key(*name)));
    needed.map(|(_, right)| *right).collect()
}

/// Gives the roles of both functions what they lack on the pool with the ARN `pool`.
///
/// A stack, or the role's owner, may have given it already. `attached` are the ARNs of the pools of
/// `attach`.
///
/// # Errors
/// What AWS refuses.
pub fn give(names: &Names, pool: &str, attached: &BTreeSet<String>) -> Result<()> {
    for function in names.functions() {
        let Some(there) = configuration(&function, ALIAS)? else { continue };
        let rights = needed(&[&settings_of(&there)]);
        let role = answer::text(&there, "Role")?;
        if !rights.is_empty() && lacks(role, &rights, pool)? {
            let mut pools = attached.clone();
            pools.insert(pool.to_owned());
            ensure(last(role, '/'), &rights, &pools)?;
        }
    }
    Ok(())
}

/// Leaves the roles of both functions, of what [`give`] and `create` gave, only the rights on the
/// pools `attached`.
///
/// # Errors
/// What AWS refuses.
pub fn take(names: &Names, attached: &BTreeSet<String>) -> Result<()> {
    for function in names.functions() {
        let Some(there) = configuration(&function, ALIAS)? else { continue };
        let role = last(answer::text(&there, "Role")?, '/');
        if written(role)?.is_some() {
            ensure(role, &needed(&[&settings_of(&there)]), attached)?;
        }
    }
    Ok(())
}

/// Whether the role with the ARN `role` lacks one of the rights on the pool, as far as IAM can
/// tell.
fn lacks(role: &str, rights: &[&str], pool: &str) -> Result<bool> {
    Ok(match simulation::refused(role, rights, pool)? {
        Simulated::Refused(rights) => !rights.is_empty(),
        // There is no such role, or its policies have conditions that only a real call meets.
        Simulated::NoRole | Simulated::Depends(_) => true,
    })
}

/// Makes the policy inside the role `role` give exactly these rights on the pools; without any,
/// removes it.
///
/// # Errors
/// What AWS refuses.
pub fn ensure(role: &str, rights: &[&str], pools: &BTreeSet<String>) -> Result<()> {
    let wanted = (!rights.is_empty() && !pools.is_empty()).then(|| {
        let statement =
            json!({ "Sid": "Users", "Effect": "Allow", "Action": rights, "Resource": pools });
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    });
    if written(role)? == wanted {
        return Ok(());
    }
    match wanted {
        Some(wanted) => {
            let document = json!({ "PolicyDocument": wanted.to_string() });
            aws::call("iam", "put-role-policy", merged(named(role), &document))?;
            let on: Vec<&str> = pools.iter().map(|pool| last(pool, '/')).collect();
            say(format!("role {role}: may do {} on {}", rights.join(", "), on.join(", ")));
        }
        None => {
            aws::call("iam", "delete-role-policy", named(role))?;
            say(format!("role {role}: may no longer write to users"));
        }
    }
    Ok(())
}

/// The policy as it is inside the role `role`.
fn written(role: &str) -> Result<Option<Value>> {
    let found = aws::find("iam", "get-role-policy", named(role))?;
    Ok(found.map(|mut found| found["PolicyDocument"].take()))
}

fn named(role: &str) -> Value {
    json!({ "RoleName": role, "PolicyName": POLICY })
}
