//! `mapper swap`: another mapper for both functions: compared with the deployed one, tried by a dry
//! run, and only then live.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result, anyhow, ensure};
use post_confirmation_host::mapper::{Manifest, THIS_TARGET};
use serde_json::Value;
use tempfile::TempDir;

use super::answer;
use super::dry_run::{Sample, dry_run};
use super::former::Former;
use super::functions::{configuration, latest, layers_of};
use super::live::{Move, Tried};
use super::named::{self, Named};
use super::names::{ALIAS, FunctionName, Names};
use super::rights::{On, PrintPolicy, Right};
use super::settings::{Variables, settings_of};
use super::talk::{self, Yes, say};
use super::trial::{self, Events};
use super::versions::{self, Alias, Parts, mapper_of, with_mapper};
use super::zips::{IMAGE, digest, pack};
use super::{changes, interrupt, place, unpublished};
use crate::compile::target_of;
use crate::installed;

/// Compare, publish and try another mapper, then make it live.
///
/// Builds, compiles and checks the mapper and runs its cases, none of which may be FAILED, UNSTABLE
/// or DIFFERS. It shows what the mapper maps differently from the deployed one, and asks. Then it
/// publishes the layer, replaces the former layer in both functions, publishes a version of each,
/// and lets these map an event in a dry run, which sends nothing. Only then do the aliases point at
/// them, and each is tried once more. If anything fails, layers and aliases are restored. `mapper
/// rollback` goes back later.
///
/// Cases are in the folder `cases` of the mapper, or beside its component. A mapper without any is
/// tried with the samples of `mapper events`.
///
/// A mapper must be compiled by the release of the function's program. With --with-host, the
/// version also gets the program that is installed beside this one: this upgrades a function.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  mapper swap accounts
  mapper swap accounts/mapper.wasm --with-host --yes
  mapper swap default-mapper

Exit status: 0 if the mapper is live, 1 if it is not.")]
pub struct Args {
    /// The mapper's folder, its component (.wasm), or `default-mapper`.
    #[arg(value_name = "MAPPER", value_parser = named::mapper)]
    mapper: Named,
    #[command(flatten)]
    function: FunctionName,
    /// Deploy the function's program too.
    #[arg(long)]
    with_host: bool,
    #[command(flatten)]
    yes: Yes,
    #[command(flatten)]
    policy: PrintPolicy,
}

/// One of the two functions as it is before a swap.
struct Deployed {
    alias: Alias,
    /// The version that is live.
    live: Value,
    latest: Value,
}

impl Deployed {
    fn read(function: &str) -> Result<Deployed> {
        let alias = Alias::live(function)?;
        let live = configuration(function, ALIAS)?;
        let live = live.with_context(|| format!("there is no function {function}:{ALIAS}"))?;
        Ok(Deployed { alias, live, latest: latest(function)? })
    }
}

/// What one of the functions is to have, and what it has to get back if that fails.
struct Change {
    alias: Alias,
    wanted: Parts,
    before: Parts,
}

/// What it needs.
const RIGHTS: [Right; 2] = [
    (
        On::Functions,
        &[
            "lambda:GetAlias",
            "lambda:UpdateAlias",
            "lambda:GetFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:UpdateFunctionConfiguration",
            "lambda:UpdateFunctionCode",
            "lambda:PublishVersion",
            "lambda:InvokeFunction",
        ],
    ),
    (On::Layer, &["lambda:GetLayerVersion", "lambda:PublishLayerVersion"]),
];

