//! Asking IAM what a role may do. IAM itself judges, with boundaries and the organization's
//! policies: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::json;

use super::answer;
use super::aws;

/// What IAM says.
pub enum Simulated {
    /// These actions are refused, the others allowed.
    Refused(Vec<String>),
    /// There is no such role.
    NoRole,
    /// The role's policies depend on these keys, which only a real call has.
    Depends(BTreeSet<String>),
}

/// Which of `actions` the role with the ARN `role` may not do on the ARN `resource`.
///
/// # Errors
/// IAM does not say.
pub fn refused(role: &str, actions: &[&str], resource: &str) -> Result<Simulated> {
    let asked =
        json!({ "PolicySourceArn": role, "ActionNames": actions, "ResourceArns": [resource] });
    let Some(found) = aws::find("iam", "simulate-principal-policy", asked)? else {
        return Ok(Simulated::NoRole);
    };
    let (mut denied, mut unknown) = (Vec::new(), BTreeSet::new());
    for result in answer::list(&found, "EvaluationResults")? {
        if answer::text(result, "EvalDecision")? == "allowed" {
            continue;
        }
        denied.push(answer::text(result, "EvalActionName")?.to_owned());
        let keys = answer::items(result, "MissingContextValues").iter();
        unknown.extend(keys.filter_map(|key| key.as_str()).map(str::to_owned));
    }
    Ok(if unknown.is_empty() { Simulated::Refused(denied) } else { Simulated::Depends(unknown) })
}
