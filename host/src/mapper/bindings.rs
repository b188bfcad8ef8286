//! The host's side of `wit/`, generated, and its conversion to and from the host's own types.

mod generated {
    #![allow(missing_docs, reason = "the documentation is in `wit/`")]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "post-confirmation-mapper",
        // The embedder must be able to stop a call that sleeps, which takes an asynchronous one.
        exports: { default: async },
    });
}

use generated::cognito::post_confirmation::types as wit;

pub(super) use generated::{
    PostConfirmationMapper as Mapper, PostConfirmationMapperPre as MapperPre,
};
pub(super) use wit::{Error, Outcome};

use crate::event::{self, TriggerSource};
use crate::request::{Method, Request};

impl From<&event::Event> for wit::Event {
    fn from(event: &event::Event) -> wit::Event {
        wit::Event {
            trigger_source: match &event.trigger_source {
                TriggerSource::ConfirmSignUp => wit::TriggerSource::ConfirmSignUp,
                TriggerSource::ConfirmForgotPassword => wit::TriggerSource::ConfirmForgotPassword,
                TriggerSource::Other(source) => wit::TriggerSource::Other(source.clone()),
            },
            region: event.region.clone(),
            user_pool_id: event.user_pool_id.clone(),
            user_name: event.user_name.clone(),
            client_id: event.client_id.clone(),
            user_attributes: attributes(&event.user_attributes),
            client_metadata: attributes(&event.client_metadata),
            id: event.id.clone(),
            json: event.json.get().to_owned(),
        }
    }
}

fn attributes(pairs: &[(String, String)]) -> Vec<wit::Attribute> {
    pairs.iter().cloned().map(|(name, value)| wit::Attribute { name, value }).collect()
}

impl From<wit::Request> for Request {
    fn from(request: wit::Request) -> Request {
        Request {
            method: match request.method {
                wit::Method::Post => Method::Post,
                wit::Method::Put => Method::Put,
                wit::Method::Patch => Method::Patch,
            },
            path: request.path,
            headers: request
                .headers
                .into_iter()
                .map(|header| (header.name, header.value))
                .collect(),
            body: request.body,
            accept_status: request.accept_status,
        }
    }
}
