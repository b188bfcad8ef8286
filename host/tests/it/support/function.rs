//! The real `bootstrap` as Lambda runs it: an environment of its own, a Runtime API, and logs that are collected.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use axum::body::Bytes;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::runtime_api::{Answer, RuntimeApi};
use super::{PATIENCE, program};

/// A function that runs until it is dropped.
pub struct Function {
    pub api: RuntimeApi,
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

impl Function {
    /// Starts a function with these settings and this image.
    pub async fn start(image: &Path, settings: &[(&str, &str)]) -> Function {
        let image = image.to_str().unwrap();
        Function::with_variables(&[&[("MAPPER_IMAGE", image)], settings].concat()).await
    }

    /// Starts a function with these variables and those that Lambda sets.
    pub async fn with_variables(variables: &[(&str, &str)]) -> Function {
        let api = RuntimeApi::start().await;
        let mut process = Command::new(program("bootstrap"))
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
        Function { api, process, log, invocations: 0 }
    }

    /// Hands `event` over and waits for how it went.
    pub async fn invoke(&mut self, event: impl Into<Bytes>) -> Invoked {
        self.invoke_within(event, None).await
    }

    /// Like `invoke`, in an invocation that Lambda would end after `within`.
    pub async fn invoke_within(&mut self, event: impl Into<Bytes>, within: Option<Duration>) -> Invoked {
        self.invocations += 1;
        let id = format!("request-{}", self.invocations);
        let answer = self.api.invoke(&id, event, within);
        let answer = timeout(PATIENCE, answer).await.expect("no answer in time").expect("the function died");
        let line = self.line().await;
        assert_eq!(line["requestId"], id.as_str());
        Invoked { answer, line }
    }

    /// The next line of the log.
    pub async fn line(&mut self) -> Value {
        let line = timeout(PATIENCE, self.log.next_line()).await.expect("no line in time").unwrap();
        serde_json::from_str(&line.expect("the function died")).unwrap()
    }

    /// Waits for the end of a function that can't start, and returns its status with what it wrote to standard error.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it does not end").unwrap();
        let mut text = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut text).await.unwrap();
        (status, text)
    }

    /// The process's resident memory in kilobytes.
    pub fn resident_kilobytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
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

    /// The bytes of the response.
    pub fn response(&self) -> &Bytes {
        match &self.answer {
            Answer::Response(bytes) => bytes,
            Answer::Error(error) => panic!("an error instead of a response: {error}"),
        }
    }
}
