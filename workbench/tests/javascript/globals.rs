//! What a mapper has besides the language.

use post_confirmation_host::mapper::Outcome;
use serde_json::json;

use crate::support::{Loaded, folder};
use test_support::PATIENCE;

const MAPPER: (&str, &str) = ("mapper.js", include_str!("globals.mapper.js"));

#[tokio::test]
async fn texts_become_bytes_and_bytes_texts() {
    assert_eq!(
        Loaded::of(&[MAPPER]).body("text").await,
        json!({
            "bytes": [97, 195, 169, 226, 130, 172, 240, 159, 152, 128, 239, 191, 189],
            "text": "a\u{fffd}€",
            "view": "ab",
            "into": { "read": 1, "written": 1 },
            "fatal": "TypeError: the bytes are no UTF-8",
            "base64": ["YWJj", "abc"],
        })
    );
}

#[tokio::test]
async fn addresses_and_forms_are_those_of_the_standard() {
    assert_eq!(
        Loaded::of(&[MAPPER]).body("url").await,
        json!({
            "before": "https://ada:pass@xn--exmple-cua.org:8443/b?x=1&x=2&y=%20#f",
            "after": "https://ada:pass@xn--exmple-cua.org/b?x=1&x=2&y=+&z=%C3%BC",
            "host": "xn--exmple-cua.org",
            "origin": "https://xn--exmple-cua.org",
            "search": "?x=1&x=2&y=+&z=%C3%BC",
            "user": "ada",
            "all": ["1", "2"],
            "form": "a=3&b=%C3%BC%26",
            "size": 2,
            "pairs": [["a", "3"], ["b", "ü&"]],
            "wrong": "TypeError: Invalid URL: users",
            "can": true,
            "json": "\"https://ada:pass@xn--exmple-cua.org/b?x=1&x=2&y=+&z=%C3%BC\"",
        })
    );
}

#[tokio::test]
async fn digests_and_signatures_are_those_of_the_standards() {
    assert_eq!(
        Loaded::of(&[MAPPER]).body("crypto").await,
        json!({
            "digest": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "digest1": "a9993e364706816aba3e25717850c26c9cd0d89d",
            "signed": {
                "SHA-1": "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9",
                "SHA-256": "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
                "SHA-384": "d7f4727e2c0b39ae0f1e40cc96f60242d5b7801841cea6fc592c5d3e1ae50700582a96cf35e1e554995fe4e03381c237",
                "SHA-512": "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb82f948a549f7b791a5b41915ee4d1ec3935357e4e2317250d0372afa2ebeeb3a",
            },
            "verified": true,
            "forged": false,
            "uuid": true,
            "tooMany": "QuotaExceededError: there are at most 65536 random bytes at once",
            "most": 16_384,
        })
    );
}

#[tokio::test]
async fn a_clone_shares_nothing_with_its_original() {
    let refused = [
        "() => 1",
        "Symbol(a)",
        "Symbol",
        "URL",
        "URLSearchParams",
        "TextEncoder",
        "TextDecoder",
        "CryptoKey",
        "Iterator",
        "Iterator",
        "Generator",
        "AsyncGenerator",
        "Promise",
        "WeakMap",
        "FinalizationRegistry",
    ];
    assert_eq!(
        Loaded::of(&[MAPPER]).body("clone").await,
        json!({
            "isOther": true,
            "isItself": true,
            "at": "1970-01-01T00:00:00.000Z",
            "inner": true,
            "bytes": [1, 2],
            "name": ["__proto__", "a name"],
            "boxes": [true, true, true],
            "refused": refused.map(|kind| format!("DataCloneError: {kind} can't be cloned")),
        })
    );
}

#[tokio::test]
async fn timers_run_in_the_order_in_which_they_are_due() {
    assert_eq!(
        Loaded::of(&[MAPPER]).body("timers").await,
        json!({ "order": ["microtask", "tick", "first", "second", "third"], "count": 3, "waited": true })
    );
}

#[tokio::test]
async fn variables_are_those_of_the_event_and_not_of_the_build() {
    let built = folder(&[MAPPER]);
    for path in ["users/", "people/"] {
        assert_eq!(
            Loaded::with(built.path(), &[("USERS_PATH", path)], PATIENCE).body("environment").await,
            json!({
                "list": [["USERS_PATH", path]], "path": path, "other": "none", "proto": "none", "has": false,
                "keys": ["USERS_PATH"],
                "kept": {
                    "path": path, "other": "none", "proto": "none", "has": [true, false], "own": [true, false],
                    "copy": { "USERS_PATH": path },
                },
            })
        );
    }
}

