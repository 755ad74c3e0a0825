//! The Python functions of task files, run by an interpreter for the part of the language that they use.
//!
//! A function is read with the Python file it stands in, and with those of the task's own files that this one imports.
//! What the function needs is looked through before anything runs: a statement, a module, a function or a method that
//! is not known here is refused with file and line. Steps, memory and depth are bounded. Nothing outside of these files
//! is read or written. Whole numbers have 64 bits; one that needs more is refused, as is anything whose outcome Python
//! leaves open, such as the order of a set.

mod arguments;
mod assign;
mod builtins;
mod chance;
mod compiled;
mod constants;
mod convert;
mod dataset;
mod definitions;
mod equality;
mod eval;
mod exceptions;
mod format;
mod formula;
mod frame;
mod index;
mod iterate;
mod library;
mod literals;
mod machine;
mod measures;
mod methods;
mod modules;
mod numbers;
mod numerals;
mod object;
mod operate;
mod parse;
mod parser;
mod patterns;
mod places;
mod reach;
mod show;
mod sorting;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod texts;
mod token;
mod tree;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::digest::sha256;
use super::value::Value;
use arguments::Arguments;
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

thread_local! {
    /// For what is called for each item alone.
    static SCORING: World = World::default();
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
        let script = Self { function, source, files };
        // What stands at the top of the files is run at once, so that what fails there is told before anything else.
        script.ready(&World::default()).map_err(|halt| script.told(&halt))?;
        Ok(script)
    }

    /// SHA-256 of the files that it needs, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        sha256(&self.files.digests().collect::<Vec<_>>().join(" "))
    }

    /// The function, with the values of its files.
    fn ready(&self, world: &World) -> Res<Object> {
        let mut machine = world.0.borrow_mut();
        machine.begin(&self.files);
        let frame = machine.module(&self.source)?;
        match frame.get(&self.function)? {
            Some(function) => Ok(function),
            None => refuse(format!("there is no `{}`", self.function)),
        }
    }

    fn call(&self, world: &World, arguments: impl FnOnce(&mut Machine) -> Res<Vec<Object>>) -> Res<Object> {
        let function = self.ready(world)?;
        let mut machine = world.0.borrow_mut();
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

    /// What it gives for one document, and the document where it changed it.
    ///
    /// # Errors
    /// What the script said, with file and line.
    pub(super) fn of_document(&self, world: &World, document: &Value) -> Result<(Value, Option<Value>), String> {
        let given = Object::of(document);
        let made = self.call(world, |_| Ok(vec![given.clone()]));
        let both = made.and_then(|made| Ok((made.value()?, given.value()?)));
        let (made, after) = both.map_err(|halt| self.told(&halt))?;
        Ok((made, Some(after).filter(|after| after != document)))
    }

    /// The scores of an item, as `process_results` gives them; `pairs` where answers are log-likelihoods.
    ///
    /// # Errors
    /// What the script said, with file and line.
    pub(super) fn of_answers(
        &self,
        document: &Value,
        answers: &[Value],
        pairs: bool,
    ) -> Result<Vec<(String, Value)>, String> {
        let answer = |answer: &Value| match Object::of(answer) {
            Object::List(pair) if pairs => Object::tuple(pair.borrow().clone()),
            other => other,
        };
        let made = self.alone(|_| Ok(vec![Object::of(document), Object::list(answers.iter().map(answer).collect())]));
        match made.and_then(|made| made.value()).map_err(|halt| self.told(&halt))? {
            Value::Map(scores) => Ok(scores),
            other => Err(format!("`{}` gives {}, not a dictionary of scores", self.function, other.kind())),
        }
    }

    /// The score of an answer, as a metric gives it.
    ///
    /// # Errors
    /// What the script said, with file and line.
    pub(super) fn of_answer(
        &self,
        reference: &str,
        answer: &str,
        options: &[(String, Value)],
    ) -> Result<Value, String> {
        let one = |text: &str| Object::list(vec![Object::text(text)]);
        let mut named = vec![(Name::from("references"), one(reference)), (Name::from("predictions"), one(answer))];
        named.extend(options.iter().map(|(name, value)| (Name::from(name.as_str()), Object::of(value))));
        let made = SCORING.with(|world| {
            world.0.borrow_mut().reseed();
            let function = self.ready(world)?;
            let arguments = Arguments { list: Vec::new(), named };
            world.0.borrow_mut().call_with(&function, arguments)
        });
        // A function that does not take the two by name is given them as one list.
        let made = match made {
            Err(halt) if matches!(&halt.raised, Some((kind, _)) if &**kind == "TypeError") => {
                self.alone(|_| Ok(vec![Object::list(vec![Object::text(reference), Object::text(answer)])]))
            }
            made => made,
        };
        made.and_then(|made| made.value()).map_err(|halt| self.told(&halt))
    }

    /// One number of the scores of all items.
    ///
    /// # Errors
    /// What the script said, with file and line, or that it gives no number.
    pub(super) fn of_scores(&self, scores: &[Value]) -> Result<f64, String> {
        let score = |score: &Value| match Object::of(score) {
            Object::List(items) => Object::tuple(items.borrow().clone()),
            other => other,
        };
        let made = self.alone(|_| Ok(vec![Object::list(scores.iter().map(score).collect())]));
        let made = made.map_err(|halt| self.told(&halt))?;
        made.as_float().ok_or_else(|| format!("`{}` gives {}, not a number", self.function, made.kind()))
    }

    /// A call for itself: Python's generator begins anew, so that it does not depend on what ran before.
    fn alone(&self, arguments: impl FnOnce(&mut Machine) -> Res<Vec<Object>>) -> Res<Object> {
        SCORING.with(|world| {
            world.0.borrow_mut().reseed();
            self.call(world, arguments)
        })
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
