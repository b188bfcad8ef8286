//! The engine's life: it is made and loaded once, before the snapshot, and maps one event after it.

use std::cell::RefCell;
use std::hint::black_box;
use std::thread;
use std::time::Duration;

use rquickjs::Value;
use rquickjs::function::{Args, IntoArgs};
use rquickjs::{
    CatchResultExt, Context, Ctx, Function, IntoAtom, Module, Object, Persistent, Promise, Result,
    Runtime,
};

use crate::bindings::exports::cognito::js_engine::loader;
use crate::bindings::exports::cognito::post_confirmation::mapper::{Error, Event, Outcome};
use crate::modules::MAIN;
use crate::native::system;
use crate::{event, modules, outcome};

/// As much of the stack may JavaScript use, in bytes: all but what a function of the engine takes
/// between two looks at it.
const STACK: usize = 192 * 1024;
/// Garbage in cycles is collected if so much is allocated, in bytes. A collection writes to every
/// object, so to every page of the snapshot; few events allocate as much.
const COLLECT_AT: usize = 16 * 1024 * 1024;
/// As much memory is free and clear in the snapshot, in bytes, so that a small event need not let
/// it grow.
const ROOM: usize = 64 * 1024;
/// As much of the stack is cleared before the snapshot, in bytes: what JavaScript may have used,
/// and some of what the engine's functions take. The stack itself, which `build.rs` sets, is a
/// little larger.
const CLEARED: usize = 224 * 1024;

/// A mapper that is loaded.
struct Loaded {
    context: Context,
    /// The module `js/main.js`.
    main: Persistent<Object<'static>>,
}

/// What places in a file are found by.
struct File {
    name: String,
    mappings: String,
    /// The lines that are not of ASCII alone, each at its own place; none for those of packages.
    wide: Vec<Option<String>>,
}

impl File {
    fn of(module: &loader::Module) -> File {
        let is_wide = !module.source.is_ascii() && !module.name.contains("node_modules/");
        let lines = module.source.lines().take_while(|_| is_wide);
        File {
            name: module.name.clone(),
            mappings: module.mappings.clone(),
            wide: lines.map(|line| (!line.is_ascii()).then(|| line.to_owned())).collect(),
        }
    }
}

thread_local! {
    static LOADED: RefCell<Option<Loaded>> = const { RefCell::new(None) };
}

/// Makes the engine and loads the mapper's `modules`, the mapper's own first. Returns whether it
/// has a follow-up.
pub fn load(modules: Vec<loader::Module>) -> std::result::Result<bool, String> {
    if LOADED.with_borrow(Option::is_some) {
        return Err("the engine holds a mapper already".to_owned());
    }
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    runtime.set_max_stack_size(STACK);
    let entry = modules.first().map(|module| module.name.clone()).unwrap_or_default();
    let files: Vec<File> = modules.iter().map(File::of).collect();
    let waiting = modules.iter().filter(|module| !module.awaits.is_empty());
    let awaits: Vec<(String, Vec<String>)> =
        waiting.map(|module| (module.name.clone(), module.awaits.clone())).collect();
    let (names, sources) = modules::of(modules);
    runtime.set_loader(names, sources);
    let context = Context::full(&runtime).map_err(|error| error.to_string())?;
    let main = context.with(|ctx| {
        let main =
            Module::import(&ctx, MAIN).and_then(|main| main.finish::<Object<'_>>()).catch(&ctx);
        main.map(|main| Persistent::save(&ctx, main)).map_err(|error| error.to_string())
    })?;
    track_rejections(&runtime, main.clone());
    let has_follow_up = context.with(|ctx| {
        let main = main.clone().restore(&ctx).map_err(|error| error.to_string())?;
        run_modules(&ctx, &main, &entry, files, awaits).map_err(|error| thrown(&ctx, &main, &error))
    })?;
    system::forget();
    runtime.run_gc();
    runtime.set_gc_threshold(COLLECT_AT);
    drop(black_box(vec![0_u8; ROOM]));
    LOADED.set(Some(Loaded { context, main }));
    clear_stack();
    Ok(has_follow_up)
}

/// Writes zeros over what loading has left on the stack: only what is not zero is in the snapshot.
#[inline(never)]
fn clear_stack() {
    black_box([0_u8; CLEARED]);
}

/// Notes promises that are rejected and handled by nobody.
fn track_rejections(runtime: &Runtime, main: Persistent<Object<'static>>) {
    runtime.set_host_promise_rejection_tracker(Some(Box::new(
        move |ctx, promise, reason, is_handled| {
            // Nothing is thrown into whatever runs just now.
            if let Ok(main) = main.clone().restore(&ctx) {
                let _ = call::<()>(&main, "track", (promise, reason, is_handled));
            }
        },
    )));
}

/// Runs what the mapper's modules have outside of functions. Returns whether there is a follow-up
/// among it.
fn run_modules<'js>(
    ctx: &Ctx<'js>,
    main: &Object<'js>,
    entry: &str,
    files: Vec<File>,
    awaits: Vec<(String, Vec<String>)>,
) -> Result<bool> {
    for File { name, mappings, wide } in files {
        call::<()>(main, "begin", (name, mappings, wide))?;
    }
    match result(ctx, &Module::import(ctx, entry)?) {
        Some(exports) => call(main, "built", (exports?, entry)),
        // There are no timers yet, so nothing else can settle it.
        None => {
            let stuck = awaits.into_iter().filter(|(module, _)| is_stuck(ctx, module));
            let places: Vec<String> = stuck.flat_map(|(_, places)| places).collect();
            call(main, "stuck", (places,))
        }
    }
}

