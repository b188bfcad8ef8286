//! Backtraces as the author of a test needs them: functions of the test and of what it calls, not of Rust's own.

use std::fmt::Write as _;

use post_confirmation_host::printable::{self, Bounded};
use rustc_demangle::demangle;
use wasmtime::WasmBacktrace;

/// As much of a function's name is read, in bytes.
const MAX_MANGLED: usize = 4096;
/// As much of a function's name is shown, in bytes.
const MAX_NAME: usize = 256;

/// Crates that come with Rust.
const RUST: [&str; 13] = [
    "__rustc",
    "alloc",
    "compiler_builtins",
    "core",
    "dlmalloc",
    "hashbrown",
    "panic_abort",
    "panic_unwind",
    "rustc_demangle",
    "std",
    "std_detect",
    "wasip1",
    "wasip2",
];
/// The crate of libtest. The functions that call it are the program's start.
const LIBTEST: &str = "test";

/// The names of all functions, without hashes, innermost first.
pub fn names(backtrace: &WasmBacktrace) -> Vec<String> {
    backtrace.frames().iter().filter_map(|frame| frame.func_name().map(demangled)).collect()
}

/// `name` without its hash, as it stands in the source. Whoever made the component chose it: what is read of it is
/// bounded, and what is written.
pub fn demangled(name: &str) -> String {
    let mut text = Bounded::new(MAX_NAME);
    // Where the name is longer, its beginning does.
    let _ = write!(text, "{:#}", demangle(printable::cut(name, MAX_MANGLED)));
    text.into_text()
}

/// Whether a backtrace is a panic's.
pub fn is_panic(names: &[String]) -> bool {
    names.iter().any(|name| name == "__rustc::rust_panic" || name == "rust_panic")
}

/// Those of the author and of what the author has chosen, with repeated ones together.
pub fn own(names: &[String]) -> Vec<String> {
    let test = names.iter().take_while(|name| home(name) != Some(LIBTEST));
    let mut own: Vec<&String> = test.filter(|name| home(name).is_some_and(|home| !RUST.contains(&home))).collect();
    // `#[test]` wraps the function in a closure.
    if let [.., test, wrapper] = own[..]
        && wrapper.strip_prefix(test.as_str()).is_some_and(|rest| matches!(rest, "::{{closure}}" | "::{closure#0}"))
    {
        own.pop();
    }
    let one = |same: &[&String]| match same {
        [name] => (*name).clone(),
        same => format!("{} ({} times)", same[0], same.len()),
    };
    own.chunk_by(|one, other| one == other).map(one).collect()
}

/// The crate that a function belongs to: for a method the crate of its type, or that of the trait where the type has
/// none. Functions of C have no crate, and those of types like `str` are as good as without.
fn home(name: &str) -> Option<&str> {
    let Some(method) = name.strip_prefix('<') else {
        return name.split_once("::").map(|(home, _)| home);
    };
    let (ty, of_trait) = of_method(method);
    let from = if ty.contains("::") { ty } else { of_trait };
    let from = from.trim_start_matches(['&', '*', '<', '[', '(']);
    let from = ["mut ", "const ", "dyn "].into_iter().fold(from, |from, word| from.strip_prefix(word).unwrap_or(from));
    from.split_once("::").map(|(home, _)| home)
}

/// `Type` and `Trait` of `Type as Trait>::method`.
fn of_method(method: &str) -> (&str, &str) {
    let mut depth = 0;
    let mut before = ' ';
    for (at, character) in method.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if before == '-' => {}
            '>' if depth == 0 => return (&method[..at], ""),
            '>' => depth -= 1,
            ' ' if depth == 0 && method[at..].starts_with(" as ") => return (&method[..at], &method[at + 4..]),
            _ => {}
        }
        before = character;
    }
    (method, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames that stay of these.
    fn left(names: &[&str]) -> Vec<String> {
        own(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn functions_of_rust_of_c_and_of_the_harness_are_left_out() {
        let names = [
            "abort",
            "std::sys::backtrace::__rust_end_short_backtrace::<std::panicking::panic_handler::{closure#0}, !>",
            "__rustc::rust_begin_unwind",
            "core::option::Option<T>::unwrap",
            "<T as core::convert::Into<U>>::into",
            "<&mut core::fmt::Formatter as core::fmt::Write>::write_str",
            "<mapper::Kind as core::fmt::Display>::fmt",
            "<mapper::Found<'_, fn(u8) -> u8>>::next",
            "<str>::parse::<mapper::Kind>",
            "<[u8]>::concat",
            "<&str as core::convert::Into<mapper::Kind>>::into",
            "<alloc::vec::Vec<mapper::Kind> as core::clone::Clone>::clone",
            "mapper::map::{{closure}}",
            "mapper::map",
            "serde_json::from_str",
            "mapper::tests::it_maps",
            "mapper::tests::it_maps::{{closure}}",
            "core::ops::function::FnOnce::call_once",
            "test::__rust_begin_short_backtrace",
            "mapper::main",
        ];
        assert_eq!(
            left(&names),
            [
                "<mapper::Kind as core::fmt::Display>::fmt",
                "<mapper::Found<'_, fn(u8) -> u8>>::next",
                "mapper::map::{{closure}}",
                "mapper::map",
                "serde_json::from_str",
                "mapper::tests::it_maps"
            ]
        );
    }

    #[test]
    fn a_recursion_is_one_line() {
        assert_eq!(left(&["a::down", "a::down", "a::down", "a::up"]), ["a::down (3 times)", "a::up"]);
    }
}
