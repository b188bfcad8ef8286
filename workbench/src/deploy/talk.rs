//! Talking to the person who runs a recipe.

use std::io::{self, Write as _};

use anyhow::{Context, Result, bail};
use post_confirmation_host::printable;
use thiserror::Error;

/// A mistake in the arguments that only the recipe itself finds.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Asking before something is changed.
#[derive(clap::Args)]
pub struct Yes {
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

/// Writes a line for the person, at once.
pub fn say(line: impl AsRef<str>) {
    anstream::println!("{}", printable::shown(line.as_ref()));
}

/// Whether the person agrees to `question`, or gave `--yes`.
///
/// # Errors
/// The question can't be asked.
pub fn agreed(question: &str, yes: &Yes) -> Result<bool> {
    if yes.yes {
        return Ok(true);
    }
    anstream::print!("{} [y/N] ", printable::line(question));
    io::stdout().flush()?;
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer).context("standard input can't be read")? == 0 {
        say("\nThere is no terminal to answer; use `--yes` to agree.");
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks, and stops without a yes; `nothing` says what was not done.
///
/// # Errors
/// The person does not agree.
pub fn require(question: &str, yes: &Yes, nothing: &str) -> Result<()> {
    if !agreed(question, yes)? {
        bail!("not agreed; {nothing}");
    }
    Ok(())
}
