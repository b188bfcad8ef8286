//! The mistakes that authors make, and what each of them is told.

use crate::support::{Loaded, component, refused};

const MAPPER: (&str, &str) = ("mapper.js", include_str!("mistakes.mapper.js"));

/// A mistake that shows when an event is mapped: its name, the code, and what the message says of
/// it.
const AT_RUN_TIME: [(&str, &str, &str); 51] = [
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
        "`deliver.headers['x-count']` has to be a text, and is 5",
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
    ("has a body with a bigint", "bad-answer", "`deliver.body` can't be written as JSON: "),
    (
        "throws a text",
        "exception",
        "`mapper.transform` (mapper.js:61:3) threw what is no error and no `{ code, message }`: 'no user'",
    ),
    ("throws what is nearly an error", "exception", "{ code: 'no-user', mesage: 'it is missing' }"),
    ("throws a code that is none", "exception", "{ code: 'NO_USER', message: 'it is missing' }"),
    ("throws an error", "exception", "Error: no user\n    at throws an error (mapper.js:38:"),
    ("throws an error", "exception", "\ncaused by: 'a reason'"),
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
        "a promise that is waited for is never settled: nothing is left that could do it",
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
        "there is no `fetch`: the host sends the request: return it as `{ deliver: { method, path, body } }`",
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
    for (name, code, says) in AT_RUN_TIME {
        let (found, message) = mapper.error(name).await;
        if found != code || !message.contains(says) || message.contains("engine:") {
            wrong.push(format!("{name}: {found}: {message}\n  expected {code}: {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn a_mistake_of_another_encoding_or_cipher_is_named() {
    let mapper = Loaded::of(&[MAPPER]);
    let (_, message) = mapper.error("decodes another encoding").await;
    assert!(message.contains("`TextDecoder` reads UTF-8 alone, and not latin1"), "{message}");
    let (_, message) = mapper.error("uses a key to sign with AES").await;
    assert!(message.contains("`crypto.subtle` has not got `encrypt`"), "{message}");
}

const GOOD: &str = "export const mapper = { transform: () => ({ skip: 'no' }) };\n";

/// A mistake that shows when the mapper is built: its files, and what the message says.
const AT_BUILD_TIME: [(&[(&str, &str)], &str); 42] = [
    (
        &[("mapper.js", "export const mapper = {\n  transform(event { }\n};\n")],
        "mapper.js:2:19: SyntaxError: Expected `,` or `)` but found `{`",
    ),
    (
        &[("mapper.js", "const a = 1;\nconst a = 2;\n")],
        "mapper.js:1:7: SyntaxError: Identifier `a` has already been declared",
    ),
    (
        &[("mapper.js", "import './lib/a.js';\n"), ("lib/a.js", "\nlet let = 1;")],
        "lib/a.js:2:5: SyntaxError: ",
    ),
    (
        &[("mapper.js", "\nimport { a } from './lib/a.js';\n")],
        "mapper.js:2:19: there is no file `./lib/a.js`",
    ),
    (
        &[("mapper.js", "import _ from 'lodash';\n")],
        "mapper.js:1:15: there is no package `lodash` in a `node_modules` here or above; `npm install lodash` gets it",
    ),
    (
        &[("mapper.js", "import { a } from './a.js';\n"), ("a.js", "export const b = 1;\n")],
        "mapper.js:1:10: `a` is not exported by a.js, which has `b`",
    ),
    (
        &[("mapper.js", "import a from './a.js';\n"), ("a.js", "export const b = 1;\n")],
        "mapper.js:1:8: `default` is not exported by a.js, which has `b`",
    ),
    (
        &[("mapper.js", "import fs from 'node:fs';\n")],
        "mapper.js:1:16: `node:fs` is a module of Node.js, which a mapper has not got: it has no files",
    ),
    (
        &[("mapper.js", "import crypto from 'crypto';\n")],
        "`crypto` is a module of Node.js, which a mapper has not got: use the global `crypto`",
    ),
    (
        &[("mapper.js", "import 'https://example.org/a.js';\n")],
        "mapper.js:1:8: `https://example.org/a.js` can't be imported from the network",
    ),
    (
        &[("mapper.js", "import { f } from 'wasi:http/types@0.2.0';\n")],
        "of WASI there is `wasi:cli/environment@0.2.0` alone",
    ),
    (
        &[("mapper.js", "import 'lodash/fp/add.js';\n")],
        "there is no package `lodash` in a `node_modules` here or above; `npm install lodash` gets it",
    ),
    (
        &[("mapper.js", "import 'a/b.js';\n"), ("node_modules/a/package.json", "{}")],
        "mapper.js:1:8: the package `a` has no file for `a/b.js`",
    ),
    (
        &[
            ("mapper.js", "import a from 'a';\n"),
            ("node_modules/a/package.json", r#"{ "exports": { ".": { "require": "./a.js" } } }"#),
        ],
        "the package `a` has no ES module for `a`; if it is CommonJS, bundle it by `npx esbuild node_modules/a",
    ),
    (
        &[("mapper.js", "import 'data:text/javascript,1';\n")],
        "mapper.js:1:8: a module can't be written into the words that import it",
    ),
    (
        &[
            ("package.json", r#"{ "main": "src/mapper.js" }"#),
            ("src/mapper.js", "\nexport function transform( {}\n"),
        ],
        "src/mapper.js:3:1: SyntaxError",
    ),
    (
        &[(
            "mapper.js",
            "JSON.parse('['.repeat(5000) + ']'.repeat(5000));\nexport const mapper = {};\n",
        )],
        "the engine broke off while it loaded the mapper: wasm trap: call stack exhausted",
    ),
    (
        &[("mapper.js", "export const handler = () => 1;\n")],
        "mapper.js:1:1: the file exports no `transform` but `handler`; write `export function transform(event) { … }`",
    ),
    (
        &[("mapper.js", "const mapper = 1;\n")],
        "mapper.js:1:1: the file exports no `transform` but nothing; write",
    ),
    (
        &[("mapper.js", "export const mapper = { transfrom() {} };\n")],
        "which has no function `transform` but is { transfrom: the function transfrom }",
    ),
    (
        &[("mapper.js", "export const transform = 1;\n")],
        "mapper.js exports `transform`, which is no function",
    ),
    (
        &[("mapper.js", "module.exports = { transform() {} };\n")],
        "mapper.js:1:1: this file is CommonJS, and a mapper is made of ES modules: write `import` in place of `require`",
    ),
    (&[("mapper.js", "const _ = require('lodash');\n")], "mapper.js:1:11: this file is CommonJS"),
    (
        &[
            ("mapper.js", "import _ from 'old';\n"),
            ("node_modules/old/package.json", r#"{ "name": "old", "main": "lib/index.js" }"#),
            ("node_modules/old/lib/index.js", "'use strict';\nexports.a = 1;\n"),
        ],
        "node_modules/old/lib/index.js:2:1: the package `old` is CommonJS, and a mapper is made of ES modules; bundle it by \
         `npx esbuild node_modules/old/lib/index.js --bundle --format=esm --outfile=old.bundled.js`, and import that: \
         `import old from './old.bundled.js'`",
    ),
    (
        &[
            ("mapper.js", "import _ from '@scope/old-one';\n"),
            ("node_modules/@scope/old-one/package.json", r#"{ "main": "a.cjs" }"#),
            ("node_modules/@scope/old-one/a.cjs", ""),
        ],
        "the package `@scope/old-one` is CommonJS",
    ),
    (
        &[
            ("mapper.js", "import { a } from 'new/hidden.js';\n"),
            ("node_modules/new/package.json", r#"{ "exports": { ".": "./a.js" } }"#),
            ("node_modules/new/hidden.js", "export const a = 1;"),
        ],
        "mapper.js:1:19: the package `new` has no ES module for `new/hidden.js`",
    ),
    (
        &[("mapper.js", "\nundefined.name;\nexport const mapper = {};\n"), ("a.js", "")],
        "TypeError: cannot read property 'name' of undefined\n    at <anonymous> (mapper.js:2:",
    ),
    (
        &[
            ("mapper.js", "export * from './a.js';\nexport let mapper;"),
            ("a.js", "\n\nthrow new Error('no');\n"),
        ],
        "Error: no\n    at <anonymous> (a.js:3:",
    ),
    (
        &[(
            "mapper.js",
            "(async () => {\n  throw new Error('unheard');\n})();\nexport const transform = () => {};\n",
        )],
        "Error: unheard\n    at <anonymous> (mapper.js:2:",
    ),
    (
        &[("mapper.js", "throw 'no';\nexport const mapper = {};\n")],
        "the mapper threw what is no error and no `{ code, message }`: 'no'",
    ),
    (
        &[("mapper.js", "\nfetch('https://example.org');\nexport const mapper = {};\n")],
        "there is no `fetch`: the host sends the request",
    ),
    (
        &[("mapper.js", "\nexport const mapper = process.env.USERS_PATH;\n")],
        "variables such as `process.env.USERS_PATH` belong into functions",
    ),
    (
        &[("mapper.js", "export const mapper = 'USERS_PATH' in process.env;\n")],
        "variables such as `process.env.USERS_PATH` belong into functions",
    ),
    (
        &[("mapper.js", "export const mapper = { ...process.env };\n")],
        "variables belong into functions: what is outside of them runs once, if the mapper is built",
    ),
    (
        &[("mapper.js", "\nconst id = crypto.randomUUID();\nexport const mapper = {};\n")],
        "random numbers belong into functions: what is outside of them runs once, if the mapper is built, and not for each event\n    at <anonymous> (mapper.js:2:",
    ),
    (
        &[("mapper.js", "setTimeout(() => {}, 5);\nexport const mapper = {};\n")],
        "timers belong into functions",
    ),
    (
        &[("mapper.js", "await new Promise(() => {});\nexport const mapper = {};\n")],
        "a promise that is waited for is never settled",
    ),
    (
        &[(
            "mapper.js",
            "import { getEnvironment } from 'wasi:cli/environment@0.2.0';\n\ngetEnvironment();\nexport const mapper = {};\n",
        )],
        "variables belong into functions: ",
    ),
    (
        &[
            ("mapper.js", "import data from './a.json' with { type: 'json' };\n"),
            ("a.json", "{\n  \"a\": 1,\n}\n"),
        ],
        "a.json:3:1: SyntaxError: key must be a string",
    ),
    (
        &[("mapper.js", "import './a.css';\n"), ("a.css", "a {}")],
        "a.css:1:1: `.css` is no module; a mapper is made of `.js`, `.mjs`, `.ts`, `.mts` and `.json`",
    ),
    (
        &[("mapper.ts", "export const mapper = { transform(event: string { } };\n")],
        "mapper.ts:1:49: SyntaxError: ",
    ),
    (
        &[(
            "mapper.ts",
            "type A = string;\n\nconst a: A = (undefined as any).name;\nexport const mapper = {};\n",
        )],
        "TypeError: cannot read property 'name' of undefined\n    at <anonymous> (mapper.ts:3:",
    ),
];

#[test]
fn every_mistake_in_the_source_is_named_with_file_and_line() {
    let mut wrong = Vec::new();
    for (files, says) in AT_BUILD_TIME {
        let message = refused(files);
        if !message.contains(says) || message.contains("engine:") {
            wrong.push(format!("{message}\n  expected {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    component(&[("mapper.js", GOOD)]);
}
