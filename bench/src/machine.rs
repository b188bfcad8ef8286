//! On what was measured.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::Result;

use test_support::root;

/// The machine and the programs, a line each.
pub struct Machine(pub Vec<(&'static str, String)>);

/// Asks the system.
pub fn describe() -> Result<Machine> {
    let processor =
        value("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = value("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kilobytes: f64 =
        memory.split_whitespace().next().unwrap_or_default().parse().unwrap_or(f64::NAN);
    Ok(Machine(vec![
        ("processor", format!("{processor}, {} of its cores", available_parallelism()?)),
        ("memory", format!("{:.0} GB", kilobytes / 1e6)),
        ("kernel", fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned()),
        ("Rust", said("rustc", &["--version"])?),
        ("Node.js", said("node", &["--version"])?),
        (
            "commit",
            said("git", &["describe", "--always", "--dirty"])
                .unwrap_or_else(|_| "unknown".to_owned()),
        ),
    ]))
}

fn value(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).current_dir(root()).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
