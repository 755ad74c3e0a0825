//! Which statements a function needs, and whether everything in them is known, before anything runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::builtins;
use super::constants;
use super::methods;
use super::object::Object;
use super::source::{Files, Import, Source, inside};
use super::tree::{Argument, Comprehension, Does, Expr, Function, Kind, Name, Piece, Stmt, bound_by_stmt};

/// What was wrong, with file and line.
type Check<T> = Result<T, String>;

/// Finds what a function needs.
///
/// # Errors
/// Something that is not supported, with file and line.
pub(super) fn reach(source: &Arc<Source>, function: &Name) -> Check<Files> {
    let mut reach = Reach::default();
    reach.sources.insert(source.path.clone(), Arc::clone(source));
    reach.queue.push((source.path.clone(), function.clone()));
    while let Some((path, name)) = reach.queue.pop() {
        reach.name(&path, &name)?;
    }
    Ok(Files::new(reach.sources, reach.needed))
}

#[derive(Default)]
struct Reach {
    sources: BTreeMap<PathBuf, Arc<Source>>,
    needed: BTreeMap<PathBuf, BTreeSet<usize>>,
    queue: Vec<(PathBuf, Name)>,
    seen: BTreeSet<(PathBuf, Name)>,
}

/// What is known of a name without running anything.
enum Known {
    Module(&'static str),
    Native(&'static str),
    Script(PathBuf),
    Other,
}

/// Where a walk is: the file, the names of the functions around, and what they import.
struct Place<'a> {
    source: &'a Arc<Source>,
    scopes: Vec<BTreeSet<Name>>,
    imports: Vec<(Name, Name, Option<Name>)>,
    line: usize,
}

impl Place<'_> {
    fn wrong<T>(&self, problem: impl std::fmt::Display) -> Check<T> {
        Err(format!("{}: line {}: {problem}", self.source.path.display(), self.line))
    }
}

/// The name behind brackets and points.
fn root(expr: &Expr) -> Option<&Name> {
    match &expr.kind {
        Kind::Name(name) => Some(name),
        Kind::Attribute(base, _) | Kind::Index(base, _) | Kind::Call(base, _) => root(base),
        _ => None,
    }
}

/// Names whose values a statement may change without binding them.
fn touched(stmt: &Stmt, names: &mut BTreeSet<Name>) {
    match &stmt.kind {
        Does::Expr(expr) => names.extend(root(expr).cloned()),
        Does::Assign(targets, _) | Does::Delete(targets) => {
            for target in targets.iter().filter(|target| !matches!(target.kind, Kind::Name(_))) {
                names.extend(root(target).cloned());
            }
        }
        Does::Augment(target, ..) => names.extend(root(target).cloned()),
        Does::If(_, yes, no) => yes.iter().chain(no).for_each(|stmt| touched(stmt, names)),
        Does::For { body, otherwise, .. } | Does::While { body, otherwise, .. } => {
            body.iter().chain(otherwise).for_each(|stmt| touched(stmt, names));
        }
        Does::Try { body, handlers, otherwise, last } => {
            body.iter().chain(otherwise).chain(last).for_each(|stmt| touched(stmt, names));
            handlers.iter().flat_map(|handler| &handler.body).for_each(|stmt| touched(stmt, names));
        }
        _ => {}
    }
}

/// Imports among statements, also in branches: the name they bind, the module and the member.
fn imports_of(body: &[Stmt], out: &mut Vec<(Name, Name, Option<Name>)>) {
    for stmt in body {
        match &stmt.kind {
            Does::Import(list) => out.extend(list.iter().map(|(module, name)| (name.clone(), module.clone(), None))),
            Does::From(module, list) => {
                out.extend(list.iter().map(|(member, name)| (name.clone(), module.clone(), Some(member.clone()))));
            }
            Does::If(_, yes, no) => {
                imports_of(yes, out);
                imports_of(no, out);
            }
            Does::For { body, otherwise, .. } | Does::While { body, otherwise, .. } => {
                imports_of(body, out);
                imports_of(otherwise, out);
            }
            Does::Try { body, handlers, otherwise, last } => {
                [body, otherwise, last].into_iter().for_each(|body| imports_of(body, out));
                handlers.iter().for_each(|handler| imports_of(&handler.body, out));
            }
            _ => {}
        }
    }
}

