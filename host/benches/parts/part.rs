//! What an event goes through inside the function, in parts that can be run alone.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use post_confirmation_host::backend::{Backend, Key, Method, Request, Trace, signatures};
use post_confirmation_host::config::Config;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::Mapper;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::runtime::Runtime;

use crate::support::components::{DEFAULT, image};

/// Runs a part once.
type Part = fn(&Parts);

/// The parts by name. Where a mapper runs, a sandbox is made before and dropped after, as in the function.
pub const PARTS: [(&str, Part); 7] = [
    ("load-image", Parts::load),
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
    image: PathBuf,
    mapper: Mapper,
    backend: Backend,
    key: [Key; 1],
    json: Box<RawValue>,
    skipped: Event,
    usual: Event,
    large: Event,
}

impl Parts {
    pub fn make() -> Result<Parts> {
        let image = image(DEFAULT);
        let config = config(image.clone())?;
        let json = sign_up(8)?;
        let password_reset = to_raw_value(&json!({ "triggerSource": "PostConfirmation_ConfirmForgotPassword" }))?;
        Ok(Parts {
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build()?,
            image,
            mapper: Mapper::load(config.mapper)?,
            backend: Backend::new(config.backend)?,
            key: [Key::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?],
            skipped: Event::read(&password_reset, "request"),
            usual: Event::read(&json, "request"),
            large: Event::read(&sign_up(100)?, "request"),
            json,
        })
    }

    fn load(&self) {
        let settings = config(self.image.clone()).map(|config| config.mapper);
        assert!(settings.is_ok_and(|settings| Mapper::load(settings).is_ok()), "the default mapper can't be loaded");
    }

    fn map(&self, event: &Event) {
        self.runtime.block_on(async {
            let until = Instant::now() + Duration::from_secs(10);
            let call = self.mapper.transform(black_box(event), until).await;
            assert!(call.result.is_ok(), "the default mapper failed");
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
        let prepared = self.backend.prepare(request, "evt_00000000000000000000000000000000", &Trace::default());
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
    let variables = [("BACKEND_API_URL".into(), "http://127.0.0.1:9/".into()), ("MAPPER_IMAGE".into(), image.into())];
    Ok(Config::from_vars(variables)?)
}

/// A sign-up with so many attributes.
fn sign_up(attributes: usize) -> Result<Box<RawValue>> {
    let mut event = crate::support::sign_up();
    let Some(all) = event["request"]["userAttributes"].as_object_mut() else { bail!("the sign-up has no attributes") };
    for number in all.len()..attributes {
        all.insert(format!("custom:attribute-{number}"), format!("the value of attribute {number}").into());
    }
    Ok(to_raw_value(&event)?)
}
