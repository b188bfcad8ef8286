//! One file of a mapper, read as what its name says: JavaScript, TypeScript or JSON. What is not a
//! module is refused here.

use std::collections::BTreeMap;

use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_ast::ast::{Program, VariableDeclarationKind};
use oxc_parser::{Parser, ParserReturn};
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::{GetSpan, SourceType, Span};
use oxc_syntax::module_record::{
    ExportEntry, ExportExportName, ExportImportName, ImportImportName, ModuleRecord,
};

use super::fault::{Fault, Place};
use super::typescript;
use super::unsupported;

const EXTENSIONS: &str = "a mapper is made of `.js`, `.mjs`, `.ts`, `.mts` and `.json`";

/// A name that a module takes from another.
pub(super) struct Taken {
    /// The words that the other is imported by.
    pub words: String,
    pub name: String,
    /// At this byte of the file.
    pub offset: u32,
}

/// The names that a module gives to others.
#[derive(Default)]
pub(super) struct Given {
    /// With the words of the module and its name for those that are passed on.
    pub names: BTreeMap<String, Option<(String, String)>>,
    /// The words of modules whose names it gives as well, but for `default`.
    pub all_of: Vec<String>,
    /// The names that its author has written, with types, and at which byte.
    pub written: BTreeMap<String, u32>,
}

/// A module in JavaScript.
pub(super) struct Parsed {
    pub source: String,
    /// The `mappings` of its source map, if it was TypeScript. Empty if not.
    pub mappings: String,
    pub imports: Vec<Import>,
    /// The places of its `await` outside of functions, each as `FILE:LINE:COLUMN`.
    pub awaits: Vec<String>,
    /// The places of its imports by a name that is made at run time, each as `FILE:LINE:COLUMN`.
    pub unnamed: Vec<String>,
    pub taken: Vec<Taken>,
    pub given: Given,
}

/// Something that a file imports.
pub(super) struct Import {
    /// By these words.
    pub words: String,
    /// At this byte of the file.
    pub offset: u32,
    /// Whether it asks for it only if it gets there.
    pub is_late: bool,
}

/// Reads `source`, the content of the file `name`.
pub(super) fn parse(name: &str, source: &str) -> Result<Parsed, Fault> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    match extension {
        "js" | "mjs" => javascript(name, source),
        "ts" | "mts" => typescript(name, source),
        "json" => json(name, source),
        "cjs" | "cts" => Err(unsupported::common_js(name, source, 0)),
        _ => {
            Err(Fault::at(name, source, 0, format!("`.{extension}` is not a module; {EXTENSIONS}")))
        }
    }
}

fn javascript(name: &str, source: &str) -> Result<Parsed, Fault> {
    let allocator = Allocator::default();
    let ParserReturn { program, module_record, .. } =
        parser(name, source, &allocator, SourceType::mjs())?;
    let semantic = analysed(name, source, &program)?;
    unsupported::check(name, source, &module_record, &semantic)?;
    let awaits = awaits(name, source, &semantic);
    let unnamed = unnamed(name, source, &module_record);
    let (imports, taken) = (imports(source, &module_record), taken(&module_record));
    Ok(Parsed {
        source: source.to_owned(),
        mappings: String::new(),
        imports,
        awaits,
        unnamed,
        taken,
        given: given(&module_record, written(&module_record)),
    })
}

