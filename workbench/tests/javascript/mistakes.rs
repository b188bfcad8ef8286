//! The mistakes that authors make and that show in an event, and what each of them is told.

use serde_json::json;

use crate::support::{Loaded, folder, mapper};

const MAPPER: (&str, &str) = ("mapper.js", include_str!("mistakes.mapper.js"));

/// A mistake: its name, the code, and what the message says of it.
const MISTAKES: [(&str, &str, &str); 82] = [
    ("returns nothing", "bad-answer", "`mapper.transform` (mapper.js:"),
    (
        "returns nothing",
        "bad-answer",
        "it has to be `{ deliver: { method, path, body } }` or `{ skip: 'code' }`, and is undefined",
    ),
    ("returns a text", "bad-answer", "and is 'users/'"),
    ("has no body at all", "bad-answer", "a plain object or array, and is null"),
    ("has null for headers", "bad-answer", "`deliver.headers` has to be an object or a list"),
    ("waits too long", "exception", "Error: never"),
    (
        "returns both",
        "bad-answer",
        "it has to be `{ deliver: { method, path, body } }` or `{ skip: 'code' }`, and is {",
    ),
    ("misspells deliver", "bad-answer", "there is no field `delivr`: `deliver` is meant?"),
    ("misspells tag", "bad-answer", "`tag` has to be 'deliver' or 'skip', and is 'delivered'"),
    ("misspells val", "bad-answer", "there is no field `value`: `val` is meant?"),
    (
        "skips for a sentence",
        "bad-answer",
        "`skip` has to be a code of 1 to 64 lower-case letters, digits and hyphens",
    ),
    ("skips for no reason", "bad-answer", "that begins with a letter, and is undefined"),
    (
        "delivers a text",
        "bad-answer",
        "`deliver` has to be `{ method, path, body }`, and is 'users/'",
    ),
    (
        "deletes",
        "bad-answer",
        "`deliver.method` has to be 'post', 'put' or 'patch', and is 'DELETE'",
    ),
    ("has no path", "bad-answer", "`deliver.path` is missing"),
    ("has an address", "bad-answer", "`deliver.path` has to be a text, and is URL {"),
    (
        "misspells acceptStatus",
        "bad-answer",
        "no field `deliver.acceptStatuses`: `acceptStatus` is meant?",
    ),
    (
        "misspells acceptStatus by a letter",
        "bad-answer",
        "no field `deliver.acceptStatsu`: `acceptStatus` is meant?",
    ),
    (
        "writes accept-status",
        "bad-answer",
        "no field `deliver.accept-status`: `acceptStatus` is meant?",
    ),
    (
        "accepts a number",
        "bad-answer",
        "`deliver.acceptStatus` has to be a list of numbers, and is 409",
    ),
    ("accepts a text", "bad-answer", "`deliver.acceptStatus[1]` has to be a status, and is '404'"),
    (
        "has headers of Headers",
        "bad-answer",
        "`deliver.headers` has to be an object or a list of `{ name, value }`, and is Map(1)",
    ),
    (
        "has a header of a number",
        "bad-answer",
        "`deliver.headers['x-count']` has to be a text, and is 5; write `String(…)`",
    ),
    (
        "has a header without value",
        "bad-answer",
        "no field `deliver.headers[0].valu`: `value` is meant?",
    ),
    (
        "has a header of a pair",
        "bad-answer",
        "`deliver.headers[0]` has to be `{ name, value }`, and is ['x-a', '1']",
    ),
    ("has no body", "bad-answer", "`deliver.body` is missing"),
    (
        "has a body of a number",
        "bad-answer",
        "`deliver.body` has to be a text, a Uint8Array or a plain object or array, and is 42",
    ),
    ("has a body of a map", "bad-answer", "a plain object or array, and is Map(0) {}"),
    (
        "has a body with a promise",
        "bad-answer",
        "has at `id` what JSON can't hold: Promise; is an `await` missing?",
    ),
    ("has a body with a set", "bad-answer", "has at `groups` what JSON can't hold: Set"),
    ("has a body with an error", "bad-answer", "has at `reason` what JSON can't hold: RangeError"),
    ("has a body with bytes", "bad-answer", "has at `0` what JSON can't hold: Uint8Array"),
    ("has a body with NaN", "bad-answer", "has at `age` what JSON can't hold: NaN"),
    ("has a body with a symbol", "bad-answer", "has at `kind` what JSON can't hold: Symbol(pro)"),
    (
        "has a body with a generator",
        "bad-answer",
        "has at `groups` what JSON can't hold: Generator; `[...it]` makes a list of it",
    ),
    (
        "has a body with an async generator",
        "bad-answer",
        "has at `groups` what JSON can't hold: AsyncGenerator",
    ),
    ("has a body with an iterator", "bad-answer", "has at `names` what JSON can't hold: Iterator"),
    (
        "has a body with parameters",
        "bad-answer",
        "has at `query` what JSON can't hold: URLSearchParams; `[...it]` makes a list of it",
    ),
    ("has a body with a view", "bad-answer", "has at `data` what JSON can't hold: DataView"),
    ("has a body with no date", "bad-answer", "has at `born` what JSON can't hold: Invalid Date"),
    ("has a body with a box of NaN", "bad-answer", "has at `age` what JSON can't hold: NaN"),
    (
        "has a body with a box of a symbol",
        "bad-answer",
        "has at `kind` what JSON can't hold: Symbol",
    ),
    (
        "has a body with a box of a bigint",
        "bad-answer",
        "`deliver.body` can't be written as JSON: ",
    ),
    (
        "has a body with a registry",
        "bad-answer",
        "has at `seen` what JSON can't hold: FinalizationRegistry",
    ),
    (
        "gives the body's bytes away",
        "bad-answer",
        "`deliver.body` is a Uint8Array that has lost its bytes: ",
    ),
    (
        "takes the body's bytes back",
        "bad-answer",
        "`deliver.body` is a Uint8Array that has lost its bytes: ",
    ),
    (
        "accepts a hole",
        "bad-answer",
        "`deliver.acceptStatus[0]` has to be a status, and is undefined",
    ),
    ("has a body with a bigint", "bad-answer", "`deliver.body` can't be written as JSON: "),
    (
        "throws a text",
        "exception",
        "`mapper.transform` (mapper.js:106:3) threw what is no error and no `{ code, message }`: 'no user'",
    ),
    (
        "throws what is nearly an error",
        "exception",
        " threw { code: 'no-user', mesage: 'it is missing' }: `message` has to be a text, and is undefined",
    ),
    (
        "throws a code that is none",
        "exception",
        " threw { code: 'NO_USER', message: 'it is missing' }: `code` has to be a code of 1 to 64 lower-case letters, digits \
         and hyphens that begins with a letter, and is 'NO_USER'",
    ),
    (
        "throws a code alone",
        "exception",
        " threw { code: 'no-sub' }: `message` has to be a text, and is undefined",
    ),
    (
        "throws a message alone",
        "exception",
        " threw { message: 'no sub' }: `code` has to be a code of 1 to 64 ",
    ),
    (
        "throws two faults",
        "exception",
        ", and is 'NoSub'; `message` has to be a text, and is undefined",
    ),
    (
        "throws what it does not show",
        "exception",
        "something was thrown that can't be put into words",
    ),
    (
        "reads the event of a handler",
        "exception",
        "TypeError: cannot read property 'userAttributes' of undefined; if it is of the event: the event of a mapper has no `request` and no \
         `callerContext`, but `attributes` and `metadata` by name, and `clientId`; its type `Event` is in \
         `post-confirmation.d.ts`\n    at reads the event of a handler (mapper.js:",
    ),
    (
        "reads the metadata of a handler",
        "exception",
        "property 'clientMetadata' of undefined; if it is of the event: the event of a mapper has no `request`",
    ),
    (
        "reads the caller of a handler",
        "exception",
        "property 'clientId' of undefined; if it is of the event: the event of a mapper has no `request` and no `callerContext`",
    ),
    (
        "takes the event of a handler apart",
        "exception",
        "TypeError: Cannot convert undefined or null to object; if it is of the event: the event of a mapper has no `request`",
    ),
    ("throws an error", "exception", "Error: no user\n    at throws an error (mapper.js:38:"),
    ("throws an error", "exception", "\ncaused by: 'a reason'"),
    ("throws many errors", "exception", "AggregateError: all failed\n    at throws many errors ("),
    ("throws many errors", "exception", "\nerrors[0]: Error: first\n    at throws many errors ("),
    ("throws many errors", "exception", "\nerrors[1]: 'second'"),
    ("fails with all", "exception", "\nerrors[1]: TypeError: second\n    at fails with all ("),
    ("throws a cause of a cause", "exception", "\ncaused by: Error: between\n    at "),
    (
        "throws a cause of a cause",
        "exception",
        "\ncaused by: ReferenceError: Buffer is not defined: there is no `Buffer`",
    ),
    ("throws itself", "exception", "\ncaused by: Error: again\n    at throws itself ("),
    (
        "imports by a name that it makes",
        "exception",
        "mapper.js imports `./lib/imports by a name that it makes.js`, which is not in the mapper: modules are found when \
         the mapper is built, by names in quotes",
    ),
    (
        "imports by a text and more",
        "exception",
        "mapper.js imports `./a.js`, which is not in the mapper",
    ),
    ("throws its own error", "no-user", "it is missing"),
    (
        "reads of undefined",
        "exception",
        "TypeError: cannot read property 'name' of undefined\n    at reads of undefined (mapper.js:40:",
    ),
    ("rejects", "exception", "RangeError: too many\n    at rejects (mapper.js:41:"),
    ("rejects unheard", "exception", "Error: unheard\n    at <anonymous> (mapper.js:42:"),
    (
        "waits for ever",
        "exception",
        "`mapper.transform` (mapper.js:106:3) waits for a promise that is never settled: nothing is left that could do it",
    ),
    ("returns a mistake later", "bad-answer", "a plain object or array, and is 42"),
    (
        "exits",
        "exception",
        "there is no `process.exit`: return `{ skip: 'code' }`, or throw `{ code, message }`\n    at exits (mapper.js:48:",
    ),
    ("requires", "exception", "there is no `require`: write `import`"),
    (
        "fetches",
        "exception",
        "there is no `fetch`: the host sends the request that `transform` returns as `{ deliver: { method, path, body } }`, and \
         does what `conclude` returns",
    ),
    (
        "uses Buffer",
        "exception",
        "ReferenceError: Buffer is not defined: there is no `Buffer`: `TextEncoder`, `TextDecoder`, `btoa`",
    ),
    (
        "uses a name of nothing",
        "exception",
        "ReferenceError: bufffer is not defined\n    at uses a name of nothing (mapper.js:52:",
    ),
    ("recurses", "exception", "RangeError: Maximum call stack size exceeded\n    at "),
];

