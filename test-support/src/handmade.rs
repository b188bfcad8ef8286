//! Mappers written by hand in the text of WebAssembly, as no compiler would make them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::components::component_of;
use crate::program;

/// The text of a mapper whose core module has `fields` besides the function `transform` of the body
/// `code`.
pub fn mapper(fields: &str, code: &str) -> String {
    format!(
        r#"(component
            (type $types (instance
                (type $trigger-source' (variant (case "confirm-sign-up") (case "confirm-forgot-password") (case "other" string)))
                (export "trigger-source" (type $trigger-source (eq $trigger-source')))
                (type $attribute' (record (field "name" string) (field "value" string)))
                (export "attribute" (type $attribute (eq $attribute')))
                (type $event' (record
                    (field "trigger-source" $trigger-source) (field "region" string) (field "user-pool-id" string)
                    (field "user-name" string) (field "client-id" (option string))
                    (field "user-attributes" (list $attribute)) (field "client-metadata" (list $attribute))
                    (field "id" string) (field "json" string)))
                (export "event" (type $event (eq $event')))
                (type $method' (enum "post" "put" "patch"))
                (export "method" (type $method (eq $method')))
                (type $header' (record (field "name" string) (field "value" string)))
                (export "header" (type $header (eq $header')))
                (type $request' (record
                    (field "method" $method) (field "path" string) (field "headers" (list $header))
                    (field "body" (list u8)) (field "accept-status" (list u16))))
                (export "request" (type $request (eq $request')))
                (type $outcome' (variant (case "deliver" $request) (case "skip" string)))
                (export "outcome" (type $outcome (eq $outcome')))
                (type $error' (record (field "code" string) (field "message" string)))
                (export "error" (type $error (eq $error')))))
            (import "cognito:post-confirmation/types@0.1.0" (instance $t (type $types)))
            (alias export $t "event" (type $event))
            (alias export $t "outcome" (type $outcome))
            (alias export $t "error" (type $error))
            (core module $m
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
                {fields}
                (func (export "transform") (param i32) (result i32) {code}))
            (core instance $i (instantiate $m))
            (func $transform (param "event" $event) (result (result $outcome (error $error)))
                (canon lift (core func $i "transform") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
            (instance $mapper (export "transform" (func $transform)))
            (export "cognito:post-confirmation/mapper@0.1.0" (instance $mapper)))"#
    )
}

/// A mapper that traps in a function with this name, below `depth` others of the same name.
pub fn trapping_in(name: &str, depth: usize) -> String {
    let mut fields = format!(r#"(func $f0 (@name "{name}") unreachable)"#);
    for above in 1..=depth {
        fields += &format!(r#"(func $f{above} (@name "{name}") (call $f{}))"#, above - 1);
    }
    mapper(&fields, &format!("(call $f{depth}) unreachable"))
}

/// The component of `text` in `folder`, and its image.
pub fn image_of(text: &str, folder: &Path) -> (PathBuf, PathBuf) {
    let (component, image) = (component_of(text, folder), folder.join("mapper.cwasm"));
    let compiled = Command::new(program("mapper"))
        .arg("compile")
        .arg(&component)
        .arg("-o")
        .arg(&image)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    (component, image)
}