pub fn run(args: &Args) -> Result<bool> {
    let names = args.function.names();
    if args.policy.print(&RIGHTS, &names, None)? {
        return Ok(true);
    }
    place::announce(None)?;
    let [trigger, redelivery] = names.functions();
    let deployed = [Deployed::read(&trigger)?, Deployed::read(&redelivery)?];
    let arch = answer::architecture(&deployed[0].live)?;
    let variables = settings_of(&deployed[0].live);
    let code = if args.with_host { Some(installed::function(arch)?) } else { None };

    let folder = tempfile::tempdir()?;
    let new = prepare(&args.mapper.path, arch, &folder)?;
    let events = Events::read(&args.mapper.path)?;
    trial::check(&new.tried)?;
    events.judge(&new.tried, &variables)?;
    let zipped = folder.path().join("mapper.zip");
    pack(folder.path(), &zipped)?;
    let former = fetch(mapper_of(&deployed[0].live, &names)?, &folder)?;
    let unchanged = former.as_ref().is_some_and(|former| former.manifest == new.manifest);
    if unchanged && alike(&deployed, &names)? && has_code(&deployed, code.as_deref())? {
        say("This mapper is live already; nothing to change.");
        return Ok(true);
    }
    compare(former.as_ref(), &new.tried, &events, &variables);
    let sample = events.delivered(&new.tried, &variables)?;
    confirm(&deployed, &names, &args.yes)?;
    let before = saved(&deployed, code.is_some(), &folder)?;
    // From here on a failure, or an interruption, restores everything.
    changes::leave("");
    let layer = publish_layer(&names, &zipped, arch)?;
    let changes = planned(&deployed, before, &layer, code.as_deref())?;
    let component = answer::text(&new.manifest["component"], "sha256")?;
    take_over(&changes, |at| at.try_out(&sample, component))
        .map_err(|error| put_back(&changes, error))?;
    say("The mapper is live. `mapper rollback` takes it back.");
    Ok(true)
}

/// A mapper that is to go live.
struct New {
    /// What is tried on this machine: the image that goes live, or the component if that is native
    /// code for another machine.
    tried: PathBuf,
    manifest: Value,
}

/// Builds the mapper and compiles it into `folder`.
fn prepare(mapper: &Path, arch: &str, folder: &TempDir) -> Result<New> {
    let (component, target) = (trial::build(mapper)?, target_of(arch)?);
    let image = folder.path().join(IMAGE);
    trial::compile(&component, target, &image)?;
    let manifest = serde_json::from_slice(&fs::read(Manifest::path(&image))?)?;
    Ok(New { tried: if target == THIS_TARGET { image } else { component }, manifest })
}

/// Fetches image and manifest of the deployed layer (an ARN) into `folder`.
///
/// A layer with any fault can be replaced: if it can't be read, this says so.
fn fetch(layer: Option<String>, folder: &TempDir) -> Result<Option<Former>> {
    let Some(layer) = layer else {
        say("No mapper is deployed, so there is nothing to compare with.");
        return Ok(None);
    };
    say(format!("deployed: {layer}"));
    match Former::download(&layer, &folder.path().join("deployed")) {
        Ok(former) => Ok(Some(former)),
        Err(error) => {
            interrupt::check()?;
            say(format!(
                "The deployed mapper can't be read, so what the swap changes is not shown: {error:#}"
            ));
            Ok(None)
        }
    }
}

/// Shows what the mapper in `file` maps differently, if this machine can run the deployed image.
fn compare(former: Option<&Former>, file: &Path, events: &Events, variables: &Variables) {
    let Some(former) = former else { return };
    if let Some(target) = former.other_target() {
        say(format!(
            "The deployed mapper is native code for {target}, so what the swap changes can't be shown on this \
             machine."
        ));
        return;
    }
    events.compare(&former.image, file, variables);
}

/// Whether all four configurations have the same mapper.
fn alike(deployed: &[Deployed], names: &Names) -> Result<bool> {
    let mut mappers = Vec::new();
    for Deployed { live, latest, .. } in deployed {
        mappers.extend([mapper_of(live, names)?, mapper_of(latest, names)?]);
    }
    Ok(mappers.windows(2).all(|two| two[0] == two[1]))
}

/// Whether all of them have the code in the zip `code`; true without a zip.
fn has_code(deployed: &[Deployed], code: Option<&Path>) -> Result<bool> {
    let Some(code) = code else { return Ok(true) };
    let wanted = digest(code)?;
    let mut all = deployed.iter().flat_map(|each| [&each.live, &each.latest]);
    Ok(all.all(|has| has["CodeSha256"] == wanted.as_str()))
}

/// Says what else goes live with the mapper, and asks.
fn confirm(deployed: &[Deployed], names: &Names, yes: &Yes) -> Result<()> {
    for Deployed { alias, live, latest } in deployed {
        unpublished::note(&alias.function, live, latest, mapper_of(live, names)?.as_deref())?;
    }
    let [trigger, redelivery] = names.functions();
    let question = format!("Put this mapper into {trigger} and {redelivery}?");
    talk::require(&question, yes, "nothing was changed")
}