#[tokio::test]
async fn attributes_are_found_by_name_whatever_the_name_is() {
    assert_eq!(
        Loaded::of(&[MAPPER]).body("event").await,
        json!({
            "attributes": [["sub", "1234"], ["email", "ada@example.org"], ["__proto__", "a name"], ["custom:plan", "pro"]],
            "metadata": "spring",
            "first": { "name": "sub", "value": "1234" },
            "copied": ["ada@example.org", "ada@example.org", "ada@example.org"],
            "assigned": 1,
            "inherited": "none",
            "source": { "tag": "confirm-sign-up" },
            "client": "client",
            "name": "event",
        })
    );
}

#[tokio::test]
async fn an_event_that_is_frozen_has_its_attributes() {
    assert_eq!(
        Loaded::of(&[MAPPER]).body("frozen").await,
        json!({
            "email": "ada@example.org",
            "copied": "spring",
            "changed": "TypeError: 'email' is read-only",
            "added": "TypeError: object is not extensible",
        })
    );
}

#[tokio::test]
async fn random_numbers_and_clocks_differ_from_event_to_event() {
    let mapper = Loaded::of(&[MAPPER]);
    let one = mapper.body("random").await;
    let others = [mapper.body("random").await, Loaded::of(&[MAPPER]).body("random").await];
    for other in others {
        for what in ["random", "uuid", "bytes"] {
            assert_ne!(one[what], other[what], "{what}");
        }
        assert!(one["now"].as_u64() <= other["now"].as_u64());
        // What is outside of functions is the same, and what an event leaves is gone.
        assert_eq!(one["early"], other["early"]);
        assert_eq!(other["kept"], 1);
    }
    assert!(one["now"].as_u64() > one["early"]["now"].as_u64());
    // The time is that of the event, and not since the mapper was built.
    assert!(one["since"].as_f64().unwrap() < 20_000.0);
    assert!(one["origin"].as_f64().unwrap() > one["early"]["now"].as_f64().unwrap());
    let random = one["random"].as_f64().unwrap();
    assert!((0.0..1.0).contains(&random));
}

#[tokio::test]
async fn the_language_is_that_of_2025() {
    assert_eq!(
        Loaded::of(&[MAPPER]).body("language").await,
        json!({
            "sets": [1, 2, 3], "groups": { "odd": [1, 3], "even": [2] }, "normal": 1, "letters": ["a", "é"],
            "base64": "AQ==", "iterator": [2, 4, 6], "v": false,
        })
    );
}

#[tokio::test]
async fn packages_can_ask_whether_something_is_there() {
    let absent =
        json!(["undefined", "undefined", "undefined", "undefined", "function", "undefined"]);
    assert_eq!(Loaded::of(&[MAPPER]).body("absent").await, absent);
}

#[tokio::test]
async fn what_is_printed_goes_to_the_standard_streams() {
    let source = "export const mapper = { transform() {
        console.log('id %s of %d%%', { a: [1, 'x', new Map([['k', null]])] }, 5, 'more');
        console.error(new TypeError('no'));
        console.time('all');
        console.timeEnd('none');
        console.warn(undefined, -0, 1n, Symbol('s'));
        return { skip: 'done' };
    } };";
    let call = Loaded::of(&[("mapper.js", source)]).map_user("any").await;
    assert_eq!(call.output.stdout, "id { a: [1, 'x', Map(1) { 'k' => null }] } of 5% more\n");
    let stderr = "TypeError: no\n    at transform (mapper.js:3:";
    assert!(call.output.stderr.starts_with(stderr), "{}", call.output.stderr);
    assert!(
        call.output.stderr.ends_with(")\nundefined -0 1n Symbol(s)\n"),
        "{}",
        call.output.stderr
    );
}

#[tokio::test]
async fn nothing_that_is_printed_fails_an_event() {
    let source = "export const mapper = { transform() {
        const self = { a: 1 };
        self.self = self;
        const throws = { get a() { throw new Error('no'); }, toString() { throw 1; } };
        console.log('%j %j %o %s', self, throws, throws, throws);
        console.log('%d %i %f %j', throws, Symbol('s'), throws, 1n);
        console.log(throws, new Proxy({}, { ownKeys() { throw 1; } }), Object.assign(new Error(), { message: Symbol('s') }));
        console.dir(throws);
        console.dirxml(1);
        console.groupCollapsed('group');
        for (const name of [undefined, 'a', undefined]) console.count(name);
        console.countReset();
        console.count();
        return { skip: 'done' };
    } };";
    let call = Loaded::of(&[("mapper.js", source)]).map_user("any").await;
    assert!(call.result.is_ok(), "{:?}", call.output.message);
    let hidden = "a value that can't be shown";
    assert_eq!(
        call.output.stdout,
        format!(
            "{{ a: 1, self: itself }} {hidden} {hidden} {hidden}\n{hidden} Symbol(s) {hidden} 1n\n\
             {hidden} {hidden} {hidden}\n{hidden}\n1\ngroup\ndefault: 1\na: 1\ndefault: 2\ndefault: 1\n"
        )
    );
}

