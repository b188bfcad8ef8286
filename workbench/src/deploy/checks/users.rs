//! Checks of what a mapper's follow-up may write to the users of the pool: Cognito would do it.

use std::collections::BTreeSet;

use post_confirmation_host::config::{COGNITO_ATTRIBUTES, COGNITO_GROUPS};
use serde_json::{Value, json};

use super::deployment::Deployment;
use super::{Finding, NotChecked};
use crate::deploy::settings::settings_of;
use crate::deploy::simulation::{Simulated, refused};
use crate::deploy::user_rights::needed;
use crate::deploy::{answer, aws};

const WHY: &str = "the backend has the user, but the event is tried again from the queue and ends as a dead letter";
const CUSTOM: &str = "custom:";

/// Both roles may write to the pool's users.
pub fn rights(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    for there in functions(deployment)? {
        let actions = needed(&[&settings_of(there)]);
        if actions.is_empty() {
            continue;
        }
        let (role, pool) = (answer::text(there, "Role")?, deployment.pool_arn()?);
        match refused(role, &actions, pool)? {
            Simulated::NoRole => found.push(Finding::fault(
                format!("there is no role {role}"),
                WHY,
                deployment.create(),
            )),
            Simulated::Refused(denied) if !denied.is_empty() => found.push(Finding::fault(
                format!("{role} may not {} on {pool}", denied.join(", ")),
                WHY,
                format!("{}, or the stack's parameter UserPoolId", deployment.attach()),
            )),
            Simulated::Refused(_) => {}
            Simulated::Depends(keys) => return Err(depends(&keys)),
        }
    }
    Ok(())
}

/// What IAM can't tell.
pub fn depends(keys: &BTreeSet<String>) -> NotChecked {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    NotChecked::lacks(format!("the role's policies depend on {}", keys.join(", ")))
}

/// The configurations of both functions, as far as they exist.
pub fn functions(deployment: &Deployment) -> Result<Vec<&Value>, NotChecked> {
    let mut functions = vec![deployment.function()?];
    functions.extend(deployment.found_redelivery()?);
    Ok(functions)
}

/// The attributes that may be set are in the pool's schema and can be changed.
pub fn attributes(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    let wanted = listed(deployment, COGNITO_ATTRIBUTES)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let schema = answer::list(deployment.pool()?, "SchemaAttributes")?;
    let without = deployment.change("COGNITO_ATTRIBUTES=…");
    for name in wanted {
        let attribute = schema.iter().find(|attribute| attribute["Name"] == name.as_str());
        match attribute {
            None => found.push(Finding::fault(
                format!("COGNITO_ATTRIBUTES has {name}, which is not in the pool's schema"),
                WHY,
                add(&name, deployment),
            )),
            Some(attribute) if attribute["Mutable"] != true => found.push(Finding::fault(
                format!(
                    "COGNITO_ATTRIBUTES has {name}, which can't be changed once the user exists"
                ),
                WHY,
                format!(
                    "Cognito changes no attribute of a schema: add a mutable one under another name, then {without}"
                ),
            )),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The fix for the attribute `name`, which is not in the schema.
fn add(name: &str, deployment: &Deployment) -> String {
    let without = format!("{} without it", deployment.change("COGNITO_ATTRIBUTES=…"));
    let Some(own) = name.strip_prefix(CUSTOM) else {
        return format!("{without}: a custom attribute is named with `{CUSTOM}` before it");
    };
    format!(
        "`aws cognito-idp add-custom-attributes --user-pool-id {} --custom-attributes \
         Name={own},AttributeDataType=String,Mutable=true`, or {without}",
        deployment.pool_id
    )
}

/// The groups to which users may be added exist.
pub fn groups(deployment: &Deployment, found: &mut Vec<Finding>) -> Result<(), NotChecked> {
    for name in listed(deployment, COGNITO_GROUPS)? {
        let pool = answer::text(deployment.pool()?, "Id")?;
        let asked = json!({ "UserPoolId": pool, "GroupName": name });
        if aws::find("cognito-idp", "get-group", asked)?.is_none() {
            found.push(Finding::fault(
                format!("COGNITO_GROUPS has {name}, which is not a group of the pool"),
                WHY,
                format!(
                    "`aws cognito-idp create-group --user-pool-id {} --group-name {name}`, or {} without it",
                    deployment.pool_id,
                    deployment.change("COGNITO_GROUPS=…")
                ),
            ));
        }
    }
    Ok(())
}

/// The names in a list of the settings of either function.
fn listed(deployment: &Deployment, setting: &str) -> Result<BTreeSet<String>, NotChecked> {
    let mut names = BTreeSet::new();
    for there in functions(deployment)? {
        let list = settings_of(there).remove(setting).unwrap_or_default();
        names.extend(list.split(',').map(|name| name.trim().to_owned()));
    }
    names.remove("");
    Ok(names)
}
