//! The types for editors, held to the contract.

use std::fs;

use test_support::root;

/// What `mapper new` writes.
const TYPES: &str = include_str!("../../src/toolchain/javascript/post-confirmation.d.ts");

/// The types of `wit/types.wit` that JavaScript has.
const TYPES_THERE: [&str; 10] = [
    "trigger-source",
    "attribute",
    "event",
    "method",
    "header",
    "request",
    "outcome",
    "error",
    "answer",
    "effect",
];
/// The cases that are fields of another name.
const EFFECTS: [(&str, &str); 2] = [("set-attribute", "attributes"), ("add-to-group", "groups")];

/// A field or a case of a type, with what is said about it.
struct Part {
    of: String,
    name: String,
    says: String,
}

#[test]
fn the_types_for_editors_say_what_the_contract_says() {
    let contract = root().join("wit/types.wit");
    let parts = parts(&fs::read_to_string(contract).unwrap());
    let types = plain(TYPES, '*');
    assert!(parts.len() > 20);
    for Part { of, name, says } in parts {
        assert!(TYPES_THERE.contains(&of.as_str()), "{of}");
        let says = says.replace("`accept-status`", "`acceptStatus`");
        assert!(types.contains(&says), "{of}.{name}: {says}");
        let effect = EFFECTS.into_iter().find(|(effect, _)| *effect == name);
        let name = effect.map_or(name, |(_, field)| field.to_owned());
        // The methods are the only names that are values.
        let known =
            [format!("{}: ", camel(&name)), format!("{}?: ", camel(&name)), format!("'{name}'")];
        assert!(known.iter().any(|known| TYPES.contains(known)), "{of}.{name}");
    }
}

/// The types of the contract, and all of their parts.
fn parts(contract: &str) -> Vec<Part> {
    let (mut parts, mut said, mut of) = (Vec::new(), String::new(), String::new());
    for line in contract.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("///") {
            said = format!("{said} {more}");
            continue;
        }
        let says = plain(&std::mem::take(&mut said), '/');
        let mut words = line.split([' ', ':', '(', ',']);
        match words.next() {
            Some("record" | "variant" | "enum") => of = words.next().unwrap().to_owned(),
            Some("}") => of.clear(),
            // How the backend is asked goes without saying.
            Some(name) if !of.is_empty() && !name.is_empty() && of != "method" => {
                parts.push(Part { of: of.clone(), name: name.to_owned(), says });
            }
            _ => {}
        }
    }
    parts
}

/// The words alone, without the marks that comments have at the beginning of lines.
fn plain(text: &str, mark: char) -> String {
    let lines = text.lines().map(|line| line.trim().trim_start_matches(['/', mark]));
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// `user-name` as `userName`.
fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}
