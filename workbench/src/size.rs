//! What a component takes of the engine's pool: core instances, memories and tables, counted
//! without compiling it. A component that takes more than there is can be compiled, but never
//! loaded.

use thiserror::Error;
use wasmparser::{
    ComponentAlias, ComponentAliasSectionReader, ComponentExportSectionReader,
    ComponentExternalKind, ComponentImportSectionReader, ComponentInstance,
    ComponentInstanceSectionReader, ComponentOuterAliasKind, ComponentTypeRef, Encoding, Instance,
    InstanceSectionReader, MemorySectionReader, Parser, Payload, Result, TableSectionReader,
};

use post_confirmation_host::mapper::engine::{CORE_INSTANCES, MEMORIES, TABLE_ELEMENTS, TABLES};

/// A page of a memory, in bytes.
const PAGE: u64 = 64 * 1024;

/// What a component takes too much of.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("the component has {found} {what}, and a mapper can have {most}")]
pub struct TooLarge {
    what: &'static str,
    found: u64,
    most: u64,
}

/// What one module or component takes each time that it is instantiated.
#[derive(Clone, Copy, Default)]
struct Size {
    instances: u64,
    memories: u64,
    tables: u64,
    /// The most elements with which one of the tables begins.
    elements: u64,
    /// The bytes with which the memories begin, all together.
    bytes: u64,
}

/// A module or a component that is being read.
#[derive(Default)]
struct Frame {
    size: Size,
    /// By their indices.
    modules: Vec<Size>,
    components: Vec<Size>,
}

/// Checks what `component` takes.
///
/// # Errors
/// What it takes too much of. None of it is checked if the component cannot be read: compiling it
/// says why.
pub fn check(component: &[u8]) -> Result<(), TooLarge> {
    let Ok(Some(size)) = count(component) else { return Ok(()) };
    for (what, found, most) in [
        ("core instances", size.instances, u64::from(CORE_INSTANCES)),
        ("memories", size.memories, u64::from(MEMORIES)),
        ("tables", size.tables, u64::from(TABLES)),
        ("elements in a table", size.elements, TABLE_ELEMENTS as u64),
    ] {
        if found > most {
            return Err(TooLarge { what, found, most });
        }
    }
    Ok(())
}

/// The bytes with which the memories of `component` begin, all together. None of them if it cannot
/// be read.
pub fn memory(component: &[u8]) -> u64 {
    count(component).ok().flatten().map_or(0, |size| size.bytes)
}

fn count(component: &[u8]) -> Result<Option<Size>> {
    let mut open: Vec<(Encoding, Frame)> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        if let Payload::Version { encoding, .. } = payload {
            open.push((encoding, Frame::default()));
            continue;
        }
        if let Payload::End(_) = payload {
            let Some((encoding, frame)) = open.pop() else { return Ok(None) };
            match (open.last_mut(), encoding) {
                (None, _) => return Ok(Some(frame.size)),
                (Some((_, outer)), Encoding::Module) => {
                    outer.modules.push(Size { instances: 1, ..frame.size })
                }
                (Some((_, outer)), Encoding::Component) => outer.components.push(frame.size),
            }
            continue;
        }
        let Some(((_, frame), outer)) = open.split_last_mut() else { return Ok(None) };
        frame.read(payload, outer)?;
    }
    Ok(None)
}

impl Frame {
    /// Counts one section. `outer` is what this one stands in, the innermost last.
    fn read(&mut self, payload: Payload<'_>, outer: &[(Encoding, Frame)]) -> Result<()> {
        match payload {
            Payload::MemorySection(memories) => self.memories(memories),
            Payload::TableSection(tables) => self.tables(tables),
            Payload::InstanceSection(instances) => self.module_instances(instances),
            Payload::ComponentInstanceSection(instances) => self.component_instances(instances),
            Payload::ComponentImportSection(imports) => self.imports(imports),
            Payload::ComponentAliasSection(aliases) => self.aliases(aliases, outer),
            Payload::ComponentExportSection(exports) => self.exports(exports),
            _ => Ok(()),
        }
    }

    fn memories(&mut self, memories: MemorySectionReader<'_>) -> Result<()> {
        self.size.memories += u64::from(memories.count());
        for memory in memories {
            let bytes = memory?.initial.saturating_mul(PAGE);
            self.size.bytes = self.size.bytes.saturating_add(bytes);
        }
        Ok(())
    }

    fn tables(&mut self, tables: TableSectionReader<'_>) -> Result<()> {
        self.size.tables += u64::from(tables.count());
        for table in tables {
            self.size.elements = self.size.elements.max(table?.ty.initial);
        }
        Ok(())
    }

    fn module_instances(&mut self, instances: InstanceSectionReader<'_>) -> Result<()> {
        for instance in instances {
            if let Instance::Instantiate { module_index, .. } = instance? {
                self.size.add(&self.modules, module_index);
            }
        }
        Ok(())
    }

