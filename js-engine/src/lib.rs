//! The JavaScript engine that `mapper build` puts mappers into. It loads a mapper's modules once; a
//! snapshot of that is the mapper, and maps one event. This file only binds the component's
//! interface to [`engine`].

mod engine;
mod event;
mod follow_up;
mod modules;
mod native;
mod outcome;

#[allow(missing_docs, unsafe_code, reason = "generated; the documentation is in `wit/`")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../wit", "wit"],
        world: "cognito:js-engine/engine",
        generate_all,
    });
    export!(Engine with_types_in self);

    use super::Engine;
}

use bindings::exports::cognito::js_engine::loader;
use bindings::exports::cognito::post_confirmation::follow_up::{Answer, Effect, Guest as FollowUp};
use bindings::exports::cognito::post_confirmation::mapper::{self, Error, Event, Outcome};

struct Engine;

impl loader::Guest for Engine {
    fn load(modules: Vec<loader::Module>) -> Result<bool, String> {
        engine::load(modules)
    }
}

impl mapper::Guest for Engine {
    fn transform(event: Event) -> Result<Outcome, Error> {
        engine::transform(&event)
    }
}

impl FollowUp for Engine {
    fn conclude(event: Event, answer: Answer) -> Result<Vec<Effect>, Error> {
        follow_up::conclude(&event, &answer)
    }
}
