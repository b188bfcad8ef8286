//! The mistakes that authors make and that show in the source, and what each of them is told.

use crate::support::{component, refused};

const GOOD: &str = "export const mapper = { transform: () => ({ skip: 'no' }) };\n";

/// A mistake: its files, and what the message says.
const MISTAKES: [(&[(&str, &str)], &str); 71] = [
    (
        &[("mapper.js", "export const mapper = {\n  transform(event { }\n};\n")],
        "mapper.js:2:19: SyntaxError: Expected `,` or `)` but found `{`",
    ),
    (
        &[("mapper.js", "const a = 1;\nconst a = 2;\n")],
        "mapper.js:1:7: SyntaxError: Identifier `a` has already been declared",
    ),
    (&[("mapper.js", "const a = 'é😀'; let let = 1;\n")], "mapper.js:1:22: SyntaxError: "),
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
        &[("mapper.ts", "import { a } from '@/lib/a';\nexport const b = a;\n")],
        "mapper.ts:1:19: `@/lib/a` is not the name of a package, and aliases of `tsconfig.json` are not read; write a relative path, \
         or an alias of the `imports` of `package.json`, such as `#lib/a`",
    ),
    (
        &[("mapper.js", "import '~/lib/a';\n")],
        "mapper.js:1:8: `~/lib/a` is not the name of a package",
    ),
    (
        &[("mapper.js", "import '@scope/some-one/a.js';\n")],
        "there is no package `@scope/some-one` in a `node_modules` here or above; `npm install @scope/some-one` gets it",
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
        &[("mapper.js", "import { createHmac } from 'node:crypto';\n")],
        "mapper.js:1:28: `node:crypto` is a module of Node.js, which a mapper has not got: use the global `crypto`, whose \
         `subtle` has digests and HMAC; the host itself signs each request if BACKEND_SIGNING_SECRET is set",
    ),
    (
        &[("mapper.js", "import https from 'node:https';\n")],
        "which a mapper has not got: the host sends the request that `transform` returns as `{ deliver: ",
    ),
    (
        &[
            ("mapper.js", "\nimport axios from 'axios';\n"),
            ("node_modules/axios/package.json", r#"{ "exports": "./index.js" }"#),
            ("node_modules/axios/index.js", "export default 1;\n"),
        ],
        "mapper.js:2:19: `axios` needs the network, which a mapper has not got: the host sends the request that `transform` \
         returns as `{ deliver: { method, path, body } }`, and does what `conclude` returns",
    ),
    (
        &[("mapper.js", "import fetch from 'node-fetch';\n")],
        "mapper.js:1:19: `node-fetch` needs the network, ",
    ),
    (
        &[("mapper.js", "const sdk = await import('aws-sdk');\n")],
        "mapper.js:1:26: `aws-sdk` needs the network, ",
    ),
    (
        &[(
            "mapper.ts",
            "import { CognitoClient } from '@aws-sdk/client-cognito-identity-provider';\nexport const a = CognitoClient;",
        )],
        "mapper.ts:1:31: `@aws-sdk/client-cognito-identity-provider` needs the network, ",
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
            "JSON.parse('['.repeat(50000) + ']'.repeat(50000));\nexport const mapper = {};\n",
        )],
        "the engine broke off while it loaded the mapper: wasm trap: call stack exhausted",
    ),
    (
        &[("mapper.js", "export const handler = () => 1;\n")],
        "mapper.js:1:1: the file exports no `transform` but `handler`; write `export function transform(event) { … }`",
    ),
    (
        &[("mapper.js", "\n\nexport default function transform(event) {}\n")],
        "mapper.js:3:8: the file exports no `transform` but `default`; write `export function transform(event) { … }`, \
         without `default`",
    ),
    (
        &[(
            "mapper.ts",
            "interface A { a: string }\nexport const b = 1;\n  export default (a: A) => a;\n",
        )],
        "mapper.ts:3:10: the file exports no `transform` but `b`, `default`; write",
    ),
    (
        &[("mapper.ts", "\nexport default interface Transform {}\n")],
        "mapper.ts:1:1: the file exports no `transform` but nothing; write `export function transform(event) { … }`",
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
        "the mapper threw outside of functions: 'no'",
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
        &[("mapper.js", "const { env } = process;\nexport const mapper = env.USERS_PATH;\n")],
        "variables such as `process.env.USERS_PATH` belong into functions: what is outside of them runs once, if the mapper \
         is built, and not for each event\n    at <anonymous> (mapper.js:2:",
    ),
    (
        &[("mapper.js", "export const mapper = Object.hasOwn(process.env, 'USERS_PATH');\n")],
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
        &[("mapper.js", "\nawait new Promise(() => {});\nexport const mapper = {};\n")],
        "mapper.js:2:1: what is awaited outside of functions is never settled: nothing is left that could do it",
    ),
    (
        &[
            (
                "mapper.js",
                "import './lib/done.js';\nimport './lib/stuck.js';\nexport let mapper;\n",
            ),
            ("lib/done.js", "await 1;\n"),
            (
                "lib/stuck.js",
                "const wait = async () => { await 1; };\nawait wait();\nfor await (const _ of [new Promise(() => {})]);\nawait using last = null;\n",
            ),
        ],
        "lib/stuck.js:2:1 or lib/stuck.js:3:1 or lib/stuck.js:4:1: what is awaited outside of functions is never settled",
    ),
    (
        &[(
            "mapper.ts",
            "interface A { a: string }\n\nexport const a: A = await new Promise<A>(() => {});\nexport const mapper = {};\n",
        )],
        "mapper.ts:3:21: what is awaited outside of functions is never settled",
    ),
    (
        &[
            ("mapper.js", "await import('./late.js');\nexport const mapper = {};\n"),
            ("late.js", "\n\n  await new Promise(() => {});\n"),
        ],
        "mapper.js:1:1 or late.js:3:3: what is awaited outside of functions is never settled",
    ),
    (
        &[(
            "mapper.js",
            "const name = './a.js';\nawait import(name);\nexport const mapper = {};\n",
        )],
        "ReferenceError: mapper.js imports `./a.js`, which is not in the mapper: modules are found when the mapper is built, by names in quotes",
    ),
    (
        &[("mapper.js", "\nexport const a = () => import(`./a.js`);\n")],
        "mapper.js:2:31: there is no file `./a.js`",
    ),
    (
        &[
            ("mapper.js", "\nimport { a } from './x.js';\nexport const transform = () => a;\n"),
            ("x.js", "export * from './y.js';\nexport * from './z.js';\n"),
            ("y.js", "export const a = 1;\n"),
            ("z.js", "export { b as a } from './b.js';\n"),
            ("b.js", "export const b = 2;\n"),
        ],
        "mapper.js:2:10: `a` of x.js comes from `./y.js` and from `./z.js`, which are two things to the engine; write there `export { a } from './y.js'`",
    ),
    (
        &[
            ("mapper.js", "export * from './x.js';\nexport { transform } from './y.js';\n"),
            ("x.js", "export * from './y.js';\nexport * from './z.js';\n"),
            ("y.js", "export const transform = 1;\nexport const conclude = 1;\n"),
            ("z.js", "export const conclude = 2;\n"),
        ],
        "mapper.js:1:1: `conclude` of x.js comes from `./y.js` and from `./z.js`, which are two things to",
    ),
    (
        &[("mapper.ts", "const tag = (..._: any[]) => {};\n\n@tag class A {}\n")],
        "mapper.ts:3:1: decorators are not supported: call the function yourself",
    ),
    (
        &[("mapper.ts", "class A {\n  constructor(@tag() private a: string) {}\n}\n")],
        "mapper.ts:2:15: decorators are not supported: call the function yourself",
    ),
    (
        &[("mapper.js", "class A {\n  @tag a = 1;\n}\n")],
        "mapper.js:2:3: decorators are not supported: call the function yourself",
    ),
    (
        &[("mapper.ts", "class A {\n  accessor a = 1;\n}\n")],
        "mapper.ts:2:3: `accessor` is not supported: write a field, or `get` and `set`",
    ),
    (
        &[("mapper.ts", "\nconst page: any = <div>\n</div>;\n")],
        "mapper.ts:2:19: JSX is not supported: a mapper makes no pages",
    ),
    (
        &[("mapper.js", "const page = <></>;\n")],
        "mapper.js:1:14: JSX is not supported: a mapper makes no pages",
    ),
    (
        &[("mapper.ts", "import './a.tsx';\n"), ("a.tsx", "")],
        "a.tsx:1:1: `.tsx` is not a module; a mapper is made of `.js`, `.mjs`, `.ts`, `.mts` and `.json`",
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
        "a.css:1:1: `.css` is not a module; a mapper is made of `.js`, `.mjs`, `.ts`, `.mts` and `.json`",
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
    for (files, says) in MISTAKES {
        let message = refused(files);
        if !message.contains(says) || message.contains("engine:") {
            wrong.push(format!("{message}\n  expected {says}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    component(&[("mapper.js", GOOD)]);
}
