//! Mappers, built from source once a run and compiled by the real `mapper compile`.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use crate::{program, root, scratch};

/// The default mapper.
pub const DEFAULT: &str = "post-confirmation-guest";
/// A mapper with another path and another body.
pub const OTHER: &str = "mapper-rust";
/// A mapper that does what its event asks for.
pub const MISBEHAVING: &str = "misbehaving-mapper";

type Once = Arc<OnceLock<PathBuf>>;
static COMPONENTS: LazyLock<Mutex<HashMap<String, Once>>> = LazyLock::new(Mutex::default);
static IMAGES: LazyLock<Mutex<HashMap<String, Once>>> = LazyLock::new(Mutex::default);

fn once(map: &Mutex<HashMap<String, Once>>, name: &str, make: impl FnOnce() -> PathBuf) -> PathBuf {
    let cell = map.lock().unwrap().entry(name.to_owned()).or_default().clone();
    cell.get_or_init(make).clone()
}

/// The component of the workspace's package `package`.
pub fn component(package: &str) -> PathBuf {
    once(&COMPONENTS, package, || {
        let workspace = root();
        let target = workspace.join("target");
        let built = Command::new(cargo())
            .args([
                "build",
                "--locked",
                "--profile",
                "mapper",
                "--target",
                "wasm32-wasip2",
                "--package",
                package,
            ])
            .arg("--target-dir")
            .arg(&target)
            .current_dir(&workspace)
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        target.join("wasm32-wasip2/mapper").join(package.replace('-', "_")).with_extension("wasm")
    })
}

/// The cargo that runs the tests, or else the one on the PATH.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The image of the workspace's package `package`, with its manifest beside it.
pub fn image(package: &str) -> PathBuf {
    once(&IMAGES, package, || {
        let image = scratch().join(package).join("mapper.cwasm");
        compile(&component(package), &image);
        image
    })
}

/// Makes the `image` of a component.
pub fn compile(component: &Path, image: &Path) {
    let mut compile = Command::new(program("mapper"));
    compile.arg("compile").arg(component).arg("-o").arg(image);
    let compiled = compile.output().unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
}

/// A copy of the default mapper's image and manifest that a test may spoil.
pub fn copy_of_image(folder: &Path) -> PathBuf {
    let copy = folder.join("mapper.cwasm");
    fs::copy(image(DEFAULT), &copy).unwrap();
    fs::copy(image(DEFAULT).with_extension("json"), copy.with_extension("json")).unwrap();
    copy
}

/// A component of the given text, in `folder`.
pub fn component_of(text: &str, folder: &Path) -> PathBuf {
    let component = folder.join("component.wasm");
    fs::write(&component, wat::parse_str(text).unwrap()).unwrap();
    component
}
