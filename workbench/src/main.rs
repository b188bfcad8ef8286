//! The workbench for the authors of mappers. This file owns the command line. A new command is a
//! file in `commands/` with its `Args` and `run`, a line in `commands.rs`, and two lines here.

mod answer;
mod cache;
mod cases;
mod commands;
mod compile;
mod doubtful;
mod engine;
mod expectation;
mod functions;
mod input;
mod installed;
mod mapper_file;
mod recorded;
mod refused;
mod render;
mod runner;
mod size;
mod sources;
mod terminal;
mod text_diff;
mod toolchain;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use post_confirmation_host::printable;
use terminal::BAD;

/// The most that is shown of an error, in bytes: it may hold names that a component has chosen.
const MAX_ERROR: usize = 8 * 1024;

/// Make, try and swap mappers for the Cognito post-confirmation trigger.
///
/// Every command has examples in its `--help`. Variables of the environment mean what they mean to
/// the function: MAPPER_TIMEOUT_MS, MAPPER_MEMORY_MB, MAPPER_ENV_* and the others.
///
/// Exit status: 0 if all is well, 1 if a mapper, a case or the backend failed, 2 if the command
/// could not be carried out.
#[derive(Parser)]
#[command(name = "mapper", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(commands::new::Args),
    Build(commands::build::Args),
    Check(commands::check::Args),
    Settings(commands::settings::Args),
    Run(commands::run::Args),
    Test(commands::test::Args),
    Diff(commands::diff::Args),
    Compile(commands::compile::Args),
    Inspect(commands::inspect::Args),
    Events(commands::events::Args),
    Reach(commands::reach::Args),
    UnitTest(commands::unit_test::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::New(args) => commands::new::run(&args),
        Command::Build(args) => commands::build::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Settings(args) => commands::settings::run(&args),
        Command::Run(args) => commands::run::run(args).await,
        Command::Test(args) => commands::test::run(&args).await,
        Command::Diff(args) => commands::diff::run(&args).await,
        Command::Compile(args) => commands::compile::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Events(args) => commands::events::run(&args),
        Command::Reach(args) => commands::reach::run(args).await,
        Command::UnitTest(args) => commands::unit_test::run(&args).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let text = format!("{error:#}");
            anstream::eprintln!(
                "{BAD}error{BAD:#}: {}",
                printable::shown(printable::cut(&text, MAX_ERROR))
            );
            ExitCode::from(2)
        }
    }
}
