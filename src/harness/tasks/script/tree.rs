//! The tree of a Python module: the part of the language that functions of task files use.

use std::collections::BTreeSet;
use std::sync::Arc;

/// A name.
pub(super) type Name = Arc<str>;

/// An expression and its line.
#[derive(Debug)]
pub(super) struct Expr {
    pub line: usize,
    pub kind: Kind,
}

/// What an expression is.
#[derive(Debug)]
pub(super) enum Kind {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Name),
    Joined(Vec<Piece>),
    Name(Name),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    /// Keys and values; no key where a mapping is unpacked.
    Dict(Vec<(Option<Expr>, Expr)>),
    Starred(Box<Expr>),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    /// `and` and `or`.
    Either(bool, Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(&'static str, Expr)>),
    Choice {
        test: Box<Expr>,
        yes: Box<Expr>,
        no: Box<Expr>,
    },
    Lambda(Arc<Function>),
    Comprehension(Arc<Comprehension>),
    Call(Box<Expr>, Vec<Argument>),
    Attribute(Box<Expr>, Name),
    Index(Box<Expr>, Box<Expr>),
    Slice([Option<Box<Expr>>; 3]),
    /// Something that is read but never run.
    Refused(String),
}

impl Expr {
    /// The argument of `globals().update(…)`, which binds names that only a run can tell.
    pub(super) fn globals_updated(&self) -> Option<&Expr> {
        let Kind::Call(update, arguments) = &self.kind else { return None };
        let (Kind::Attribute(base, name), [only]) = (&update.kind, arguments.as_slice()) else { return None };
        let Kind::Call(globals, none) = &base.kind else { return None };
        let fits = &**name == "update" && none.is_empty() && only.name.is_none() && only.stars == 0;
        (fits && matches!(&globals.kind, Kind::Name(name) if &**name == "globals")).then_some(&only.value)
    }
}

/// A part of an f-string.
#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Value { value: Expr, conversion: Option<char>, format: Vec<Piece> },
}

/// What a comprehension builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builds {
    List,
    Set,
    Dict,
    Generator,
}

/// A comprehension or generator expression.
#[derive(Debug)]
pub(super) struct Comprehension {
    pub builds: Builds,
    pub element: Expr,
    /// The value of a dictionary's entry.
    pub value: Option<Expr>,
    pub loops: Vec<Loop>,
    pub locals: BTreeSet<Name>,
}

/// `for … in … if …`.
#[derive(Debug)]
pub(super) struct Loop {
    pub target: Expr,
    pub over: Expr,
    pub tests: Vec<Expr>,
}

/// An argument of a call.
#[derive(Debug)]
pub(super) struct Argument {
    pub name: Option<Name>,
    /// How many stars stand before it.
    pub stars: usize,
    pub value: Expr,
}

/// A parameter of a function.
#[derive(Debug)]
pub(super) struct Parameter {
    pub name: Name,
    pub default: Option<Expr>,
    /// Only by name.
    pub named: bool,
}

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    pub name: Name,
    pub parameters: Vec<Parameter>,
    pub rest: Option<Name>,
    pub named_rest: Option<Name>,
    pub body: Vec<Stmt>,
    pub locals: BTreeSet<Name>,
    pub decorators: Vec<Expr>,
}

/// A statement and its line.
#[derive(Debug)]
pub(super) struct Stmt {
    pub line: usize,
    pub kind: Does,
}

/// `except … as …`.
#[derive(Debug)]
pub(super) struct Handler {
    pub kind: Option<Expr>,
    pub name: Option<Name>,
    pub body: Vec<Stmt>,
}

/// What a statement does.
#[derive(Debug)]
pub(super) enum Does {
    Expr(Expr),
    Assign(Vec<Expr>, Expr),
    Augment(Expr, &'static str, Expr),
    Def(Arc<Function>),
    Return(Option<Expr>),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    For {
        target: Expr,
        over: Expr,
        body: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    While {
        test: Expr,
        body: Vec<Stmt>,
        otherwise: Vec<Stmt>,
    },
    Try {
        body: Vec<Stmt>,
        handlers: Vec<Handler>,
        otherwise: Vec<Stmt>,
        last: Vec<Stmt>,
    },
    Raise(Option<Expr>),
    /// Module and the name it gets.
    Import(Vec<(Name, Name)>),
    /// Module (with leading dots), and each name with the one it gets.
    From(Name, Vec<(Name, Name)>),
    Global(Vec<Name>),
    Break,
    Continue,
    Pass,
    Assert(Expr, Option<Expr>),
    Delete(Vec<Expr>),
    /// A statement that is not supported, and the names it binds.
    Refused(String, Vec<Name>),
}

/// Names that statements bind, without those of functions inside.
pub(super) fn bound(body: &[Stmt], names: &mut BTreeSet<Name>) {
    for stmt in body {
        bound_by_stmt(stmt, names);
    }
}

/// Names that one statement binds.
pub(super) fn bound_by_stmt(stmt: &Stmt, names: &mut BTreeSet<Name>) {
    match &stmt.kind {
        Does::Assign(targets, _) => targets.iter().for_each(|target| bound_by(target, names)),
        Does::Augment(target, ..) => bound_by(target, names),
        Does::Def(function) => {
            names.insert(function.name.clone());
        }
        Does::If(_, yes, no) => {
            bound(yes, names);
            bound(no, names);
        }
        Does::For { target, body, otherwise, .. } => {
            bound_by(target, names);
            bound(body, names);
            bound(otherwise, names);
        }
        Does::While { body, otherwise, .. } => {
            bound(body, names);
            bound(otherwise, names);
        }
        Does::Try { body, handlers, otherwise, last } => {
            [body, otherwise, last].into_iter().for_each(|body| bound(body, names));
            for handler in handlers {
                names.extend(handler.name.clone());
                bound(&handler.body, names);
            }
        }
        Does::Import(list) | Does::From(_, list) => names.extend(list.iter().map(|(_, name)| name.clone())),
        Does::Delete(targets) => targets.iter().for_each(|target| bound_by(target, names)),
        Does::Refused(_, list) => names.extend(list.iter().cloned()),
        _ => {}
    }
}

/// Names that are declared `global` in a function.
pub(super) fn declared_global(body: &[Stmt], names: &mut BTreeSet<Name>) {
    for stmt in body {
        match &stmt.kind {
            Does::Global(list) => names.extend(list.iter().cloned()),
            Does::If(_, yes, no) => {
                declared_global(yes, names);
                declared_global(no, names);
            }
            Does::For { body, otherwise, .. } | Does::While { body, otherwise, .. } => {
                declared_global(body, names);
                declared_global(otherwise, names);
            }
            Does::Try { body, handlers, otherwise, last } => {
                [body, otherwise, last].into_iter().for_each(|body| declared_global(body, names));
                handlers.iter().for_each(|handler| declared_global(&handler.body, names));
            }
            _ => {}
        }
    }
}

/// Names that a target of an assignment binds.
pub(super) fn bound_by(target: &Expr, names: &mut BTreeSet<Name>) {
    match &target.kind {
        Kind::Name(name) => {
            names.insert(name.clone());
        }
        Kind::Tuple(list) | Kind::List(list) => list.iter().for_each(|one| bound_by(one, names)),
        Kind::Starred(inner) => bound_by(inner, names),
        _ => {}
    }
}