impl Reach {
    /// Takes in the statements that bind a name at the top of a file.
    fn name(&mut self, path: &Path, name: &Name) -> Check<()> {
        if !self.seen.insert((path.to_owned(), name.clone())) {
            return Ok(());
        }
        let Some(source) = self.sources.get(path).cloned() else { return Ok(()) };
        let mut found = false;
        let mut wanted = Vec::new();
        let imported = matches!(self.known_import(&source, name)?, Some(Known::Module(module)) if module != "random");
        for (at, stmt) in source.body.iter().enumerate() {
            let mut names = BTreeSet::new();
            bound_by_stmt(stmt, &mut names);
            let binds = names.contains(name);
            found |= binds;
            if !imported {
                touched(stmt, &mut names);
            }
            if names.contains(name) {
                wanted.push(at);
            }
        }
        if !found {
            // Names that only a run can tell; whether this is one of them is seen then.
            let updates = |stmt: &Stmt| matches!(&stmt.kind, Does::Expr(expr) if expr.globals_updated().is_some());
            wanted.extend(source.body.iter().enumerate().filter(|(_, stmt)| updates(stmt)).map(|(at, _)| at));
            found = !wanted.is_empty();
        }
        if !found {
            let shown = source.path.display();
            return Err(format!("{shown}: there is no `{name}`"));
        }
        for at in wanted {
            if self.needed.entry(path.to_owned()).or_default().insert(at) {
                let stmt = &source.body[at];
                let mut place = Place { source: &source, scopes: Vec::new(), imports: Vec::new(), line: stmt.line };
                self.stmt(stmt, &mut place)?;
            }
        }
        Ok(())
    }

    /// What a name that the top of a file imports stands for.
    fn known_import(&mut self, source: &Arc<Source>, name: &Name) -> Check<Option<Known>> {
        let mut imports = Vec::new();
        imports_of(&source.body, &mut imports);
        let Some((_, module, member)) = imports.into_iter().rfind(|(bound, ..)| bound == name) else { return Ok(None) };
        self.import(source, &module, member.as_ref()).map(Some)
    }

    /// What an import gives; the problem where it is not known.
    fn import(&mut self, source: &Arc<Source>, module: &Name, member: Option<&Name>) -> Check<Known> {
        let member = match (source.import(module), member) {
            (Import::Unknown, Some(member)) => {
                let full = inside(module, member);
                match source.import(&full) {
                    Import::Unknown => return Err(format!("the module `{module}` is not known here")),
                    _ => return self.import(source, &full, None),
                }
            }
            (Import::Unknown, None) => return Err(format!("the module `{module}` is not known here")),
            (Import::Known(known), None) => return Ok(Known::Module(known)),
            (Import::Known(known), Some(member)) => (known, member),
            (Import::File(path), member) => {
                if !self.sources.contains_key(&path) {
                    self.sources.insert(path.clone(), Source::read(&path)?);
                }
                let Some(member) = member else { return Ok(Known::Script(path)) };
                self.queue.push((path, member.clone()));
                return Ok(Known::Other);
            }
        };
        match constants::member(member.0, member.1) {
            Some(Object::Module(module)) => Ok(Known::Module(module)),
            Some(Object::Native(name)) => Ok(Known::Native(name)),
            Some(_) => Ok(Known::Other),
            None => Err(format!("`{}.{}` is not known here", member.0, member.1)),
        }
    }

    fn body(&mut self, body: &[Stmt], place: &mut Place<'_>) -> Check<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt, place))
    }

