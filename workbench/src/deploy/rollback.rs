//! `mapper rollback`: the former version of both functions, or a given one, is live again, with its
//! mapper.

use std::collections::BTreeMap;
use std::thread;

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use thiserror::Error;

use super::answer;
use super::aws;
use super::dry_run::{Sample, TryError, handles, ready};
use super::functions::{latest, layers_of};
use super::live::{Move, Tried};
use super::names::{ALIAS, FunctionName, Names};
use super::rights::{On, PrintPolicy, Right};
use super::talk::{Yes, agreed, say};
use super::versions::{self, Alias, mapper_of};
use super::{changes, interrupt, place};

/// Undo the last swap, or make version N live.
///
/// Without VERSION, it goes back to the version that was live before. `swap` and `rollback` write
/// that version into the alias's description, so a second `rollback` undoes the first. VERSION is a
/// version of the trigger's function. Redelivery gets its own version with the same code and the
/// same mapper. $LATEST gets the same layers, so the next published version does not bring the bad
/// mapper back. Settings and code of $LATEST stay. Both versions map an event in a dry run first;
/// if one can't, it says why and asks. With --yes such a version goes live too.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper rollback
  mapper rollback 7 --function users

Exit status: 0 if the version is live, 1 if the former version is not known (the versions are listed, with
those that can't handle events), you did not agree, or AWS refused.")]
pub struct Args {
    /// The version to go back to, if not the former one.
    #[arg(value_name = "VERSION")]
    version: Option<String>,
    #[command(flatten)]
    function: FunctionName,
    #[command(flatten)]
    yes: Yes,
    #[command(flatten)]
    policy: PrintPolicy,
}

/// How many versions are listed, and how many are tried at once.
const SHOWN: usize = 20;
const AT_ONCE: usize = 4;

/// A version can't handle events, and the person does not want it.
#[derive(Debug, Error)]
#[error("not agreed; nothing was changed. Choose another version with `mapper rollback VERSION`")]
struct NotAgreed;

/// The configurations of published versions, by number.
type Published = BTreeMap<u64, Value>;

/// What it needs.
const RIGHTS: [Right; 2] = [
    (
        On::Functions,
        &[
            "lambda:GetAlias",
            "lambda:UpdateAlias",
            "lambda:GetFunctionConfiguration",
            "lambda:ListVersionsByFunction",
            "lambda:UpdateFunctionConfiguration",
            "lambda:InvokeFunction",
        ],
    ),
    (On::Layer, &["lambda:GetLayerVersion"]),
];

pub fn run(args: &Args) -> Result<bool> {
    let names = args.function.names();
    if args.policy.print(&RIGHTS, &names, None)? {
        return Ok(true);
    }
    place::announce(None)?;
    let redelivery_name = names.redelivery();
    let (trigger, redelivery) = (Alias::live(&names.function)?, Alias::live(&redelivery_name)?);
    let (published, of_redelivery) = (published(&names.function)?, published(&redelivery_name)?);
    let sign_up = Sample::sign_up()?;
    let number = args.version.as_deref().or(trigger.former());
    let target = number.and_then(|number| published.get(&number.parse().ok()?));
    let Some(target) = target else {
        show(&published, &trigger, &names, &sign_up)?;
        return Err(no_target(number, &names));
    };
    let number = answer::text(target, "Version")?;
    let stays = number == trigger.version;
    let likely = if stays { Some(redelivery.version.as_str()) } else { redelivery.former() };
    let partner = partner_of(target, &of_redelivery, likely, &names)?;
    // In an emergency the alias matters most, and first the one that Cognito calls.
    let moves = moves([(&trigger, number), (&redelivery, answer::text(partner, "Version")?)]);
    let tried = match Tried::by(moves, |each| confirm(each, &sign_up, &args.yes)) {
        Err(error) if error.is::<NotAgreed>() => {
            show(&published, &trigger, &names, &sign_up)?;
            return Err(error);
        }
        tried => tried?,
    };
    // Without the number, `rollback` would go back from what is live by now.
    changes::leave(format!("Finish with `mapper rollback {number}{}`.", names.option()));
    tried.make_live(|_| Ok(()))?;
    keep_mapper(&names.function, target)?;
    keep_mapper(&redelivery_name, partner)?;
    Ok(true)
}

/// Why there is no version to go back to, after the versions were listed. `number` is the one that
/// was asked for, or that was live before.
fn no_target(number: Option<&str>, names: &Names) -> anyhow::Error {
    let function = &names.function;
    match number {
        Some(number) => anyhow!("{function} has no version {number}; choose one of these"),
        None => anyhow!(
            "the alias {function}:{ALIAS} does not say which version was live before; choose one of these with `mapper \
             rollback VERSION`"
        ),
    }
}

/// The moves of the aliases to these versions, as far as they are at others; says which are there.
fn moves(wanted: [(&Alias, &str); 2]) -> Vec<Move> {
    let mut moves = Vec::new();
    for (Alias { function, version: has, .. }, version) in wanted {
        if has == version {
            say(format!("alias {function}:{ALIAS}: is at version {version} already"));
        } else {
            moves.push(Move { function: function.clone(), version: version.to_owned() });
        }
    }
    moves
}

/// Tries a version, and asks if it can't handle an event or can't be tried.
fn confirm(Move { function, version }: &Move, sign_up: &Sample, yes: &Yes) -> Result<()> {
    let Err(error) = ready(function, version, sign_up) else { return Ok(()) };
    interrupt::check()?;
    say(error.to_string());
    if agreed(&format!("Make version {version} of {function} live anyway?"), yes)? {
        return Ok(());
    }
    Err(NotAgreed.into())
}

/// The published versions of a function.
fn published(function: &str) -> Result<Published> {
    let asked = json!({ "FunctionName": function });
    let found = aws::call("lambda", "list-versions-by-function", asked)?;
    let mut published = Published::new();
    for version in answer::list(&found, "Versions")? {
        // The other one is $LATEST.
        if let Ok(number) = answer::text(version, "Version")?.parse() {
            published.insert(number, version.clone());
        }
    }
    Ok(published)
}

/// The version of redelivery, one of `published`, that belongs to the version `target` of the
/// trigger's function.
///
/// They share code and mapper, but their numbers may differ. Of several it is the one with the
/// number `likely`, else the newest, which has the newest settings.
fn partner_of<'a>(
    target: &Value,
    published: &'a Published,
    likely: Option<&str>,
    names: &Names,
) -> Result<&'a Value> {
    let mapper = mapper_of(target, names)?;
    let mut fitting = BTreeMap::new();
    for (number, version) in published {
        if mapper_of(version, names)? == mapper && version["CodeSha256"] == target["CodeSha256"] {
            fitting.insert(*number, version);
        }
    }
    let likely = likely.and_then(|number| fitting.get(&number.parse().ok()?));
    let partner = likely.copied().or_else(|| fitting.values().next_back().copied());
    partner.with_context(|| {
        format!(
            "{} has no version with the code and the mapper of version {} of {} ({}); nothing was changed, choose \
             another version",
            names.redelivery(),
            target["Version"].as_str().unwrap_or_default(),
            names.function,
            mapper.as_deref().unwrap_or("no mapper")
        )
    })
}