#[tokio::test]
async fn every_form_of_an_answer_is_taken() {
    let request = |body: &str| format!("{{ method: 'put', path: 'users/', body: {body} }}");
    let forms = [
        (
            "list",
            "{ ...BASE, headers: [{ name: 'X-A', value: '1' }, { name: 'X-A', value: '2' }] }",
            "text",
            "X-A: 1, X-A: 2",
        ),
        ("object", "{ ...BASE, headers: { 'X-A': '1' } }", "text", "X-A: 1"),
        ("bytes", &request("new Uint8Array([116, 101, 120, 116]).subarray(1, 3)"), "ex", ""),
        (
            "json",
            &request("{ a: 1, b: undefined, at: new Date(0) }"),
            r#"{"a":1,"at":"1970-01-01T00:00:00.000Z"}"#,
            "content-type: application/json",
        ),
        ("array", &request("[1, null]"), "[1,null]", "content-type: application/json"),
        (
            "instances",
            &request(
                "[new (class { a = 1; #b = 2 })(), new (class extends Array {})(1, 2), new String('s'), new Number(1), { toJSON: () => 5 }, null]",
            ),
            r#"[{"a":1},[1,2],"s",1,5,null]"#,
            "content-type: application/json",
        ),
        (
            "bare",
            &request("Object.assign(Object.create(null), { a: 1 })"),
            r#"{"a":1}"#,
            "content-type: application/json",
        ),
        (
            "typed",
            "{ ...BASE, body: {}, headers: { 'Content-Type': 'application/scim+json' } }",
            "{}",
            "Content-Type: application/scim+json",
        ),
        ("lone", &request("'a\\ud800'"), "a\u{fffd}", ""),
    ];
    for form in ["{ deliver: FORM }", "{ tag: 'deliver', val: FORM }"] {
        let members = forms.map(|(name, request, ..)| {
            format!("{name}: () => ({})", form.replace("FORM", request))
        });
        let base = "const BASE = { method: 'put', path: 'users/', body: 'text' };";
        let members = members.join(",\n");
        let source = format!(
            "{base}\nconst forms = {{ {members} }};\nexport const transform = (event) => forms[event.userName]();"
        );
        let mapper = Loaded::of(&[("mapper.js", &source)]);
        for (name, _, body, headers) in &forms {
            let Ok(Outcome::Deliver(request)) = mapper.map_user(name).await.result else {
                panic!("{name}")
            };
            let found: Vec<String> =
                request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            assert_eq!(
                (String::from_utf8(request.body).unwrap().as_str(), found.join(", ").as_str()),
                (*body, *headers)
            );
            assert!(request.accept_status.is_empty());
        }
    }
}

#[tokio::test]
async fn modules_mean_what_they_say() {
    let mapper = Loaded::of(&[
        (
            "mapper.js",
            "import { A, once } from './pass.js';
import data from './data.json';
export async function transform(event) {
  const copy = structuredClone({ ...event });
  const { once: late } = await import(`./b.js`);
  const body = { a: A, once, late, own: Object.keys(data), plan: copy.attributes['custom:plan'], email: event.attributes.email };
  return { deliver: { method: 'post', path: 'users/', body } };
}
",
        ),
        (
            "pass.js",
            "import A from './a.js';\nexport { A };\nexport * from './a.js';\nexport * from './b.js';\n",
        ),
        // Both give the same, which is not ambiguous.
        ("a.js", "export default 'default';\nexport { one as once } from './c.js';\n"),
        ("b.js", "export { one as once } from './c.js';\n"),
        ("c.js", "export const one = 'once';\n"),
        ("data.json", "\u{feff}{ \"__proto__\": { \"a\": 1 } }"),
    ]);
    let expected = json!({ "a": "default", "once": "once", "late": "once", "own": ["__proto__"], "plan": "pro", "email": "ada@example.org" });
    assert_eq!(mapper.body("any").await, expected);
}

#[tokio::test]
async fn typescript_takes_its_own_file_before_one_that_it_became() {
    let mapper = Loaded::of(&[
        (
            "mapper.ts",
            "import { from } from './h.js';\nexport const transform = () => ({ skip: from });\n",
        ),
        ("h.ts", "export const from: string = 'ts';\n"),
        ("h.js", "export const from = 'js';\n"),
    ]);
    let skipped = mapper.map_user("any").await.result;
    assert!(matches!(skipped, Ok(Outcome::Skip(code)) if code.as_str() == "ts"));
}
