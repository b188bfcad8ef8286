//! The life of a sandbox in the engine alone: made, an event mapped in it, dropped, one after the
//! other.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use post_confirmation_host::config::Config;
use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::Mapper;
use serde_json::value::RawValue;

use crate::cold::event;
use crate::peers::Parts;

/// Events before those that count, and those.
const WARMING: usize = 500;
const EVENTS: usize = 5000;

/// Maps the usual event again and again by the default mapper. Returns what each took, in
/// microseconds.
pub async fn measure(parts: &Parts) -> Result<Vec<f64>> {
    eprintln!("the life of a sandbox");
    let [image, ..] = parts.images();
    let variables = [
        ("BACKEND_API_URL".into(), "http://127.0.0.1:9/".into()),
        ("MAPPER_IMAGE".into(), image.into()),
    ];
    let mapper = Mapper::load(Config::from_vars(variables)?.mapper)?;
    let json: Box<RawValue> = serde_json::from_slice(&event())?;
    let event = Event::read(&json, "request");
    let mut lives = Vec::with_capacity(EVENTS);
    for number in 0..WARMING + EVENTS {
        let started = Instant::now();
        let (result, _) = mapper.transform(&event, started + Duration::from_secs(10)).await;
        mapper.prepare().await;
        ensure!(result.is_ok(), "the default mapper failed");
        if number >= WARMING {
            lives.push(started.elapsed().as_secs_f64() * 1e6);
        }
    }
    Ok(lives)
}
