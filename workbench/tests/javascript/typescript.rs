//! Mappers in TypeScript, and what is in several files and packages.

use crate::support::{Loaded, build, component, folder, mapper, refused};

const MAPPER: &str = r"import type { Event } from './types.ts';
import { Plan, type Unused } from './lib/plan.js';
import { greet } from 'greeting/polite';
import data from './data.json' with { type: 'json' };

namespace Names {
  export const path = 'users/';
}

class User {
  constructor(readonly id: string, private plan: Plan = Plan.Pro) {}

  toJSON(): object {
    return { id: this.id, plan: this.plan, greeting: greet(this.id), data } satisfies Record<string, unknown>;
  }
}

function fail(event: Event): never {
  const nothing = undefined as unknown as { name: string };
  throw new Error(nothing!.name);
}

export const mapper = {
  async transform(event: Event): Promise<unknown> {
    if (event.userName === 'fails') fail(event);
    const { late } = await import('./lib/late.ts');
    const user = { ...new User(event.attributes.sub!).toJSON(), late } as const;
    return { deliver: { method: 'post', path: Names.path, body: user } };
  },
};
";

fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("mapper.ts", MAPPER),
        (
            "types.ts",
            "export interface Event { userName: string; attributes: Record<string, string> }\n",
        ),
        (
            "lib/plan.ts",
            "export enum Plan { Free = 'free', Pro = 'pro' }\nexport type Unused = string;\n",
        ),
        ("lib/late.ts", "export const late: number = 7;\n"),
        ("data.json", r#"{ "a": [1, null] }"#),
        (
            "node_modules/greeting/package.json",
            r#"{ "type": "module", "exports": { "./polite": { "types": "./p.d.ts", "require": "./p.cjs", "import": "./p.js" } } }"#,
        ),
        (
            "node_modules/greeting/p.js",
            "import { word } from '#word';\nexport const greet = (name) => `${word} ${name}`;\n",
        ),
        ("node_modules/greeting/p.cjs", "module.exports = {};\n"),
    ]
}

fn with_word() -> Vec<(&'static str, &'static str)> {
    let mut files = files();
    files[5].1 = r##"{ "type": "module", "imports": { "#word": "./word.js" }, "exports": { "./polite": { "types": "./p.d.ts", "require": "./p.cjs", "import": "./p.js" } } }"##;
    files.push(("node_modules/greeting/word.js", "export const word = 'good day';\n"));
    files
}

#[tokio::test]
async fn a_mapper_in_typescript_with_files_and_a_package_is_mapped() {
    let body = Loaded::of(&with_word()).body("ada").await;
    let expected = serde_json::json!({
        "id": "1234", "plan": "pro", "greeting": "good day 1234", "data": { "a": [1, null] }, "late": 7,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_exception_in_typescript_is_placed_in_its_source() {
    let (code, message) = Loaded::of(&with_word()).error("fails").await;
    assert_eq!(code, "exception");
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "TypeError: cannot read property 'name' of undefined");
    assert!(lines[1].starts_with("    at fail (mapper.ts:20:"), "{message}");
    assert!(lines[2].starts_with("    at transform (mapper.ts:25:"), "{message}");
}

#[test]
fn a_package_without_the_file_that_it_names_is_refused_in_place() {
    let message = refused(&files());
    let says = "node_modules/greeting/p.js:1:22: `#word` is not among the `imports` of the `package.json` of this file";
    assert_eq!(message, says);
}

#[test]
fn a_missing_name_in_typescript_is_placed_in_its_source() {
    let mut files = with_word();
    files[2].1 = "export enum Plans { Free = 'free' }\n";
    assert_eq!(
        refused(&files),
        "mapper.ts:2:10: `Plan` is not exported by lib/plan.ts, which has `Plans`"
    );
}

#[test]
fn a_type_that_is_imported_as_a_value_is_named_as_a_type() {
    let mapper = "export const transform = () => ({ skip: 'a' });\n";
    let types = "export interface Foo { a: string }\ntype Bar = string;\nexport type { Bar };\nexport default interface Own {}\n";
    for (first, place, name, from) in [
        ("export { Foo } from './types';", "1:10", "Foo", "types.ts"),
        ("export { Bar as Foo } from './types.ts';", "1:10", "Bar", "types.ts"),
        ("export { default } from './types';", "1:10", "default", "types.ts"),
        ("import { Foo } from './types';\nexport { Foo };", "1:10", "Foo", "types.ts"),
        ("import { Foo } from './all';\nexport const foo = Foo;", "1:10", "Foo", "all.ts"),
    ] {
        let files = [
            ("mapper.ts", &*format!("{first}\n{mapper}")),
            ("types.ts", types),
            ("all.ts", "export * from './types';\n"),
        ];
        assert_eq!(
            refused(&files),
            format!(
                "mapper.ts:{place}: `{name}` of {from} is a type, and nothing of it is left; write `import type {{ … }}`, or \
                 `export type {{ … }} from`"
            ),
            "{first}"
        );
    }
    for first in [
        "export type { Foo } from './types';",
        "import { Foo } from './types';\nexport const a = (foo: Foo) => foo;",
        "import type { Foo } from './types';\nexport type { Foo };",
    ] {
        component(&[("mapper.ts", &*format!("{first}\n{mapper}")), ("types.ts", types)]);
    }
}

#[tokio::test]
async fn a_column_behind_other_letters_is_that_of_editors() {
    let before = "  return 'é😀😀😀😀😀😀😀😀' + ";
    let column = before.encode_utf16().count() + 1;
    for (file, types) in [("mapper.js", ""), ("mapper.ts", ": any")] {
        let line = format!("{before}event.nothing.a + 'and' + event.b;");
        let source = format!("export const transform = (event{types}){types} => {{\n{line}\n}};\n");
        let (_, message) = Loaded::of(&[(file, &source)]).error("any").await;
        let place = format!("\n    at transform ({file}:2:{column})");
        assert!(message.contains(&place), "{place}: {message}");
    }
}

#[test]
fn the_component_names_the_language_of_its_author() {
    for (file, language) in [("mapper.js", "JavaScript"), ("mapper.ts", "TypeScript")] {
        let folder = folder(&[(file, "export const transform = () => ({ skip: 'a' });\n")]);
        build(folder.path()).unwrap();
        let shown = String::from_utf8(mapper(folder.path(), &["inspect"]).stdout).unwrap();
        let languages: Vec<_> = shown.lines().filter(|line| line.starts_with("language")).collect();
        assert_eq!(languages, [format!("language     {language}")]);
    }
}
