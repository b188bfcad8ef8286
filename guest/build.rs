//! How the component is linked.

/// The stack, in bytes, for JSON as deep as serde_json reads it. Rust's default is 1 MiB, and the host has to write over
/// all of a small memory after each event: a memory of two pages maps in half of the time.
const STACK: u32 = 64 * 1024;

fn main() {
    println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
    println!("cargo::rerun-if-changed=build.rs");
}
