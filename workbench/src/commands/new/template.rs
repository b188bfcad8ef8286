//! The files of a new mapper, with its name in them.

use super::follow_up;
use crate::commands::events::SAMPLES;
use crate::toolchain::{CONTRACT, Language, PYTHON_TYPES, TYPES};

/// A file in `templates/`.
macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../../templates/", $path))
    };
}
/// A file of this project.
macro_rules! of_project {
    ($path:literal) => {
        include_str!(concat!("../../../../", $path))
    };
}

/// What does not belong into version control.
const IGNORED: &str = "/mapper.wasm\n/mapper.cwasm\n/mapper.json\n/mapper.zip\n/.mapper-build-*\n/target\n/node_modules\n/.venv\n__pycache__\n";

/// Paths in a mapper's folder with their texts.
type Files = &'static [(&'static str, &'static str)];

const JS: [(&str, &str); 5] = [
    ("mapper.js", template!("js/mapper.js")),
    ("mapper.test.js", template!("js/mapper.test.js")),
    ("post-confirmation.d.ts", TYPES),
    ("jsconfig.json", template!("js/jsconfig.json")),
    ("package.json", template!("js/package.json")),
];
const TS: [(&str, &str); 5] = [
    ("mapper.ts", template!("ts/mapper.ts")),
    ("mapper.test.js", template!("ts/mapper.test.js")),
    ("post-confirmation.d.ts", TYPES),
    ("tsconfig.json", template!("ts/tsconfig.json")),
    ("package.json", template!("ts/package.json")),
];
const PYTHON: [(&str, &str); 4] = [
    ("mapper.py", template!("python/mapper.py")),
    ("test_mapper.py", template!("python/test_mapper.py")),
    ("post_confirmation.py", PYTHON_TYPES),
    ("requirements.txt", of_project!("examples/mapper-python/requirements.txt")),
];
const RUST: [(&str, &str); 4] = [
    ("Cargo.toml", template!("rust/Cargo.toml.template")),
    (".cargo/config.toml", template!("rust/cargo-config.toml.template")),
    ("src/lib.rs", of_project!("examples/mapper-rust/src/lib.rs")),
    ("src/follow_up.rs", of_project!("examples/mapper-rust/src/follow_up.rs")),
];

/// What the mappers in `templates/` make of the samples, in their order.
const EXPECTED: [&str; 6] = [
    template!("cases/native.expected.json"),
    template!("cases/federated.expected.json"),
    template!("cases/phone-only.expected.json"),
    template!("cases/password-reset.expected.json"),
    template!("cases/custom-attributes.expected.json"),
    template!("cases/admin-confirmed.expected.json"),
];
/// What the one in Rust makes of them.
const RUST_EXPECTED: [&str; 6] = [
    of_project!("examples/mapper-rust/cases/native.expected.json"),
    of_project!("examples/mapper-rust/cases/federated.expected.json"),
    of_project!("examples/mapper-rust/cases/phone-only.expected.json"),
    of_project!("examples/mapper-rust/cases/password-reset.expected.json"),
    of_project!("examples/mapper-rust/cases/custom-attributes.expected.json"),
    of_project!("examples/mapper-rust/cases/admin-confirmed.expected.json"),
];

/// The files of a new mapper called `name` whose tools the commands `install` install: paths in its
/// folder with their texts. What belongs to a follow-up is among them if it `has_follow_up`.
pub fn files(
    language: Language,
    name: &str,
    install: &[&str],
    has_follow_up: bool,
) -> Vec<(String, String)> {
    let (own, contract, expected): (Files, Files, _) = match language {
        Language::Js => (&JS, &[], EXPECTED),
        Language::Ts => (&TS, &[], EXPECTED),
        Language::Python => (&PYTHON, &[], EXPECTED),
        Language::Rust => (&RUST, &CONTRACT, RUST_EXPECTED),
    };
    let mut files = Vec::new();
    for (path, text) in own.iter().chain(contract) {
        files.push((path.to_string(), renamed(path, text, name)));
    }
    for ((case, _, event), expected) in SAMPLES.iter().zip(expected) {
        files.push((format!("cases/{case}.event.json"), event.to_string()));
        files.push((format!("cases/{case}.expected.json"), expected.to_owned()));
    }
    files.push((".gitignore".to_owned(), IGNORED.to_owned()));
    files.push(("README.md".to_owned(), readme(language, name, install)));
    if has_follow_up { follow_up::with_answer(files) } else { follow_up::without(files) }
}

/// A file's text with the package's name in it, if it names one.
fn renamed(path: &str, text: &str, name: &str) -> String {
    match path {
        "package.json" | "Cargo.toml" => text.replace("NAME", name),
        _ => text.to_owned(),
    }
}

fn readme(language: Language, name: &str, install: &[&str]) -> String {
    let contract = match language {
        Language::Js | Language::Ts => "`post-confirmation.d.ts`",
        Language::Python => "`post_confirmation.py`",
        Language::Rust => "`wit/types.wit`",
    };
    let install: String = install.iter().map(|line| format!("{line}\n")).collect();
    let text = template!("README.md.template");
    text.replace("NAME", name).replace("CONTRACT", contract).replace("INSTALL", &install)
}
