//! The workbench for the authors of mappers. This file owns the command line; each command has a file of its own.

mod build;
mod cases;
mod check;
mod compile;
mod diff;
mod difference;
mod events;
mod grants;
mod input;
mod inspect;
mod language;
mod load;
mod mapped;
mod new;
mod reach;
mod recorded;
mod refused;
mod run;
mod settings;
mod shown;
mod sources;
mod style;
mod test;
mod trial;
mod unit_test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use post_confirmation_host::printable;
use style::BAD;

/// As much of an error is shown, in bytes: it may hold names that a component has chosen.
const MAX_ERROR: usize = 8 * 1024;

/// Make, try and swap mappers for the Cognito post-confirmation trigger.
///
/// Every command has examples in its `--help`. Variables of the environment mean what they mean to the function:
/// MAPPER_TIMEOUT_MS, MAPPER_MEMORY_MB, MAPPER_ENV_* and the others.
///
/// Exit status: 0 where all is well, 1 where a mapper, a case or the backend failed, 2 where the command could not be
/// carried out.
#[derive(Parser)]
#[command(name = "mapper", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(new::Args),
    Build(build::Args),
    Check(check::Args),
    Settings(settings::Args),
    Run(run::Args),
    Test(test::Args),
    Diff(diff::Args),
    Compile(compile::Args),
    Inspect(inspect::Args),
    Events(events::Args),
    Reach(reach::Args),
    UnitTest(unit_test::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::New(args) => new::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Settings(args) => settings::run(&args),
        Command::Run(args) => run::run(args).await,
        Command::Test(args) => test::run(&args).await,
        Command::Diff(args) => diff::run(&args).await,
        Command::Compile(args) => compile::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Reach(args) => reach::run(args).await,
        Command::UnitTest(args) => unit_test::run(&args).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let text = format!("{error:#}");
            anstream::eprintln!("{BAD}error{BAD:#}: {}", printable::shown(printable::cut(&text, MAX_ERROR)));
            ExitCode::from(2)
        }
    }
}
