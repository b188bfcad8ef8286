//! What `create` looks at and asks before it changes anything.

use anyhow::{Result, bail, ensure};
use post_confirmation_host::config::{BACKEND_API_URL, UNDELIVERED_QUEUE_URL};
use serde_json::{Value, json};

use super::part::Part;
use crate::compile::ARCHITECTURES;
use crate::deploy::answer;
use crate::deploy::aws;
use crate::deploy::functions::{RUNTIME, configuration};
use crate::deploy::names::{ALIAS, Names};
use crate::deploy::settings::{self, Variables, differing, merged, settings_of};
use crate::deploy::talk::{Yes, agreed, say};
use crate::deploy::versions::mapper_of;

/// The configurations of `$LATEST` of the trigger's function and of redelivery's, as far as they
/// exist.
///
/// # Errors
/// AWS does not show one, or this may not change it.
pub fn existing(names: &Names) -> Result<[Option<Value>; 2]> {
    let [trigger, redelivery] = names.functions();
    let there = [configuration(&trigger, "$LATEST")?, configuration(&redelivery, "$LATEST")?];
    for (name, there) in [trigger, redelivery].iter().zip(&there) {
        if let Some(there) = there {
            check_is_ours(name, there, names)?;
        }
    }
    Ok(there)
}

/// Stops if this may not change a function, or if `$LATEST` has code that was not tried.
fn check_is_ours(name: &str, there: &Value, names: &Names) -> Result<()> {
    let runtime = there["Runtime"].as_str().unwrap_or("of an image");
    ensure!(
        runtime == RUNTIME,
        "{name} is already another function, with the runtime {runtime}; choose another --function"
    );
    let function = aws::call("lambda", "get-function", json!({ "FunctionName": name }))?;
    if let Some(stack) = function["Tags"]["aws:cloudformation:stack-name"].as_str() {
        bail!(
            "{name} belongs to the stack {stack}: change the stack's parameters or its template, and deploy it"
        );
    }
    let Some(live) = configuration(name, ALIAS)? else { return Ok(()) };
    let same = live["CodeSha256"] == there["CodeSha256"]
        && mapper_of(&live, names)? == mapper_of(there, names)?;
    ensure!(
        same,
        "{name}: $LATEST has another program or mapper than the live version, left there by an interrupted swap; \
         finish it with `mapper swap MAPPER --with-host`, or undo it with `mapper rollback VERSION`"
    );
    Ok(())
}

/// The settings that the trigger's function and redelivery's are to have: those that they have,
/// with the `given` ones in their place.
///
/// # Errors
/// There is no address of a backend.
pub fn wanted_settings(
    [trigger, redelivery]: [Option<&Value>; 2],
    given: &Variables,
) -> Result<[Variables; 2]> {
    let wanted = merged(&trigger.map(settings_of).unwrap_or_default(), given);
    ensure!(
        wanted.contains_key(BACKEND_API_URL),
        "the function needs --set BACKEND_API_URL=https://..., the base of every request"
    );
    let of_redelivery = match redelivery {
        Some(there) => merged(&settings_of(there), given),
        None => {
            let mut wanted = wanted.clone();
            // Only the trigger has it, because it fills the queue.
            wanted.remove(UNDELIVERED_QUEUE_URL);
            wanted
        }
    };
    Ok([wanted, of_redelivery])
}

/// The architecture of the function, which never changes.
///
/// # Errors
/// Another one is `asked` for.
pub fn architecture(function: &str, there: Option<&Value>, asked: Option<&str>) -> Result<String> {
    let Some(there) = there else { return Ok(asked.unwrap_or(ARCHITECTURES[0]).to_owned()) };
    let has = answer::architecture(there)?;
    if let Some(asked) = asked.filter(|asked| *asked != has) {
        bail!(
            "{function} is for {has}, which can't be changed; choose another --function for {asked}"
        );
    }
    Ok(has.to_owned())
}

/// Stops if the program would refuse the wanted settings.
///
/// # Errors
/// It would.
pub fn check_settings(wanted: &[Variables]) -> Result<()> {
    let mut found: Vec<String> = Vec::new();
    for (variable, fault) in wanted.iter().flat_map(settings::faults) {
        let fault = format!("{variable}: {fault}");
        if !found.contains(&fault) {
            found.push(fault);
        }
    }
    ensure!(
        found.is_empty(),
        "the function would refuse these settings; nothing was changed\n  {}",
        found.join("\n  ")
    );
    Ok(())
}

/// Asks if settings would go live that were not given now, those from before a rollback for
/// example.
///
/// # Errors
/// The person does not agree.
pub fn confirm_unpublished(parts: &[Part], given: &Variables, yes: &Yes) -> Result<()> {
    let mut asked = false;
    // Without a live version there is nothing to compare with.
    for part in parts.iter().filter(|part| !part.live.is_empty()) {
        let mut others = differing(&part.live, &part.wanted);
        others.retain(|name| !given.contains_key(name) && name != UNDELIVERED_QUEUE_URL);
        if !others.is_empty() {
            say(format!(
                "{}: in $LATEST but not live, left there by a rollback or a failure: {}.",
                part.name,
                others.join(", ")
            ));
            asked = true;
        }
    }
    if asked && !agreed("Make these settings live too?", yes)? {
        bail!(
            "not agreed; nothing was changed. To keep what is live, --set each of them to its live value"
        );
    }
    Ok(())
}
