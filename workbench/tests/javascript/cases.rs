//! The mapper in JavaScript of the examples, and the cases that it shares with the default one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use post_confirmation_host::backend::{Method, Request};
use post_confirmation_host::mapper::{Call, Failure, Outcome};
use serde_json::{Value, json};

use crate::support::{Loaded, build, load};

#[tokio::test]
async fn the_example_in_javascript_passes_the_shared_cases() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let component = build(&workspace.join("examples/mapper-js/mapper.js")).unwrap();
    let mut loaded: BTreeMap<String, Loaded> = BTreeMap::new();
    let mut number = 0;
    for entry in fs::read_dir(workspace.join("guest/cases")).unwrap() {
        let path = entry.unwrap().path();
        let Some(case) = path.to_str().unwrap().strip_suffix(".event.json") else { continue };
        let read = |kind: &str| fs::read_to_string(format!("{case}.{kind}.json"));
        let variables = read("variables").unwrap_or("{}".to_owned());
        let mapper = loaded.entry(variables.clone()).or_insert_with(|| {
            let variables: BTreeMap<String, String> = serde_json::from_str(&variables).unwrap();
            load(&component, &variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>())
        });
        let expected: Value = serde_json::from_str(&read("expected").unwrap()).unwrap();
        assert_eq!(shown(mapper.map(&read("event").unwrap()).await), expected, "{case}");
        number += 1;
    }
    assert!(number > 20);
}

/// What came of an event as cases describe it.
fn shown(call: Call) -> Value {
    match call.result {
        Ok(Outcome::Deliver(request)) => json!({ "deliver": shown_request(&request) }),
        Ok(Outcome::Skip(code)) => json!({ "skip": code }),
        Err(Failure::Returned(code)) => json!({ "error": code }),
        Err(other) => panic!("{other}: {:?} {}", call.said.message, call.said.stderr),
    }
}

fn shown_request(request: &Request) -> Value {
    let method = match request.method {
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
    };
    json!({
        "method": method,
        "path": request.path,
        "headers": request.headers.iter().cloned().collect::<BTreeMap<String, String>>(),
        "body": serde_json::from_slice::<Value>(&request.body).unwrap(),
        "acceptStatus": request.accept_status,
    })
}
