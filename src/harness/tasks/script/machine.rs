//! Running a script: its statements, with bounds on steps, memory and depth.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use super::super::sampling::Random;
use super::constants;
use super::exceptions::catches;
use super::object::{Closure, Frame, Halt, Object, Res, Scope, Table, raise, refuse};
use super::source::{Files, Import, Source, inside};
use super::tree::{Does, Expr, Function, Name, Stmt};

/// Where statements go on.
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    Return(Object),
}

/// Everything that scripts of one task share while they run.
pub(super) struct Machine {
    modules: HashMap<(PathBuf, String), Rc<Frame>>,
    /// The process-wide generator of `random`.
    pub random: Rc<RefCell<Random>>,
    /// Patterns that were compiled, by their text.
    pub patterns: Table,
    /// The document that `map` or `filter` is at.
    pub document: Option<usize>,
    /// The exception that is being handled.
    handled: Option<Halt>,
    files: Files,
    steps: u64,
    room: usize,
    depth: usize,
}

/// Steps that one call from outside may take.
const MOST_STEPS: u64 = if cfg!(test) { 2_000_000 } else { 400_000_000 };

/// Characters and items that it may make.
const MOST_ROOM: usize = 400_000_000;

/// Expressions, statements and calls that may be open in one another.
const DEEPEST: usize = 400;

impl Machine {
    pub(super) fn new() -> Self {
        // lm-evaluation-harness seeds the generator with 0 when it starts.
        let random = Rc::new(RefCell::new(Random::new(0)));
        let files = Files::default();
        let patterns = Table::default();
        Self {
            modules: HashMap::new(),
            random,
            patterns,
            document: None,
            handled: None,
            files,
            steps: 0,
            room: 0,
            depth: 0,
        }
    }

    /// Begins to count anew, with the files that a function needs.
    pub(super) fn begin(&mut self, files: &Files) {
        (self.steps, self.room, self.depth, self.handled) = (0, 0, 0, None);
        self.files = files.clone();
    }

    /// Sets Python's generator back to where it begins.
    pub(super) fn reseed(&mut self) {
        *self.random.borrow_mut() = Random::new(0);
    }

