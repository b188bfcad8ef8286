//! The real `bootstrap` as Lambda runs it: an environment of its own, a Runtime API, and logs that
//! are collected.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::processor::Share;
use crate::runtime_api::{Answer, RuntimeApi};
use crate::{AMPLE, PATIENCE, program};

/// Cognito's limit in milliseconds, which nobody can change.
pub const COGNITO_WAITS: f64 = 5000.0;

/// A function that runs until it is dropped.
pub struct Function {
    pub api: RuntimeApi,
    pub started: Instant,
    process: Child,
    log: Lines<BufReader<ChildStdout>>,
    invocations: usize,
}

/// How an invocation went.
#[derive(Debug)]
pub struct Invoked {
    pub answer: Answer,
    /// The line of the event's end.
    pub line: Value,
}

/// How an invocation with a batch went.
#[derive(Debug)]
pub struct Batch {
    pub answer: Answer,
    /// The lines of the records' ends.
    pub lines: Vec<Value>,
}

impl Function {
    /// Starts a function with these settings and this image.
    pub async fn start(image: &Path, settings: &[(&str, &str)]) -> Function {
        let image = image.to_str().unwrap();
        Function::with_variables(&[&[("MAPPER_IMAGE", image)], settings].concat()).await
    }

    /// Starts a function with these variables and those that Lambda sets. It has ample time unless
    /// the time of an event is one of the variables.
    pub async fn with_variables(variables: &[(&str, &str)]) -> Function {
        let limited = variables.iter().any(|(name, _)| *name == "ANSWER_WITHIN_MS");
        let ample = if limited { &[][..] } else { &AMPLE };
        Function::run(Command::new(program("bootstrap")), &[ample, variables].concat()).await
    }

    /// Like `start`, with a share of a processor from the program's first instruction on and no
    /// more time than is set.
    pub async fn with_share(share: &Share, image: &Path, settings: &[(&str, &str)]) -> Function {
        let command = share.command(&program("bootstrap"));
        Function::run(command, &[&[("MAPPER_IMAGE", image.to_str().unwrap())], settings].concat())
            .await
    }

