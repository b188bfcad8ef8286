//! Which modules there are: the engine's own, what WASI has for JavaScript, and the mapper's.

use std::collections::BTreeMap;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Module, Result};

use crate::bindings::exports::cognito::js_engine::loader;
use crate::native::Native;

/// The module that ties the engine's own together.
pub const MAIN: &str = "engine:main";
/// What the engine has in Rust.
const NATIVE: &str = "engine:native";
/// The engine's own modules.
const OWN: [(&str, &str); 16] = [
    (MAIN, include_str!("js/main.js")),
    ("engine:absent", include_str!("js/absent.js")),
    ("engine:outcome", include_str!("js/outcome.js")),
    ("engine:clone", include_str!("js/clone.js")),
    ("engine:console", include_str!("js/console.js")),
    ("engine:crypto", include_str!("js/crypto.js")),
    ("engine:environment", include_str!("js/environment.js")),
    ("engine:errors", include_str!("js/errors.js")),
    ("engine:event", include_str!("js/event.js")),
    ("engine:fields", include_str!("js/fields.js")),
    ("engine:follow-up", include_str!("js/follow-up.js")),
    ("engine:inspect", include_str!("js/inspect.js")),
    ("engine:opaque", include_str!("js/opaque.js")),
    ("engine:text", include_str!("js/text.js")),
    ("engine:timers", include_str!("js/timers.js")),
    ("engine:url", include_str!("js/url.js")),
];
/// The one interface of WASI that a mapper may import by name, in any version of 0.2, and the
/// module that stands for it.
const WASI_ENVIRONMENT: (&str, &str) = ("wasi:cli/environment@0.2.", "engine:environment");

/// What each module of the mapper means by the words that it imports by.
pub struct Names(BTreeMap<(String, String), String>);

/// The source of each module of the mapper that is not loaded yet.
pub struct Sources(BTreeMap<String, String>);

/// Divides `modules` by what is asked for.
pub fn of(modules: Vec<loader::Module>) -> (Names, Sources) {
    let (mut names, mut sources) = (BTreeMap::new(), BTreeMap::new());
    for loader::Module { name, source, imports, .. } in modules {
        for (words, imported) in imports {
            names.insert((name.clone(), words), imported);
        }
        sources.insert(name, source);
    }
    (Names(names), Sources(sources))
}

fn is_own(name: &str) -> bool {
    name == NATIVE || OWN.iter().any(|(own, _)| *own == name)
}

impl Resolver for Names {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        // What `engine.rs` asks for has no base. The mapper's modules see none of the engine's own.
        if base.is_empty() || is_own(base) && is_own(name) {
            return Ok(name.to_owned());
        }
        if name.starts_with(WASI_ENVIRONMENT.0) {
            return Ok(WASI_ENVIRONMENT.1.to_owned());
        }
        let imported = self.0.get(&(base.to_owned(), name.to_owned()));
        imported.cloned().ok_or_else(|| {
            let message = format!(
                "{base} imports `{name}`, which is not in the mapper: modules are found when the mapper is built, by \
                 names in quotes"
            );
            Exception::throw_reference(ctx, &message)
        })
    }
}

impl Loader for Sources {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if name == NATIVE {
            return Module::declare_def::<Native, _>(ctx.clone(), name);
        }
        if let Some((_, source)) = OWN.iter().find(|(own, _)| *own == name) {
            return Module::declare(ctx.clone(), name, *source);
        }
        let source = self.0.remove(name).ok_or_else(|| Error::new_loading(name))?;
        let module = Module::declare(ctx.clone(), name, source)?;
        module.meta()?.set("url", format!("file:///{name}"))?;
        Ok(module)
    }
}