    pub(super) fn step(&mut self) -> Res<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS { refuse("it takes too many steps") } else { Ok(()) }
    }

    pub(super) fn take_room(&mut self, amount: usize) -> Res<()> {
        self.room = self.room.saturating_add(amount);
        if self.room > MOST_ROOM { refuse("it takes too much memory") } else { Ok(()) }
    }

    /// Goes one level down, as long as the stack holds.
    pub(super) fn down<T>(&mut self, run: impl FnOnce(&mut Self) -> Res<T>) -> Res<T> {
        self.depth += 1;
        let done = if self.depth > DEEPEST { refuse("calls and expressions are nested too deeply") } else { run(self) };
        self.depth -= 1;
        done
    }

    /// The names of a module, after the statements that `needed` names were run.
    pub(super) fn module(&mut self, source: &Arc<Source>) -> Res<Rc<Frame>> {
        let key = (source.path.clone(), source.digest.clone());
        let frame = match self.modules.get(&key) {
            Some(frame) => Rc::clone(frame),
            None => {
                let scope = Scope::Module(RefCell::default());
                let frame = Frame { vars: RefCell::default(), scope, around: None, source: Arc::clone(source) };
                let frame = Rc::new(frame);
                self.modules.insert(key, Rc::clone(&frame));
                frame
            }
        };
        let wanted = self.files.needed(&source.path);
        for at in wanted {
            let Scope::Module(done) = &frame.scope else { continue };
            if !done.borrow_mut().insert(at) {
                continue;
            }
            if let Some(stmt) = source.body.get(at) {
                self.statement(stmt, &frame)?;
            }
        }
        Ok(frame)
    }

    /// What `import` gives.
    fn import(&mut self, module: &Name, frame: &Rc<Frame>) -> Res<Object> {
        Ok(match frame.source.import(module) {
            Import::Known(name) => Object::Module(name),
            Import::File(path) => match self.files.source(&path) {
                Some(source) => Object::Script(self.module(&source)?),
                None => Object::Missing(module.clone()),
            },
            Import::Unknown => Object::Missing(module.clone()),
        })
    }

    /// What `from … import …` gives.
    fn import_member(&mut self, module: &Name, member: &Name, frame: &Rc<Frame>) -> Res<Object> {
        let missing = || Object::Missing(Name::from(format!("{module}.{member}")));
        Ok(match frame.source.import(module) {
            Import::Known(name) => constants::member(name, member).unwrap_or_else(missing),
            Import::File(path) => match self.files.source(&path) {
                Some(source) => self.module(&source)?.get(member)?.unwrap_or_else(missing),
                None => missing(),
            },
            Import::Unknown => match frame.source.import(&inside(module, member)) {
                Import::Known(name) => Object::Module(name),
                Import::File(_) => return self.import(&inside(module, member), frame),
                Import::Unknown => missing(),
            },
        })
    }

    pub(super) fn body(&mut self, body: &[Stmt], frame: &Rc<Frame>) -> Res<Flow> {
        for stmt in body {
            match self.statement(stmt, frame)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn statement(&mut self, stmt: &Stmt, frame: &Rc<Frame>) -> Res<Flow> {
        self.step()?;
        self.down(|machine| machine.does(stmt, frame)).map_err(|mut halt| {
            halt.place.get_or_insert_with(|| (Arc::from(frame.source.path.as_path()), stmt.line));
            halt
        })
    }

    fn does(&mut self, stmt: &Stmt, frame: &Rc<Frame>) -> Res<Flow> {
        match &stmt.kind {
            Does::Expr(value) => match value.globals_updated() {
                Some(with) if frame.around.is_none() => {
                    let with = self.eval(with, frame)?;
                    for (name, value) in self.entries(&with)? {
                        frame.set(&Name::from(name.need_text("a name")?), value);
                    }
                }
                _ => {
                    self.eval(value, frame)?;
                }
            },
            Does::Assign(targets, value) => {
                let value = self.eval(value, frame)?;
                for target in targets {
                    self.assign(target, value.clone(), frame)?;
                }
            }
            Does::Augment(target, sign, value) => self.augment(target, sign, value, frame)?,
            Does::Def(function) => {
                let made = self.closure(function, frame)?;
                frame.set(&function.name, made);
            }
            Does::Return(value) => {
                return Ok(Flow::Return(match value {
                    Some(value) => self.eval(value, frame)?,
                    None => Object::None,
                }));
            }
            Does::If(..) => return self.branch(stmt, frame),
            Does::For { target, over, body, otherwise } => {
                let over = self.eval(over, frame)?;
                let iterator = self.iterator(&over)?;
                while let Some(item) = self.next(&iterator)? {
                    self.assign(target, item, frame)?;
                    match self.body(body, frame)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::Next),
                        flow => return Ok(flow),
                    }
                }
                return self.body(otherwise, frame);
            }
            Does::While { test, body, otherwise } => {
                while self.eval(test, frame)?.truth()? {
                    match self.body(body, frame)? {
                        Flow::Next | Flow::Continue => {}
                        Flow::Break => return Ok(Flow::Next),
                        flow => return Ok(flow),
                    }
                }
                return self.body(otherwise, frame);
            }
            Does::Try { .. } => return self.attempt(stmt, frame),
            Does::Raise(what) => return self.raises(what.as_ref(), frame),
            Does::Import(list) => {
                for (module, name) in list {
                    let found = self.import(module, frame)?;
                    frame.set(name, found);
                }
            }
            Does::From(module, list) => {
                for (member, name) in list {
                    let found = self.import_member(module, member, frame)?;
                    frame.set(name, found);
                }
            }
            Does::Global(_) | Does::Pass => {}
            Does::Break => return Ok(Flow::Break),
            Does::Continue => return Ok(Flow::Continue),
            Does::Assert(test, message) => {
                if !self.eval(test, frame)?.truth()? {
                    let message = match message {
                        Some(message) => self.eval(message, frame)?.show()?,
                        None => String::new(),
                    };
                    return raise("AssertionError", message);
                }
            }
            Does::Delete(targets) => {
                for target in targets {
                    self.delete(target, frame)?;
                }
            }
            Does::Refused(what, _) => return refuse(format!("{what} is not supported")),
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, stmt: &Stmt, frame: &Rc<Frame>) -> Res<Flow> {
        let mut stmt = stmt;
        // A chain of `elif` is walked along, not down.
        while let Does::If(test, yes, no) = &stmt.kind {
            if self.eval(test, frame)?.truth()? {
                return self.body(yes, frame);
            }
            match no.as_slice() {
                [next] if matches!(next.kind, Does::If(..)) => stmt = next,
                no => return self.body(no, frame),
            }
        }
        Ok(Flow::Next)
    }

    fn attempt(&mut self, stmt: &Stmt, frame: &Rc<Frame>) -> Res<Flow> {
        let Does::Try { body, handlers, otherwise, last } = &stmt.kind else { return Ok(Flow::Next) };
        let depth = self.depth;
        let mut done = match self.body(body, frame) {
            Ok(Flow::Next) => self.body(otherwise, frame),
            other => other,
        };
        if let Err(halt) = &done
            && let Some(raised) = halt.raised.clone()
        {
            self.depth = depth;
            for handler in handlers {
                let fits = match &handler.kind {
                    None => true,
                    Some(kind) => {
                        let kind = self.eval(kind, frame)?;
                        catches(&kind, &raised.0)?
                    }
                };
                if !fits {
                    continue;
                }
                let before = self.handled.replace((**halt).clone());
                if let Some(name) = &handler.name {
                    frame.set(name, Object::Exception(Rc::new(raised.clone())));
                }
                done = self.body(&handler.body, frame);
                if let Some(name) = &handler.name {
                    frame.unset(name);
                }
                self.handled = before;
                break;
            }
        }
        match self.body(last, frame)? {
            Flow::Next => done,
            flow => Ok(flow),
        }
    }

    fn raises(&mut self, what: Option<&Expr>, frame: &Rc<Frame>) -> Res<Flow> {
        let Some(what) = what else {
            return match &self.handled {
                Some(halt) => Err(Box::new(halt.clone())),
                None => raise("RuntimeError", "No active exception to reraise"),
            };
        };
        let exception = match self.eval(what, frame)? {
            Object::Exception(exception) => exception,
            kind @ Object::Native(_) => match self.call(&kind, Vec::new())? {
                Object::Exception(exception) => exception,
                _ => return raise("TypeError", "exceptions must derive from BaseException"),
            },
            _ => return raise("TypeError", "exceptions must derive from BaseException"),
        };
        let message = Object::Exception(Rc::clone(&exception)).show()?;
        Err(Box::new(Halt { raised: Some((*exception).clone()), message, place: None }))
    }

    /// A function that remembers what is around it.
    pub(super) fn closure(&mut self, function: &Arc<Function>, frame: &Rc<Frame>) -> Res<Object> {
        let mut defaults = Vec::with_capacity(function.parameters.len());
        for parameter in &function.parameters {
            defaults.push(match &parameter.default {
                Some(default) => Some(self.eval(default, frame)?),
                None => None,
            });
        }
        Ok(Object::Function(Rc::new(Closure { function: Arc::clone(function), defaults, around: Rc::clone(frame) })))
    }
}
