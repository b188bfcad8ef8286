//! The files of a new mapper: the examples of this project as they are, with a new name.

use crate::commands::events::SAMPLES;
use crate::toolchain::Language;

/// The contract.
const WIT: [(&str, &str); 4] = [
    ("wit/world.wit", include_str!("../../../../wit/world.wit")),
    ("wit/mapper.wit", include_str!("../../../../wit/mapper.wit")),
    ("wit/types.wit", include_str!("../../../../wit/types.wit")),
    ("wit/deps/cli.wit", include_str!("../../../../wit/deps/cli.wit")),
];
/// What does not belong into version control.
const IGNORED: &str = "/mapper.wasm\n/mapper.cwasm\n/mapper.json\n/.mapper-build-*\n/target\n/node_modules\n/.venv\n__pycache__\n";

const RUST: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("Cargo.toml.template")),
    (".cargo/config.toml", include_str!("cargo-config.toml.template")),
    ("src/lib.rs", include_str!("../../../../examples/mapper-rust/src/lib.rs")),
];
const JS: [(&str, &str); 3] = [
    ("package.json", include_str!("../../../../examples/mapper-js/package.json")),
    ("package-lock.json", include_str!("../../../../examples/mapper-js/package-lock.json")),
    ("mapper.js", include_str!("../../../../examples/mapper-js/mapper.js")),
];
const PYTHON: [(&str, &str); 2] = [
    ("requirements.txt", include_str!("../../../../examples/mapper-python/requirements.txt")),
    ("app.py", include_str!("../../../../examples/mapper-python/app.py")),
];

/// What the default mapper makes of the samples, in their order; and those in JavaScript and
/// Python.
const DEFAULT_EXPECTED: [&str; 6] = [
    include_str!("../../../../guest/cases/native.expected.json"),
    include_str!("../../../../guest/cases/federated.expected.json"),
    include_str!("../../../../guest/cases/phone-only.expected.json"),
    include_str!("../../../../guest/cases/password-reset.expected.json"),
    include_str!("../../../../guest/cases/custom-attributes.expected.json"),
    include_str!("../../../../guest/cases/admin-confirmed.expected.json"),
];
/// What the example in Rust makes of them.
const RUST_EXPECTED: [&str; 6] = [
    include_str!("../../../../examples/mapper-rust/cases/native.expected.json"),
    include_str!("../../../../examples/mapper-rust/cases/federated.expected.json"),
    include_str!("../../../../examples/mapper-rust/cases/phone-only.expected.json"),
    include_str!("../../../../examples/mapper-rust/cases/password-reset.expected.json"),
    include_str!("../../../../examples/mapper-rust/cases/custom-attributes.expected.json"),
    include_str!("../../../../examples/mapper-rust/cases/admin-confirmed.expected.json"),
];

/// The files of a new mapper called `name` whose tools the commands `install` install: paths in its
/// folder with their texts.
pub fn files(language: Language, name: &str, install: &[&str]) -> Vec<(String, String)> {
    let install = install.join("\n");
    let (own, expected): (&[(&str, &str)], _) = match language {
        Language::Rust => (&RUST, RUST_EXPECTED),
        Language::Js => (&JS, DEFAULT_EXPECTED),
        Language::Python => (&PYTHON, DEFAULT_EXPECTED),
    };
    let mut files = Vec::new();
    for (path, text) in own.iter().chain(&WIT) {
        files.push((path.to_string(), renamed(path, text, name)));
    }
    for ((case, _, event), expected) in SAMPLES.iter().zip(expected) {
        files.push((format!("cases/{case}.event.json"), event.to_string()));
        files.push((format!("cases/{case}.expected.json"), expected.to_owned()));
    }
    files.push((".gitignore".to_owned(), IGNORED.to_owned()));
    files.push((
        "README.md".to_owned(),
        include_str!("README.md.template").replace("NAME", name).replace("INSTALL", &install),
    ));
    files
}

/// A file's text with the package's name in it, if it names one.
fn renamed(path: &str, text: &str, name: &str) -> String {
    match path {
        "package.json" | "package-lock.json" => {
            text.replace("\"mapper-js\"", &format!("\"{name}\""))
        }
        "Cargo.toml" => text.replace("NAME", name),
        _ => text.to_owned(),
    }
}