    fn stmt(&mut self, stmt: &Stmt, place: &mut Place<'_>) -> Check<()> {
        place.line = stmt.line;
        match &stmt.kind {
            Does::Expr(value) => match value.globals_updated() {
                Some(with) if place.scopes.is_empty() => self.expr(with, place),
                _ => self.expr(value, place),
            },
            Does::Assign(targets, value) => {
                self.expr(value, place)?;
                self.exprs(targets, place)
            }
            Does::Augment(target, _, value) => {
                self.expr(target, place)?;
                self.expr(value, place)
            }
            Does::Def(function) => {
                for decorator in &function.decorators {
                    let callee = match &decorator.kind {
                        Kind::Call(callee, _) => callee,
                        _ => decorator,
                    };
                    match self.known(callee, place)? {
                        Known::Native("functools.cache" | "functools.lru_cache") => {}
                        _ => return place.wrong(format!("the decorator of `{}` is not supported", function.name)),
                    }
                }
                self.function(function, place)
            }
            Does::Return(value) | Does::Raise(value) => value.iter().try_for_each(|value| self.expr(value, place)),
            Does::If(test, yes, no) => {
                self.expr(test, place)?;
                self.body(yes, place)?;
                self.body(no, place)
            }
            Does::For { target, over, body, otherwise } => {
                self.expr(over, place)?;
                self.expr(target, place)?;
                self.body(body, place)?;
                self.body(otherwise, place)
            }
            Does::While { test, body, otherwise } => {
                self.expr(test, place)?;
                self.body(body, place)?;
                self.body(otherwise, place)
            }
            Does::Try { body, handlers, otherwise, last } => {
                self.body(body, place)?;
                for handler in handlers {
                    handler.kind.iter().try_for_each(|kind| self.expr(kind, place))?;
                    self.body(&handler.body, place)?;
                }
                self.body(otherwise, place)?;
                self.body(last, place)
            }
            // At the top of a file only the names that are used are looked at.
            Does::Import(_) | Does::From(..) if place.scopes.is_empty() => Ok(()),
            Does::Import(list) => {
                for (module, _) in list {
                    let source = Arc::clone(place.source);
                    self.import(&source, module, None).or_else(|problem| place.wrong(problem))?;
                }
                Ok(())
            }
            Does::From(module, list) => {
                for (member, _) in list {
                    let source = Arc::clone(place.source);
                    self.import(&source, module, Some(member)).or_else(|problem| place.wrong(problem))?;
                }
                Ok(())
            }
            Does::Global(_) | Does::Break | Does::Continue | Does::Pass => Ok(()),
            Does::Assert(test, message) => {
                self.expr(test, place)?;
                message.iter().try_for_each(|message| self.expr(message, place))
            }
            Does::Delete(targets) => self.exprs(targets, place),
            Does::Refused(what, _) => place.wrong(format!("{what} is not supported")),
        }
    }

    fn function(&mut self, function: &Function, place: &mut Place<'_>) -> Check<()> {
        for parameter in &function.parameters {
            parameter.default.iter().try_for_each(|default| self.expr(default, place))?;
        }
        let known = place.imports.len();
        place.scopes.push(function.locals.clone());
        imports_of(&function.body, &mut place.imports);
        let done = self.body(&function.body, place);
        place.scopes.pop();
        place.imports.truncate(known);
        done
    }

    fn exprs(&mut self, exprs: &[Expr], place: &mut Place<'_>) -> Check<()> {
        exprs.iter().try_for_each(|expr| self.expr(expr, place))
    }

    fn expr(&mut self, expr: &Expr, place: &mut Place<'_>) -> Check<()> {
        if !place.scopes.is_empty() {
            place.line = expr.line;
        }
        match &expr.kind {
            Kind::None | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => Ok(()),
            Kind::Name(_) => self.known(expr, place).map(|_| ()),
            Kind::Joined(pieces) => self.pieces(pieces, place),
            Kind::List(items) | Kind::Tuple(items) | Kind::Set(items) => self.exprs(items, place),
            Kind::Dict(entries) => {
                for (key, value) in entries {
                    key.iter().try_for_each(|key| self.expr(key, place))?;
                    self.expr(value, place)?;
                }
                Ok(())
            }
            Kind::Starred(inner) | Kind::Unary(_, inner) => self.expr(inner, place),
            Kind::Binary(_, left, right) | Kind::Either(_, left, right) | Kind::Index(left, right) => {
                self.expr(left, place)?;
                self.expr(right, place)
            }
            Kind::Compare(first, rest) => {
                self.expr(first, place)?;
                rest.iter().try_for_each(|(_, right)| self.expr(right, place))
            }
            Kind::Choice { test, yes, no } => [test, yes, no].into_iter().try_for_each(|one| self.expr(one, place)),
            Kind::Lambda(function) => self.function(function, place),
            Kind::Comprehension(made) => self.comprehension(made, place),
            Kind::Call(function, arguments) => {
                self.expr(function, place)?;
                arguments.iter().try_for_each(|Argument { value, .. }| self.expr(value, place))
            }
            Kind::Attribute(..) => self.known(expr, place).map(|_| ()),
            Kind::Slice(parts) => parts.iter().flatten().try_for_each(|part| self.expr(part, place)),
            Kind::Refused(what) => place.wrong(format!("{what} is not supported")),
        }
    }

