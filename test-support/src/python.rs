//! The Python that has the tests' tools.

use std::path::PathBuf;

use crate::root;

/// The interpreter that `just _python` installs.
pub fn python() -> PathBuf {
    let python = root().join("target/python/bin/python");
    assert!(python.exists(), "{} is missing: `just _python` installs it", python.display());
    python
}
