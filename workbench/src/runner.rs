//! Trying a mapper: events through fresh sandboxes with the limits of production, without a
//! backend.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use post_confirmation_host::backend::{Backend, PreparedRequest, Trace};
use post_confirmation_host::config::Config;
use post_confirmation_host::error::Error;
use post_confirmation_host::mapper::{self, Mapper, MapperCall, MapperOutput, Outcome, Settings};
use post_confirmation_host::{Effects, header_bytes};
use serde::Serialize;

use crate::cases::Case;
use crate::expectation::{self, Mapped, Request};
use crate::mapper_file::{self, Environment, Loaded};
use crate::refused::{self, RequestParts};

/// The most cases at once.
const AT_ONCE: u32 = 4;
/// So many times as long as in production may what is counted take: it runs slower.
const SLOWER: u32 = 4;

/// Variables of a mapper, by name.
pub type Variables = BTreeMap<String, String>;

/// A mapper on the bench, loaded once for each set of variables that a case has.
pub struct Bench {
    mappers: HashMap<Variables, Mapper>,
    backend: Backend,
    effects: Effects,
    answer_within: Duration,
    /// Whether each event is mapped a second time, to compare.
    again: bool,
}

/// What came of an event.
pub struct Trial {
    /// What the mapper made of it.
    pub mapped: Mapped,
    /// What the mapper wrote about it.
    pub output: MapperOutput,
    /// How long that took.
    pub took: Duration,
    /// What a second sandbox made of it, if that is something else.
    pub second: Option<Mapped>,
    /// What that costs, if the bench counts it and the event did not fail.
    pub cost: Option<Cost>,
}

/// What one event costs: the mapper's calls for it, each with the start of its sandbox.
#[derive(Clone, Copy, Serialize)]
pub struct Cost {
    /// The instructions of WebAssembly.
    pub instructions: u64,
    /// The most memory that one call had taken, in bytes.
    pub memory: u64,
    /// The bytes of the request's body and headers. None are there if nothing is delivered.
    pub answer: u64,
}

impl Bench {
    /// Loads the mapper in `file` for `cases`, with the settings in `environment`, and with
    /// deterministic clocks and random numbers if `deterministic`.
    pub fn load(
        file: &Path,
        cases: &[Arc<Case>],
        environment: &Environment,
        deterministic: bool,
    ) -> Result<Bench> {
        let mut config = mapper_file::config(file, false, environment)?;
        config.mapper.deterministic = deterministic;
        let loaded = Loaded::load(file, Bench::sandboxes(cases))?;
        Bench::new(&loaded, cases, config, true)
    }

    /// Loads it to count what the events of `cases` cost: with deterministic clocks and random
    /// numbers, and with more time.
    pub fn counting(file: &Path, cases: &[Arc<Case>], environment: &Environment) -> Result<Bench> {
        let mut config = mapper_file::config(file, false, environment)?;
        config.mapper.deterministic = true;
        config.mapper.timeout *= SLOWER;
        config.answer_within *= SLOWER;
        let loaded = Loaded::counting(file, Bench::sandboxes(cases))?;
        Bench::new(&loaded, cases, config, false)
    }

    /// How many sandboxes trying `cases` takes at most.
    pub fn sandboxes(cases: &[Arc<Case>]) -> u32 {
        // Each mapper may hold a sandbox that it has used.
        let held = u32::try_from(variables(cases).len()).unwrap_or(u32::MAX);
        held.saturating_add(AT_ONCE)
    }

    /// The mapper `loaded` into an engine with sandboxes for `cases`, with the settings `config`.
    /// It maps each event `again` or does not.
    pub fn new(loaded: &Loaded, cases: &[Arc<Case>], config: Config, again: bool) -> Result<Bench> {
        let settings = config.mapper;
        let Loaded { component, identity } = loaded;
        let mut mappers = HashMap::new();
        for variables in variables(cases) {
            let mapper = Mapper::new(component, identity.clone(), with(&settings, variables))?;
            mappers.insert(variables.clone(), mapper);
        }
        Ok(Bench {
            mappers,
            backend: Backend::new(config.backend)?,
            effects: Effects::only_shown(config.allowed),
            answer_within: config.answer_within,
            again,
        })
    }

