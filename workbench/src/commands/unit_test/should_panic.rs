//! Tests with `#[should_panic]`: which they are, and how to have them run.
//!
//! Under WebAssembly a panic ends the program, so libtest ignores these tests there. Each test of a program has a
//! record in its data, a `test::TestDescAndFn`. Here the mark is taken from those records before the program is
//! compiled; libtest then runs the test as any other, and its end tells whether it panicked. Where a Rust of another
//! day lays the records out in another way, none is found, and libtest goes on to ignore these tests.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{BinaryReaderError, DataKind, Operator, Parser, Payload};

/// The tests that should panic, by name, with a part of the panic's text where the test names one.
pub type ShouldPanic = HashMap<String, Option<String>>;

/// A record's words, in the layout that Rust gives it on 32 bits.
mod word {
    /// `ShouldPanic`: 0 for no, 1 for yes, 2 for a text, which the two words after it then name.
    pub const SHOULD_PANIC: usize = 0;
    pub const EXPECTED: usize = 1;
    /// `TestName`, with this value where the two words after it name a `&'static str`.
    pub const NAME_KIND: usize = 3;
    pub const STATIC_NAME: u32 = 0x8000_0001;
    pub const NAME: usize = 4;
    pub const SOURCE_FILE: usize = 7;
    pub const IGNORE_MESSAGE: usize = 9;
    pub const START_LINE: usize = 11;
    pub const END_LINE: usize = 13;
    /// `ignore`, `compile_fail`, `no_run` and `test_type`, a byte each.
    pub const FLAGS: usize = 15;
    /// How many words are looked at.
    pub const COUNT: usize = 16;
}

/// The initialized parts of a module's memory.
#[derive(Default)]
struct Memory(Vec<Segment>);

struct Segment {
    /// Where it lies in the memory.
    address: usize,
    /// Where it lies in the component.
    file: Range<usize>,
}

/// Takes the mark from every test of `component` that should panic, and says which they are.
pub fn unmark(component: &mut [u8]) -> Result<ShouldPanic, BinaryReaderError> {
    let mut found = ShouldPanic::new();
    let mut marks = Vec::new();
    for memory in memories(component)? {
        for segment in &memory.0 {
            // Records begin at whole words of the memory.
            let first = segment.file.start + segment.address.next_multiple_of(4) - segment.address;
            for at in (first..segment.file.end).step_by(4) {
                if let Some((name, expected)) = memory.record(component, at, segment.file.end) {
                    found.insert(name, expected);
                    marks.push(at + word::SHOULD_PANIC * 4);
                }
            }
        }
    }
    for mark in marks {
        component[mark..mark + 4].fill(0);
    }
    Ok(found)
}

/// The memories of the modules in a component.
fn memories(component: &[u8]) -> Result<Vec<Memory>, BinaryReaderError> {
    let mut memories = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } => memories.push(Memory::default()),
            Payload::DataSection(section) => {
                for data in section {
                    let data = data?;
                    let DataKind::Active { memory_index: 0, offset_expr } = data.kind else { continue };
                    let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else { continue };
                    if let Some(memory) = memories.last_mut() {
                        let file = data.range.end - data.data.len()..data.range.end;
                        memory.0.push(Segment { address: value.cast_unsigned() as usize, file });
                    }
                }
            }
            _ => {}
        }
    }
    Ok(memories)
}

impl Memory {
    /// The name and the expected text of the test whose record is at `at` in the component, where there is the record
    /// of a test that should panic. All of the record has to make sense.
    fn record(&self, component: &[u8], at: usize, end: usize) -> Option<(String, Option<String>)> {
        if at + word::COUNT * 4 > end {
            return None;
        }
        let word = |index: usize| {
            let at = at + index * 4;
            component[at..at + 4].iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
        };
        let text = |index: usize| self.text(component, word(index), word(index + 1));

        let mark = word(word::SHOULD_PANIC);
        if word(word::NAME_KIND) != word::STATIC_NAME || !(1..=2).contains(&mark) {
            return None;
        }
        let name = text(word::NAME).filter(|name| !name.is_empty())?;
        let file = text(word::SOURCE_FILE).is_some_and(|file| file.ends_with(".rs"));
        let message = word(word::IGNORE_MESSAGE) == 0 || text(word::IGNORE_MESSAGE).is_some();
        let lines = (1..=word(word::END_LINE)).contains(&word(word::START_LINE));
        let [ignore, compile_fail, no_run, test_type] = word(word::FLAGS).to_le_bytes();
        let flags = ignore <= 1 && compile_fail <= 1 && no_run <= 1 && test_type <= 3;
        if !(file && message && lines && flags) {
            return None;
        }
        let expected = if mark == 2 { Some(text(word::EXPECTED)?) } else { None };
        Some((name, expected))
    }

    /// The text of `length` bytes at `address`.
    fn text(&self, component: &[u8], address: u32, length: u32) -> Option<String> {
        if length == 0 {
            // It lies nowhere.
            return Some(String::new());
        }
        let (address, length) = (address as usize, length as usize);
        let segment = self
            .0
            .iter()
            .find(|segment| address >= segment.address && address - segment.address + length <= segment.file.len())?;
        let start = segment.file.start + address - segment.address;
        str::from_utf8(&component[start..start + length]).ok().map(str::to_owned)
    }
}
