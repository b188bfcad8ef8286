//! What a call of a mapper took and wrote, besides its outcome.

use std::time::Duration;

/// One call of a mapper.
pub struct MapperCall {
    /// What the mapper wrote, for its author alone.
    pub output: MapperOutput,
    /// How long the call took. It includes making the sandbox unless that was made ahead.
    pub took: Duration,
    /// The memory that the mapper had taken, in bytes.
    pub memory: usize,
    /// The instructions that it ran, as fuel counts them. They include the start of the sandbox
    /// unless that was made ahead. None unless the engine counts them: that of the function does
    /// not.
    pub instructions: Option<u64>,
}

/// What a mapper wrote besides its outcome. It may hold user data: it is for the mapper's author
/// and for operators who have asked for it. It has no `Debug`.
#[derive(Clone, Default)]
pub struct MapperOutput {
    /// The first bytes of standard output.
    pub stdout: String,
    /// The first bytes of standard error.
    pub stderr: String,
    /// The message of the error that it returned.
    pub message: Option<String>,
    /// The functions in which it trapped, innermost first: a line for each, with its name as the
    /// component has it.
    pub backtrace: Option<String>,
}

impl MapperCall {
    /// Adds a second call for the same event.
    pub fn add(&mut self, second: MapperCall) {
        let MapperOutput { stdout, stderr, message, backtrace } = second.output;
        let both = self.instructions.zip(second.instructions);
        self.instructions = both.map(|(first, second)| first + second);
        self.output.stdout.push_str(&stdout);
        self.output.stderr.push_str(&stderr);
        self.output.message = message.or(self.output.message.take());
        self.output.backtrace = backtrace.or(self.output.backtrace.take());
        self.took += second.took;
        self.memory = self.memory.max(second.memory);
    }
}

impl MapperOutput {
    /// Whether the mapper wrote nothing.
    pub fn is_empty(&self) -> bool {
        self.texts().all(str::is_empty)
    }

    /// How much memory it holds, in bytes.
    pub fn size(&self) -> usize {
        self.texts().map(str::len).sum()
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let MapperOutput { stdout, stderr, message, backtrace } = self;
        [Some(stdout), Some(stderr), message.as_ref(), backtrace.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }
}
