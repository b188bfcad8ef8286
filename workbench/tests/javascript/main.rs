//! Mappers in JavaScript and TypeScript: built from source by the engine that is built from source, and run on the
//! production host.

mod cases;
mod globals;
mod hostile;
mod mistakes;
mod packages;
mod snapshots;
mod support;
mod typescript;
