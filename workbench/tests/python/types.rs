//! The types for editors and tests, held to the contract.

use std::fs;

use test_support::root;

/// What `mapper new` writes.
const TYPES: &str = include_str!("../../src/toolchain/python/post_confirmation.py");
/// The cases that are fields of another name.
const EFFECTS: [(&str, &str); 2] = [("set-attribute", "attributes"), ("add-to-group", "groups")];

#[test]
fn the_types_for_editors_say_what_the_contract_says() {
    let contract = fs::read_to_string(root().join("wit/types.wit")).unwrap();
    let types = plain(TYPES);
    let (mut said, mut of, mut parts) = (String::new(), String::new(), 0);
    for line in contract.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("///") {
            said = format!("{said} {more}");
            continue;
        }
        let says = plain(&std::mem::take(&mut said));
        let mut words = line.split([' ', ':', '(', ',', ';']);
        match words.next() {
            Some("record" | "variant" | "enum") => of = words.next().unwrap().to_owned(),
            Some("}") => of.clear(),
            // How the backend is asked goes without saying.
            Some(name) if !of.is_empty() && !name.is_empty() && of != "method" => {
                parts += 1;
                let says = says.replace("`accept-status`", "`accept_status`");
                assert!(types.contains(&says), "{of}.{name}: {says}");
                let effect = EFFECTS.into_iter().find(|(effect, _)| *effect == name);
                let name = effect.map_or(name, |(_, field)| field).replace('-', "_");
                // The sources are values, and headers are names with values.
                let known = [format!("    {name}: "), format!("`{}`", name.replace('_', "-"))];
                let is_known = known.iter().any(|known| TYPES.contains(known));
                assert!(is_known || of == "header" || name == "other", "{of}.{name}");
            }
            _ => {}
        }
    }
    assert!(parts > 20);
}

/// The words alone, without the marks of documentation.
fn plain(text: &str) -> String {
    text.replace("\"\"\"", " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