#[tokio::test]
async fn every_mistake_in_an_event_is_named_with_field_or_line() {
    let mapper = Loaded::of(&[MAPPER]);
    let mut wrong = Vec::new();
    for (name, code, says) in MISTAKES {
        let (found, message) = mapper.error(name).await;
        if found != code || !message.contains(says) || message.contains("engine:") {
            wrong.push(format!("{name}: {found}: {message}\n  expected {code}: {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn an_import_by_a_name_that_is_made_is_told_when_it_is_built() {
    let source = "export const transform = async ({ id }) => {\n  await import(`./${id}.js`);\n  await import('./a.js');\n};\n";
    let package = "export const b = (name) => import(name);\n";
    let files = folder(&[
        ("mapper.js", source),
        ("a.js", "export { b } from 'b';\n"),
        ("node_modules/b/index.js", package),
    ]);
    let built = mapper(files.path(), &["build"]);
    let says = String::from_utf8(built.stderr).unwrap();
    let warning = "warning: mapper.js:2:16: `import(…)` finds nothing by a name that is made at run time: modules are found when \
                   the mapper is built, by names in quotes\n";
    assert!(built.status.success() && says == warning, "{says}");
}

#[tokio::test]
async fn what_json_writes_as_everybody_knows_is_no_mistake() {
    let mapper = Loaded::of(&[MAPPER]);
    let written = json!({ "opt": {}, "made": {}, "date": "1970-01-01T00:00:00.000Z" });
    assert_eq!(mapper.body("holds instances").await, written);
    let written = json!({ "names": ["a", null, null, "b"] });
    assert_eq!(mapper.body("holds nothing in places").await, written);
}

#[tokio::test]
async fn a_mistake_of_another_encoding_or_cipher_is_named() {
    let mapper = Loaded::of(&[MAPPER]);
    let (_, message) = mapper.error("decodes another encoding").await;
    assert!(message.contains("`TextDecoder` reads UTF-8 alone, and not latin1"), "{message}");
    let (_, message) = mapper.error("uses a key to sign with AES").await;
    assert!(message.contains("`crypto.subtle` has not got `encrypt`"), "{message}");
}
