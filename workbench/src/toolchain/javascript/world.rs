//! The world of a mapper in JavaScript. The engine can do all that the contract has; a component
//! exports what its mapper does of it, because the host reads an answer for every follow-up.

use wasmparser::{BinaryReader, ComponentExportSectionReader};
use wasmtime::{Error, Result};

/// The interface without which a mapper may be.
const FOLLOW_UP: &str = "cognito:post-confirmation/follow-up@";
/// What a component begins with, in bytes: a magic number and a version.
const HEADER: usize = 8;
/// The number of a section with exports.
const EXPORTS: u8 = 11;

/// `component`, which no longer exports the follow-up. What it consists of stays there: nothing
/// leads to it.
///
/// # Errors
/// The follow-up is not the last export, so that others would have to be numbered anew.
pub(super) fn without_follow_up(mut component: Vec<u8>) -> Result<Vec<u8>> {
    let mut reader = BinaryReader::new(component.get(HEADER..).unwrap_or_default(), HEADER);
    let mut last = None;
    while !reader.eof() {
        let start = reader.original_position();
        let (id, content) = (reader.read_u8()?, reader.read_reader()?);
        if id == EXPORTS {
            last = Some((start..reader.original_position(), content));
        }
    }
    let Some((bytes, content)) = last else { return Err(Error::msg("it exports nothing")) };
    let exports = ComponentExportSectionReader::new(content)?;
    let exports = exports.into_iter().collect::<Result<Vec<_>, _>>()?;
    if !matches!(&exports[..], [only] if only.name.name.starts_with(FOLLOW_UP)) {
        return Err(Error::msg("its last export is not the follow-up"));
    }
    component.drain(bytes);
    Ok(component)
}