    /// Runs `command` with these variables and those that Lambda sets.
    pub async fn run(mut command: Command, variables: &[(&str, &str)]) -> Function {
        let api = RuntimeApi::start().await;
        let started = Instant::now();
        let mut process = command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stdout.take().unwrap()).lines();
        Function { api, started, process, log, invocations: 0 }
    }

    /// Hands `event` over and waits for how it went.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Invoked {
        self.invoke_within(event, None).await
    }

    /// Like `invoke`, in an invocation that Lambda would end after `within`.
    pub async fn invoke_within(
        &mut self,
        event: impl Into<Bytes>,
        within: Option<Duration>,
    ) -> Invoked {
        let answer = self.answer(event, within).await;
        let line = self.line().await;
        assert_eq!(line["requestId"], self.request_id());
        Invoked { answer, line }
    }

    /// Hands over `records` of a queue in an invocation that Lambda would end after `within`.
    pub async fn invoke_batch(&mut self, records: &[Value], within: Duration) -> Batch {
        let answer = self.hand_over(json!({ "Records": records }).to_string(), Some(within));
        // They come before the answer, and a pipe holds 64 KiB: a function whose log nobody reads
        // stands still.
        let mut lines = Vec::new();
        for _ in records {
            let line = self.line().await;
            assert_eq!(line["requestId"], self.request_id());
            lines.push(line);
        }
        Batch { answer: answered(answer).await, lines }
    }

    /// Like `invoke_within`, without reading the log.
    pub async fn answer(&mut self, event: impl Into<Bytes>, within: Option<Duration>) -> Answer {
        answered(self.hand_over(event, within)).await
    }

    /// Hands `event` over in an invocation that Lambda would end after `within`.
    fn hand_over(
        &mut self,
        event: impl Into<Bytes>,
        within: Option<Duration>,
    ) -> oneshot::Receiver<Answer> {
        self.invocations += 1;
        self.api.invoke(&self.request_id(), event, within)
    }

    /// Hands `event` over and waits for the event that comes back, without reading the log.
    pub async fn response_to(&mut self, event: impl Into<Bytes>) {
        match self.answer(event, None).await {
            Answer::Response(_) => {}
            Answer::Error(error) => panic!("an error instead of a response: {error}"),
        }
    }

    fn request_id(&self) -> String {
        format!("request-{}", self.invocations)
    }

    /// The next line of the log.
    pub async fn line(&mut self) -> Value {
        serde_json::from_str(&self.raw_line().await).unwrap()
    }

    /// The next line of the log as it is.
    pub async fn raw_line(&mut self) -> String {
        let line = timeout(PATIENCE, self.log.next_line()).await.expect("no line in time").unwrap();
        line.expect("the function died")
    }

    /// Whether there is a line that was not read yet.
    pub fn has_a_line(&mut self) -> bool {
        self.log.next_line().now_or_never().is_some()
    }

    /// Waits for the end of a function that can't start, and returns its status with what it wrote
    /// to standard error.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let status =
            timeout(PATIENCE, self.process.wait()).await.expect("it does not end").unwrap();
        let mut text = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut text).await.unwrap();
        (status, text)
    }

    /// Kills the process and returns what was not read yet of all that it wrote.
    pub async fn killed(mut self) -> String {
        self.process.kill().await.unwrap();
        let mut text = String::new();
        self.log.get_mut().read_to_string(&mut text).await.unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut text).await.unwrap();
        text
    }

    /// Freezes the process, as Lambda does between invocations, and returns when it stands still.
    pub async fn freeze(&self) {
        self.signal("STOP").await;
        while !self.status("State:").starts_with('T') {
            tokio::task::yield_now().await;
        }
    }

    /// Lets a frozen process run again.
    pub async fn thaw(&self) {
        self.signal("CONT").await;
    }

    // The shell has the command built in; a program of that name may be missing.
    async fn signal(&self, name: &str) {
        let command = format!("kill -s {name} {}", self.process.id().unwrap());
        assert!(Command::new("sh").args(["-c", &command]).status().await.unwrap().success());
    }

    /// The processor time that the process's threads have taken.
    pub fn processor_time(&self) -> Duration {
        let threads =
            std::fs::read_dir(format!("/proc/{}/task", self.process.id().unwrap())).unwrap();
        let nanoseconds = threads.map(|thread| {
            let schedule =
                std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
            schedule.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        });
        Duration::from_nanos(nanoseconds.sum())
    }

    /// The process's resident memory in kilobytes.
    pub fn resident_kilobytes(&self) -> u64 {
        self.status("VmRSS:").split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The most memory that the process has had, in kilobytes.
    pub fn peak_kilobytes(&self) -> u64 {
        self.status("VmHWM:").split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The process's memory in kilobytes, of which it has a part alone and a fair share of what it
    /// shares with others.
    pub fn proportional_kilobytes(&self) -> u64 {
        let rollup =
            std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id().unwrap()))
                .unwrap();
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// What the kernel says of the process under this name.
    fn status(&self, name: &str) -> String {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap()))
                .unwrap();
        status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
    }
}

async fn answered(answer: oneshot::Receiver<Answer>) -> Answer {
    timeout(PATIENCE, answer).await.expect("no answer in time").expect("the function died")
}

impl Batch {
    /// The ids of the records that have to stay in the queue.
    pub fn failed(&self) -> BTreeSet<String> {
        let Answer::Response(bytes) = &self.answer else {
            panic!("an error instead of a response: {:?}", self.answer)
        };
        let answer: Value = serde_json::from_slice(bytes).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().iter();
        failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
    }
}

impl Invoked {
    /// The end that was logged.
    pub fn end(&self) -> &str {
        self.line["end"].as_str().unwrap()
    }

    /// The error's fixed name that was logged.
    pub fn error_type(&self) -> &str {
        self.line["errorType"].as_str().unwrap_or("none")
    }

    /// How many milliseconds the event took, by the function's own clock: it counts from the start
    /// of the process if the event waited for that, and not what others do before and after.
    pub fn total(&self) -> f64 {
        self.line["milliseconds"]["total"].as_f64().unwrap()
    }

    /// What came of each attempt: a status, or an error's fixed name.
    pub fn attempts(&self) -> Vec<String> {
        let attempts = self.line["attempts"].as_array().unwrap().iter();
        attempts
            .map(|attempt| {
                attempt["errorType"].as_str().map_or(attempt["status"].to_string(), str::to_owned)
            })
            .collect()
    }

    /// The bytes of the response.
    pub fn response(&self) -> &Bytes {
        match &self.answer {
            Answer::Response(bytes) => bytes,
            Answer::Error(error) => panic!("an error instead of a response: {error}"),
        }
    }
}
