//! Values of a running script: all types that hold one another. What they do stands in files of its own.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::super::sampling::Random;
use super::compiled::Compiled;
use super::source::Source;
use super::tree::{Comprehension, Function, Name};

/// A value.
#[derive(Clone)]
pub(super) enum Object {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Name),
    List(Rc<RefCell<Vec<Object>>>),
    Tuple(Rc<Vec<Object>>),
    Dict(Rc<Dict>),
    Set(Rc<RefCell<Table>>),
    /// `range`: from, to, step.
    Range(i64, i64, i64),
    Function(Rc<Closure>),
    /// A function or type of Python itself or of a module, by its full name.
    Native(&'static str),
    /// A method and what it belongs to.
    Method(Rc<(Object, Name)>),
    Partial(Rc<Partial>),
    /// A module that is known, by its name.
    Module(&'static str),
    /// A module of the task's own.
    Script(Rc<Frame>),
    /// What a module that is not known would have given.
    Missing(Name),
    Pattern(Rc<Compiled>),
    Match(Rc<Match>),
    Random(Rc<RefCell<Random>>),
    Iterator(Rc<RefCell<Iter>>),
    Exception(Rc<(Name, Vec<Object>)>),
    /// `datasets.Dataset`.
    Dataset(Rc<Vec<Object>>),
    /// `numpy.ndarray` of one dimension.
    Array(Rc<Vec<Object>>),
    Slice(Rc<[Option<i64>; 3]>),
    /// `logging.Logger`, which says nothing here.
    Logger,
}

/// A dictionary.
pub(super) struct Dict {
    pub table: RefCell<Table>,
    pub kind: DictKind,
}

/// What a dictionary does with a key it does not have.
#[derive(Clone)]
pub(super) enum DictKind {
    Plain,
    Counter,
    /// `collections.defaultdict`.
    Default(Object),
}

/// A function of the script and what was around it.
pub(super) struct Closure {
    pub function: Arc<Function>,
    pub defaults: Vec<Option<Object>>,
    pub around: Rc<Frame>,
}

/// `functools.partial`.
pub(super) struct Partial {
    pub function: Object,
    pub list: Vec<Object>,
    pub named: Vec<(Name, Object)>,
}

/// A match of a regular expression.
pub(super) struct Match {
    /// Start and end of each group in characters, with its text.
    pub groups: Vec<Option<(i64, i64, Name)>>,
    pub names: Vec<(String, usize)>,
}

/// The names of a module, a call or a comprehension.
pub(super) struct Frame {
    pub vars: RefCell<HashMap<Name, Object>>,
    pub scope: Scope,
    pub around: Option<Rc<Frame>>,
    pub source: Arc<Source>,
}

/// Whose names they are.
pub(super) enum Scope {
    /// Which statements of the module were run.
    Module(RefCell<BTreeSet<usize>>),
    Function(Arc<Function>),
    Comprehension(Arc<Comprehension>),
}

/// Values that come one at a time.
pub(super) enum Iter {
    /// Values that are known.
    Items(std::vec::IntoIter<Object>),
    /// A list, which may change meanwhile, and the next place.
    List(Object, usize),
    Range(i64, i64, i64),
    Generator(Box<Generator>),
    Map(Object, Vec<Object>),
    Filter(Object, Object),
    Zip(Vec<Object>, bool),
    Enumerate(Object, i64),
    Chain(VecDeque<Object>),
    Slice(Object, usize, usize, usize),
    Done,
}

/// A generator expression.
pub(super) struct Generator {
    pub made: Arc<Comprehension>,
    pub frame: Rc<Frame>,
    /// What the outermost loop runs over.
    pub over: Object,
    /// Values of the present round of the outermost loop.
    pub ready: VecDeque<Object>,
}

/// Entries by key.
#[derive(Clone, Default)]
pub(super) struct Table {
    pub places: HashMap<Key, usize>,
    pub entries: Vec<Option<(Object, Object)>>,
}

/// What makes two keys the same: `1`, `1.0` and `True` are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    None,
    Int(i64),
    Float(u64),
    Text(Name),
    Tuple(Vec<Key>),
    Named(&'static str),
    Place(usize),
}

/// Why a script stopped.
#[derive(Clone)]
pub(super) struct Halt {
    /// The exception; none where something is not supported, which no `except` takes.
    pub raised: Option<(Name, Vec<Object>)>,
    pub message: String,
    pub place: Option<(Arc<Path>, usize)>,
}

/// A result, or why there is none.
pub(super) type Res<T> = Result<T, Box<Halt>>;

/// An exception of Python.
pub(super) fn raise<T>(kind: &str, message: impl Into<String>) -> Res<T> {
    let message = message.into();
    let raised = Some((Name::from(kind), vec![Object::text(&message)]));
    Err(Box::new(Halt { raised, message, place: None }))
}

/// Something that is not supported.
pub(super) fn refuse<T>(message: impl Into<String>) -> Res<T> {
    Err(Box::new(Halt { raised: None, message: message.into(), place: None }))
}

/// Levels that lists in lists may have.
pub(super) const DEEPEST: usize = 100;

impl Object {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Name::from(text))
    }

    pub(super) fn list(items: Vec<Object>) -> Self {
        Self::List(Rc::new(RefCell::new(items)))
    }

    pub(super) fn tuple(items: Vec<Object>) -> Self {
        Self::Tuple(Rc::new(items))
    }

    pub(super) fn dict(table: Table) -> Self {
        Self::dict_of(table, DictKind::Plain)
    }

    pub(super) fn dict_of(table: Table, kind: DictKind) -> Self {
        Self::Dict(Rc::new(Dict { table: RefCell::new(table), kind }))
    }

    pub(super) fn set(table: Table) -> Self {
        Self::Set(Rc::new(RefCell::new(table)))
    }

    /// An iterator whose values are made when they are asked for.
    pub(super) fn lazy(iter: Iter) -> Self {
        Self::Iterator(Rc::new(RefCell::new(iter)))
    }

    pub(super) fn size(length: usize) -> Self {
        Self::Int(length as i64)
    }

    /// Python's name of its type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(dict) => match dict.kind {
                DictKind::Plain => "dict",
                DictKind::Counter => "Counter",
                DictKind::Default(_) => "defaultdict",
            },
            Self::Set(_) => "set",
            Self::Range(..) => "range",
            Self::Function(_) => "function",
            Self::Native(_) => "builtin",
            Self::Method(_) => "method",
            Self::Partial(_) => "partial",
            Self::Module(_) | Self::Script(_) => "module",
            Self::Missing(_) => "unknown",
            Self::Pattern(_) => "Pattern",
            Self::Match(_) => "Match",
            Self::Random(_) => "Random",
            Self::Iterator(_) => "generator",
            Self::Exception(_) => "Exception",
            Self::Dataset(_) => "Dataset",
            Self::Array(_) => "ndarray",
            Self::Slice(_) => "slice",
            Self::Logger => "Logger",
        }
    }

    /// Whether it counts as true.
    pub(super) fn truth(&self) -> Res<bool> {
        Ok(match self {
            Self::None => false,
            Self::Bool(flag) => *flag,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.borrow().is_empty(),
            Self::Tuple(list) => !list.is_empty(),
            Self::Dict(dict) => dict.table.borrow().len() > 0,
            Self::Set(set) => set.borrow().len() > 0,
            Self::Range(from, to, step) => range_len(*from, *to, *step) > 0,
            Self::Dataset(rows) => !rows.is_empty(),
            Self::Array(items) if items.len() == 1 => items[0].truth()?,
            Self::Array(_) => return raise("ValueError", "the truth value of an array is ambiguous"),
            Self::Missing(name) => return refuse(format!("`{name}` is not known here")),
            _ => true,
        })
    }

    /// A whole number; as in Python, `True` is 1.
    pub(super) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    /// A number of either kind.
    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            other => other.as_int().map(|number| number as f64),
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Text; any other kind is a `TypeError` that says what it was for.
    pub(super) fn need_text(&self, what: &str) -> Res<&str> {
        match self {
            Self::Text(text) => Ok(text),
            other => raise("TypeError", format!("{what} needs str, not {}", other.kind())),
        }
    }

    /// A whole number; any other kind is a `TypeError` that says what it was for.
    pub(super) fn need_int(&self, what: &str) -> Res<i64> {
        match self.as_int() {
            Some(number) => Ok(number),
            None => raise("TypeError", format!("{what} needs int, not {}", self.kind())),
        }
    }
}

/// How many numbers a range has.
pub(super) fn range_len(from: i64, to: i64, step: i64) -> i64 {
    let (from, to, step) = (i128::from(from), i128::from(to), i128::from(step));
    let count = if step > 0 { (to - from + step - 1) / step } else { (from - to - step - 1) / -step };
    i64::try_from(count.max(0)).unwrap_or(i64::MAX)
}
