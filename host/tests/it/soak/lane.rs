//! One pool of the campaign with all that belongs to it: three processes of a function, as many as
//! Cognito's calls of one event can meet, a backend, a queue with its dead letters, and the users
//! in Cognito.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::sleep;

use super::draw::{self, Drawn, one_in};
use super::tally::Tally;
use test_support::PATIENCE;
use test_support::aws::{self, Pool, Queue};
use test_support::canary;
use test_support::components::{DEFAULT, MISBEHAVING, image};
use test_support::event_source::EventSource;
use test_support::faults::{Fault, FaultyBackend};
use test_support::function::{Function, Invoked};
use test_support::proxy::{Mode, Proxy};
use test_support::runtime_api::Answer;

/// The longest time of an event in milliseconds: what `TIMES` has, half a second more for the queue
/// after a slow start, and the rest for a machine that is busy with all the lanes. What hangs here
/// hangs for ever, and Cognito waits longer.
const LONGEST: f64 = 3500.0;
/// Short times, so that a fault takes little of the campaign.
const TIMES: [(&str, &str); 3] =
    [("ANSWER_WITHIN_MS", "1500"), ("ATTEMPT_TIMEOUT_MS", "300"), ("MAPPER_TIMEOUT_MS", "200")];
/// The time of a function that redelivers.
const REDELIVERY: Duration = Duration::from_secs(6);
/// How often everything in the queue is redelivered while backend and mapper still fail.
const ROUNDS_OF_FAULTS: u32 = 2;
/// Two more chances for what could be delivered since.
const MAX_RECEIVE_COUNT: u32 = ROUNDS_OF_FAULTS + 2;
/// A process dies after one in so many events.
const DEATHS: usize = 20;
/// What a user may have been given.
pub const ALL: &str = "all";
/// What no user may be given: too little for an event that was delivered, or another user's.
pub const WRONG: &str = "not all, or another user's";
/// What mappers may write, and what the default mapper does.
const EFFECTS: [(&str, &str); 4] = [
    ("COGNITO_ATTRIBUTES", "custom:backend_id"),
    ("COGNITO_GROUPS", "members"),
    ("MAPPER_ENV_ATTRIBUTES_FROM_ANSWER", "custom:backend_id=/id"),
    ("MAPPER_ENV_GROUPS_FROM_ANSWER", "/group"),
];
/// How often progress is shown, in events.
const PROGRESS: usize = 500;

pub struct Lane {
    number: usize,
    rng: Rng,
    backend: FaultyBackend,
    queue: Queue,
    dead: Queue,
    proxy: Proxy,
    pool: Pool,
    /// What stands before Cognito.
    cognito: Proxy,
    /// If there is none, the next call is a cold start.
    functions: [Option<Function>; 3],
    users: Vec<String>,
    /// The users of whom a line says that nobody has them.
    in_the_log: HashSet<String>,
    /// What was said of each user when Cognito called, and of each event id when it was
    /// redelivered.
    lines: HashMap<String, Vec<Value>>,
    tally: Tally,
}

impl Lane {
    pub async fn new(number: usize, rng: Rng) -> Lane {
        let backend = FaultyBackend::start([], Fault::Takes).await;
        let (queue, dead) = Queue::with_dead_letters(MAX_RECEIVE_COUNT).await;
        let proxy = Proxy::start(aws::endpoint(), Mode::Passes).await;
        let pool = Pool::new().await;
        let cognito = Proxy::start(aws::endpoint(), Mode::Passes).await;
        let functions = [None, None, None];
        let (users, in_the_log, lines, tally) = Default::default();
        Lane {
            number,
            rng,
            backend,
            queue,
            dead,
            proxy,
            pool,
            cognito,
            functions,
            users,
            in_the_log,
            lines,
            tally,
        }
    }