fn typescript(name: &str, source: &str) -> Result<Parsed, Fault> {
    let allocator = Allocator::default();
    let ParserReturn { mut program, module_record, .. } =
        parser(name, source, &allocator, SourceType::ts())?;
    let semantic = analysed(name, source, &program)?;
    unsupported::check(name, source, &module_record, &semantic)?;
    let awaits = awaits(name, source, &semantic);
    let unnamed = unnamed(name, source, &module_record);
    let scoping = semantic.into_scoping();
    let (code, mappings) =
        typescript::to_javascript(name, source, &allocator, scoping, &mut program)?;
    let imports_there: BTreeMap<String, u32> = imports(source, &module_record)
        .into_iter()
        .map(|import| (import.words, import.offset))
        .collect();
    let taken_there: BTreeMap<(String, String), u32> = taken(&module_record)
        .into_iter()
        .map(|taken| ((taken.words, taken.name), taken.offset))
        .collect();
    let written = written(&module_record);
    // What is imported for its types alone is not there any more.
    let allocator = Allocator::default();
    let ParserReturn { module_record, .. } = parser(name, &code, &allocator, SourceType::mjs())?;
    let (mut imports, mut taken) = (imports(&code, &module_record), taken(&module_record));
    for Import { words, offset, .. } in &mut imports {
        *offset = imports_there.get(words).copied().unwrap_or_default();
    }
    for Taken { words, name, offset } in &mut taken {
        *offset = taken_there.get(&(words.clone(), name.clone())).copied().unwrap_or_default();
    }
    let given = given(&module_record, written);
    Ok(Parsed { source: code, mappings, imports, awaits, unnamed, taken, given })
}

/// JSON becomes a module with it as its default. It is read as JSON: in JavaScript, a name such as
/// `__proto__` would mean something else.
fn json(name: &str, source: &str) -> Result<Parsed, Fault> {
    let source = source.trim_start_matches('\u{feff}');
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(source) {
        let line = source
            .split('\n')
            .take(error.line().saturating_sub(1))
            .map(|line| line.len() + 1)
            .sum::<usize>();
        let offset = (line + error.column().saturating_sub(1)).min(source.len());
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        return Err(Fault::at(name, source, offset as u32, format!("SyntaxError: {words}")));
    }
    let names = BTreeMap::from([("default".to_owned(), None)]);
    let given = Given { names, ..Given::default() };
    Ok(Parsed {
        source: format!("export default JSON.parse({});", serde_json::Value::from(source)),
        mappings: String::new(),
        imports: Vec::new(),
        awaits: Vec::new(),
        unnamed: Vec::new(),
        taken: Vec::new(),
        given,
    })
}

fn parser<'a>(
    name: &str,
    source: &'a str,
    allocator: &'a Allocator,
    source_type: SourceType,
) -> Result<ParserReturn<'a>, Fault> {
    let parsed = Parser::new(allocator, source, source_type).parse();
    match parsed.diagnostics.first() {
        Some(diagnostic) => Err(unsupported::jsx(name, source, source_type)
            .unwrap_or_else(|| Fault::syntax(name, source, diagnostic))),
        None => Ok(parsed),
    }
}

/// What the program's names mean.
fn analysed<'a>(name: &str, source: &str, program: &'a Program<'a>) -> Result<Semantic<'a>, Fault> {
    let analysed = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_build_nodes(true)
        .with_enum_eval(true)
        .build(program);
    match analysed.diagnostics.first() {
        Some(diagnostic) => Err(Fault::syntax(name, source, diagnostic)),
        None => Ok(analysed.semantic),
    }
}

/// What a module imports, in the order of its source: also what it imports later, if that is named
/// by a text.
fn imports(source: &str, record: &ModuleRecord<'_>) -> Vec<Import> {
    let requested = record.requested_modules.iter();
    let mut imports: Vec<Import> = requested
        .filter_map(|(words, places)| {
            Some(Import {
                words: words.to_string(),
                offset: places.first()?.span.start,
                is_late: false,
            })
        })
        .collect();
    for (offset, words) in late(source, record) {
        if let Some(words) = words {
            imports.push(Import { words: words.to_owned(), offset, is_late: true });
        }
    }
    imports.sort_by_key(|import| import.offset);
    imports
}

/// At which bytes a module imports later, and by which words, if that is a text.
fn late<'a>(
    source: &'a str,
    record: &ModuleRecord<'_>,
) -> impl Iterator<Item = (u32, Option<&'a str>)> {
    record.dynamic_imports.iter().map(move |import| {
        let Span { start, end, .. } = import.module_request;
        (start, source.get(start as usize..end as usize).and_then(unquoted))
    })
}

/// The places of a module's imports by a name that is made at run time, as `FILE:LINE:COLUMN`.
fn unnamed(name: &str, source: &str, record: &ModuleRecord<'_>) -> Vec<String> {
    let unnamed = late(source, record).filter(|(_, words)| words.is_none());
    unnamed.map(|(offset, _)| Place::at(name, source, offset).to_string()).collect()
}

