//! `mapper events`: events to start from.

use anstream::{print, println};
use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::style::{self, HEADING};

/// The samples: name, what happened, and the event as Cognito sends it. They are cases of the default mapper.
pub const SAMPLES: [(&str, &str, &str); 6] = [
    ("native", "somebody signs up by e-mail and confirms", include_str!("../../../../guest/cases/native.event.json")),
    (
        "federated",
        "somebody signs in through Google for the first time",
        include_str!("../../../../guest/cases/federated.event.json"),
    ),
    ("phone-only", "somebody signs up by phone", include_str!("../../../../guest/cases/phone-only.event.json")),
    ("password-reset", "a user sets a new password", include_str!("../../../../guest/cases/password-reset.event.json")),
    (
        "custom-attributes",
        "a sign-up with attributes of the pool's own",
        include_str!("../../../../guest/cases/custom-attributes.event.json"),
    ),
    (
        "admin-confirmed",
        "an administrator confirms a user",
        include_str!("../../../../guest/cases/admin-confirmed.event.json"),
    ),
];

/// Print a sample event, or the list of samples.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper events
  mapper events federated > cases/federated.event.json
  mapper events --json       all of them")]
pub struct Args {
    /// The sample.
    name: Option<String>,
    /// Print the list as JSON, with the events. A single event is JSON anyway.
    #[arg(long)]
    json: bool,
}

/// Carries the command out.
pub fn run(args: &Args) -> Result<bool> {
    if let Some(name) = &args.name {
        let sample = SAMPLES.iter().find(|(known, ..)| known == name);
        let (.., event) = sample.with_context(|| format!("there is no sample `{name}`; `mapper events` lists them"))?;
        print!("{event}");
    } else if args.json {
        let list: Result<Vec<Value>, serde_json::Error> = SAMPLES
            .iter()
            .map(|(name, about, event)| {
                Ok(json!({ "name": name, "about": about, "event": serde_json::from_str::<Value>(event)? }))
            })
            .collect();
        style::json(&list?)?;
    } else {
        SAMPLES.iter().for_each(|(name, about, _)| println!("{HEADING}{name:<18}{HEADING:#} {about}"));
    }
    Ok(true)
}
