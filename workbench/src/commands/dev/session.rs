//! The loop: what has changed is built if it has to be, and tried.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use post_confirmation_host::function::{Function, Told};
use post_confirmation_host::mapper::{Mapper, Settings};
use tokio::sync::oneshot;

use super::endpoint::{self, Endpoint};
use super::look::Look;
use super::seen::Seen;
use super::show::Show;
use super::source::Source;
use super::watch::Watch;
use crate::cases;
use crate::commands::build;
use crate::commands::test::{CaseResult, Tried};
use crate::mapper_file::{self, COMPONENT, Environment, Loaded};
use crate::runner::{self, Bench, Variables};
use crate::terminal;

/// One run of the program.
pub struct Session {
    environment: Environment,
    endpoint: Option<Arc<Endpoint>>,
    look: Arc<Look>,
    watch: Watch,
    source: Source,
    show: Show,
    /// What the mapper was tried with last.
    seen: Option<Seen>,
    /// Why the last round could not be carried out.
    fault: Option<String>,
}

impl Session {
    /// One with an `event` to look at, the settings in `environment`, and the stand-in if there is
    /// one. Each screen begins with `greeting`.
    ///
    /// # Errors
    /// Nothing can be watched, or there is no such event.
    pub fn new(
        event: Option<PathBuf>,
        environment: Environment,
        endpoint: Option<Arc<Endpoint>>,
        greeting: String,
    ) -> Result<Session> {
        let look = Arc::new(Look::new(event));
        look.file()?;
        Ok(Session {
            environment,
            endpoint,
            look,
            watch: Watch::start()?,
            source: Source::default(),
            show: Show::new(greeting),
            seen: None,
            fault: None,
        })
    }

    /// Goes on until nobody reads what it prints, or the folder is gone.
    ///
    /// # Errors
    /// The folder is gone.
    pub async fn run(&mut self) -> Result<bool> {
        loop {
            let fault = self.round().await.err();
            // The next change can mend it, and one that changes nothing need not tell it again.
            let text = fault.as_ref().map(|fault| format!("{fault:#}"));
            if let Some(fault) = fault.filter(|_| self.fault != text) {
                terminal::error(&fault);
            }
            self.fault = text;
            if !self.watch.changed().await? {
                return Ok(true);
            }
        }
    }

    /// Ends what goes on, and waits until nothing is left of it.
    pub fn stop(&mut self) {
        self.source.stop();
    }

    /// Looks at what there is now, and does what is due.
    async fn round(&mut self) -> Result<()> {
        // A look tells what is wrong with it.
        let event = self.look.file().ok().flatten();
        let beside = event.as_deref().and_then(Path::parent).and_then(|it| it.canonicalize().ok());
        let due = self.source.due(&mut self.watch, beside.as_slice())?;
        let is_built = due.is_some();
        if let Some(due) = due {
            self.show.begin(Some(&format!("building {COMPONENT}: {}", due.reason)));
            if !self.source.build(due).await? {
                let is_there = Path::new(COMPONENT).exists();
                self.show.broken(is_there);
                // One of before this program began goes on as well.
                if !is_there || self.seen.is_some() {
                    return Ok(());
                }
            }
        }
        let now = Seen::now(event.as_deref());
        if !is_built {
            match &self.seen {
                Some(before) if *before == now => return Ok(()),
                Some(before) => self.show.begin(build::named(&now.changed(before)).as_deref()),
                None => self.show.begin(None),
            }
        }
        self.seen = Some(now);
        self.try_mapper().await
    }

    /// Puts the mapper that was built last behind the endpoint, and tries it.
    async fn try_mapper(&mut self) -> Result<()> {
        let cases = cases::chosen(&[cases::FOLDER.into()]);
        let found = cases.as_deref().unwrap_or_default();
        // The event that is looked at may have variables of its own, and so a mapper.
        let loaded = loaded(Bench::sandboxes(found) + 2 * endpoint::SANDBOXES).await?;
        let function = Arc::new(self.function(&loaded, &Variables::new())?);
        if let Some(endpoint) = &self.endpoint {
            endpoint.swap(function.clone());
        }
        let config = mapper_file::config(Path::new(COMPONENT), false, &self.environment)?;
        let within = config.answer_within;
        match cases {
            Ok(cases) => {
                let bench = Bench::new(&loaded, &cases, config, true)?;
                let tried = Tried::new(bench, cases).await?;
                self.show.verdicts(&tried, self.source.is_broken());
                tried.cases.iter().for_each(CaseResult::warn);
            }
            // An event may be looked at, or come in, all the same.
            Err(error) => terminal::error(&error),
        }
        match self.look.variables()? {
            none if none.is_empty() => self.look.again(function.pipeline(), within).await,
            its => self.look.again(self.function(&loaded, &its)?.pipeline(), within).await,
        }
    }

    /// The stand-in of the function with the mapper `loaded`, which has `variables` besides its
    /// own.
    fn function(&self, loaded: &Loaded, variables: &Variables) -> Result<Function> {
        let send = self.endpoint.is_some();
        let config = mapper_file::config(Path::new(COMPONENT), send, &self.environment)?;
        let settings = runner::with(&config.mapper, variables);
        let settings = Settings { sandboxes: endpoint::SANDBOXES, ..settings };
        let mapper = Mapper::new(&loaded.component, loaded.identity.clone(), settings)?;
        let look = self.look.clone();
        let told: Told =
            Box::new(move |event, handled, pipeline| look.came(event, handled, pipeline));
        Ok(Function::stand_in(mapper, config, told)?)
    }
}

/// The component that was built last, compiled on a thread that an interruption leaves alone.
async fn loaded(sandboxes: u32) -> Result<Loaded> {
    let (done, loaded) = oneshot::channel();
    thread::spawn(move || {
        // Nobody waits for it after an interruption.
        let _ = done.send(Loaded::load(Path::new(COMPONENT), sandboxes));
    });
    loaded.await.context("the workbench panicked while it loaded the mapper")?
}