/// The text that `written` is, if it is nothing else.
fn unquoted(written: &str) -> Option<&str> {
    let quote = written.chars().next().filter(|first| ['\'', '"', '`'].contains(first))?;
    let text = written.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_whole = !text.contains([quote, '\\']) && (quote != '`' || !text.contains("${"));
    is_whole.then_some(text)
}

/// The places of a module's `await` outside of functions, each as `FILE:LINE:COLUMN`.
fn awaits(name: &str, source: &str, semantic: &Semantic<'_>) -> Vec<String> {
    let nodes = semantic.nodes();
    let waits = nodes.iter().filter(|node| match node.kind() {
        AstKind::AwaitExpression(_) => true,
        AstKind::ForOfStatement(it) => it.r#await,
        AstKind::VariableDeclaration(it) => it.kind == VariableDeclarationKind::AwaitUsing,
        _ => false,
    });
    waits
        .filter(|node| !nodes.ancestor_kinds(node.id()).any(AstKind::is_function_like))
        .map(|node| Place::at(name, source, node.kind().span().start).to_string())
        .collect()
}

/// The names that a module takes from others, to use them or to pass them on.
fn taken(record: &ModuleRecord<'_>) -> Vec<Taken> {
    let used = record.import_entries.iter().filter(|entry| !entry.is_type).filter_map(|entry| {
        let (name, span) = match &entry.import_name {
            ImportImportName::Name(name) => (name.name.to_string(), name.span),
            ImportImportName::Default(span) => ("default".to_owned(), *span),
            ImportImportName::NamespaceObject => return None,
        };
        Some(Taken { words: entry.module_request.name.to_string(), name, offset: span.start })
    });
    let indirect = record.indirect_export_entries.iter().filter(|entry| !entry.is_type);
    let passed_on = indirect.filter_map(|entry| passed_on(record, entry));
    let passed_on = passed_on.map(|(words, offset, name)| Taken { words, name, offset });
    used.chain(passed_on).collect()
}

/// The words of the module and its name for what `entry` passes on, without having it itself: what
/// is imported first and exported then is the module's own to the engine.
fn passed_on(record: &ModuleRecord<'_>, entry: &ExportEntry<'_>) -> Option<(String, u32, String)> {
    let (request, ExportImportName::Name(name)) =
        (entry.module_request.as_ref()?, &entry.import_name)
    else {
        return None;
    };
    let is_own = record
        .import_entries
        .iter()
        .any(|used| used.module_request.name == request.name && used.local_name.name == name.name);
    (!is_own).then(|| (request.name.to_string(), name.span.start, name.name.to_string()))
}

/// The names that a module gives; its author has `written` these.
fn given(record: &ModuleRecord<'_>, written: BTreeMap<String, u32>) -> Given {
    let names = exports(record).filter(|entry| !entry.is_type).filter_map(|entry| {
        let (name, _) = name_of(entry)?;
        Some((name, passed_on(record, entry).map(|(words, _, there)| (words, there))))
    });
    let stars = record.star_export_entries.iter().filter(|entry| !entry.is_type);
    let all_of = stars.filter_map(|entry| Some(entry.module_request.as_ref()?.name.to_string()));
    Given { names: names.collect(), all_of: all_of.collect(), written }
}

/// The names of all that is exported, and at which byte.
fn written(record: &ModuleRecord<'_>) -> BTreeMap<String, u32> {
    exports(record).filter_map(name_of).collect()
}

/// What has a name among the exports.
fn exports<'r, 'a>(record: &'r ModuleRecord<'a>) -> impl Iterator<Item = &'r ExportEntry<'a>> {
    record.local_export_entries.iter().chain(&record.indirect_export_entries)
}

/// By which name others find `entry`, and at which byte.
fn name_of(entry: &ExportEntry<'_>) -> Option<(String, u32)> {
    match &entry.export_name {
        ExportExportName::Name(name) => Some((name.name.to_string(), name.span.start)),
        ExportExportName::Default(span) => Some(("default".to_owned(), span.start)),
        ExportExportName::Null => None,
    }
}
