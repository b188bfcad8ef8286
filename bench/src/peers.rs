//! Who is measured: the function with a mapper in each language, and the ones that do without any.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use test_support::components::{self, DEFAULT};
use test_support::function::Function;
use test_support::languages::{JAVASCRIPT, Language, PYTHON, succeeds};
use test_support::processor::Share;
use test_support::{program, root};

use crate::there;

/// A function to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// `bootstrap` with the default mapper, which is in Rust.
    Rust,
    /// The same, and what the backend answers is written to the user.
    FollowUp,
    /// `bootstrap` with a mapper in JavaScript.
    JavaScript,
    /// `bootstrap` with a mapper in Python.
    Python,
    /// The same function in Rust without WebAssembly.
    Native,
    /// A function in plain JavaScript on Node.js.
    Node,
    /// `bootstrap` with the default mapper, compiled when the function starts.
    Compiling,
}

impl Peer {
    /// Those that differ from each other when they start.
    pub const STARTING: [Peer; 6] =
        [Peer::Rust, Peer::JavaScript, Peer::Python, Peer::Native, Peer::Node, Peer::Compiling];
    /// Those that differ from each other when they run.
    pub const WARM: [Peer; 6] =
        [Peer::Rust, Peer::FollowUp, Peer::JavaScript, Peer::Python, Peer::Native, Peer::Node];

    /// The name in tables and plots.
    pub fn name(self) -> &'static str {
        match self {
            Peer::Rust => "bootstrap, Rust mapper",
            Peer::FollowUp => "bootstrap, Rust mapper with a follow-up",
            Peer::JavaScript => "bootstrap, JavaScript mapper",
            Peer::Python => "bootstrap, Python mapper",
            Peer::Native => "native Rust, no WebAssembly",
            Peer::Node => "Node.js, plain JavaScript",
            Peer::Compiling => "bootstrap, compiling at start",
        }
    }
}

/// What the peers are made of.
pub struct Parts {
    images: [PathBuf; 3],
    native: PathBuf,
    node: PathBuf,
    node_function: PathBuf,
    component: PathBuf,
    scratch: PathBuf,
}

impl Parts {
    /// Builds the mappers and finds the rest, which `just bench` has built.
    pub fn make(folder: &Path) -> Result<Parts> {
        eprintln!("building the mappers");
        let compiled = |component: &Path, name: &str| -> Result<PathBuf> {
            let image = folder.join(name).join("mapper.cwasm");
            let mut compile = std::process::Command::new(program("mapper"));
            succeeds(&compile.arg("compile").arg(component).arg("--output").arg(&image).output()?);
            Ok(image)
        };
        let built = |language: &Language| -> Result<PathBuf> {
            ensure!(
                language.is_there(),
                "mappers in `{}` can't be built: `just bench` installs what is missing",
                language.name
            );
            Ok(language.component().to_owned())
        };
        let component = components::component(DEFAULT);
        let images = [
            compiled(&component, "rust")?,
            compiled(&built(&JAVASCRIPT)?, "javascript")?,
            compiled(&built(&PYTHON)?, "python")?,
        ];
        let scratch = folder.join("compiled-at-start");
        fs::create_dir_all(&scratch)?;
        Ok(Parts {
            images,
            native: there(program("native"))?,
            node: which("node")?,
            node_function: there(folder.join("node"))?,
            component,
            scratch,
        })
    }

    /// The image of a mapper in Rust, JavaScript or Python.
    pub fn images(&self) -> &[PathBuf; 3] {
        &self.images
    }

    /// The program of the native function.
    pub fn native(&self) -> &Path {
        &self.native
    }

    /// What starts `peer`, with a share of the machine if there is one.
    fn command(&self, peer: Peer, share: Option<&Share>) -> Command {
        let run = |program: &Path, arguments: &[&str]| {
            let mut command =
                share.map_or_else(|| Command::new(program), |share| share.command(program));
            command.args(arguments);
            command
        };
        match peer {
            Peer::Rust | Peer::FollowUp | Peer::JavaScript | Peer::Python => {
                run(&program("bootstrap"), &[])
            }
            Peer::Native => run(&self.native, &[]),
            Peer::Node => {
                let client = self.node_function.join("node_modules/aws-lambda-ric/bin/index.mjs");
                let mut command = run(&self.node, &[&client.to_string_lossy(), "index.handler"]);
                command.current_dir(root().join("bench/node"));
                command
            }
            Peer::Compiling => {
                let mut command = run(Path::new("/bin/sh"), &[]);
                command.args([
                    "-c",
                    r#""$0" compile "$1" --output "$MAPPER_IMAGE" > "$2/log" && exec "$3""#,
                ]);
                command
                    .arg(program("mapper"))
                    .arg(&self.component)
                    .arg(&self.scratch)
                    .arg(program("bootstrap"));
                command
            }
        }
    }

    /// Starts `peer` for a backend at `url`.
    pub async fn start(
        &self,
        peer: Peer,
        url: &str,
        share: Option<&Share>,
        more: &[(&str, &str)],
    ) -> Result<Function> {
        let image = match peer {
            Peer::Rust | Peer::FollowUp | Peer::Native | Peer::Node => self.images[0].clone(),
            Peer::JavaScript => self.images[1].clone(),
            Peer::Python => self.images[2].clone(),
            Peer::Compiling => self.scratch.join("mapper.cwasm"),
        };
        let image =
            image.to_str().context("the project stands in a folder whose name is not UTF-8")?;
        let of_its_own = match peer {
            Peer::FollowUp => follow_up(url).to_vec(),
            _ => Vec::new(),
        };
        let all = [("BACKEND_API_URL", url), ("MAPPER_IMAGE", image)];
        let variables = [&all[..], &of_its_own, more].concat();
        Ok(Function::run(self.command(peer, share), &variables).await)
    }
}

/// What has one attribute and one group written to Cognito, which is the backend at `url` as well.
fn follow_up(url: &str) -> [(&'static str, &str); 8] {
    [
        ("COGNITO_ATTRIBUTES", "custom:backend_id"),
        ("COGNITO_GROUPS", "members"),
        ("MAPPER_ENV_ATTRIBUTES_FROM_ANSWER", "custom:backend_id=/id"),
        ("MAPPER_ENV_GROUPS_FROM_ANSWER", "/group"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "key-id"),
        ("AWS_SECRET_ACCESS_KEY", "access-key"),
        ("AWS_ENDPOINT_URL", url.trim_end_matches('/')),
    ]
}

/// The program `name` on the PATH.
fn which(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found =
        std::env::split_paths(&path).map(|folder| folder.join(name)).filter(|file| file.is_file());
    found.next().with_context(|| format!("`{name}` is not on the PATH"))
}