/// Whether the module waits, though no job is left.
fn is_stuck(ctx: &Ctx<'_>, module: &str) -> bool {
    Module::import(ctx, module).is_ok_and(|promise| result(ctx, &promise).is_none())
}

/// What the promise is settled with once no job is left.
fn result<'js>(ctx: &Ctx<'js>, promise: &Promise<'js>) -> Option<Result<Value<'js>>> {
    while ctx.execute_pending_job() {}
    promise.result()
}

/// Maps the event.
pub fn transform(event: &Event) -> std::result::Result<Outcome, Error> {
    with_mapper("run", |ctx| event::arguments(ctx, event), outcome::read)
}

/// What `read` finds in what the function `name` of `js/main.js` returns for `arguments`. What it
/// throws is the error `exception`.
pub fn with_mapper<T>(
    name: &str,
    arguments: impl for<'js> Fn(&Ctx<'js>) -> Result<Args<'js>>,
    read: impl for<'js> Fn(&Value<'js>) -> Result<std::result::Result<T, Error>>,
) -> std::result::Result<T, Error> {
    LOADED.with_borrow(|loaded| {
        let Some(Loaded { context, main }) = loaded else {
            return Err(exception("the engine holds no mapper".to_owned()));
        };
        context.with(|ctx| {
            let main = main.clone().restore(&ctx).map_err(|error| exception(error.to_string()))?;
            arguments(&ctx)
                .and_then(|arguments| run(&ctx, &main, name, arguments))
                .and_then(|returned| read(&returned))
                .unwrap_or_else(|error| Err(exception(thrown(&ctx, &main, &error))))
        })
    })
}

/// Calls the function `name` of `js/main.js` with `arguments`, and waits for what it promises.
fn run<'js>(
    ctx: &Ctx<'js>,
    main: &Object<'js>,
    name: &str,
    arguments: Args<'js>,
) -> Result<Value<'js>> {
    let run: Function<'js> = main.get(name)?;
    let returned: Value<'js> = run.call_arg(arguments)?;
    let returned = match returned.as_promise() {
        Some(promise) => settle(ctx, main, promise.clone())?,
        None => returned,
    };
    while ctx.execute_pending_job() {}
    let rejected: Option<Value<'js>> = call(main, "rejected", ())?;
    Ok(rejected.unwrap_or(returned))
}

/// Runs jobs and timers until `promise` is settled.
fn settle<'js>(ctx: &Ctx<'js>, main: &Object<'js>, promise: Promise<'js>) -> Result<Value<'js>> {
    loop {
        if let Some(settled) = result(ctx, &promise) {
            return settled;
        }
        // Throws if nothing is left that could settle it.
        let due: f64 = call(main, "due", ())?;
        thread::sleep(Duration::from_secs_f64(due / 1000.0));
        call::<()>(main, "fire", ())?;
    }
}

/// Calls a function of `js/main.js`.
fn call<'js, R: rquickjs::FromJs<'js>>(
    main: &Object<'js>,
    function: impl IntoAtom<'js>,
    arguments: impl IntoArgs<'js>,
) -> Result<R> {
    main.get::<_, Function<'js>>(function)?.call(arguments)
}

/// An error that the mapper did not return of its own will.
fn exception(message: String) -> Error {
    Error { code: "exception".to_owned(), message }
}

/// What was thrown last, in words for the mapper's author.
fn thrown<'js>(ctx: &Ctx<'js>, main: &Object<'js>, error: &rquickjs::Error) -> String {
    if !error.is_exception() {
        return error.to_string();
    }
    let thrown = ctx.catch();
    call(main, "describe", (thrown,)).unwrap_or_else(|_| error.to_string())
}
