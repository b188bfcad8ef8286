//! Whether every name that a module imports is exported by the other, and means one thing: the
//! engine would say so too, but without the place.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Fault;
use super::modules::Module;
use super::parsed::Taken;

/// What the mapper's own module may export: an object with the function, or the function.
const ENTRY: [&str; 2] = ["mapper", "transform"];
/// And besides.
const FOLLOW_UP: &str = "conclude";

/// Refuses the first name that is taken, but not given, and a mapper that gives nothing to call.
/// `sources` are the author's own.
pub(super) fn check(modules: &[Module], sources: &[String]) -> Result<(), Fault> {
    let by_name: BTreeMap<&str, &Module> =
        modules.iter().map(|module| (module.name.as_str(), module)).collect();
    for (module, source) in modules.iter().zip(sources) {
        for Taken { words, name, offset } in &module.taken {
            let Some(other) = imported(module, words, &by_name) else { continue };
            let mut reached = Vec::new();
            reach(other, &by_name, &mut reached);
            // Every module has its own `default`, which is not passed on.
            let asked = if name == "default" { &reached[..1] } else { &reached[..] };
            let message = if asked.iter().any(|module| module.given.names.contains_key(name)) {
                match origin(other, name, &by_name, &mut BTreeSet::new()) {
                    Ok(_) => continue,
                    Err(ambiguous) => ambiguous,
                }
            } else if asked.iter().any(|module| module.given.written.contains_key(name)) {
                format!(
                    "`{name}` of {} is a type, and nothing of it is left; write `import type {{ … }}`, or \
                     `export type {{ … }} from`",
                    other.name
                )
            } else {
                let given = listed(&names(&reached));
                format!("`{name}` is not exported by {}, which has {given}", other.name)
            };
            return Err(Fault::at(&module.name, source, *offset, message));
        }
    }
    let (Some(entry), Some(source)) = (modules.first(), sources.first()) else { return Ok(()) };
    let mut reached = Vec::new();
    reach(entry, &by_name, &mut reached);
    let given = names(&reached);
    if ENTRY.iter().any(|name| given.contains(name)) {
        let names = ENTRY.iter().chain([&FOLLOW_UP]).filter(|name| given.contains(*name));
        for name in names {
            origin(entry, name, &by_name, &mut BTreeSet::new())
                .map_err(|ambiguous| Fault::at(&entry.name, source, 0, ambiguous))?;
        }
        return Ok(());
    }
    let (offset, without) = match entry.given.written.get("default") {
        Some(offset) if given.contains("default") => (*offset, ", without `default`"),
        _ => (0, ""),
    };
    let message = format!(
        "the file exports no `transform` but {}; write `export function transform(event) {{ … }}`{without}",
        listed(&given)
    );
    Err(Fault::at(&entry.name, source, offset, message))
}

fn listed(names: &BTreeSet<&str>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Adds `module` to the modules that are `reached`, and then those whose names it gives as well.
fn reach<'a>(
    module: &'a Module,
    modules: &BTreeMap<&str, &'a Module>,
    reached: &mut Vec<&'a Module>,
) {
    if reached.iter().any(|known| known.name == module.name) {
        return;
    }
    reached.push(module);
    for words in &module.given.all_of {
        if let Some(other) = imported(module, words, modules) {
            reach(other, modules, reached);
        }
    }
}

/// What `module` imports by `words`, if it is among `modules`.
fn imported<'a>(
    module: &Module,
    words: &str,
    modules: &BTreeMap<&str, &'a Module>,
) -> Option<&'a Module> {
    module.imported(words).and_then(|name| modules.get(name)).copied()
}

/// All names that these modules give.
fn names<'a>(modules: &[&'a Module]) -> BTreeSet<&'a str> {
    modules.iter().flat_map(|module| module.given.names.keys()).map(String::as_str).collect()
}

/// What a name means: the module that it is from, and its name there.
type Origin<'a> = (&'a str, &'a str);

/// What `name` of `module` means, if that can be said. If it means two things, the message says so.
fn origin<'a>(
    module: &'a Module,
    name: &'a str,
    modules: &BTreeMap<&str, &'a Module>,
    seen: &mut BTreeSet<Origin<'a>>,
) -> Result<Option<Origin<'a>>, String> {
    if !seen.insert((&module.name, name)) {
        return Ok(None);
    }
    match module.given.names.get(name) {
        Some(None) => return Ok(Some((&module.name, name))),
        Some(Some((words, name))) => match imported(module, words, modules) {
            Some(other) => return origin(other, name, modules, seen),
            None => return Ok(Some((words, name))),
        },
        // Every module has its own.
        None if name == "default" => return Ok(None),
        None => {}
    }
    let mut found: Option<(Origin<'a>, &str)> = None;
    for words in &module.given.all_of {
        let Some(other) = imported(module, words, modules) else { continue };
        match (origin(other, name, modules, seen)?, found) {
            (Some(second), Some((first, by))) if first != second => {
                return Err(format!(
                    "`{name}` of {} comes from `{by}` and from `{words}`, which are two things to the engine; write there \
                     `export {{ {name} }} from '{by}'`",
                    module.name
                ));
            }
            (Some(origin), None) => found = Some((origin, words)),
            _ => {}
        }
    }
    Ok(found.map(|(origin, _)| origin))
}
