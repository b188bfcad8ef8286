//! The check of the secrets: they are kept as such, exist, and both roles may read them. Their
//! values are not fetched.

use serde_json::{Value, json};

use super::deployment::Deployment;
use super::users::{depends, functions};
use super::{Finding, NotChecked};
use crate::deploy::role::{reading, whole};
use crate::deploy::settings::SECRETS;
use crate::deploy::settings::settings_of;
use crate::deploy::simulation::{Simulated, refused};
use crate::deploy::{answer, aws};

/// A secret that functions name, with their roles.
struct Named {
    setting: &'static str,
    value: String,
    roles: Vec<String>,
}

/// Adds what is wrong with the secrets.
pub fn secrets(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    for Named { setting, value, roles } in named(deployment)? {
        let change = deployment.change(&format!("{setting}=ARN"));
        let Some(action) = reading(&value) else {
            found.push(Finding::warning(
                format!("{setting} itself is in the function's settings"),
                "everyone who may see the function's configuration can read it",
                format!("`aws secretsmanager create-secret`, then {change}"),
            ));
            continue;
        };
        let arn = whole(&value);
        let Some(secret) = described(&arn)? else {
            found.push(Finding::fault(
                format!("{value}, which {setting} names, does not exist or is being deleted"),
                "nothing is sent, and every event goes into the queue",
                format!("`aws secretsmanager restore-secret` or create-secret, then {change}"),
            ));
            continue;
        };
        let key = ["KmsKeyId", "KeyId"].into_iter().find_map(|name| secret[name].as_str());
        let key = key.filter(|key| key.contains(":key/"));
        let mut needed = vec![(action, arn.as_str(), deployment.create())];
        needed.extend(
            key.map(|key| ("kms:Decrypt", key, "allow the role kms:Decrypt on the key".to_owned())),
        );
        for (action, arn, fix) in needed {
            for role in &roles {
                if may_not(role, action, arn)? {
                    found.push(Finding::fault(
                        format!("{role} may not {action} on {arn}, for {setting}"),
                        "nothing is sent, and every event goes into the queue",
                        fix.clone(),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The secrets of both functions. One that both name is there once.
fn named(deployment: &Deployment) -> Result<Vec<Named>, NotChecked> {
    let mut named: Vec<Named> = Vec::new();
    for there in functions(deployment)? {
        let role = answer::text(there, "Role")?.to_owned();
        let mut variables = settings_of(there);
        for setting in SECRETS {
            let Some(value) = variables.remove(setting) else { continue };
            let mut others = named.iter_mut();
            match others.find(|other| other.setting == setting && other.value == value) {
                Some(other) => other.roles.push(role.clone()),
                None => named.push(Named { setting, value, roles: vec![role.clone()] }),
            }
        }
    }
    Ok(named)
}

/// Whether a role may not do `action` on `arn`, or does not exist.
fn may_not(role: &str, action: &str, arn: &str) -> Result<bool, NotChecked> {
    match refused(role, &[action], arn)? {
        Simulated::Refused(actions) => Ok(!actions.is_empty()),
        Simulated::NoRole => Ok(true),
        Simulated::Depends(keys) => Err(depends(&keys)),
    }
}

/// AWS's description of a secret without its value, if the secret exists.
fn described(arn: &str) -> Result<Option<Value>, NotChecked> {
    let Some((_, name)) = arn.split_once(":parameter/") else {
        let asked = json!({ "SecretId": arn });
        let found = aws::find("secretsmanager", "describe-secret", asked)?;
        return Ok(found.filter(|found| found.get("DeletedDate").is_none()));
    };
    // The ARN does not distinguish `name` from `/name`.
    let names = [name.to_owned(), format!("/{name}")];
    let wanted = json!({ "Key": "Name", "Option": "Equals", "Values": names });
    let asked = json!({ "ParameterFilters": [wanted] });
    let found = aws::call("ssm", "describe-parameters", asked)?;
    Ok(answer::list(&found, "Parameters")?.first().cloned())
}
