//! The function as in the host, with a call of a Rust function in place of the sandbox.

use std::time::{Duration, Instant};

use lambda_runtime::LambdaEvent;
use post_confirmation_host::Effects;
use post_confirmation_host::backend::{Backend, Trace};
use post_confirmation_host::config::Config;
use post_confirmation_host::error::{Error, Rejection};
use post_confirmation_host::event::{self, Event};
use post_confirmation_host::function::{Clock, Invocation, Log};
use post_confirmation_host::mapper::{Code, Error as MapperError, MapperCall, MapperOutput};
use post_confirmation_host::outcome::{Action, Plan};
use post_confirmation_host::pipeline::Pipeline;
use post_confirmation_host::{BuildError, Method, Queue, Request};
use serde_json::value::RawValue;

use crate::bindings::cognito::post_confirmation::types as wit;
use crate::mapping;

/// The function of this process.
pub struct Function {
    pipeline: Pipeline,
    log: Log,
    clock: Clock,
    variables: Vec<(String, String)>,
}

impl Function {
    /// A function with these settings, of which those about the sandbox have no meaning. `main`
    /// began at `started`.
    pub fn new(config: Config, started: Instant) -> Result<Function, BuildError> {
        let effects = Effects::new(config.allowed, config.aws.clone());
        let queue = config.queue_url.map(|url| Queue::new(url, config.aws));
        let pipeline = Pipeline::new(
            Err("mapping is native".to_owned()),
            Backend::new(config.backend)?,
            effects,
            queue,
        );
        let clock = Clock::start(config.answer_within, started);
        Ok(Function { pipeline, log: config.log, clock, variables: config.mapper.variables })
    }

    /// Answers one invocation with its event.
    pub async fn invoke(
        &self,
        event: LambdaEvent<Box<RawValue>>,
    ) -> Result<Box<RawValue>, Rejection> {
        let LambdaEvent { payload, context, .. } = event;
        let trace = Trace::parse(context.xray_trace_id.as_deref());
        let deadlines = self.clock.event(context.deadline);
        let event = Event::read(&payload, &context.request_id);
        let until = self.pipeline.delivery_deadline(&deadlines);
        let handled = self.pipeline.deliver(self.plan(&event, &trace), until).await;
        let handled = self.pipeline.keep(&event, handled, &deadlines).await;
        let invocation = Invocation {
            request_id: &context.request_id,
            deadlines,
            start_up: self.clock.start_up(),
            redelivery: None,
            mapper: None,
        };
        self.log.handled(&event, &handled, &invocation);
        Ok(payload)
    }

    fn plan(&self, event: &Event, trace: &Trace) -> Plan {
        let started = Instant::now();
        let action = self.map(event, trace);
        let took: Duration = started.elapsed();
        let output = MapperOutput::default();
        Plan { action, call: Some(MapperCall { output, took, memory: 0, instructions: None }) }
    }

    /// What the default mapper makes of `event`, checked as the host checks it.
    fn map(&self, event: &Event, trace: &Trace) -> Result<Action, Error> {
        let variable = |name: &str| {
            let found = self.variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        match mapping::map(&shown(event), variable) {
            Ok(wit::Outcome::Deliver(request)) => Ok(Action::Deliver(Box::new(
                self.pipeline.backend().prepare(asked(request), &event.id, trace)?,
            ))),
            Ok(wit::Outcome::Skip(code)) => {
                Ok(Action::Skip(Code::parse(code).ok_or(MapperError::SkippedInvalidCode)?))
            }
            Err(error) => Err(Code::parse(error.code)
                .map_or(MapperError::ReturnedInvalidCode, MapperError::Returned)
                .into()),
        }
    }
}

/// The event as a mapper sees it.
fn shown(event: &Event) -> wit::Event {
    let attributes = |pairs: &[(String, String)]| {
        let attribute = |(name, value): &(String, String)| wit::Attribute {
            name: name.clone(),
            value: value.clone(),
        };
        pairs.iter().map(attribute).collect()
    };
    wit::Event {
        trigger_source: match &event.trigger_source {
            event::TriggerSource::ConfirmSignUp => wit::TriggerSource::ConfirmSignUp,
            event::TriggerSource::ConfirmForgotPassword => {
                wit::TriggerSource::ConfirmForgotPassword
            }
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
        received_at: String::new(),
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
