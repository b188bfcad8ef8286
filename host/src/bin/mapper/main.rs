//! The workbench for the authors of mappers. This file owns the command line; each command has a file of its own.

mod compile;
mod run;
mod shown;
mod unit_test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Make, try and test mappers for the Cognito post-confirmation trigger.
///
/// Exit status: 0 where all is well, 1 where a mapper or the backend failed, 2 where the command could not be carried
/// out.
#[derive(Parser)]
#[command(name = "mapper", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Compile(compile::Args),
    Run(run::Args),
    UnitTest(unit_test::Args),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Compile(args) => compile::run(&args),
        Command::Run(args) => run::run(args).await,
        Command::UnitTest(args) => unit_test::run(&args).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
