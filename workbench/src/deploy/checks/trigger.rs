//! Checks of Cognito's side: the pool, what it calls after a confirmation, and whether it may.

use serde_json::Value;

use super::deployment::Deployment;
use super::{Finding, NotChecked};
use crate::deploy::answer;
use crate::deploy::names::ALIAS;
use crate::deploy::permission::{PRINCIPAL, account};

/// The pool exists.
pub fn pool(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    if deployment.found_pool()?.is_none() {
        found.push(Finding::fault(
            format!("there is no user pool {} in this account and region", deployment.pool_id),
            "nothing calls the function",
            "check the id (`aws cognito-idp list-user-pools --max-results 60`) and AWS_PROFILE",
        ));
    }
    Ok(())
}

/// The pool calls the function's alias.
pub fn trigger(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let (called, ours) = (deployment.trigger()?, deployment.function_arn()?);
    let Deployment { pool_id, option, .. } = deployment;
    let attach = deployment.attach();
    let reconcile = format!("`mapper reconcile {pool_id} --all{option}` for users since then");
    match called {
        None => found.push(Finding::fault(
            "the pool calls nothing after a confirmation",
            "the backend does not hear of new users",
            format!("{attach}, then {reconcile}"),
        )),
        Some(called) if !format!("{called}:").starts_with(&format!("{ours}:")) => {
            found.push(Finding::fault(
                format!("the pool calls another function after a confirmation, {called}"),
                "this function is never called",
                format!("{attach} if the pool must call this one instead, then {reconcile}"),
            ));
        }
        Some(called) if called != format!("{ours}:{ALIAS}") => found.push(Finding::warning(
            format!("the pool calls {called} and not the alias `{ALIAS}`"),
            "a swap or a rollback of the mapper does not reach it as a whole",
            attach,
        )),
        Some(_) => {}
    }
    Ok(())
}

/// Cognito may call what the pool names, for this pool.
pub fn permission(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    deployment.function()?;
    let called = match deployment.qualifier() {
        "$LATEST" => deployment.function_arn()?,
        qualifier => format!("{}:{qualifier}", deployment.function_arn()?),
    };
    let arn = deployment.pool_arn()?;
    let mut sources = Vec::new();
    for statement in deployment.statements()? {
        if is_cognitos(statement, &called)? {
            sources
                .push((condition(statement, "sourcearn"), condition(statement, "sourceaccount")));
        }
    }
    let why = "each confirmation fails at once, without a line in any log, and the user is lost to the backend";
    let attach = deployment.attach();
    let is_allowed = sources.iter().any(|(pools, accounts)| {
        matches(pools.as_ref(), arn) && matches(accounts.as_ref(), account(arn))
    });
    if sources.is_empty() {
        found.push(Finding::fault(format!("Cognito may not call {called}"), why, attach));
    } else if !is_allowed {
        let said = if sources.iter().any(|(pools, _)| matches(pools.as_ref(), arn)) {
            "only for another account".to_owned()
        } else {
            let pools = sources.into_iter().filter_map(|(pools, _)| pools).flatten();
            format!("only for {}", pools.collect::<Vec<_>>().join(", "))
        };
        found.push(Finding::fault(format!("Cognito may call {called} {said}"), why, attach));
    } else if sources.iter().any(|(pools, _)| pools.is_none()) {
        found.push(Finding::warning(
            format!("Cognito may call {called} for every pool"),
            "everyone who has a pool can send users to the backend",
            format!(
                "{attach}, and `aws lambda remove-permission` for the statement without AWS:SourceArn"
            ),
        ));
    }
    Ok(())
}

/// Whether a statement lets Cognito call the ARN `called`.
fn is_cognitos(statement: &Value, called: &str) -> Result<bool, NotChecked> {
    let services = listed(&statement["Principal"]["Service"]);
    let actions = listed(&statement["Action"]);
    let may_call = ["lambda:InvokeFunction", "lambda:*"];
    Ok(answer::text(statement, "Effect")? == "Allow"
        && services.iter().any(|service| service == PRINCIPAL)
        && answer::text(statement, "Resource")? == called
        && actions.iter().any(|action| may_call.contains(&action.as_str())))
}

/// The values that a statement asks of the key `aws:KEY` (in small letters), if it asks for any.
fn condition(statement: &Value, key: &str) -> Option<Vec<String>> {
    let operators = statement["Condition"].as_object()?.values();
    let mut asked = operators.filter_map(Value::as_object).flatten();
    let (_, values) = asked.find(|(name, _)| name.to_lowercase() == format!("aws:{key}"))?;
    Some(listed(values))
}

/// Whether a value matches one of the wanted ones, in which `*` and `?` are wildcards.
fn matches(patterns: Option<&Vec<String>>, value: &str) -> bool {
    patterns.is_none_or(|patterns| patterns.iter().any(|pattern| fits(pattern, value)))
}

fn fits(pattern: &str, value: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => value.is_empty(),
        Some('*') => {
            let ends = value.char_indices().map(|(end, _)| end).chain([value.len()]);
            let mut ends = ends;
            ends.any(|end| fits(rest.as_str(), &value[end..]))
        }
        Some(wanted) => {
            let mut chars = value.chars();
            chars.next().is_some_and(|has| wanted == '?' || wanted == has)
                && fits(rest.as_str(), chars.as_str())
        }
    }
}

/// The texts of a list of one value or of several, which policies write either way.
pub fn listed(value: &Value) -> Vec<String> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn wildcards_stand_for_any_characters() {
        assert!(fits("arn:*:userpool/*", "arn:aws:userpool/a"));
        assert!(fits("a?c", "abc") && !fits("a?c", "ac"));
        assert!(fits("*", "") && !fits("a*b", "abc"));
    }
}