    fn comprehension(&mut self, made: &Comprehension, place: &mut Place<'_>) -> Check<()> {
        place.scopes.push(made.locals.clone());
        let done = (|| {
            for one in &made.loops {
                self.expr(&one.over, place)?;
                self.expr(&one.target, place)?;
                self.exprs(&one.tests, place)?;
            }
            self.expr(&made.element, place)?;
            made.value.iter().try_for_each(|value| self.expr(value, place))
        })();
        place.scopes.pop();
        done
    }

    fn pieces(&mut self, pieces: &[Piece], place: &mut Place<'_>) -> Check<()> {
        for piece in pieces {
            if let Piece::Value { value, format, .. } = piece {
                self.expr(value, place)?;
                self.pieces(format, place)?;
            }
        }
        Ok(())
    }

    /// The value behind a name or a part of something; all of it is examined.
    fn known(&mut self, expr: &Expr, place: &mut Place<'_>) -> Check<Known> {
        match &expr.kind {
            Kind::Name(name) => self.known_name(name, place),
            Kind::Attribute(base, member) => {
                let source = Arc::clone(place.source);
                match self.known(base, place)? {
                    Known::Module(module) => match constants::member(module, member) {
                        Some(Object::Module(module)) => Ok(Known::Module(module)),
                        Some(Object::Native(name)) => Ok(Known::Native(name)),
                        Some(_) => Ok(Known::Other),
                        None => place.wrong(format!("`{module}.{member}` is not known here")),
                    },
                    Known::Native(of) => match builtins::find_member(of, member) {
                        Some(name) => Ok(Known::Native(name)),
                        None => place.wrong(format!("`{of}.{member}` is not known here")),
                    },
                    Known::Script(path) => {
                        self.queue.push((path, member.clone()));
                        Ok(Known::Other)
                    }
                    Known::Other if methods::is_known(member) => {
                        drop(source);
                        Ok(Known::Other)
                    }
                    Known::Other => place.wrong(format!("the method `{member}` is not known here")),
                }
            }
            _ => self.expr(expr, place).map(|()| Known::Other),
        }
    }

    fn known_name(&mut self, name: &Name, place: &mut Place<'_>) -> Check<Known> {
        let source = Arc::clone(place.source);
        if place.scopes.iter().any(|scope| scope.contains(name)) {
            let local = place.imports.iter().rfind(|(bound, ..)| bound == name).cloned();
            return match local {
                Some((_, module, member)) => {
                    self.import(&source, &module, member.as_ref()).or_else(|problem| place.wrong(problem))
                }
                None => Ok(Known::Other),
            };
        }
        let mut bound = BTreeSet::new();
        source.body.iter().for_each(|stmt| bound_by_stmt(stmt, &mut bound));
        if bound.contains(name) {
            let known = self.known_import(&source, name).or_else(|problem| place.wrong(problem))?;
            self.queue.push((source.path.clone(), name.clone()));
            return Ok(known.unwrap_or(Known::Other));
        }
        match builtins::find(name) {
            Some(known) => Ok(Known::Native(known)),
            None if matches!(&**name, "__file__" | "__name__") => Ok(Known::Other),
            None => place.wrong(format!("`{name}` is not known here")),
        }
    }
}
