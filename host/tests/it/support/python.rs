//! The Python that has the tests' tools.

use std::path::{Path, PathBuf};

/// The interpreter that `just _python` installs.
pub fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("target/python/bin/python");
    assert!(python.exists(), "{} is missing: `just _python` installs it", python.display());
    python
}
