//! `mapper events`: events to start from.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anstream::{print, println};
use anyhow::{Context, Result, ensure};
use post_confirmation_host::event::{Event, TriggerSource};
use post_confirmation_host::mapper::File;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::recorded::{self, SearchResult};
use crate::terminal::{self, HEADING, WARNING};
use crate::{cases, input};

/// The samples: name, what happened, and the event as Cognito sends it. They are cases of the
/// default mapper.
pub const SAMPLES: [(&str, &str, &str); 6] = [
    (
        "native",
        "somebody signs up by e-mail and confirms",
        include_str!("../../../guest/cases/native.event.json"),
    ),
    (
        "federated",
        "somebody signs in through Google for the first time",
        include_str!("../../../guest/cases/federated.event.json"),
    ),
    (
        "phone-only",
        "somebody signs up by phone",
        include_str!("../../../guest/cases/phone-only.event.json"),
    ),
    (
        "password-reset",
        "a user sets a new password",
        include_str!("../../../guest/cases/password-reset.event.json"),
    ),
    (
        "custom-attributes",
        "a sign-up with attributes of the pool's own",
        include_str!("../../../guest/cases/custom-attributes.event.json"),
    ),
    (
        "admin-confirmed",
        "an administrator confirms a user",
        include_str!("../../../guest/cases/admin-confirmed.event.json"),
    ),
];

/// Print a sample event or the list of samples, or take events out of what other tools print.
///
/// With `--from`, each event that a file holds is written to a case of its own: messages of SQS
/// (`aws sqs receive-message`), a batch of them as Lambda gets it, a dry run, or several of these.
/// They hold user data: keep them out of version control.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper events
  mapper events federated > cases/federated.event.json
  mapper events --json       all of them
  mapper events --from messages.json --into recorded

Exit status: 0 if all is well, 1 if a part of the file holds no event, 2 if none does, or there is no such
sample.")]
pub struct Args {
    /// The sample.
    name: Option<String>,
    /// Take the events out of this file.
    #[arg(long, value_name = "FILE", requires = "into", conflicts_with = "name")]
    from: Option<PathBuf>,
    /// The folder of cases to write them to; it is made if it is missing.
    #[arg(long, value_name = "DIR", requires = "from")]
    into: Option<PathBuf>,
    /// Print the list as JSON, with the events. A single event is JSON anyway.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<bool> {
    if let (Some(from), Some(into)) = (&args.from, &args.into) {
        return take_apart(from, into, args.json);
    }
    if let Some(name) = &args.name {
        let sample = SAMPLES.iter().find(|(known, ..)| known == name);
        let (.., event) = sample
            .with_context(|| format!("there is no sample `{name}`; `mapper events` lists them"))?;
        print!("{event}");
    } else if args.json {
        let list: Result<Vec<Value>, serde_json::Error> = SAMPLES
            .iter()
            .map(|(name, about, event)| {
                Ok(json!({ "name": name, "about": about, "event": serde_json::from_str::<Value>(event)? }))
            })
            .collect();
        terminal::json(&list?)?;
    } else {
        SAMPLES
            .iter()
            .for_each(|(name, about, _)| println!("{HEADING}{name:<18}{HEADING:#} {about}"));
    }
    Ok(true)
}

/// Writes each event in the file `from` to a case in the folder `into`.
fn take_apart(from: &Path, into: &Path, json: bool) -> Result<bool> {
    let found = SearchResult::search(&recorded::values(from, &input::text(from)?)?);
    ensure!(
        !found.events.is_empty(),
        "`{}` holds no event of Cognito: {}",
        from.display(),
        found.why()
    );

    let mut files = BTreeSet::new();
    for event in &found.events {
        files.insert(write(event, into)?);
    }
    if json {
        terminal::json(&json!({ "files": files, "others": found.others }))?;
    } else {
        files.iter().for_each(|file| println!("{}", file.display()));
    }
    if found.others > 0 {
        anstream::eprintln!(
            "{WARNING}{} more in `{}`: no event of Cognito{WARNING:#}",
            found.others,
            from.display()
        );
    }
    Ok(found.others == 0)
}

/// Writes `event` to a case of its own in the folder `into`, and returns the file.
///
/// # Errors
/// It can't be written.
pub fn write(event: &RawValue, into: &Path) -> Result<PathBuf> {
    let file = into.join(format!("{}{}", name(event), cases::EVENT));
    fs::create_dir_all(into)
        .and_then(|()| fs::write(&file, format!("{event}\n")))
        .with_context(|| format!("`{}` can't be written", file.display()))?;
    Ok(file)
}

/// The name of the case of `event`: the same for the same bytes, so that taking it twice makes one
/// case.
fn name(event: &RawValue) -> String {
    let kind = match Event::read(event, "").trigger_source {
        TriggerSource::ConfirmSignUp => "sign-up",
        TriggerSource::ConfirmForgotPassword => "password-reset",
        TriggerSource::Other(_) => "other",
    };
    format!("{kind}-{:.12}", File::describe(event.get().as_bytes()).sha256)
}
