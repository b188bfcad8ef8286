//! The JavaScript engine, built against the contract 0.1.0. It has no follow-up, and its events do
//! not say when they came.

// Formatted in their own crate.
#[rustfmt::skip]
#[path = "../../../../js-engine/src/outcome.rs"]
mod outcome;
#[rustfmt::skip]
#[path = "../../../../js-engine/src/engine.rs"]
mod engine;
#[rustfmt::skip]
#[path = "../../../../js-engine/src/event.rs"]
mod event;
#[rustfmt::skip]
#[path = "../../../../js-engine/src/modules.rs"]
mod modules;
#[rustfmt::skip]
#[path = "../../../../js-engine/src/native/mod.rs"]
mod native;

#[allow(missing_docs, unsafe_code, reason = "generated; the documentation is in `host/wit/0.1.0`")]
mod generated {
    wit_bindgen::generate!({
        path: ["../../../host/wit/0.1.0", "wit"],
        world: "cognito:js-engine/engine",
        generate_all,
    });
    export!(Engine with_types_in self);

    use super::Engine;
}

/// What the engine's files find of the contract: 0.1.0, with an event as 0.2.0 has it.
mod bindings {
    pub mod cognito {
        pub mod post_confirmation {
            pub use crate::generated::cognito::post_confirmation::types;
        }
    }

    pub mod exports {
        pub mod cognito {
            pub use crate::generated::exports::cognito::js_engine;

            pub mod post_confirmation {
                pub mod mapper {
                    pub use crate::Event;
                    pub use crate::generated::exports::cognito::post_confirmation::mapper::{
                        Error, Outcome,
                    };
                }
            }
        }
    }
}

use std::ops::Deref;

use generated::exports::cognito::js_engine::loader;
use generated::exports::cognito::post_confirmation::mapper::{self, Error, Outcome};

/// An event of 0.1.0, and what it lacks.
pub struct Event {
    event: mapper::Event,
    received_at: String,
}

impl Deref for Event {
    type Target = mapper::Event;

    fn deref(&self) -> &mapper::Event {
        &self.event
    }
}

struct Engine;

impl loader::Guest for Engine {
    fn load(modules: Vec<loader::Module>) -> Result<bool, String> {
        engine::load(modules)
    }
}

impl mapper::Guest for Engine {
    fn transform(event: mapper::Event) -> Result<Outcome, Error> {
        engine::transform(&Event { event, received_at: String::new() })
    }
}
