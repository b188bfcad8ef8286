//! The default mapper's own mapping, built against the contract 0.1.0.

// Formatted in its own crate, beside its tests.
#[rustfmt::skip]
#[path = "../../../../guest/src/fields.rs"]
mod fields;
#[rustfmt::skip]
#[path = "../../../../guest/src/mapping.rs"]
mod mapping;
#[path = "../../../../guest/src/names.rs"]
mod names;
#[rustfmt::skip]
#[path = "../../../../guest/src/settings.rs"]
mod settings;

#[allow(missing_docs, unsafe_code, reason = "generated; the documentation is in `host/wit/0.1.0`")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../../host/wit/0.1.0",
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
