//! A dry run: whoever deploys asks how an event would end. It is mapped, its request is checked and the secrets are
//! fetched, all with this process's own mapper, settings and role. Nothing is sent, queued or counted.

use lambda_runtime::Context;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::backend::Trace;
use crate::deadline::Time;
use crate::error::Error;
use crate::event::Event;
use crate::handler::{Handler, Step};
use crate::lenient::Object;
use crate::mapper::Mapper;

/// The payload's one member, which holds the event. Cognito's own events have others, whatever a user writes into them.
const DRY_RUN: &str = "dryRun";

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    dry_run: Found<'a>,
}

/// How the event would end where the backend takes it.
#[derive(Serialize)]
struct Found<'a> {
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapper: Option<&'a str>,
}

/// The event of the dry run that the members of a payload ask for; nothing where they ask for none.
pub fn of<'a>(payload: &Object<'a>) -> Option<&'a RawValue> {
    payload.get(DRY_RUN).filter(|_| payload.is_single())
}

impl Handler {
    /// Answers a dry run of `event` within `time`.
    ///
    /// # Errors
    /// What would keep the event from the backend, as far as it shows without asking the backend.
    pub(crate) async fn dry_run(
        &self,
        event: &RawValue,
        context: &Context,
        trace: &Trace,
        time: &Time,
    ) -> Result<Box<RawValue>, Error> {
        let event = Event::read(event, &context.request_id);
        let plan = self.plan(&event, trace, time.until).await;
        if self.mapper_logs {
            self.log.said(&event, &plan.said);
        }
        let (end, code) = match plan.step? {
            Step::Deliver(_) => {
                self.backend.fetch_secrets(time.until).await?;
                ("delivered", None)
            }
            Step::Skip(code) => ("skipped", Some(code)),
        };
        let mapper = self.mapper().map(Mapper::manifest).map(|manifest| manifest.component.sha256.as_str());
        to_raw_value(&Answer { dry_run: Found { end, code, mapper } }).map_err(|_| Error::Host)
    }
}
