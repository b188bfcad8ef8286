//! Which file is meant by what a module imports: by the rules of Node.js for ES modules, and
//! TypeScript's besides.

use std::path::{Path, PathBuf};

use oxc_resolver::{ResolveError, ResolveOptions, Resolver as Oxc};

/// The one interface that the engine has itself.
const OF_ENGINE: &str = "wasi:cli/environment@0.2.";

/// Packages that send requests, and how the names of others begin.
const CLIENTS: [&str; 8] =
    ["axios", "node-fetch", "cross-fetch", "undici", "got", "ky", "superagent", "aws-sdk"];
const CLIENTS_OF_AWS: &str = "@aws-sdk/client-";
/// What is done in place of that.
const HOST_SENDS: &str = "the host sends the request that `transform` returns as `{ deliver: { method, path, body } }`, and \
                          does what `conclude` returns";

/// What is meant.
pub(super) enum Resolved {
    /// A file, and the `package.json` by which it was found.
    File(PathBuf, Option<PathBuf>),
    OfEngine,
}

/// Finds files. What it has read of packages it keeps.
pub(super) struct Resolver {
    files: Oxc,
    /// The same for importers in TypeScript, whose own files come first.
    of_typescript: Oxc,
    /// The same, but it knows the modules of Node.js.
    builtins: Oxc,
}

impl Resolver {
    pub(super) fn new() -> Resolver {
        let files = Oxc::new(options(["js", "ts"]));
        let of_typescript = files.clone_with_options(options(["ts", "js"]));
        let builtins = files.clone_with_options(ResolveOptions {
            builtin_modules: true,
            ..ResolveOptions::default()
        });
        Resolver { files, of_typescript, builtins }
    }

    /// What `words` mean in the file `importer`, or why they mean nothing.
    pub(super) fn find(&self, importer: &Path, words: &str) -> Result<Resolved, String> {
        if words.starts_with(OF_ENGINE) {
            return Ok(Resolved::OfEngine);
        }
        let folder = importer.parent().unwrap_or(Path::new("/"));
        let is_typescript = importer.extension().is_some_and(|it| it == "ts" || it == "mts");
        let files = if is_typescript { &self.of_typescript } else { &self.files };
        match files.resolve(folder, words) {
            Ok(found) => {
                let package = found.package_json().map(|package| package.path().to_owned());
                Ok(Resolved::File(found.into_path_buf(), package))
            }
            Err(error) => Err(self.missing(folder, words, &error)),
        }
    }

    /// The same for a file of the author's own, which needs no package that sends requests.
    pub(super) fn find_for_author(&self, importer: &Path, words: &str) -> Result<Resolved, String> {
        let package = package_of(words);
        if CLIENTS.contains(&package.as_str()) || package.starts_with(CLIENTS_OF_AWS) {
            return Err(format!(
                "`{package}` needs the network, which a mapper has not got: {HOST_SENDS}"
            ));
        }
        self.find(importer, words)
    }

