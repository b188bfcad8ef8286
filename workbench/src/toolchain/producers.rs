//! The language of the author, as a component names it. What surrounds a mapper names its own
//! inside.

use wasm_encoder::{ComponentSection, ProducersField, ProducersSection};

/// What names the author's `language` if it stands at the end of a component.
pub(super) fn section(language: &str) -> Vec<u8> {
    let mut producers = ProducersSection::new();
    producers.field("language", ProducersField::new().value(language, ""));
    let mut section = Vec::new();
    producers.append_to_component(&mut section);
    section
}
