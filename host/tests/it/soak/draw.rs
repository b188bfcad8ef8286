//! What is drawn: events, and what goes wrong with them.

use fastrand::Rng;

use super::tally::Tally;
use test_support::canary;
use test_support::faults::Fault;
use test_support::proxy::Mode;

/// Everything about one event that is left to chance.
pub struct Drawn {
    /// The user's name, by which the backend knows the user.
    pub user: String,
    pub event: String,
    /// What the backend does to the connections, and to those after them.
    pub script: Vec<Fault>,
    pub afterwards: Fault,
    /// Whether the backend refuses connections instead.
    pub down: bool,
    pub queue: Mode,
    /// What happens to what is written to the user.
    pub cognito: Mode,
    /// How often Cognito calls with the event, all at once.
    pub calls: usize,
}

/// The event `number` of the lane `lane` in this pool, whose mapper obeys an event if it is
/// `obedient`.
pub fn event(
    rng: &mut Rng,
    pool: &str,
    lane: usize,
    number: usize,
    obedient: bool,
    tally: &mut Tally,
) -> Drawn {
    let user = format!("{}-{lane}-{number}", canary::MARK);
    let mapper = mapper(rng, obedient);
    tally.count("drawn for the mapper", mapper);
    let behaviour = if mapper == "none" { "accept 409" } else { mapper };
    let mut event = canary::event(&user, lane << 32 | number, behaviour);
    event["userPoolId"] = pool.into();
    if obedient {
        let follow_up = follow_up(rng);
        tally.count("drawn for the follow-up", follow_up);
        event["request"]["userAttributes"]["custom:conclude"] =
            format!("set-body custom:backend_id;add members;{follow_up}").into();
    }
    if !obedient && one_in(rng, 50) {
        // The default mapper fails without it, also when it is redelivered.
        event["request"]["userAttributes"]["sub"] = serde_json::Value::Null;
        tally.count("drawn for the event", "no sub");
    }
    if one_in(rng, 300) {
        event["request"]["clientMetadata"]["filler"] = "canary ".repeat(160_000).into();
        tally.count("drawn for the event", "too large for the queue");
    }

    let (script, afterwards) = faults(rng, tally);
    let down = one_in(rng, 30);
    if down {
        tally.count("drawn for the backend", "down");
    }
    let queue = service(rng);
    tally.count("drawn for the queue", format!("{queue:?}"));
    let cognito = effects(rng, tally);
    let calls = match rng.usize(..20) {
        0 => 3,
        1 | 2 => 2,
        _ => 1,
    };
    tally.count("drawn for Cognito's calls", format!("{calls} at a time"));
    Drawn { user, event: event.to_string(), script, afterwards, down, queue, cognito, calls }
}

/// What happens to what is written to users.
pub fn effects(rng: &mut Rng, tally: &mut Tally) -> Mode {
    let mode = service(rng);
    tally.count("drawn for the effects", format!("{mode:?}"));
    mode
}

/// What a service of AWS does: mostly what it should.
fn service(rng: &mut Rng) -> Mode {
    match rng.usize(..20) {
        0 => Mode::Resets,
        1 => Mode::Fails,
        2 => Mode::Hangs,
        3 => Mode::LosesAnswers,
        _ => Mode::Passes,
    }
}

/// A script for the backend: mostly nothing, now and then some faults in a row, or one that lasts.
pub fn faults(rng: &mut Rng, tally: &mut Tally) -> (Vec<Fault>, Fault) {
    let some = match rng.usize(..20) {
        0..12 => 0,
        12..15 => 1,
        15..17 => 2,
        _ => usize::MAX,
    };
    if some == 0 {
        tally.count("drawn for the backend", "nothing");
    }
    if some == usize::MAX {
        return (Vec::new(), fault(rng, tally));
    }
    ((0..some).map(|_| fault(rng, tally)).collect(), Fault::Takes)
}

fn fault(rng: &mut Rng, tally: &mut Tally) -> Fault {
    let fault = match rng.usize(..14) {
        0 => Fault::ResetsUnread,
        1 => Fault::Resets,
        2 => Fault::Closes,
        3 => Fault::Hangs,
        4 => Fault::Drips,
        5 => Fault::HangsInBody(201),
        6 => Fault::HangsInBody(503),
        7 => Fault::retry_after(429, 1),
        8 => Fault::status(401),
        9 => Fault::status(404),
        10 => Fault::Answers(301, Some(("location", "http://127.0.0.1:1/".to_owned()))),
        _ => Fault::status(*rng.choice(&[408, 425, 429, 500, 502, 503, 504]).unwrap()),
    };
    // A backend may have taken the user before it failed.
    let taken = one_in(rng, 3)
        && !matches!(fault, Fault::ResetsUnread | Fault::Drips | Fault::HangsInBody(201));
    let fault = if taken { fault.taken() } else { fault };
    tally.count("drawn for the backend", name(&fault));
    fault
}

fn name(fault: &Fault) -> String {
    match fault {
        Fault::Answers(status, None) => status.to_string(),
        Fault::Answers(status, Some((name, value))) => format!("{status}, {name}: {value}"),
        Fault::Taken(fault) => format!("{}, the user taken", name(fault)),
        fault => format!("{fault:?}"),
    }
}

fn mapper(rng: &mut Rng, obedient: bool) -> &'static str {
    const FAULTS: [&str; 8] = [
        "error broken",
        "panic",
        "exit 1",
        "loop",
        "sleep",
        "recurse",
        "allocate 1024",
        "path ../x",
    ];
    if obedient && one_in(rng, 5) { rng.choice(FAULTS).unwrap() } else { "none" }
}

/// What goes wrong once the backend has answered.
fn follow_up(rng: &mut Rng) -> &'static str {
    const FAULTS: [&str; 6] =
        ["error broken", "panic", "loop", "allocate 1024", "set email_verified=true", "add admins"];
    if one_in(rng, 8) { rng.choice(FAULTS).unwrap() } else { "none" }
}

/// Whether it happens, which it does once in `times`.
pub fn one_in(rng: &mut Rng, times: usize) -> bool {
    rng.usize(..times) == 0
}
