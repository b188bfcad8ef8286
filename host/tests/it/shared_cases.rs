//! What every full mapper has to do, whatever it is written in and whichever version of the
//! contract it is of.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use test_support::aws;
use test_support::backend::{Answer, Backend, Recorded};
use test_support::function::Function;
use test_support::root;

/// The cases that the default mapper and its counterparts in other languages share.
pub fn folder() -> PathBuf {
    root().join("guest/cases")
}

/// What a function is made of here, and what a case may change of it: the mapper's variables, and
/// what the backend answers.
type Circumstances = (Vec<(String, String)>, Option<(u16, String)>);

/// A function with the backend that it delivers to and the Cognito that it writes to.
struct Deployed {
    backend: Backend,
    cognito: Backend,
    function: Function,
}

impl Deployed {
    async fn new(image: &Path, (variables, answer): &Circumstances) -> Deployed {
        let has_answer = answer.is_some();
        let answers = match answer {
            Some((status, body)) => Answer::Json(*status, body.clone()),
            // Only a mapper that accepts this status delivers.
            None => Answer::Status(409),
        };
        let backend = Backend::answering(answers).await;
        let cognito = Backend::answering(Answer::Json(200, "{}".to_owned())).await;
        let mut settings = vec![("BACKEND_API_URL", backend.url.as_str())];
        settings.extend(aws::variables(cognito.url.trim_end_matches("/api/")));
        // Without an answer there is nothing that a mapper could write.
        if has_answer {
            settings.push(("COGNITO_ATTRIBUTES", "custom:backend_id"));
            settings.push(("COGNITO_GROUPS", "members"));
        }
        settings.extend(variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let function = Function::start(image, &settings).await;
        Deployed { backend, cognito, function }
    }

    /// What becomes of `event`, as an expected file says it.
    async fn ended(&mut self, event: Vec<u8>) -> Value {
        let (sent, done) = (self.backend.requests().len(), self.cognito.requests().len());
        let invoked = self.function.invoke(event).await;
        let sent = self.backend.requests().get(sent).map(shown);
        let done = effects(&self.cognito.requests()[done..]);
        match (invoked.end(), sent) {
            ("delivered", Some(request)) if done.is_null() => json!({ "deliver": request }),
            ("delivered", Some(request)) => json!({ "deliver": request, "effects": done }),
            (_, Some(_)) => panic!("the backend got something: {}", invoked.line),
            ("skipped", None) => json!({ "skip": invoked.line["code"] }),
            (_, None) => {
                let error = invoked.line["error"].as_str().unwrap();
                json!({ "error": error.strip_prefix("the mapper failed: ") })
            }
        }
    }
}

/// Hands every shared case to a function with `image`, and compares what the backend and Cognito
/// get and how the event ends with what is expected; then checks how much memory the function took.
/// A mapper of 0.1 has no effects.
pub async fn pass(image: &Path, has_effects: bool) {
    let mut functions: BTreeMap<Circumstances, Deployed> = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let Some(case) = path.to_str().unwrap().strip_suffix(".event.json") else { continue };
        let json = |kind: &str| fs::read(format!("{case}.{kind}.json")).ok();
        let parsed = |kind: &str| {
            json(kind).map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap())
        };
        let circumstances = (variables(&parsed("variables")), answer(&parsed("answer")));
        if !functions.contains_key(&circumstances) {
            let deployed = Deployed::new(image, &circumstances).await;
            functions.insert(circumstances.clone(), deployed);
        }
        let deployed = functions.get_mut(&circumstances).unwrap();
        let ended = deployed.ended(json("event").unwrap()).await;
        assert_eq!(ended, as_seen_outside(parsed("expected"), has_effects), "{case}");
    }
    assert!(functions.len() > 3);
    for deployed in functions.values() {
        let peak = deployed.function.peak_kilobytes();
        println!("{}: at most {peak} KB resident", image.display());
        assert!(peak < 128 * 1024, "{peak} KB");
    }
}

fn variables(variables: &Value) -> Vec<(String, String)> {
    let all = variables.as_object().into_iter().flatten();
    all.map(|(name, value)| (format!("MAPPER_ENV_{name}"), value.as_str().unwrap().to_owned()))
        .collect()
}

fn answer(answer: &Value) -> Option<(u16, String)> {
    let status = answer["status"].as_u64()?;
    Some((status.try_into().unwrap(), answer["body"].to_string()))
}

/// What was asked of Cognito, as an expected file says it.
fn effects(requests: &[Recorded]) -> Value {
    let mut effects = json!({});
    for request in requests {
        let asked: Value = serde_json::from_slice(&request.body).unwrap();
        for attribute in asked["UserAttributes"].as_array().into_iter().flatten() {
            effects["attributes"][attribute["Name"].as_str().unwrap()] = attribute["Value"].clone();
        }
        if let Value::String(group) = &asked["GroupName"] {
            let mut groups = effects["groups"].as_array().cloned().unwrap_or_default();
            groups.push(json!(group));
            effects["groups"] = json!(groups);
        }
    }
    if effects == json!({}) { Value::Null } else { effects }
}

/// A request as cases describe it, as far as a mapper makes it.
fn shown(request: &Recorded) -> Value {
    json!({
        "method": request.method,
        "path": request.path.strip_prefix("/api/"),
        "headers": { "content-type": request.headers["content-type"].to_str().unwrap() },
        "body": serde_json::from_slice::<Value>(&request.body).unwrap(),
    })
}

/// What is expected, without what only the host reads.
fn as_seen_outside(mut expected: Value, has_effects: bool) -> Value {
    if let Some(request) = expected.get_mut("deliver") {
        assert_eq!(request.as_object_mut().unwrap().remove("acceptStatus"), Some(json!([409])));
    }
    if !has_effects || expected["effects"] == json!({}) {
        expected.as_object_mut().unwrap().remove("effects");
    }
    expected
}
