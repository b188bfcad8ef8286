//! Mappers of the contract 0.1.0 in each language: built from source against `host/wit/0.1.0`, with
//! what made mappers then.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::components::{compile, component, image};
use crate::languages::{copied, succeeds, target, with_tools};
use crate::{AMPLE, program, root};

/// The image of the default mapper's mapping in Rust.
pub fn rust() -> PathBuf {
    image("mapper-of-0-1")
}

/// The image of `examples/mapper-js`, put by the real `mapper build` into an engine of 0.1.0.
pub fn javascript() -> PathBuf {
    let folder = folder("javascript");
    copied("examples/mapper-js", &folder);
    let mapper = folder.join("bin/mapper");
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::hard_link(program("mapper"), &mapper).unwrap();
    fs::copy(component("js-engine-of-0-1"), mapper.with_file_name("js-engine.wasm")).unwrap();
    let mut build = Command::new(&mapper);
    succeeds(&build.arg("build").current_dir(&folder).envs(AMPLE).output().unwrap());
    // Under another name it is taken as it is, and not built anew with the engine of now.
    let component = folder.join("contract-0.1.wasm");
    fs::rename(folder.join("mapper.wasm"), &component).unwrap();
    compiled(&component)
}

/// The image of `examples/mapper-python`, with the workbench's own code around it, by
/// componentize-py.
pub fn python() -> PathBuf {
    let folder = folder("python");
    let sources = folder.join("sources");
    copied("examples/mapper-python", &sources);
    let around = folder.join("around");
    copied("workbench/src/toolchain/python", &around);
    copied("test-support/contract-0.1/python", &around);
    // What `mapper build` has found in the source: the modules that its functions import.
    fs::write(around.join("modules.txt"), "").unwrap();
    let packages = around.join("environment");
    fs::create_dir_all(packages.join("lib/site-packages")).unwrap();
    let component = folder.join("mapper.wasm");
    let mut componentize = Command::new("componentize-py");
    componentize.arg("--wit-path").arg(root().join("host/wit/0.1.0"));
    componentize.args(["--world", "post-confirmation-mapper", "componentize", "contract_0_1"]);
    componentize.arg("--python-path").arg(&around).arg("--python-path").arg(&sources);
    componentize.arg("--output").arg(&component).env("VIRTUAL_ENV", packages);
    succeeds(&componentize.env("PATH", with_tools()).output().unwrap());
    compiled(&component)
}

/// The image of this component, which lies beside it.
fn compiled(component: &Path) -> PathBuf {
    let image = component.with_extension("cwasm");
    compile(component, &image);
    image
}

/// An empty folder.
fn folder(language: &str) -> PathBuf {
    let folder = target().join(language).join("mappers/contract-0.1");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}
