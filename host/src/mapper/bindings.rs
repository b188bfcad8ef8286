//! The contract as the host calls it: one module for each version, generated, and all of them
//! lifted into the host's own types here.

use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Result, Store};

use super::sandbox::Sandbox;
use crate::backend::Answer;
use crate::effects::Effect;
use crate::event::{self, TriggerSource};
use crate::request::{Method, Request};

mod v0_1 {
    #![allow(missing_docs, reason = "the documentation is in `host/wit/0.1.0`")]
    wasmtime::component::bindgen!({
        path: "wit/0.1.0",
        world: "post-confirmation-mapper",
        // The embedder must be able to stop a call that sleeps, which takes an asynchronous one.
        exports: { default: async },
    });
}

mod v0_2 {
    #![allow(missing_docs, reason = "the documentation is in `wit/`")]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "post-confirmation-mapper-with-follow-up",
        exports: { default: async },
    });
}

use v0_1::cognito::post_confirmation::types as types_0_1;
use v0_1::exports::cognito::post_confirmation::mapper as mapper_0_1;
use v0_2::cognito::post_confirmation::types as types_0_2;
use v0_2::exports::cognito::post_confirmation::{follow_up as follow_up_0_2, mapper as mapper_0_2};

/// What a mapper of 0.1 exports.
const MAPPER_0_1: &str = "cognito:post-confirmation/mapper@0.1.0";

/// What a mapper returned, not yet checked.
pub(super) enum Returned {
    Deliver(Request),
    Skip(String),
    Error(Failed),
}

/// An error that a mapper returned, not yet checked.
pub(super) struct Failed {
    pub(super) code: String,
    pub(super) message: String,
}

/// What a component exports, and by which version of the contract.
pub(super) enum Exports {
    V0_1(mapper_0_1::GuestIndices),
    V0_2 { mapper: mapper_0_2::GuestIndices, follow_up: Option<follow_up_0_2::GuestIndices> },
}

/// The mapper of one instance.
pub(super) enum Mapper {
    V0_1(mapper_0_1::Guest),
    V0_2(mapper_0_2::Guest),
}

impl Exports {
    /// What `pre` exports.
    ///
    /// # Errors
    /// It is not a mapper of any version.
    pub(super) fn find(pre: &InstancePre<Sandbox>) -> Result<Exports> {
        match mapper_0_2::GuestIndices::new(pre) {
            Ok(mapper) => {
                Ok(Exports::V0_2 { mapper, follow_up: follow_up_0_2::GuestIndices::new(pre).ok() })
            }
            Err(newest) => match mapper_0_1::GuestIndices::new(pre) {
                Ok(mapper) => Ok(Exports::V0_1(mapper)),
                // What is of neither version is to become one of the newest.
                Err(older) => {
                    let is_older = pre.component().get_export_index(None, MAPPER_0_1).is_some();
                    Err(if is_older { older } else { newest })
                }
            },
        }
    }

    /// Whether it wants the backend's answer.
    pub(super) fn has_follow_up(&self) -> bool {
        matches!(self, Exports::V0_2 { follow_up: Some(_), .. })
    }

    /// The mapper of `instance`.
    pub(super) fn mapper(&self, store: &mut Store<Sandbox>, instance: &Instance) -> Result<Mapper> {
        Ok(match self {
            Exports::V0_1(mapper) => Mapper::V0_1(mapper.load(store, instance)?),
            Exports::V0_2 { mapper, .. } => Mapper::V0_2(mapper.load(store, instance)?),
        })
    }

