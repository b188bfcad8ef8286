//! What others write in JavaScript and TypeScript, and the engine does not run: CommonJS,
//! decorators and JSX. The parser lets most of it pass, and the engine would not say what to do.

use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_parser::Parser;
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::{GetSpan, SourceType};
use oxc_syntax::module_record::ModuleRecord;

use super::fault::Fault;
use super::resolved::{how_to_bundle, package_of};

/// What only CommonJS has.
const COMMON_JS: [&str; 3] = ["module", "exports", "require"];
const DECORATORS: &str = "decorators are not supported: call the function yourself, as in `const A = decorate(class { … })`, or \
                          have the file compiled by esbuild or tsc first";
const ACCESSORS: &str = "`accessor` is not supported: write a field, or `get` and `set`";
const JSX: &str = "JSX is not supported: a mapper makes no pages";

/// Refuses a file with something of it.
pub(super) fn check(
    name: &str,
    source: &str,
    record: &ModuleRecord<'_>,
    semantic: &Semantic<'_>,
) -> Result<(), Fault> {
    refuse_common_js(name, source, record, semantic)?;
    let decorator = first(semantic, |kind| matches!(kind, AstKind::Decorator(_)));
    let accessor = first(semantic, |kind| matches!(kind, AstKind::AccessorProperty(_)));
    match (decorator, accessor) {
        (Some(offset), _) => Err(Fault::at(name, source, offset, DECORATORS)),
        (None, Some(offset)) => Err(Fault::at(name, source, offset, ACCESSORS)),
        (None, None) => Ok(()),
    }
}

/// What is said of a file that can't be parsed, if it can with JSX.
pub(super) fn jsx(name: &str, source: &str, source_type: SourceType) -> Option<Fault> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, source_type.with_jsx(true)).parse();
    if !parsed.diagnostics.is_empty() {
        return None;
    }
    let built = SemanticBuilder::new().with_build_nodes(true).build(&parsed.program);
    let is_jsx =
        |kind: AstKind<'_>| matches!(kind, AstKind::JSXElement(_) | AstKind::JSXFragment(_));
    let offset = first(&built.semantic, is_jsx)?;
    Some(Fault::at(name, source, offset, JSX))
}

/// The offset of the first of such nodes in the file, in bytes.
fn first(semantic: &Semantic<'_>, is_such: impl Fn(AstKind<'_>) -> bool) -> Option<u32> {
    let nodes = semantic.nodes().iter().map(|node| node.kind());
    nodes.filter(|kind| is_such(*kind)).map(|kind| kind.span().start).min()
}

/// Refuses a file that has nothing of a module, but something of CommonJS.
fn refuse_common_js(
    name: &str,
    source: &str,
    record: &ModuleRecord<'_>,
    semantic: &Semantic<'_>,
) -> Result<(), Fault> {
    if record.has_module_syntax {
        return Ok(());
    }
    let scoping = semantic.scoping();
    let unknown = scoping.root_unresolved_references().iter();
    let of_common_js = unknown.filter(|(word, _)| COMMON_JS.contains(&word.as_str()));
    let places = of_common_js.flat_map(|(_, references)| references);
    let first =
        places.map(|place| semantic.reference_span(scoping.get_reference(*place)).start).min();
    first.map_or(Ok(()), |offset| Err(common_js(name, source, offset)))
}

/// What is said of CommonJS in the file `name`.
pub(super) fn common_js(name: &str, source: &str, offset: u32) -> Fault {
    let message = match name.rsplit_once("node_modules/") {
        Some((_, inner)) => {
            let package = package_of(inner);
            format!(
                "the package `{package}` is CommonJS, and a mapper is made of ES modules; {}",
                how_to_bundle(&package, name)
            )
        }
        None => "this file is CommonJS, and a mapper is made of ES modules: write `import` in place of `require`, and \
                 `export` in place of `module.exports`"
            .to_owned(),
    };
    Fault::at(name, source, offset, message)
}
