//! The event that is looked at: what the mapper makes of it, beside what it made of it before.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstream::print;
use anyhow::{Context, Result};
use post_confirmation_host::backend::Trace;
use post_confirmation_host::error::Error;
use post_confirmation_host::event::Event;
use post_confirmation_host::outcome::Handled;
use post_confirmation_host::pipeline::Pipeline;
use post_confirmation_host::printable;

use crate::render::Shown;
use crate::runner::Variables;
use crate::terminal::{FAINT, HEADING};
use crate::{cases, refused, text_diff};

/// The event that is looked at, and what was made of it.
pub struct Look {
    /// The event that was named, a file or a case.
    named: Option<PathBuf>,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    /// The event that came in last.
    came: Option<Event>,
    /// What the mapper made of the event that is looked at.
    made: Option<String>,
}

impl Look {
    /// A look at the event that is `named`, or else at the last one that comes in.
    pub fn new(named: Option<PathBuf>) -> Look {
        Look { named, last: Mutex::default() }
    }

    /// The file of the event that was named.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn file(&self) -> Result<Option<PathBuf>> {
        self.named.as_deref().map(cases::event_file).transpose()
    }

    /// The variables that the mapper has for the event that was named.
    ///
    /// # Errors
    /// There is none of this name, or they can't be read.
    pub fn variables(&self) -> Result<Variables> {
        self.file()?.as_deref().map_or(Ok(Variables::new()), cases::variables)
    }

    /// Shows an event that came in and how it ended.
    pub fn came(&self, event: &Event, handled: &Handled, pipeline: &Pipeline) {
        let Some(mapper) = pipeline.mapper() else { return };
        let identity = mapper.identity().clone();
        let mut shown = Shown::new(event, identity, pipeline.backend(), &handled.plan);
        let made = shown.made();
        shown.ended(handled, true);
        print!("\n{}{shown}", super::show::ended(handled));
        if self.named.is_none() {
            let mut copy = Event::with_id(&event.json, event.id.clone());
            copy.received_at = event.received_at;
            *self.last() = Last { came: Some(copy), made: Some(made) };
        }
    }

    /// Shows what the mapper of `pipeline` makes of the event that is looked at, in the time
    /// `within`: the first time all of it, then what is different.
    ///
    /// # Errors
    /// The event can't be read.
    pub async fn again(&self, pipeline: &Pipeline, within: Duration) -> Result<()> {
        let event = match self.file()? {
            Some(file) => cases::event(&file)?,
            None => match self.last().came.take() {
                Some(event) => event,
                None => return Ok(()),
            },
        };
        let mapper = pipeline.mapper().context("there is no mapper")?;
        let until = Instant::now() + within;
        let plan = pipeline.plan(&event, &Trace::default(), until).await;
        let mut shown = Shown::new(&event, mapper.identity().clone(), pipeline.backend(), &plan);
        if let Err(Error::Request(broken)) = &plan.action {
            let until = Instant::now() + within;
            shown.names(refused::part(pipeline, &event, broken, until).await);
        }
        let made = shown.made();
        let mut last = self.last();
        if last.came.is_some() {
            // Another one came meanwhile, and is shown.
            return Ok(());
        }
        let name = self.named.as_ref().map_or(event.id.clone(), |it| it.display().to_string());
        match &last.made {
            None => print!("\n{shown}"),
            // A terminal shows all of it, in a pipe it stands above.
            Some(before) if *before == made && stdout().is_terminal() => print!("\n{shown}"),
            Some(before) if *before == made => {
                print!("\n{FAINT}{}: as before{FAINT:#}\n", printable::line(&name));
            }
            Some(before) => print!(
                "\n{HEADING}{}: before, and now{HEADING:#}\n{}",
                printable::line(&name),
                text_diff::shown(before, &made)
            ),
        }
        *last = Last { came: self.named.is_none().then_some(event), made: Some(made) };
        Ok(())
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
