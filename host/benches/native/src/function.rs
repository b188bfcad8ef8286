//! The one way of an event, as in the host's `handler`, with a call of a Rust function where that has a sandbox.

use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::LambdaEvent;
use post_confirmation_host::backend::{Backend, Method, Request, Trace};
use post_confirmation_host::client::BuildError;
use post_confirmation_host::config::Config;
use post_confirmation_host::deadline::Clock;
use post_confirmation_host::error::{Error, Rejection};
use post_confirmation_host::event::{self, Event};
use post_confirmation_host::handler::{Done, Ended, Kept, Plan, Step, Way};
use post_confirmation_host::mapper::Said;
use post_confirmation_host::report::{Invocation, Log};
use post_confirmation_host::undelivered::{Queue, Reason};
use serde_json::value::RawValue;

use crate::bindings::cognito::post_confirmation::types as wit;
use crate::mapping;

/// What handles the events of this process.
pub struct Function {
    backend: Backend,
    queue: Option<Queue>,
    log: Log,
    variables: Vec<(String, String)>,
}

impl Function {
    /// A function with these settings, of which those about the sandbox have no meaning.
    pub fn new(config: Config) -> Result<Function, BuildError> {
        Ok(Function {
            backend: Backend::new(config.backend)?,
            queue: config.queue_url.map(|url| Queue::new(url, config.aws)),
            log: config.log,
            variables: config.mapper.variables,
        })
    }

    /// Answers one invocation with its event.
    pub async fn invoke(
        &self,
        LambdaEvent { payload, context, .. }: LambdaEvent<Box<RawValue>>,
        clock: &Clock,
    ) -> Result<Box<RawValue>, Rejection> {
        let trace = Trace::of(context.xray_trace_id.as_deref());
        let time = clock.event(context.deadline);
        let event = Event::read(&payload, &context.request_id);
        let (kept, way) = self.handle(&event, &trace, time.before_queue(), time.for_the_last()).await;
        let ended = Ended { way, kept, queueing: None };
        let invocation = Invocation {
            request_id: &context.request_id,
            time,
            start_up: clock.start_up(),
            record: None,
            mapper: None,
        };
        self.log.ended(&event, &ended, &invocation);
        Ok(payload)
    }

    async fn handle(&self, event: &Event, trace: &Trace, until: Instant, last: Instant) -> (Option<Kept>, Way) {
        let started = Instant::now();
        let step = self.map(event, trace);
        let plan = Plan { step, said: Said::default(), mapping: started.elapsed(), memory: 0 };
        let (result, delivery) = match &plan.step {
            Ok(Step::Deliver(request)) => {
                let delivery = self.backend.deliver(request, until).await;
                (delivery.result.clone().map(Done::Delivered).map_err(Error::from), Some(delivery))
            }
            Ok(Step::Skip(code)) => (Ok(Done::Skipped(code.clone())), None),
            Err(error) => (Err(error.clone()), None),
        };
        let mut kept = None;
        if let (Err(error), Some(queue)) = (&result, &self.queue) {
            let reason = Reason {
                error_type: error.error_type(),
                attempts: delivery.as_ref().map_or(0, |delivery| delivery.attempts.len()),
                first_failed: SystemTime::now(),
                retry_after: Duration::ZERO,
            };
            let put = queue.put(event, &reason, last).await;
            kept = Some(put.map_or_else(|failure| Kept::Undelivered(Some(failure)), |()| Kept::Queued));
        }
        (kept, Way { plan: Some(plan), delivery, result })
    }

    /// What the default mapper makes of `event`, checked as the host checks it.
    fn map(&self, event: &Event, trace: &Trace) -> Result<Step, Error> {
        let variable = |name: &str| {
            let found = self.variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        match mapping::map(&shown(event), variable) {
            Ok(wit::Outcome::Deliver(request)) => {
                Ok(Step::Deliver(Box::new(self.backend.prepare(asked(request), &event.id, trace)?)))
            }
            Ok(wit::Outcome::Skip(code)) => Ok(Step::Skip(code)),
            Err(error) => Err(post_confirmation_host::mapper::Failure::Returned(error.code).into()),
        }
    }
}

/// The event as a mapper sees it.
fn shown(event: &Event) -> wit::Event {
    let attributes = |pairs: &[(String, String)]| {
        let attribute = |(name, value): &(String, String)| wit::Attribute { name: name.clone(), value: value.clone() };
        pairs.iter().map(attribute).collect()
    };
    wit::Event {
        trigger_source: match &event.trigger_source {
            event::TriggerSource::ConfirmSignUp => wit::TriggerSource::ConfirmSignUp,
            event::TriggerSource::ConfirmForgotPassword => wit::TriggerSource::ConfirmForgotPassword,
            event::TriggerSource::Other(source) => wit::TriggerSource::Other(source.clone()),
        },
        region: event.region.clone(),
        user_pool_id: event.user_pool_id.clone(),
        user_name: event.user_name.clone(),
        client_id: event.client_id.clone(),
        user_attributes: attributes(&event.user_attributes),
        client_metadata: attributes(&event.client_metadata),
        id: event.id.clone(),
        // The default mapper does not read it.
        json: String::new(),
    }
}

/// A mapper's request as the host takes it.
fn asked(request: wit::Request) -> Request {
    Request {
        method: match request.method {
            wit::Method::Post => Method::Post,
            wit::Method::Put => Method::Put,
            wit::Method::Patch => Method::Patch,
        },
        path: request.path,
        headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        body: request.body,
        accept_status: request.accept_status,
    }
}
