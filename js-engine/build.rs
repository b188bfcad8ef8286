//! How the engine is linked.

/// The stack, in bytes. A call in JavaScript takes some 350 of them.
const STACK: u32 = 256 * 1024;

fn main() {
    println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK}");
    println!("cargo::rerun-if-changed=build.rs");
}
