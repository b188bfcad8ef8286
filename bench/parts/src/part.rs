//! What an event goes through inside the function, in parts that can be run alone.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use post_confirmation_host::backend::{Backend, Key, Trace, signatures};
use post_confirmation_host::config::Config;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::Mapper;
use post_confirmation_host::{Method, Request};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::runtime::Runtime;

/// Runs a part once.
type Part = fn(&Parts);

/// The parts by name. Whenever a mapper runs, a sandbox is made before and dropped after, as in the
/// function.
pub const PARTS: [(&str, Part); 6] = [
    ("sandbox", |parts| parts.map(&parts.skipped)),
    ("map-8-attributes", |parts| parts.map(&parts.usual)),
    ("map-100-attributes", |parts| parts.map(&parts.large)),
    ("check-request", Parts::check),
    ("sign", Parts::sign),
    ("view-event", Parts::view),
];

/// What the parts work on.
pub struct Parts {
    runtime: Runtime,
    mapper: Mapper,
    backend: Backend,
    key: [Key; 1],
    json: Box<RawValue>,
    skipped: Event,
    usual: Event,
    large: Event,
}

impl Parts {
    /// The parts of a function with the mapper at `image`.
    pub fn new(image: PathBuf) -> Result<Parts> {
        let config = config(image)?;
        let json = sign_up(8)?;
        let password_reset =
            to_raw_value(&json!({ "triggerSource": "PostConfirmation_ConfirmForgotPassword" }))?;
        Ok(Parts {
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build()?,
            mapper: Mapper::load(config.mapper)?,
            backend: Backend::new(config.backend)?,
            key: [Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?],
            skipped: Event::read(&password_reset, "request"),
            usual: Event::read(&json, "request"),
            large: Event::read(&sign_up(100)?, "request"),
            json,
        })
    }

    fn map(&self, event: &Event) {
        self.runtime.block_on(async {
            let until = Instant::now() + Duration::from_secs(10);
            let (result, _) = self.mapper.transform(black_box(event), until).await;
            assert!(result.is_ok(), "the default mapper failed");
            self.mapper.prepare().await;
        });
    }

    fn check(&self) {
        let request = Request {
            method: Method::Post,
            path: "users/".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: self.json.get().as_bytes().to_vec(),
            accept_status: vec![409],
        };
        let prepared = self.backend.prepare(
            request,
            "evt_00000000000000000000000000000000",
            &Trace::default(),
        );
        assert!(prepared.is_ok(), "the request was refused");
    }

    fn sign(&self) {
        black_box(signatures(
            &self.key,
            "evt_00000000000000000000000000000000",
            1_800_000_000,
            self.json.get().as_bytes(),
        ));
    }

    fn view(&self) {
        black_box(Event::read(black_box(&self.json), "request").id.len());
    }
}

/// The settings of a function with the mapper at `image`.
fn config(image: PathBuf) -> Result<Config> {
    let variables = [
        ("BACKEND_API_URL".into(), "http://127.0.0.1:9/".into()),
        ("MAPPER_IMAGE".into(), image.into()),
    ];
    Ok(Config::from_vars(variables)?)
}

/// A sign-up with so many attributes.
fn sign_up(attributes: usize) -> Result<Box<RawValue>> {
    let mut event = json!({
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": "eu-central-1",
        "userPoolId": "eu-central-1_A1b2C3d4E",
        "userName": "alice",
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "client" },
        "request": { "userAttributes": {
            "sub": "11111111-2222-3333-4444-555555555555",
            "custom:behaviour": "good",
        } },
        "response": {},
    });
    let Some(all) = event["request"]["userAttributes"].as_object_mut() else {
        bail!("the sign-up has no attributes")
    };
    for number in all.len()..attributes {
        all.insert(
            format!("custom:attribute-{number}"),
            format!("the value of attribute {number}").into(),
        );
    }
    Ok(to_raw_value(&event)?)
}
