//! The files that are installed with this program: beside it, as in a checkout, or in the folder of
//! shared files of the same installation.

use std::env;
use std::path::{Path, PathBuf};

/// The shared files, seen from the folder of the program.
const SHARED: &str = "../share/post-confirmation";

/// The file `name` of this installation. If there is none, it is the one that should be there.
pub fn file(name: &str) -> PathBuf {
    let program = env::current_exe().and_then(|program| program.canonicalize());
    let program = program.unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new("."));
    let shared = folder.join(SHARED).join(name);
    if shared.exists() { shared } else { folder.join(name) }
}
