//! A mapper that does what the attribute `custom:behaviour` of its event asks for, good or bad. It
//! shows that the host withstands each of it, and that the next event of the same process is none
//! the worse.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, hint, net, process, thread};

#[allow(missing_docs, unsafe_code, reason = "generated; the documentation is in `wit/`")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "post-confirmation-mapper-with-follow-up",
    });
    export!(Mapper with_types_in self);

    use super::Mapper;
}

#[allow(
    missing_docs,
    unsafe_code,
    reason = "generated: the clock as WASI has it, with timers to be held"
)]
mod clocks {
    wit_bindgen::generate!({
        inline: "
            package test:timers;
            package wasi:io@0.2.6 {
                interface poll {
                    resource pollable { ready: func() -> bool; block: func(); }
                    poll: func(in: list<borrow<pollable>>) -> list<u32>;
                }
            }
            package wasi:clocks@0.2.6 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.6.{pollable};
                    type instant = u64;
                    type duration = u64;
                    now: func() -> instant;
                    resolution: func() -> duration;
                    subscribe-instant: func(when: instant) -> pollable;
                    subscribe-duration: func(when: duration) -> pollable;
                }
            }
            world timers { import wasi:clocks/monotonic-clock@0.2.6; }
        ",
        world: "timers",
        generate_all,
    });
}

use bindings::cognito::post_confirmation::types::{Attribute, Header, Method, Request};
use bindings::exports::cognito::post_confirmation::follow_up::{self, Answer, Effect};
use bindings::exports::cognito::post_confirmation::mapper::{Error, Event, Guest, Outcome};

/// How many events this instance has seen.
static EVENTS: AtomicU32 = AtomicU32::new(0);

struct Mapper;

impl Guest for Mapper {
    fn transform(event: Event) -> Result<Outcome, Error> {
        let behaviour =
            event.user_attributes.iter().find(|attribute| attribute.name == "custom:behaviour");
        let behaviour = behaviour.map_or("", |attribute| attribute.value.as_str());
        let (name, argument) = behaviour.split_once(' ').unwrap_or((behaviour, ""));
        let mut request = Request {
            method: Method::Post,
            path: "users/".to_owned(),
            headers: Vec::new(),
            body: event.user_name.into_bytes(),
            accept_status: Vec::new(),
        };
        match name {
            // A request as the argument says.
            "body" => request.body = vec![b'x'; number(argument)],
            "text" => request.body = argument.as_bytes().to_vec(),
            "bytes" => request.body = argument.split(' ').map(|byte| number(byte) as u8).collect(),
            "variable" => request.body = env::var(argument).unwrap_or_default().into_bytes(),
            "path" => request.path = argument.to_owned(),
            "long-path" => request.path = "x".repeat(number(argument)),
            "header" => {
                let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
                request
                    .headers
                    .push(header(name, &value.replace("\\r", "\r").replace("\\n", "\n")));
            }
            "headers" => {
                request.headers =
                    (0..number(argument)).map(|i| header(&format!("x-{i}"), "v")).collect()
            }
            "repeated" => {
                request.headers =
                    argument.split(' ').map(|value| header("X-Repeated", value)).collect()
            }
            "header-bytes" => request.headers.push(header("x", &"v".repeat(number(argument)))),
            "accept" => request.accept_status = vec![number(argument) as u16],
            // What it can see and reach.
            "environment" => {
                request.body = format!("{:?}", env::vars().collect::<Vec<_>>()).into_bytes()
            }
            "arguments" => {
                request.body = format!("{:?}", env::args().collect::<Vec<_>>()).into_bytes()
            }
            "read" => request.body = format!("{}", fs::read(argument).is_ok()).into_bytes(),
            "write" => request.body = format!("{}", fs::write(argument, "x").is_ok()).into_bytes(),
            "connect" => {
                request.body = format!("{}", net::TcpStream::connect(argument).is_ok()).into_bytes()
            }
            "listen" => {
                request.body = format!("{}", net::TcpListener::bind(argument).is_ok()).into_bytes()
            }
            "resolve" => {
                request.body = format!("{}", net::ToSocketAddrs::to_socket_addrs(argument).is_ok())
                    .into_bytes()
            }
            "allocate" => request.body = vec![hold(number(argument))],
            // What is another each time.
            "count" => {
                request.body = EVENTS.fetch_add(1, Ordering::Relaxed).to_string().into_bytes()
            }
            "random" => {
                request.body = RandomState::new().build_hasher().finish().to_string().into_bytes()
            }
            "clock" => {
                request.body = format!("{:?} {:?}", SystemTime::now(), Instant::now()).into_bytes()
            }
            "wait" => {
                let until = Instant::now() + Duration::from_millis(number(argument) as u64);
                while Instant::now() < until {}
            }
            // Other ends.
            "skip" => return Ok(Outcome::Skip(argument.to_owned())),
            "error" => {
                return Err(Error {
                    code: argument.to_owned(),
                    message: "the message of the error".to_owned(),
                });
            }
            "say" => {
                print!("{argument}");
                let _ = io::stdout().flush();
                eprint!("{argument}");
                return Err(Error { code: "said".to_owned(), message: argument.to_owned() });
            }
            "write-bytes" => {
                let bytes = vec![number(argument) as u8; 10_000];
                let _ = io::stdout().write_all(&bytes);
            }
            "panic" => panic!("the text of the panic"),
            "exit" => process::exit(number(argument) as i32),
            "recurse" => request.body = vec![recurse(1)],
            "loop" => loop {
                hint::spin_loop();
            },
            "timers" => {
                let timer = |_| clocks::wasi::clocks::monotonic_clock::subscribe_duration(u64::MAX);
                let held: Vec<_> = (0..number(argument)).map(timer).collect();
                request.body = held.len().to_string().into_bytes();
            }
            "sleep" => thread::sleep(Duration::from_secs(3600)),
            "flood" => (0..number(argument)).for_each(|_| {
                println!("{}", "o".repeat(4000));
                eprintln!("{}", "e".repeat(4000));
            }),
            _ => {}
        }
        Ok(Outcome::Deliver(request))
    }
}

