//! TypeScript without its types. Whether the types are right is the business of the author's `tsc`.

use std::path::{Path, PathBuf};

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_semantic::Scoping;
use oxc_transformer::{TransformOptions, Transformer};

use super::fault::Fault;

/// The program in JavaScript, and the `mappings` of its source map.
pub(super) fn to_javascript<'a>(
    name: &str,
    source: &str,
    allocator: &'a Allocator,
    scoping: Scoping,
    program: &mut Program<'a>,
) -> Result<(String, String), Fault> {
    let options = TransformOptions::default();
    let transformed =
        Transformer::new(allocator, Path::new(name), &options).build_with_scoping(scoping, program);
    if let Some(diagnostic) = transformed.diagnostics.first() {
        return Err(Fault::syntax(name, source, diagnostic));
    }
    let options =
        CodegenOptions { source_map_path: Some(PathBuf::from(name)), ..CodegenOptions::default() };
    let written = Codegen::new().with_options(options).build(program);
    let mappings = written.map.map(|map| map.to_json().mappings).unwrap_or_default();
    Ok((written.code, mappings))
}