    /// Tries all `cases`, several at once, and returns the trials in the same order.
    pub async fn try_all(self, cases: &[Arc<Case>]) -> Result<Vec<Trial>> {
        let bench = Arc::new(self);
        let cores: usize = available_parallelism().map_or(1, Into::into);
        let trials = stream::iter(cases.iter().cloned()).map(|case| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move { bench.try_one(&case).await })
        });
        let in_order = trials.buffered(cores.min(AT_ONCE as usize));
        in_order.map(|trial| trial?).try_collect().await
    }

    async fn try_one(&self, case: &Case) -> Result<Trial> {
        let mapper =
            self.mappers.get(&case.variables).context("the mapper is not loaded for this case")?;
        let first = self.map(mapper, case).await;
        if !self.again {
            return Ok(first);
        }
        let second = self.map(mapper, case).await;
        Ok(Trial { second: Some(second.mapped).filter(|second| *second != first.mapped), ..first })
    }

    async fn map(&self, mapper: &Mapper, case: &Case) -> Trial {
        let event = &case.event;
        let (result, mut call) = mapper.transform(event, Instant::now() + self.answer_within).await;
        let mut answer = 0;
        let mapped = match result {
            Ok(Outcome::Deliver(request)) => {
                answer = request.body.len() + header_bytes(&request.headers);
                let shown = Request::from(&request);
                let asked = RequestParts::new(&request);
                match self.backend.prepare(request, &event.id, &Trace::default()) {
                    Ok(sent) => self.conclude(mapper, case, (shown, &sent), &mut call).await,
                    Err(broken) => {
                        let part = asked.part(&self.backend, &broken);
                        Mapped::refused(broken, part)
                    }
                }
            }
            Ok(Outcome::Skip(code)) => Mapped::Skip(code.to_string()),
            Err(error) => Mapped::failed(Error::from(error)),
        };
        let instructions = call.instructions.filter(|_| !matches!(mapped, Mapped::Failed(_)));
        let cost = instructions.map(|instructions| Cost {
            instructions,
            memory: call.memory as u64,
            answer: answer as u64,
        });
        Trial { mapped, output: call.output, took: call.took, second: None, cost }
    }

    /// What comes of `request`, which is `sent`, for `case`: what the mapper makes of the case's
    /// answer besides, if there is one. Its call is added to `call`.
    async fn conclude(
        &self,
        mapper: &Mapper,
        case: &Case,
        (request, sent): (Request, &PreparedRequest),
        call: &mut MapperCall,
    ) -> Mapped {
        let Some(file) = &case.answer else { return Mapped::deliver(request, None) };
        let delivery = file.delivery(sent, mapper.has_follow_up());
        let answer = match (delivery.result, delivery.answer) {
            (Ok(_), None) => return Mapped::deliver(request, None),
            (Ok(_), Some(Ok(answer))) => answer,
            (Err(error), _) | (_, Some(Err(error))) => {
                let remedy = file.remedy(&error);
                return Mapped::refused(error, Some(remedy));
            }
        };
        let until = Instant::now() + self.answer_within;
        let (concluded, second) = mapper.conclude(&case.event, &answer, until).await;
        call.add(second);
        let effects = match concluded {
            Ok(wanted) => match self.effects.approve(wanted.clone()) {
                Ok(approved) => expectation::Effects::from(&approved),
                Err(error) => {
                    return Mapped::refused(error, refused::effect(&self.effects, &wanted));
                }
            },
            Err(mapper::Error::Returned(code)) => expectation::Effects::failed(&code),
            Err(error) => return Mapped::failed(Error::from(error)),
        };
        Mapped::deliver(request, Some(effects))
    }
}

impl Trial {
    /// Whether a second sandbox made the same of it.
    pub fn is_stable(&self) -> bool {
        self.second.is_none()
    }
}

/// What it means that a trial is not stable.
pub fn unstable(deterministic: bool) -> &'static str {
    match deterministic {
        true => {
            "a second run made something else of the same event, although clocks and random numbers were fixed"
        }
        false => {
            "a second run made something else of the same event: the mapper uses a clock or random numbers, which \
             `--deterministic` fixes"
        }
    }
}

/// The sets of variables that `cases` have.
fn variables(cases: &[Arc<Case>]) -> BTreeSet<&Variables> {
    cases.iter().map(|case| &case.variables).collect()
}

/// `settings` with `variables` besides its own, or in place of them.
pub fn with(settings: &Settings, variables: &Variables) -> Settings {
    let mut all: Variables = settings.variables.iter().cloned().collect();
    all.extend(variables.clone());
    Settings { variables: all.into_iter().collect(), ..settings.clone() }
}
