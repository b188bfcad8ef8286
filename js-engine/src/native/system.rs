//! What a mapper has of the system: variables, random numbers, a clock and the standard streams.
//! Each is asked for anew, so that nothing of it is in the snapshot.

use std::cell::Cell;
use std::env;
use std::io::{Write, stderr, stdout};
use std::time::Instant;

use rquickjs::{Ctx, Exception, Result, TypedArray};

thread_local! {
    static STARTED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Names and values of the variables in turn.
pub fn variables() -> Vec<String> {
    env::vars_os()
        .flat_map(|(name, value)| [name, value])
        .map(|text| text.to_string_lossy().into_owned())
        .collect()
}

/// A number from 0 to 1, without 1.
pub fn random(ctx: Ctx<'_>) -> Result<f64> {
    let mut bytes = [0; 8];
    fill(&ctx, &mut bytes)?;
    Ok((u64::from_le_bytes(bytes) >> 11) as f64 / (1_u64 << 53) as f64)
}

/// So many random bytes.
pub fn random_bytes(ctx: Ctx<'_>, length: usize) -> Result<TypedArray<'_, u8>> {
    let mut bytes = vec![0; length];
    fill(&ctx, &mut bytes)?;
    TypedArray::new(ctx, bytes)
}

fn fill(ctx: &Ctx<'_>, bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Exception::throw_message(ctx, &error.to_string()))
}

/// Milliseconds since it was asked for first.
pub fn milliseconds() -> f64 {
    let now = Instant::now();
    let started = STARTED.get().unwrap_or(now);
    STARTED.set(Some(started));
    (now - started).as_secs_f64() * 1000.0
}

/// Forgets what of the system is known: the snapshot is taken next.
pub fn forget() {
    STARTED.set(None);
}

/// Writes a line to standard error, else to standard output. A stream that takes no more is the
/// host's matter.
pub fn print(to_stderr: bool, line: String) {
    let line = line + "\n";
    let _ = match to_stderr {
        true => stderr().write_all(line.as_bytes()),
        false => stdout().write_all(line.as_bytes()),
    };
}