    fn component_instances(&mut self, instances: ComponentInstanceSectionReader<'_>) -> Result<()> {
        for instance in instances {
            if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                self.size.add(&self.components, component_index);
            }
        }
        Ok(())
    }

    fn imports(&mut self, imports: ComponentImportSectionReader<'_>) -> Result<()> {
        for import in imports {
            match import?.ty {
                ComponentTypeRef::Module(_) => self.modules.push(Size::default()),
                ComponentTypeRef::Component(_) => self.components.push(Size::default()),
                _ => {}
            }
        }
        Ok(())
    }

    fn aliases(
        &mut self,
        aliases: ComponentAliasSectionReader<'_>,
        outer: &[(Encoding, Frame)],
    ) -> Result<()> {
        for alias in aliases {
            self.alias(&alias?, outer);
        }
        Ok(())
    }

    fn exports(&mut self, exports: ComponentExportSectionReader<'_>) -> Result<()> {
        for export in exports {
            let export = export?;
            match export.kind {
                ComponentExternalKind::Module => again(&mut self.modules, export.index),
                ComponentExternalKind::Component => again(&mut self.components, export.index),
                _ => {}
            }
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>, outer: &[(Encoding, Frame)]) {
        match alias {
            ComponentAlias::Outer { kind, count, index } => {
                let from = match count {
                    0 => Some(&*self),
                    count => {
                        let place = outer.len().checked_sub(*count as usize);
                        place.and_then(|place| outer.get(place)).map(|(_, frame)| frame)
                    }
                };
                let index = *index as usize;
                match kind {
                    ComponentOuterAliasKind::CoreModule => {
                        let module = from.and_then(|frame| frame.modules.get(index)).copied();
                        self.modules.push(module.unwrap_or_default());
                    }
                    ComponentOuterAliasKind::Component => {
                        let component = from.and_then(|frame| frame.components.get(index)).copied();
                        self.components.push(component.unwrap_or_default());
                    }
                    _ => {}
                }
            }
            // A module that an instance hands out, or is handed, is counted by the engine alone.
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. } => {
                self.modules.push(Size::default());
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                self.components.push(Size::default());
            }
            _ => {}
        }
    }
}

impl Size {
    fn add(&mut self, of: &[Size], index: u32) {
        let more = of.get(index as usize).copied().unwrap_or_default();
        self.instances = self.instances.saturating_add(more.instances);
        self.memories = self.memories.saturating_add(more.memories);
        self.tables = self.tables.saturating_add(more.tables);
        self.elements = self.elements.max(more.elements);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

/// An export has an index of its own.
fn again(of: &mut Vec<Size>, index: u32) {
    of.push(of.get(index as usize).copied().unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), TooLarge> {
        check(&wat::parse_str(text).unwrap())
    }

    /// A component with a module of this, instantiated so often.
    fn component(module: &str, times: usize) -> String {
        let instances = "(core instance (instantiate $m))".repeat(times);
        format!("(component (core module $m {module}) {instances})")
    }

    #[test]
    fn every_limit_is_obeyed_and_broken_at_its_edge() {
        for (module, most, what) in [
            ("", 64, "core instances"),
            ("(memory 1)", 8, "memories"),
            ("(table 1 funcref)", 32, "tables"),
        ] {
            assert_eq!(checked(&component(module, most)), Ok(()), "{what}");
            let (found, most) = (most as u64 + 1, most as u64);
            assert_eq!(
                checked(&component(module, found as usize)),
                Err(TooLarge { what, found, most })
            );
        }
        assert_eq!(checked(&component("(table 100000 funcref)", 1)), Ok(()));
        assert!(checked(&component("(table 100001 funcref)", 1)).is_err());
    }

    #[test]
    fn all_of_one_module_count() {
        for (part, most) in [("(memory 1)", 8), ("(table 1 funcref)", 32)] {
            assert_eq!(checked(&component(&part.repeat(most), 1)), Ok(()));
            assert!(checked(&component(&part.repeat(most + 1), 1)).is_err());
        }
    }

    #[test]
    fn what_components_within_a_component_take_counts_each_time() {
        fn nested(times: usize) -> String {
            let instances = "(instance (instantiate $c))".repeat(times);
            format!(
                "(component (core module $m (memory 1))
                    (component $c (alias outer 1 $m (core module $n)) (core instance (instantiate $n)))
                    {instances})"
            )
        }
        assert_eq!(checked(&nested(8)), Ok(()));
        assert!(checked(&nested(9)).is_err());
    }

    #[test]
    fn all_memories_that_are_made_count_by_their_first_size() {
        for (text, pages) in [
            (component("(memory 3 9)", 1), 3),
            (component("(memory 3) (memory 4)", 2), 14),
            (component("(memory 3)", 0), 0),
            (component("(memory 65536) (memory 65536)", 4), 8 * 65536),
        ] {
            assert_eq!(memory(&wat::parse_str(&text).unwrap()), pages * PAGE, "{text}");
        }
        assert_eq!(memory(b"no component"), 0);
    }

    #[test]
    fn a_module_by_another_name_counts_as_well() {
        fn renamed(memories: usize) -> String {
            let memories = "(memory 1)".repeat(memories);
            format!(
                "(component $c (core module $m {memories})
                    (alias outer $c $m (core module $n)) (core instance (instantiate $n)))"
            )
        }
        assert_eq!(checked(&renamed(8)), Ok(()));
        assert!(checked(&renamed(9)).is_err());
    }
}
