//! Making cases of messages: one of each kind first, with made-up values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use post_confirmation_host::event::Event;
use serde::Serialize;

use super::dry::DryMapper;
use super::made_up;
use super::outcome::{Outcome, Replayed};
use crate::cases;
use crate::commands::events;
use crate::deploy::talk::say;

/// A case that was made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// The file of its event.
    file: PathBuf,
    /// What becomes of it.
    outcome: String,
    /// What would become of the message, if that is something else: it depends on the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_outcome: Option<String>,
}

/// Writes up to `most` cases into `folder`, as `mapper` maps them. Those that would still fail come
/// first.
///
/// # Errors
/// One can't be written.
pub fn keep(
    replayed: &[Replayed],
    most: usize,
    folder: &Path,
    mapper: &DryMapper,
) -> Result<Vec<Kept>> {
    let mut kept: Vec<Kept> = Vec::new();
    for (event, outcome) in chosen(replayed) {
        if kept.len() == most {
            break;
        }
        let made = made_up::event(&event.json)?;
        let file = events::write(&made, folder)?;
        // Messages of the same shape make the same case.
        if kept.iter().any(|other| other.file == file) {
            continue;
        }
        let now = Outcome::planned(&mapper.plan(&cases::read(&made)?));
        let message_outcome = (now != *outcome).then(|| outcome.to_string());
        kept.push(Kept { file, outcome: now.to_string(), message_outcome });
    }
    Ok(kept)
}

/// The events in the order in which they are kept: one of each kind, then a second one, and so on.
/// A kind is what becomes of an event, and what does with the deployed mapper.
fn chosen(replayed: &[Replayed]) -> Vec<(&Event, &Outcome)> {
    let mut seen = BTreeMap::new();
    let mut all: Vec<_> = replayed
        .iter()
        .filter_map(|each| {
            let event = each.message.event.as_ref().ok()?;
            let deployed = each.deployed.as_ref().map(|deployed| &deployed.outcome);
            let earlier: &mut usize = seen.entry((&each.outcome, deployed)).or_default();
            *earlier += 1;
            Some((*earlier, deployed, event, &each.outcome))
        })
        .collect();
    // What fails is the last of the outcomes.
    all.sort_by(|one, other| one.0.cmp(&other.0).then((other.3, other.1).cmp(&(one.3, one.1))));
    all.into_iter().map(|(_, _, event, outcome)| (event, outcome)).collect()
}

impl Kept {
    /// Tells the person.
    pub fn say(&self) {
        let Kept { file, outcome, message_outcome } = self;
        say(format!("kept {}: it {outcome}", file.display()));
        if let Some(message) = message_outcome {
            say(format!(
                "  the message itself {message}: that depends on its values, so change the case by hand"
            ));
        }
    }
}
