//! A share of a machine, as Lambda gives it to a small function: 7.2% of a processor go with its
//! least memory, 128 MB.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::process::Command;

/// The folder of control groups of version 1; others have no part in this.
const GROUPS: &str = "/sys/fs/cgroup";
/// The kernel's period in which a share is used up, in microseconds.
const PERIOD: u32 = 100_000;

/// Control groups with a share of one processor, and with so much memory, for as long as they are
/// not dropped.
pub struct Share(Vec<PathBuf>);

impl Share {
    /// So many thousandths of one processor, if this machine lets us limit it.
    pub fn of(thousandths: u32) -> Option<Share> {
        let mut share = Share(Vec::new());
        let quota = (PERIOD / 1000 * thousandths).to_string();
        share.limit(
            "cpu",
            &[("cpu.cfs_period_us", PERIOD.to_string()), ("cpu.cfs_quota_us", quota)],
        )?;
        Some(share)
    }

    /// And so many bytes of memory.
    pub fn with_memory(mut self, bytes: u64) -> Option<Share> {
        self.limit("memory", &[("memory.limit_in_bytes", bytes.to_string())])?;
        Some(self)
    }

    fn limit(&mut self, controller: &str, limits: &[(&str, String)]) -> Option<()> {
        static SHARES: AtomicUsize = AtomicUsize::new(0);
        let number = SHARES.fetch_add(1, Ordering::Relaxed);
        let group = Path::new(GROUPS)
            .join(controller)
            .join(format!("post-confirmation-{}-{number}", process::id()));
        fs::create_dir(&group).ok()?;
        self.0.push(group.clone());
        limits.iter().try_for_each(|(file, value)| fs::write(group.join(file), value)).ok()
    }

    /// A command that runs `program` in the groups from its first instruction on.
    pub fn command(&self, program: &Path) -> Command {
        let enter: Vec<_> = self
            .0
            .iter()
            .map(|group| format!("echo $$ > {}/cgroup.procs", group.display()))
            .collect();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!(r#"{} && exec "$0" "$@""#, enter.join(" && "))]).arg(program);
        command
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        for group in &self.0 {
            // A process that was killed may still be leaving the group.
            while group.exists() && fs::remove_dir(group).is_err() {
                std::thread::yield_now();
            }
        }
    }
}