    fn missing(&self, folder: &Path, words: &str, error: &ResolveError) -> String {
        if let Err(ResolveError::Builtin { .. }) = self.builtins.resolve(folder, words) {
            let instead = instead_of(words.trim_start_matches("node:"));
            return format!(
                "`{words}` is a module of Node.js, which a mapper has not got: {instead}"
            );
        }
        if words.starts_with("data:") {
            return "a module can't be written into the words that import it".to_owned();
        }
        if words.starts_with("http:") || words.starts_with("https:") {
            return format!(
                "`{words}` can't be imported from the network; put the file beside the mapper"
            );
        }
        if words.starts_with("wasi:") {
            return format!("`{words}` can't be imported; of WASI there is `{OF_ENGINE}0` alone");
        }
        match error {
            ResolveError::NotFound(_) if words.starts_with('#') => {
                format!("`{words}` is not among the `imports` of the `package.json` of this file")
            }
            ResolveError::NotFound(_) if words.starts_with(['.', '/']) => {
                format!("there is no file `{words}`")
            }
            ResolveError::NotFound(_) => {
                let package = package_of(words);
                if !is_npms(&package) {
                    return format!(
                        "`{words}` is not the name of a package, and aliases of `tsconfig.json` are not read; write a relative path, \
                         or an alias of the `imports` of `package.json`, such as `#lib/a`"
                    );
                }
                let place = Path::new("node_modules").join(&package);
                if folder.ancestors().any(|above| above.join(&place).is_dir()) {
                    return format!("the package `{package}` has no file for `{words}`");
                }
                format!(
                    "there is no package `{package}` in a `node_modules` here or above; `npm install {package}` gets it"
                )
            }
            ResolveError::PackagePathNotExported { .. } => {
                let package = package_of(words);
                let how = how_to_bundle(&package, &format!("node_modules/{package}"));
                format!(
                    "the package `{package}` has no ES module for `{words}`; if it is CommonJS, {how}"
                )
            }
            other => format!("`{words}` can't be imported: {other}"),
        }
    }
}

/// By which files are found. If there are two of one name, the one in the language that comes first
/// in `order` is taken.
fn options(order: [&str; 2]) -> ResolveOptions {
    let [plain, modules] = ["", "m"].map(|kind| order.map(|language| format!(".{kind}{language}")));
    ResolveOptions {
        condition_names: ["import", "module", "browser", "default"].map(str::to_owned).into(),
        extensions: [plain.as_slice(), &modules, &[".json".to_owned()]].concat(),
        // TypeScript names the file that it will become.
        extension_alias: vec![
            (".js".to_owned(), plain.into()),
            (".mjs".to_owned(), modules.into()),
        ],
        main_fields: ["module", "main"].map(str::to_owned).into(),
        ..ResolveOptions::default()
    }
}

/// The name of the package in the words of an import: of `@a/b/c.js` it is `@a/b`.
pub(super) fn package_of(words: &str) -> String {
    let parts = if words.starts_with('@') { 2 } else { 1 };
    words.split('/').take(parts).collect::<Vec<_>>().join("/")
}

/// Whether npm can have a package of this name: `a` or `@a/b`.
fn is_npms(package: &str) -> bool {
    match package.strip_prefix('@') {
        Some(scoped) => scoped
            .split_once('/')
            .is_some_and(|(scope, name)| begins_as_word(scope) && begins_as_word(name)),
        None => begins_as_word(package),
    }
}

fn begins_as_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// What makes an ES module of `package`, of which `source` is the file or the folder.
pub(super) fn how_to_bundle(package: &str, source: &str) -> String {
    let file = package.rsplit('/').next().unwrap_or_default();
    let name = file.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
    format!(
        "bundle it by `npx esbuild {source} --bundle --format=esm --outfile={file}.bundled.js`, and import that: \
         `import {name} from './{file}.bundled.js'`"
    )
}

/// What to do in place of a module of Node.js.
fn instead_of(module: &str) -> &'static str {
    match module.split('/').next().unwrap_or_default() {
        "crypto" => {
            "use the global `crypto`, whose `subtle` has digests and HMAC; the host itself signs each request if \
             BACKEND_SIGNING_SECRET is set"
        }
        "buffer" => "use `TextEncoder`, `TextDecoder`, `atob` and `btoa`",
        "process" => "use the global `process.env`",
        "url" | "querystring" => "use the globals `URL` and `URLSearchParams`",
        "util" => "use the globals `TextEncoder`, `TextDecoder` and `structuredClone`",
        "timers" => "use the global `setTimeout`",
        "perf_hooks" => "use the global `performance`",
        "http" | "https" | "http2" | "net" | "tls" | "dns" => HOST_SENDS,
        "fs" | "path" | "os" => "it has no files; a `.json` file can be imported",
        _ => "do without it, or with a package that needs nothing of Node.js",
    }
}