    /// Runs so many events and redelivers what was not delivered.
    pub async fn run(mut self, events: usize, done: &AtomicUsize) -> Tally {
        let obedient = self.obedient();
        for number in 0..events {
            let drawn = draw::event(
                &mut self.rng,
                &self.pool.id,
                self.number,
                number,
                obedient,
                &mut self.tally,
            );
            self.pool.create(&drawn.user).await;
            self.confirm(drawn).await;
            if one_in(&mut self.rng, DEATHS) {
                let function = self.rng.usize(..self.functions.len());
                self.kill(function).await;
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(PROGRESS) {
                println!("{done} events");
            }
        }
        self.redeliver().await;
        self.judge().await;
        for function in 0..self.functions.len() {
            self.kill(function).await;
        }
        self.tally
    }

    /// Every second lane has a mapper that fails when its event says so.
    fn obedient(&self) -> bool {
        !self.number.is_multiple_of(2)
    }

    /// One user is confirmed: Cognito calls once or, in its impatience, more often.
    async fn confirm(&mut self, drawn: Drawn) {
        self.backend.plan(drawn.script, drawn.afterwards);
        self.proxy.set(drawn.queue);
        self.cognito.set(drawn.cognito);
        if drawn.down {
            self.backend.down().await;
        }
        let mapper = if self.obedient() { MISBEHAVING } else { DEFAULT };
        let settings = self.settings();
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let calls = self.functions.iter_mut().take(drawn.calls).map(async |function| {
            if function.is_none() {
                *function = Some(Function::start(&image(mapper), &settings).await);
            }
            function.as_mut().unwrap().invoke(drawn.event.clone()).await
        });
        let answers = join_all(calls).await;
        self.backend.up();
        for invoked in answers {
            self.look_at(&drawn.user, &drawn.event, &invoked);
        }
        self.users.push(drawn.user);
    }

    fn look_at(&mut self, user: &str, event: &str, invoked: &Invoked) {
        assert!(invoked.total() < LONGEST, "{user}: {}", invoked.line);
        let Answer::Response(bytes) = &invoked.answer else { panic!("{user} was rejected") };
        assert!(bytes == event.as_bytes(), "the answer differs from the event of {user}");
        canary::check(&invoked.line.to_string());
        self.lines.entry(user.to_owned()).or_default().push(invoked.line.clone());
        self.tally.count("answers to Cognito", invoked.end());
        if invoked.end() != "delivered" {
            self.tally.count("why not delivered", invoked.error_type());
        }
        if let Some(error_type) = invoked.line["queueErrorType"].as_str() {
            self.tally.count("why not queued", error_type);
        }
        if invoked.end() == "undelivered" {
            self.in_the_log.insert(user.to_owned());
        }
    }

    /// Redelivers until the queue is empty: while backend and mapper still fail, and then when all
    /// is mended.
    async fn redeliver(&mut self) {
        for _ in 0..ROUNDS_OF_FAULTS {
            let mapper = if self.obedient() { MISBEHAVING } else { DEFAULT };
            self.redeliver_once(mapper, true).await;
        }
        self.backend.plan([], Fault::Takes);
        self.cognito.set(Mode::Passes);
        let mut progress = (self.queue.count().await, Instant::now());
        while progress.0 > 0 {
            self.redeliver_once(DEFAULT, false).await;
            let left = self.queue.count().await;
            if left != progress.0 {
                progress = (left, Instant::now());
            }
            assert!(progress.1.elapsed() < PATIENCE, "{left} messages stay in the queue");
            // Some may be delayed, because the backend wanted to be left alone.
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Redelivers everything that is visible, once.
    async fn redeliver_once(&mut self, mapper: &str, with_faults: bool) {
        let settings = self.settings();
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut function = None;
        let mut stayed = Vec::new();
        loop {
            if with_faults {
                let (script, afterwards) = draw::faults(&mut self.rng, &mut self.tally);
                self.backend.plan(script, afterwards);
                self.cognito.set(draw::effects(&mut self.rng, &mut self.tally));
            }
            if function.is_none() {
                function = Some(Function::start(&image(mapper), &settings).await);
            }
            let source = EventSource { timeout: REDELIVERY, ..EventSource::of(&self.queue) };
            let Some(redelivered) = source.hand_over(function.as_mut().unwrap()).await else {
                break;
            };
            for line in &redelivered.lines {
                canary::check(&line.to_string());
                self.tally.count("redeliveries", line["end"].as_str().unwrap());
                self.lines
                    .entry(line["eventId"].as_str().unwrap().to_owned())
                    .or_default()
                    .push(line.clone());
            }
            stayed.extend(redelivered.stayed);
            if one_in(&mut self.rng, DEATHS) {
                canary::check(&function.take().unwrap().killed().await);
                self.tally.count("deaths", "between batches");
            }
        }
        for message in &stayed {
            self.queue.give_back(message).await;
        }
        if let Some(function) = function {
            canary::check(&function.killed().await);
        }
    }

    /// What became of every user.
    async fn judge(&mut self) {
        let letters = self.dead.receive_all().await;
        let letters = letters
            .iter()
            .map(|letter| serde_json::from_str::<Value>(letter.body.as_ref().unwrap()).unwrap());
        let letters: HashSet<String> =
            letters.map(|event| event["userName"].as_str().unwrap().to_owned()).collect();
        for user in &self.users {
            let effects = self.effects_of(user).await;
            self.tally.count("effects", effects);
            if effects == WRONG {
                self.tally.problem(format!("{user} is {effects}: {:#?}", self.lines_of(user)));
            }
            self.tally.count("users", "confirmed");
            let end = match (
                self.backend.times(user),
                letters.contains(user),
                self.in_the_log.contains(user),
            ) {
                (1, ..) => "at the backend once",
                (0, true, _) => "a dead letter",
                (0, false, true) => "in a line of the log",
                (0, false, false) => "lost",
                _ => "at the backend twice",
            };
            self.tally.count("users", end);
            if matches!(end, "lost" | "at the backend twice") {
                self.tally.problem(format!("{user} is {end}: {:#?}", self.lines_of(user)));
            }
        }
    }

    /// What was written to `user`: all that the backend has answered if the event was delivered,
    /// and nothing of anybody else.
    async fn effects_of(&self, user: &str) -> &'static str {
        let lines = self.lines_of(user);
        let delivered = lines.iter().any(|line| line["end"] == "delivered");
        let own = format!("{}-{}", canary::MARK, lines[0]["eventId"].as_str().unwrap());
        let attribute = self.pool.attribute_of(user, "custom:backend_id").await;
        let groups = self.pool.groups_of(user).await;
        match (attribute, &groups[..]) {
            (Some(value), _) if !value.contains(&own) => WRONG,
            (Some(_), [group]) if group == "members" => ALL,
            (_, _) if delivered => WRONG,
            (None, []) => "none, not delivered",
            (_, _) => "some, not delivered",
        }
    }

    /// Everything that was said of `user`, for whoever has to find out what went wrong.
    fn lines_of(&self, user: &str) -> Vec<&Value> {
        let called = &self.lines[user];
        let id = called[0]["eventId"].as_str().unwrap();
        called.iter().chain(self.lines.get(id).into_iter().flatten()).collect()
    }

    async fn kill(&mut self, function: usize) {
        if let Some(function) = self.functions[function].take() {
            canary::check(&function.killed().await);
            self.tally.count("deaths", "between events");
        }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let backend = format!("{}canary/", self.backend.url);
        let queue = self.queue.settings_through(&self.proxy.endpoint);
        // What comes later wins: the secrets that AWS wants are secrets here as well.
        let others = TIMES.into_iter().chain(EFFECTS).chain(queue).chain(canary::SECRETS);
        let others = others.map(|(name, value)| (name, value.to_owned()));
        let cognito = ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", self.cognito.endpoint.clone());
        [("BACKEND_API_URL", backend), cognito].into_iter().chain(others).collect()
    }
}