/// Makes the layers of a version those of `$LATEST`.
fn keep_mapper(function: &str, version: &Value) -> Result<()> {
    let latest = latest(function)?;
    let layers = layers_of(version)?;
    if latest["CodeSha256"] != version["CodeSha256"] {
        say(format!(
            "function {function}: $LATEST has other code than version {}, and keeps its mapper; before the next \
             change, deploy the packages of the release that you want",
            answer::text(version, "Version")?
        ));
    } else if layers_of(&latest)? == layers {
        say(format!("function {function}: $LATEST has this mapper already"));
    } else {
        versions::put_layers(function, &layers)?;
        say(format!("function {function}: $LATEST has this mapper now"));
    }
    Ok(())
}

/// Lists versions, the newest first, with date, mapper, and the reason if one can't handle events.
fn show(published: &Published, alias: &Alias, names: &Names, sign_up: &Sample) -> Result<()> {
    say(format!("versions of {}:", names.function));
    let newest: Vec<(&u64, &Value)> = published.iter().rev().collect();
    for several in newest[..newest.len().min(SHOWN)].chunks(AT_ONCE) {
        let faults: Vec<String> = thread::scope(|threads| {
            let tried = several
                .iter()
                .map(|(number, _)| threads.spawn(|| fault(&names.function, **number, sign_up)));
            let tried: Vec<_> = tried.collect();
            tried.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
        });
        interrupt::check()?;
        for ((number, version), fault) in several.iter().zip(faults) {
            let mapper = mapper_of(version, names)?;
            let layer = mapper.map_or_else(|| "no mapper".to_owned(), |arn| name_and_version(&arn));
            let live = if number.to_string() == alias.version { " (live)" } else { "" };
            let date = answer::text(version, "LastModified")?;
            let date = date.get(..19).unwrap_or(date);
            say(format!("  {number:>4}  {date}  {layer}{live}{fault}"));
        }
    }
    if newest.len() > SHOWN {
        say(format!("  and {} older ones", newest.len() - SHOWN));
    }
    Ok(())
}

/// `NAME:VERSION` of a layer.
fn name_and_version(arn: &str) -> String {
    let parts: Vec<&str> = arn.split(':').collect();
    parts[parts.len().saturating_sub(2)..].join(":")
}

/// The reason if a version does not pass a dry run, else an empty text.
fn fault(function: &str, version: u64, sign_up: &Sample) -> String {
    match handles(function, &version.to_string(), sign_up) {
        Ok(()) => String::new(),
        Err(TryError::Failed(failed)) => {
            format!(", can't handle an event: {}", failed.error_type)
        }
        Err(TryError::Aws(error)) => match error.code() {
            "" => ", could not be tried: the AWS CLI failed".to_owned(),
            code => format!(", could not be tried: {code}"),
        },
    }
}
