//! The workbench for those who write mappers and those who operate the function. This file owns the
//! command line. A new command is a file in `commands/` or `deploy/` with its `Args` and `run`, a
//! line in `commands.rs` or `deploy.rs`, and two lines here. A recipe, as a command in `deploy/` is
//! called, also names its rights; `docs/deploy.md` tells of it, and the tests of all recipes are in
//! `e2e/policy_test.py`, `e2e/bad_input_test.py` and `e2e/recipe_faults_test.py`.

mod answer;
mod cache;
mod cases;
mod causes;
mod commands;
mod compile;
mod deploy;
mod doubtful;
mod engine;
mod expectation;
mod function_cache;
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

use anyhow::Result;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use deploy::talk::Usage;
use deploy::{changes, interrupt};
use terminal::HEADING;

/// Make and try mappers for the Cognito post-confirmation trigger, and operate the trigger.
///
/// Every command has examples in its `--help`. Variables of the environment mean to those for
/// writing what they mean to the function: MAPPER_TIMEOUT_MS, MAPPER_MEMORY_MB, MAPPER_ENV_* and
/// the others. Those for operating call the AWS CLI. `attach`, `detach`, `swap` and `reconcile
/// --all` ask before they change anything, `create` and `rollback` if something is wrong.
///
/// Exit status: 0 if all is well, 1 if a mapper, a case or the backend failed, or AWS refused, 2 if
/// the command could not be carried out.
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
    Dev(commands::dev::Args),
    Diff(commands::diff::Args),
    Compile(commands::compile::Args),
    Inspect(commands::inspect::Args),
    Events(commands::events::Args),
    Reach(commands::reach::Args),
    UnitTest(commands::unit_test::Args),
    #[command(flatten)]
    Recipe(Recipe),
}

/// The commands for operating.
#[derive(Subcommand)]
enum Recipe {
    Create(deploy::create::Args),
    Attach(deploy::attach::Args),
    Detach(deploy::detach::Args),
    Swap(deploy::swap::Args),
    Rollback(deploy::rollback::Args),
    Replay(deploy::replay::Args),
    Redrive(deploy::redrive::Args),
    Reconcile(deploy::reconcile::Args),
    Doctor(deploy::doctor::Args),
    Package(deploy::package::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::from_arg_matches(&command_line().get_matches());
    let outcome = match cli.unwrap_or_else(|error| error.exit()).command {
        Command::New(args) => commands::new::run(&args),
        Command::Build(args) => commands::build::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Settings(args) => commands::settings::run(&args),
        Command::Run(args) => commands::run::run(args).await,
        Command::Test(args) => commands::test::run(&args).await,
        Command::Dev(args) => commands::dev::run(args).await,
        Command::Diff(args) => commands::diff::run(&args).await,
        Command::Compile(args) => commands::compile::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Events(args) => commands::events::run(&args),
        Command::Reach(args) => commands::reach::run(args).await,
        Command::UnitTest(args) => commands::unit_test::run(&args).await,
        Command::Recipe(recipe) => {
            let failed = recipe.failed();
            return ended(recipe.run().map_err(changes::told), failed);
        }
    };
    ended(outcome, 2)
}

impl Recipe {
    /// The exit status if it can't be carried out. Of those that change something, 1 says that it
    /// is not done.
    fn failed(&self) -> u8 {
        if matches!(self, Recipe::Replay(_)) { 2 } else { 1 }
    }

    fn run(self) -> Result<bool> {
        interrupt::watch(self.failed())?;
        match self {
            Recipe::Create(args) => deploy::create::run(&args),
            Recipe::Attach(args) => deploy::attach::run(&args),
            Recipe::Detach(args) => deploy::detach::run(&args),
            Recipe::Swap(args) => deploy::swap::run(&args),
            Recipe::Rollback(args) => deploy::rollback::run(&args),
            Recipe::Replay(args) => deploy::replay::run(&args),
            Recipe::Redrive(args) => deploy::redrive::run(&args),
            Recipe::Reconcile(args) => deploy::reconcile::run(&args),
            Recipe::Doctor(args) => deploy::doctor::run(&args),
            Recipe::Package(args) => deploy::package::run(&args),
        }
    }
}

/// The exit status of a command, which is `failed` if it could not be carried out: then this says
/// why.
fn ended(outcome: Result<bool>, failed: u8) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            terminal::error(&error);
            ExitCode::from(if error.is::<Usage>() { 2 } else { failed })
        }
    }
}

/// The command line, whose help lists the commands in two groups.
fn command_line() -> clap::Command {
    let command = Cli::command();
    let operating = Recipe::augment_subcommands(clap::Command::new(""));
    let recipes: Vec<&str> = operating.get_subcommands().map(clap::Command::get_name).collect();
    let mut groups = String::new();
    for (title, operates) in [("Writing mappers", false), ("Operating the function", true)] {
        groups.push_str(&format!("{HEADING}{title}:{HEADING:#}\n"));
        for each in command.get_subcommands() {
            if recipes.contains(&each.get_name()) == operates {
                let about = each.get_about().map(ToString::to_string).unwrap_or_default();
                groups.push_str(&format!("  {:<10} {about}\n", each.get_name()));
            }
        }
        groups.push('\n');
    }
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}{HEADING}Options:{HEADING:#}\n{{options}}"
    ))
}
