//! A dry run: a deployment asks how an event would end. The event is mapped, its request is checked
//! and the secrets are fetched, all with this process's own mapper, settings and role. Nothing is
//! sent, queued or counted.

use lambda_runtime::Context;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::Function;
use crate::backend::Trace;
use crate::error::Error;
use crate::event::Event;
use crate::mapper::{Code, Mapper};
use crate::outcome::Action;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    dry_run: Finding<'a>,
}

/// How the event would end if the backend took it.
#[derive(Serialize)]
struct Finding<'a> {
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mapper: Option<&'a str>,
}

impl Function {
    /// Answers a dry run of the event `json`.
    ///
    /// # Errors
    /// What would keep the event from the backend, as far as it shows without asking the backend.
    pub(super) async fn dry_run(
        &self,
        json: &RawValue,
        context: &Context,
        trace: &Trace,
    ) -> Result<Box<RawValue>, Error> {
        // Nobody waits for it, so it has the time of a batch.
        let until = self.clock.batch(context.deadline).answer;
        let event = Event::read(json, &context.request_id);
        let plan = self.pipeline.plan(&event, trace, until).await;
        self.report_output(&event, plan.call.as_ref());
        let action = plan.action?;
        let end = action.intended_end();
        let code = match action {
            Action::Deliver(_) => {
                self.pipeline.backend().fetch_credentials(until).await?;
                None
            }
            Action::Skip(code) => Some(code),
        };
        let mapper = self.pipeline.mapper().map(Mapper::identity);
        let mapper = mapper.map(|identity| identity.sha256.as_str());
        to_raw_value(&Answer { dry_run: Finding { end, code, mapper } }).map_err(|_| Error::Host)
    }
}