/// What `$LATEST` of each function has: its layers, and its code in `folder` if that changes.
fn saved(deployed: &[Deployed], code_changes: bool, folder: &TempDir) -> Result<Vec<Parts>> {
    let mut saved = Vec::new();
    for Deployed { alias, latest, .. } in deployed {
        let layers = layers_of(latest)?;
        let code = if code_changes { Some(save_code(&alias.function, folder)?) } else { None };
        saved.push(Parts { layers, code });
    }
    Ok(saved)
}

/// Saves the code of `$LATEST` of a function.
fn save_code(function: &str, folder: &TempDir) -> Result<PathBuf> {
    let file = folder.path().join(format!("{function}.zip"));
    fs::write(&file, versions::code_of(function)?)?;
    Ok(file)
}

/// Publishes the layer with the mapper in the zip `zipped`. Returns its ARN.
fn publish_layer(names: &Names, zipped: &Path, arch: &str) -> Result<String> {
    let published = versions::publish_layer(&names.layer(), zipped, arch);
    let (version, layer) = published.map_err(|error| put_back(&[], error))?;
    say(format!("layer {}: version {version} is published", names.layer()));
    Ok(layer)
}

/// The changes of both functions, from what they had `before` to the mapper's `layer` (an ARN) and
/// the zip `code`.
fn planned(
    deployed: &[Deployed],
    before: Vec<Parts>,
    layer: &str,
    code: Option<&Path>,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (Deployed { alias, latest, .. }, before) in deployed.iter().zip(before) {
        let wanted = Parts { layers: with_mapper(latest, layer)?, code: code.map(Path::to_owned) };
        changes.push(Change { alias: alias.clone(), wanted, before });
    }
    Ok(changes)
}

/// A version or alias of a function.
struct At<'a> {
    function: &'a str,
    qualifier: &'a str,
}

impl At<'_> {
    /// Lets it map `sample` with the mapper of the digest `component`.
    fn try_out(&self, sample: &Sample, component: &str) -> Result<()> {
        let At { function, qualifier } = self;
        let found = dry_run(function, qualifier, &sample.event)?;
        let mapper = answer::text(&found, "mapper")?;
        ensure!(
            mapper == component,
            "{function}:{qualifier} maps with the mapper {mapper} instead of the new one, {component}"
        );
        let code = found["code"].as_str().map(|code| format!(" ({code})")).unwrap_or_default();
        let end = answer::text(&found, "end")?;
        say(format!("{function}:{qualifier}: maps {}, which would be {end}{code}", sample.name));
        Ok(())
    }
}

/// Gives both functions layers and code, and points the aliases at versions that pass `tried`.
fn take_over(changes: &[Change], tried: impl Fn(At<'_>) -> Result<()>) -> Result<()> {
    for Change { alias, wanted, .. } in changes {
        wanted.put(&alias.function)?;
    }
    let mut moves = Vec::new();
    for Change { alias, .. } in changes {
        let function = alias.function.clone();
        moves.push(Move { version: versions::publish(&function)?, function });
    }
    // Redelivery first: if this fails, no sign-up does.
    moves.reverse();
    let versions =
        Tried::by(moves, |Move { function, version }| tried(At { function, qualifier: version }))?;
    versions.make_live(|function| tried(At { function, qualifier: ALIAS }))?;
    Ok(())
}

/// Restores aliases, layers and code as far as AWS allows. Returns the error, with the changes that
/// AWS refused.
fn put_back(changes: &[Change], error: Error) -> Error {
    interrupt::ignore();
    say("That failed; restoring the former state");
    let mut failed = Vec::new();
    for Change { alias, before, .. } in changes {
        for done in [alias.put_back(), before.put(&alias.function)] {
            failed.extend(done.err().map(|error| format!("{}: {error:#}", alias.function)));
        }
    }
    if failed.is_empty() {
        say("Both functions have their former mapper.");
        return error;
    }
    anyhow!("{error:#}\nNot everything could be restored:\n  {}", failed.join("\n  "))
}
