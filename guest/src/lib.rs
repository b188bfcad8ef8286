//! The default mapper: a confirmed user as JSON, posted to `users/`. This file only binds the
//! component's interface to [`mapping`] and [`settings`].

mod mapping;
mod settings;

#[allow(missing_docs, unsafe_code, reason = "generated; the documentation is in `wit/`")]
mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "post-confirmation-mapper",
    });
    export!(Mapper with_types_in self);

    use super::Mapper;
}

use bindings::exports::cognito::post_confirmation::mapper::{Error, Event, Guest, Outcome};

struct Mapper;

impl Guest for Mapper {
    fn transform(event: Event) -> Result<Outcome, Error> {
        mapping::map(&event, |name| std::env::var(name).ok())
    }
}
