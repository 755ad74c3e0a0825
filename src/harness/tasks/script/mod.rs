//! The Python functions of task files, run by an interpreter for the part of the language that they use.
//!
//! A function is read with the Python file it stands in, and with those of the task's own files that this one imports.
//! What the function needs is looked through before anything runs: a statement, a module, a function or a method that
//! is not known here is refused with file and line. Steps, memory and depth are bounded. Nothing outside of these files
//! is read or written. Whole numbers have 64 bits; one that needs more is refused, as is anything whose outcome Python
//! leaves open, such as the order of a set.

mod arguments;
mod builtins;
mod chance;
mod dataset;
mod eval;
mod format;
mod formula;
mod frame;
mod iterate;
mod library;
mod machine;
mod measures;
mod methods;
mod modules;
mod numbers;
mod object;
mod operate;
mod parse;
mod patterns;
mod reach;
mod source;
mod table;
mod texts;
mod token;
mod tree;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::item::sha256;
use super::value::Value;
use machine::Machine;
use object::{Halt, Object, Res, refuse};
use source::{Files, Source};
use tree::Name;

/// A function of a Python file.
#[derive(Debug, Clone)]
pub(super) struct Script {
    function: Name,
    source: Arc<Source>,
    files: Files,
}

impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function && self.digest() == other.digest()
    }
}

impl Eq for Script {}

/// What the scripts of one task share while its prompts are built: the values of their files, and Python's generator.
pub(super) struct World(RefCell<Machine>);

impl Default for World {
    fn default() -> Self {
        Self(RefCell::new(Machine::new()))
    }
}

impl Script {
    /// The function `module.function` of a task file in `folder`.
    ///
    /// # Errors
    /// No such file or function; something in it that is not supported, with file and line.
    pub(super) fn read(folder: &Path, name: &str) -> Result<Self, String> {
        let (module, function) = name.rsplit_once('.').ok_or("the name has no module before a point")?;
        let path = folder.join(format!("{}.py", module.replace('.', "/")));
        if !path.is_file() {
            return Err(format!("there is no file {}", path.display()));
        }
        let source = Source::read(&path)?;
        let function = Name::from(function);
        let files = reach::reach(&source, &function)?;
        Ok(Self { function, source, files })
    }

    /// SHA-256 of the files that it needs, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        sha256(&self.files.digests().collect::<Vec<_>>().join(" "))
    }

    fn call(&self, world: &World, arguments: impl FnOnce(&mut Machine) -> Res<Vec<Object>>) -> Result<Object, Box<Halt>> {
        let mut machine = world.0.borrow_mut();
        machine.begin(&self.files);
        let frame = machine.module(&self.source)?;
        let Some(function) = frame.get(&self.function)? else {
            return refuse(format!("`{}` has no value", self.function));
        };
        let arguments = arguments(&mut machine)?;
        machine.call(&function, arguments)
    }

    fn told(&self, halt: &Halt) -> String {
        let what = match &halt.raised {
            Some((kind, _)) if halt.message.is_empty() => format!("{kind}"),
            Some((kind, _)) => format!("{kind}: {}", halt.message),
            None => format!("{} (not supported)", halt.message),
        };
        match &halt.place {
            Some((path, line)) => format!("`{}`: {}: line {line}: {what}", self.function, path.display()),
            None => format!("`{}` of {}: {what}", self.function, self.source.path.display()),
        }
    }

    /// Changes all documents of a split, as `process_docs` does.
    ///
    /// # Errors
    /// The place of the document from 0, and what the script said, with file and line.
    pub(super) fn documents(&self, world: &World, documents: &[Value]) -> Result<Vec<Value>, (usize, String)> {
        let made = self.call(world, |_| {
            let rows = documents.iter().map(Object::of).collect();
            Ok(vec![Object::Dataset(Rc::new(rows))])
        });
        let rows = made.and_then(|made| {
            let mut machine = world.0.borrow_mut();
            machine.document = None;
            machine.all(&made)?.iter().map(Object::value).collect::<Res<Vec<_>>>()
        });
        rows.map_err(|halt| (world.0.borrow_mut().document.take().unwrap_or(0), self.told(&halt)))
    }

    /// What it gives for one document.
    ///
    /// # Errors
    /// What the script said, with file and line.
    pub(super) fn of_document(&self, world: &World, document: &Value) -> Result<Value, String> {
        let made = self.call(world, |_| Ok(vec![Object::of(document)]));
        made.and_then(|made| made.value()).map_err(|halt| self.told(&halt))
    }

    /// What it gives for nothing at all.
    ///
    /// # Errors
    /// What the script said, with file and line.
    pub(super) fn of_nothing(&self, world: &World) -> Result<Value, String> {
        let made = self.call(world, |_| Ok(Vec::new()));
        made.and_then(|made| made.value()).map_err(|halt| self.told(&halt))
    }
}
