//! What the authors of mappers work with.

pub mod javascript;
