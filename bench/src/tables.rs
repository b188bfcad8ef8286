//! What was found, as tables in Markdown.

use crate::Found;
use crate::backend::UNLIMITED;
use crate::cold::Condition;
use crate::scale::Level;
use crate::stats::{median, quantile};

/// All tables of a run.
pub fn of(found: &Found) -> String {
    let mut tables = vec![machine(found)];
    let mut conditions: Vec<Condition> = Vec::new();
    for cold in &found.cold {
        if !conditions.contains(&cold.condition) {
            conditions.push(cold.condition);
        }
    }
    tables.extend(conditions.into_iter().map(|condition| cold(found, condition)));
    tables.extend([warm(found), life(found), scale(found), sizes(found)]);
    tables.join("\n")
}

fn machine(found: &Found) -> String {
    let rows = found.machine.0.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]);
    table(&["machine", ""], rows)
}

fn cold(found: &Found, condition: Condition) -> String {
    let measured = found.cold.iter().filter(|cold| cold.condition == condition);
    let rows = measured
        .map(|cold| vec![cold.peer.name().to_owned(), spread(&cold.ready), spread(&cold.answered)]);
    let title = format!("start: {}", condition.name());
    table(&[&title, "to the first poll, ms", "to the first event answered, ms"], rows)
}

fn warm(found: &Found) -> String {
    let rows = found.warm.iter().map(|warm| {
        let mapping = if warm.mapping.is_empty() {
            "–".to_owned()
        } else {
            format!("{:.1}", median(&warm.mapping))
        };
        vec![
            warm.peer.name().to_owned(),
            format!("{:.0}", median(&warm.event)),
            format!("{:.0}", quantile(&warm.event, 0.99)),
            mapping,
            format!("{:.0}", warm.per_second),
            format!("{:.0}", warm.processor),
            format!("{:.1}", warm.resident),
            format!("{:.1}", warm.peak),
        ]
    });
    let head = [
        "event, warm",
        "p50, µs",
        "p99, µs",
        "of it mapping, p50, µs",
        "events a second",
        "processor time, µs",
        "resident, MB",
        "at most, MB",
    ];
    table(&head, rows)
}

fn life(found: &Found) -> String {
    let [p50, p99] = [0.5, 0.99].map(|share| format!("{:.1}", quantile(&found.life, share)));
    let row = vec!["making it, mapping, dropping it; the default mapper".to_owned(), p50, p99];
    table(&["the life of a sandbox, in a loop", "p50, µs", "p99, µs"], [row].into_iter())
}

fn scale(found: &Found) -> String {
    let rows = found.scale.iter().map(|level| {
        let rate = if level.rate == UNLIMITED {
            "all".to_owned()
        } else {
            format!("{} a second", level.rate)
        };
        let redelivery =
            if level.queued == 0 { "–".to_owned() } else { format!("{:.1}", level.redelivery) };
        vec![
            rate,
            level.processes.to_string(),
            format!("{:.0}", level.per_second),
            format!("{:.1}", median(&level.event)),
            format!("{:.1}", quantile(&level.event, 0.99)),
            in_time(level),
            level.delivered.to_string(),
            level.queued.to_string(),
            level.undelivered.to_string(),
            redelivery,
            format!("{:.0}", level.processor),
            format!("{:.1}", level.memory),
        ]
    });
    let head = [
        "the backend takes",
        "processes",
        "events a second",
        "p50, ms",
        "p99, ms",
        "answers in 5 s",
        "delivered",
        "queued",
        "undelivered",
        "redelivered in, s",
        "processor time, µs",
        "memory of a process, MB",
    ];
    table(&head, rows)
}

fn in_time(level: &Level) -> String {
    format!("{} of {}", level.in_time, level.events())
}

fn sizes(found: &Found) -> String {
    table(
        &["size", "MB"],
        found.sizes.rows.iter().map(|(name, size)| vec![(*name).to_owned(), format!("{size:.2}")]),
    )
}

/// The median with the quartiles around it.
fn spread(figures: &[f64]) -> String {
    let [first, middle, third] = [0.25, 0.5, 0.75].map(|share| quantile(figures, share));
    format!("**{middle:.2}** ({first:.2} – {third:.2})")
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    line(&names) + &rule + &rows.map(|cells| line(&cells)).collect::<String>()
}