    /// Calls `conclude` in `instance`. Without a follow-up nothing is to be done.
    pub(super) async fn conclude(
        &self,
        store: &mut Store<Sandbox>,
        instance: &Instance,
        event: &event::Event,
        answer: &Answer,
    ) -> Result<Result<Vec<Effect>, Failed>> {
        let Exports::V0_2 { follow_up: Some(follow_up), .. } = self else {
            return Ok(Ok(Vec::new()));
        };
        let follow_up = follow_up.load(&mut *store, instance)?;
        let concluded = follow_up.call_conclude(store, &event.into(), &answer.into()).await?;
        Ok(match concluded {
            Ok(effects) => Ok(effects.into_iter().map(Effect::from).collect()),
            Err(error) => Err(Failed { code: error.code, message: error.message }),
        })
    }
}

impl Mapper {
    /// Calls `transform`.
    pub(super) async fn transform(
        &self,
        store: &mut Store<Sandbox>,
        event: &event::Event,
    ) -> Result<Returned> {
        Ok(match self {
            Mapper::V0_1(mapper) => mapper.call_transform(store, &event.into()).await?.into(),
            Mapper::V0_2(mapper) => mapper.call_transform(store, &event.into()).await?.into(),
        })
    }
}

/// What the versions have in common: `types` of one, and what its events have besides.
macro_rules! lifted {
    ($types:ident $(, $field:ident: $value:expr)*) => {
        impl From<&event::Event> for $types::Event {
            fn from(event: &event::Event) -> $types::Event {
                let [user_attributes, client_metadata] =
                    [&event.user_attributes, &event.client_metadata].map(|pairs| {
                        let pairs = pairs.iter().cloned();
                        pairs.map(|(name, value)| $types::Attribute { name, value }).collect()
                    });
                $types::Event {
                    trigger_source: match &event.trigger_source {
                        TriggerSource::ConfirmSignUp => $types::TriggerSource::ConfirmSignUp,
                        TriggerSource::ConfirmForgotPassword => {
                            $types::TriggerSource::ConfirmForgotPassword
                        }
                        TriggerSource::Other(source) => {
                            $types::TriggerSource::Other(source.clone())
                        }
                    },
                    region: event.region.clone(),
                    user_pool_id: event.user_pool_id.clone(),
                    user_name: event.user_name.clone(),
                    client_id: event.client_id.clone(),
                    user_attributes,
                    client_metadata,
                    id: event.id.clone(),
                    json: event.json.get().to_owned(),
                    $($field: $value(event),)*
                }
            }
        }

        impl From<std::result::Result<$types::Outcome, $types::Error>> for Returned {
            fn from(returned: std::result::Result<$types::Outcome, $types::Error>) -> Returned {
                match returned {
                    Ok($types::Outcome::Deliver(request)) => Returned::Deliver(Request {
                        method: match request.method {
                            $types::Method::Post => Method::Post,
                            $types::Method::Put => Method::Put,
                            $types::Method::Patch => Method::Patch,
                        },
                        path: request.path,
                        headers: request
                            .headers
                            .into_iter()
                            .map(|header| (header.name, header.value))
                            .collect(),
                        body: request.body,
                        accept_status: request.accept_status,
                    }),
                    Ok($types::Outcome::Skip(code)) => Returned::Skip(code),
                    Err(error) => {
                        Returned::Error(Failed { code: error.code, message: error.message })
                    }
                }
            }
        }
    };
}

lifted!(types_0_1);
lifted!(types_0_2, received_at: event::Event::received_at_text);

impl From<&Answer> for types_0_2::Answer {
    fn from(answer: &Answer) -> types_0_2::Answer {
        let headers = answer.headers.iter().cloned();
        types_0_2::Answer {
            status: answer.status,
            headers: headers.map(|(name, value)| types_0_2::Header { name, value }).collect(),
            body: answer.body.clone(),
        }
    }
}

impl From<types_0_2::Effect> for Effect {
    fn from(effect: types_0_2::Effect) -> Effect {
        match effect {
            types_0_2::Effect::SetAttribute(attribute) => {
                Effect::SetAttribute { name: attribute.name, value: attribute.value }
            }
            types_0_2::Effect::AddToGroup(group) => Effect::AddToGroup(group),
        }
    }
}
