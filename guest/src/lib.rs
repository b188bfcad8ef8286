//! The default mapper: a confirmed user as JSON, posted to `users/`, and what of the answer is
//! written to the Cognito user. This file only binds the component's interfaces to [`mapping`] and
//! [`answer`].

mod answer;
mod fields;
mod mapping;
mod names;
mod settings;

#[allow(missing_docs, unsafe_code, reason = "generated; the documentation is in `wit/`")]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "post-confirmation-mapper-with-follow-up",
    });
    export!(Mapper with_types_in self);

    use super::Mapper;
}

use bindings::exports::cognito::post_confirmation::{follow_up, mapper};
use follow_up::{Answer, Effect};
use mapper::{Error, Event, Outcome};

struct Mapper;

impl mapper::Guest for Mapper {
    fn transform(event: Event) -> Result<Outcome, Error> {
        mapping::map(&event, |name| std::env::var(name).ok())
    }
}

impl follow_up::Guest for Mapper {
    fn conclude(_: Event, answer: Answer) -> Result<Vec<Effect>, Error> {
        answer::effects(&answer, |name| std::env::var(name).ok())
    }
}