impl follow_up::Guest for Mapper {
    /// Does what the attribute `custom:conclude` says: parts, separated by `;`.
    fn conclude(event: Event, answer: Answer) -> Result<Vec<Effect>, Error> {
        let wanted =
            event.user_attributes.iter().find(|attribute| attribute.name == "custom:conclude");
        let wanted = wanted.map_or("", |attribute| attribute.value.as_str());
        let mut effects = Vec::new();
        for part in wanted.split(';').filter(|part| !part.is_empty()) {
            let (name, argument) = part.split_once(' ').unwrap_or((part, ""));
            let (attribute, value) = argument.split_once('=').unwrap_or((argument, "value"));
            let body = || String::from_utf8_lossy(&answer.body).into_owned();
            match name {
                "set" => effects.push(set(attribute, value)),
                "set-body" => effects.push(set(argument, &body())),
                "set-long" => effects.push(set(attribute, &"x".repeat(number(value)))),
                "set-control" => effects.push(set(argument, "a\u{7}b")),
                "set-received" => effects.push(set(argument, &event.received_at)),
                "set-headers" => {
                    let names: Vec<_> =
                        answer.headers.iter().map(|header| header.name.as_str()).collect();
                    effects.push(set(argument, &names.join(",")));
                }
                "add" => effects.push(Effect::AddToGroup(argument.to_owned())),
                "add-many" => {
                    let group = || Effect::AddToGroup("members".to_owned());
                    effects.extend((0..number(argument)).map(|_| group()));
                }
                "error" => {
                    return Err(Error {
                        code: argument.to_owned(),
                        message: "the message of the error".to_owned(),
                    });
                }
                "say" => eprintln!("{}", body()),
                "panic" => panic!("the text of the panic"),
                "loop" => loop {
                    hint::spin_loop();
                },
                "allocate" => _ = hint::black_box(hold(number(argument))),
                _ => {}
            }
        }
        Ok(effects)
    }
}

fn set(name: &str, value: &str) -> Effect {
    Effect::SetAttribute(Attribute { name: name.to_owned(), value: value.to_owned() })
}

fn number(argument: &str) -> usize {
    argument.parse().unwrap_or_default()
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

/// Takes `megabytes` of memory and touches all of it.
fn hold(megabytes: usize) -> u8 {
    let held: Vec<Vec<u8>> = (0..megabytes).map(|_| vec![1; 1 << 20]).collect();
    hint::black_box(&held).iter().map(|part| part[part.len() / 2]).max().unwrap_or_default()
}

#[allow(unconditional_recursion, reason = "that is its purpose")]
fn recurse(depth: u8) -> u8 {
    hint::black_box(recurse(hint::black_box(depth)).wrapping_add(depth))
}
