//! What comes after the backend's answer in JavaScript: what can be done, and what the mistakes in
//! it are told.

use crate::loaded::{add, set};
use crate::support::{Loaded, folder, mapper, refused};

const MAPPER: (&str, &str) = ("mapper.js", include_str!("follow-up.mapper.js"));

/// A mistake: its name, the code, and what the message says of it.
const MISTAKES: [(&str, &str, &str); 19] = [
    ("returns a text", "bad-answer", "`conclude` (mapper.js:"),
    ("returns a text", "bad-answer", "returned what are no effects: it has to be `{ attributes: "),
    (
        "returns a list",
        "bad-answer",
        "it has to be `{ attributes: { name: value }, groups: [name] }`",
    ),
    ("misspells groups", "bad-answer", "there is no field `group`: `groups` is meant?"),
    ("misspells attributes", "bad-answer", "there is no field `attribute`: `attributes` is meant?"),
    (
        "sets a number",
        "bad-answer",
        "`attributes['custom:id']` has to be a text, and is 42; write `String(…)`",
    ),
    ("sets a bigint", "bad-answer", "has to be a text, and is 42n; write `String(…)`"),
    (
        "sets undefined",
        "bad-answer",
        "`attributes['custom:id']` has to be a text, and is undefined",
    ),
    ("has a list of attributes", "bad-answer", "`attributes` has to be an object, and is ["),
    ("has a map of attributes", "bad-answer", "`attributes` has to be an object, and is Map(1)"),
    ("returns a map", "bad-answer", "groups: [name] }`, or nothing, and is Map(1)"),
    ("has a hole in groups", "bad-answer", "`groups[0]` has to be a text, and is undefined"),
    ("leaves a promise alone", "exception", "`conclude` (mapper.js:"),
    ("adds to a text", "bad-answer", "`groups` has to be a list, and is 'members'"),
    ("adds to null", "bad-answer", "`groups[0]` has to be a text, and is null"),
    ("throws an error", "exception", "TypeError: cannot read property 'id' of undefined\n"),
    (
        "makes JSON of a bigint",
        "exception",
        "; an integer beyond 2^53 is a bigint in what `answer.json()` gives: write `String(id)`\n",
    ),
    ("throws its own", "no-id", "there is no id"),
    ("fetches", "exception", "the host sends the request that `transform` returns as "),
];

#[tokio::test]
async fn effects_are_what_the_mapper_returns_for_the_answer() {
    let mapper = Loaded::of(&[MAPPER]);
    let all = r#"201 1 42 {"id":42} 9"#;
    for (name, effects) in [
        ("returns nothing", vec![]),
        ("sets and adds", vec![set("custom:id", "42"), add("members"), add("gold")]),
        ("reads all of the answer", vec![set("custom:a", all)]),
        ("is asynchronous", vec![add("members")]),
    ] {
        assert_eq!(mapper.conclude(name).await, Ok(effects), "{name}");
    }
}

#[tokio::test]
async fn an_integer_in_an_answer_keeps_all_of_its_digits() {
    let mapper = Loaded::of(&[MAPPER]);
    let body = r#"{ "a": 12345678901234567890, "b": -9007199254740993, "c": 9007199254740991, "d": 1e30,
                    "e": 1234567890123456.5, "f": "12345678901234567890", "g": [1234567890123456789],
                    "h": 12345678901234567.0 }"#;
    let effects = [
        set("a", "bigint 12345678901234567890"),
        set("b", "bigint -9007199254740993"),
        set("c", "number 9007199254740991"),
        set("d", "number 1e+30"),
        set("e", "number 1234567890123456.5"),
        set("f", "string 12345678901234567890"),
        set("g", "object 1234567890123456789"),
        set("h", "bigint 12345678901234567"),
    ];
    assert_eq!(mapper.conclude_after("keeps all digits", body).await, Ok(effects.to_vec()));
    let error = mapper.conclude_after("keeps all digits", r#"{ "a": -1e400 }"#).await.unwrap_err();
    let says = "the answer has the number -1e400, which is too large for JavaScript";
    assert!(format!("{error:?}").contains(says), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_named_with_status_and_line() {
    let mapper = Loaded::of(&[MAPPER]);
    for (body, wrong) in [
        ("", "no body: look at `answer.body.length` first"),
        ("<p>", "a body that is no JSON"),
        ("{ \"a\": 12345678901234567890", "a body that is no JSON"),
    ] {
        let (code, message) = mapper.conclude_after("throws an error", body).await.unwrap_err();
        let says = format!(
            "SyntaxError: the backend's answer (status 201) has {wrong}\n    at throws an error (mapper.js:"
        );
        assert!(code == "exception" && message.starts_with(&says), "{message}");
        assert!(!message.contains("<input>") && !message.contains("engine:"), "{message}");
    }
}

#[test]
fn a_function_with_nearly_the_name_of_a_follow_up_is_told() {
    let skip = "transform() { return { skip: 'a' }; }";
    for (source, place) in [
        (format!("export function {skip}\n\nexport function followUp() {{}}\n"), "3:8: `followUp`"),
        (format!("export function {skip}\nexport const Conclude = () => 1;"), "2:25: `Conclude`"),
        (format!("export const mapper = {{ {skip}, conclud() {{}} }};"), "1:63: `conclud`"),
        (
            format!("export function {skip}\nexport const concluded = (() => 1).bind(1);"),
            " `concluded`",
        ),
    ] {
        let folder = folder(&[("mapper.js", &source)]);
        let built = mapper(folder.path(), &["build"]);
        let says = String::from_utf8(built.stderr).unwrap();
        let warning = " is not called with the backend's answer: what is called with it has the name `conclude`\n";
        assert!(
            built.status.success()
                && says.contains(&format!("warning: mapper.js:{place}{warning}")),
            "{says}"
        );
    }
    let names = "export const conclusions = () => 1;\nexport const include = () => 1;\n\
                 export class Conclude {}\nexport const con = () => 1;\n";
    let folder = folder(&[("mapper.js", &format!("export function {skip}\n{names}"))]);
    assert_eq!(mapper(folder.path(), &["build"]).stderr, b"");
}

#[tokio::test]
async fn every_mistake_in_a_follow_up_is_named_with_its_field() {
    let mapper = Loaded::of(&[MAPPER]);
    mapper.is_told_of(&MISTAKES, "engine:").await;
}

#[test]
fn a_follow_up_that_is_no_function_is_refused() {
    let source = "export const transform = () => ({ skip: 'a' });\nexport const conclude = 5;\n";
    let says = "mapper.js exports `conclude`, which is no function but is 5";
    assert!(refused(&[("mapper.js", source)]).contains(says));
}
