//! Packages from npm, as they are. `npm ci` in `target/packages`, by the lists in the folder
//! `packages`, brings them; where they are missing, the test says so and passes.

use std::env;
use std::fs;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use test_support::{PATIENCE, root};

use crate::support::{Loaded, build, mapper};

/// Set if every language has to be there: what is missing then fails the test that needs it.
const ALL_LANGUAGES: &str = "ALL_LANGUAGES";

const MAPPER: &str = "import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { z } from 'zod';

const User = z.object({
  email: z.email(),
  'custom:plan': z.enum(['free', 'pro']).default('free'),
});
type User = z.infer<typeof User>;

export const mapper = {
  transform({ attributes, userName }: { attributes: Record<string, string>; userName: string }) {
    const user: User = User.parse(userName === 'nobody' ? {} : attributes);
    const phone: string | undefined = parsePhoneNumberFromString('+12025550100')?.formatInternational();
    return { deliver: { method: 'post', path: 'users/', body: { ...user, phone } } };
  },
};
";

/// The folder with the packages in it.
fn packages() -> Option<PathBuf> {
    let folder = root().join("target/packages");
    if folder.join("node_modules/zod").is_dir() {
        return Some(folder);
    }
    assert!(env::var_os(ALL_LANGUAGES).is_none(), "{} has no packages", folder.display());
    let _ = writeln!(
        stderr(),
        "skipped a test of packages: `npm ci` in {} brings them",
        folder.display()
    );
    None
}

#[tokio::test]
async fn packages_of_es_modules_are_put_into_a_mapper_as_they_are() {
    let Some(folder) = packages() else { return };
    let own = tempfile::tempdir_in(folder).unwrap();
    fs::write(own.path().join("mapper.ts"), MAPPER).unwrap();
    let component = fs::metadata(build(own.path()).unwrap()).unwrap();
    assert!(component.len() < 7_000_000, "{} bytes", component.len());
    let mapper = Loaded::with(own.path(), &[], PATIENCE);
    let expected =
        json!({ "email": "ada@example.org", "custom:plan": "pro", "phone": "+1 202 555 0100" });
    assert_eq!(mapper.body("ada").await, expected);
    let (code, message) = mapper.error("nobody").await;
    assert_eq!(code, "exception");
    assert!(
        message.starts_with("ZodError: ") && message.contains("\n    at transform (mapper.ts:12:"),
        "{message}"
    );
}

/// What TypeScript's compiler says of the mapper in `folder`.
fn type_faults(packages: &Path, folder: &Path) -> String {
    let settings = ["tsconfig.json", "jsconfig.json"].map(|name| folder.join(name));
    let settings = settings.iter().find(|file| file.exists()).unwrap();
    let compiler = packages.join("node_modules/typescript/bin/tsc");
    let mut command = Command::new("node");
    command.arg(compiler).args(["--noEmit", "--project"]).arg(settings);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn the_types_of_new_mappers_and_examples_fit_their_sources() {
    let Some(packages) = packages() else { return };
    for language in ["js", "ts"] {
        let example = root().join(format!("examples/mapper-{language}"));
        assert_eq!(type_faults(&packages, &example), "");
        let own = tempfile::tempdir().unwrap();
        let made = mapper(own.path(), &["new", "accounts", "--lang", language]);
        assert!(made.status.success(), "{made:?}");
        let folder = own.path().join("accounts");
        assert_eq!(type_faults(&packages, &folder), "");
        // The same with a mistake, so that the sources are known to be read.
        let source = folder.join(format!("mapper.{language}"));
        let wrong =
            fs::read_to_string(&source).unwrap().replace("event.attributes", "event.atributes");
        fs::write(&source, wrong).unwrap();
        assert!(type_faults(&packages, &folder).contains("'atributes' does not exist"));
    }
}
