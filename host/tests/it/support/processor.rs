//! A share of a processor, as Lambda gives it to a small function: 7% goes with its least memory, 128 MB.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

/// The kernel's period in which a share is used up, in microseconds.
const PERIOD: u32 = 100_000;

/// A control group with a share of one processor, for as long as it is not dropped.
pub struct Share(PathBuf);

impl Share {
    /// So many percent of one processor, where this machine lets us limit it.
    pub fn of(percent: u32) -> Option<Share> {
        let group = Path::new("/sys/fs/cgroup/cpu").join(format!("post-confirmation-{}", process::id()));
        fs::create_dir(&group).ok()?;
        let share = Share(group);
        fs::write(share.0.join("cpu.cfs_period_us"), PERIOD.to_string()).ok()?;
        fs::write(share.0.join("cpu.cfs_quota_us"), (PERIOD / 100 * percent).to_string()).ok()?;
        Some(share)
    }

    /// The file that takes the processes of the group.
    pub fn processes(&self) -> PathBuf {
        self.0.join("cgroup.procs")
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // A process that was killed may still be leaving the group.
        while self.0.exists() && fs::remove_dir(&self.0).is_err() {
            std::thread::yield_now();
        }
    }
}
