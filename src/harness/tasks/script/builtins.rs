//! Functions and types of Python itself.

use std::cmp::Ordering;
use std::rc::Rc;

use super::arguments::Given;
use super::eval::Arguments;
use super::format::formatted;
use super::iterate::Iter;
use super::library;
use super::machine::Machine;
use super::object::{Object, Res, raise, refuse};
use super::operate::order;
use super::table::Table;

const NAMES: [&str; 40] = [
    "len",
    "range",
    "enumerate",
    "zip",
    "map",
    "filter",
    "sorted",
    "reversed",
    "min",
    "max",
    "sum",
    "any",
    "all",
    "abs",
    "round",
    "divmod",
    "pow",
    "chr",
    "ord",
    "int",
    "float",
    "str",
    "bool",
    "list",
    "dict",
    "tuple",
    "set",
    "frozenset",
    "iter",
    "next",
    "isinstance",
    "type",
    "repr",
    "format",
    "print",
    "callable",
    "slice",
    "object",
    "getattr",
    "hasattr",
];

const EXCEPTIONS: [&str; 21] = [
    "BaseException",
    "Exception",
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "LookupError",
    "AttributeError",
    "NameError",
    "ZeroDivisionError",
    "ArithmeticError",
    "OverflowError",
    "RuntimeError",
    "NotImplementedError",
    "AssertionError",
    "StopIteration",
    "ImportError",
    "SyntaxError",
    "OSError",
    "RecursionError",
    "UnicodeDecodeError",
];

/// A built-in function, type or exception.
pub(super) fn find(name: &str) -> Option<&'static str> {
    NAMES.iter().chain(&EXCEPTIONS).find(|known| **known == name).copied()
}

/// What a built-in type holds under a name.
pub(super) fn find_member(of: &str, name: &str) -> Option<&'static str> {
    let full = format!("{of}.{name}");
    TEXT_METHODS.iter().find(|known| **known == full).copied().or_else(|| super::modules::native(&full))
}

/// Methods of text that are passed on as functions.
const TEXT_METHODS: [&str; 6] = ["str.lower", "str.upper", "str.strip", "str.maketrans", "str.split", "str.capitalize"];

pub(super) fn call(machine: &mut Machine, name: &'static str, arguments: Arguments) -> Res<Object> {
    let mut given = Given::new(name, arguments);
    if EXCEPTIONS.contains(&name) {
        let list = given.rest();
        given.done()?;
        return Ok(Object::Exception(Rc::new((name.into(), list))));
    }
    if name.contains('.') {
        return library::call(machine, name, given);
    }
    match name {
        "len" => {
            let of = given.need("obj")?;
            given.done()?;
            machine.length(&of).map(Object::size)
        }
        "range" => {
            let first = given.need("start")?.need_int(name)?;
            let stop = given.take("stop").map(|stop| stop.need_int(name)).transpose()?;
            let step = given.take("step").map_or(Ok(1), |step| step.need_int(name))?;
            given.done()?;
            if step == 0 {
                return raise("ValueError", "range() arg 3 must not be zero");
            }
            Ok(stop.map_or(Object::Range(0, first, step), |stop| Object::Range(first, stop, step)))
        }
        "enumerate" => {
            let over = given.need("iterable")?;
            let start = given.take("start").map_or(Ok(0), |start| start.need_int(name))?;
            given.done()?;
            let over = machine.iterator(&over)?;
            Ok(lazy(Iter::Enumerate(over, start)))
        }
        "zip" => {
            given.take_named("strict");
            let all = given.rest();
            given.done()?;
            let all = all.iter().map(|over| machine.iterator(over)).collect::<Res<Vec<_>>>()?;
            Ok(lazy(Iter::Zip(all, false)))
        }
        "map" | "filter" => {
            let function = given.need("function")?;
            let all = given.rest();
            given.done()?;
            let all = all.iter().map(|over| machine.iterator(over)).collect::<Res<Vec<_>>>()?;
            match (name, all.as_slice()) {
                ("filter", [over]) => Ok(lazy(Iter::Filter(function, over.clone()))),
                ("map", [_, ..]) => Ok(lazy(Iter::Map(function, all))),
                _ => raise("TypeError", format!("{name}() has another number of arguments")),
            }
        }
        "sorted" => {
            let of = given.need("iterable")?;
            let items = machine.all_unordered(&of)?;
            if matches!(of, Object::Set(_)) && given.named("key") {
                return refuse("`sorted` of a set with a key, which leaves the order of equal ones open");
            }
            let sorted = sorted(machine, items, &mut given)?;
            given.done()?;
            Ok(Object::list(sorted))
        }
        "reversed" => {
            let of = given.need("sequence")?;
            given.done()?;
            let mut items = machine.all(&of)?;
            items.reverse();
            Ok(lazy(Iter::Items(items.into_iter())))
        }
        "min" | "max" => extreme(machine, name, given),
        "sum" => {
            let over = given.need("iterable")?;
            let mut total = given.take("start").unwrap_or(Object::Int(0));
            given.done()?;
            for item in machine.all_unordered(&over)? {
                machine.step()?;
                if matches!(over, Object::Set(_)) && !matches!(item, Object::Int(_)) {
                    return refuse("`sum` of a set of what are no whole numbers");
                }
                total = machine.binary("+", &total, &item)?;
            }
            Ok(total)
        }
        "any" | "all" => {
            let over = given.need("iterable")?;
            given.done()?;
            let over = match &over {
                Object::Set(_) => Object::list(machine.all_unordered(&over)?),
                other => other.clone(),
            };
            let over = machine.iterator(&over)?;
            while let Some(item) = machine.next(&over)? {
                if item.truth()? == (name == "any") {
                    return Ok(Object::Bool(name == "any"));
                }
            }
            Ok(Object::Bool(name == "all"))
        }
        "abs" => {
            let number = given.need("x")?;
            given.done()?;
            match (&number, number.as_int()) {
                (_, Some(number)) => match number.checked_abs() {
                    Some(number) => Ok(Object::Int(number)),
                    None => refuse("a whole number beyond 64 bits"),
                },
                (Object::Float(number), _) => Ok(Object::Float(number.abs())),
                (other, _) => raise("TypeError", format!("bad operand type for abs(): '{}'", other.kind())),
            }
        }
        "round" => round(given),
        "divmod" => {
            let (a, b) = (given.need("x")?, given.need("y")?);
            given.done()?;
            Ok(Object::tuple(vec![machine.binary("//", &a, &b)?, machine.binary("%", &a, &b)?]))
        }
        "pow" => {
            let (a, b) = (given.need("base")?, given.need("exp")?);
            given.done()?;
            machine.binary("**", &a, &b)
        }
        "chr" => {
            let code = given.need("i")?.need_int(name)?;
            given.done()?;
            match u32::try_from(code).ok().and_then(char::from_u32) {
                Some(c) => Ok(Object::text(c.encode_utf8(&mut [0; 4]))),
                None => raise("ValueError", "chr() arg not in range"),
            }
        }
        "ord" => {
            let text = given.need("c")?;
            given.done()?;
            let mut chars = text.need_text("ord()")?.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Ok(Object::Int(i64::from(u32::from(c)))),
                _ => raise("TypeError", "ord() expected a character"),
            }
        }
        "int" => int(given),
        "float" => {
            let of = given.take("x").unwrap_or(Object::Float(0.0));
            given.done()?;
            match (&of, of.as_float()) {
                (_, Some(number)) => Ok(Object::Float(number)),
                (Object::Text(text), _) => match float(text) {
                    Some(number) => Ok(Object::Float(number)),
                    None => raise("ValueError", format!("could not convert string to float: {}", of.repr()?)),
                },
                (other, _) => raise("TypeError", format!("float() argument must be a string or a real number, not '{}'", other.kind())),
            }
        }
        "str" => {
            let of = given.take("object");
            given.done()?;
            let text = of.map_or(Ok(String::new()), |of| of.show())?;
            machine.take_room(text.len())?;
            Ok(Object::text(&text))
        }
        "bool" => {
            let of = given.take("x");
            given.done()?;
            Ok(Object::Bool(of.map_or(Ok(false), |of| of.truth())?))
        }
        "list" | "tuple" => {
            let of = given.take("iterable");
            given.done()?;
            let items = of.map_or(Ok(Vec::new()), |of| machine.all(&of))?;
            Ok(if name == "list" { Object::list(items) } else { Object::tuple(items) })
        }
        "set" | "frozenset" => {
            let of = given.take("iterable");
            given.done()?;
            let items = of.map_or(Ok(Vec::new()), |of| machine.all_unordered(&of))?;
            Ok(Object::set(Table::of_keys(items)?))
        }
        "dict" => {
            let mut table = Table::default();
            if let Some(of) = given.take_place() {
                for (key, value) in super::methods::entries(machine, &of)? {
                    table.put(key, value)?;
                }
            }
            for (key, value) in given.rest_named() {
                table.put(Object::Text(key), value)?;
            }
            given.done()?;
            Ok(Object::dict(table))
        }
        "iter" => {
            let of = given.need("object")?;
            given.done()?;
            machine.iterator(&of)
        }
        "next" => {
            let (iterator, default) = (given.need("iterator")?, given.take("default"));
            given.done()?;
            match (machine.next(&iterator)?, default) {
                (Some(item), _) | (None, Some(item)) => Ok(item),
                (None, None) => raise("StopIteration", ""),
            }
        }
        "isinstance" => {
            let (of, kinds) = (given.need("obj")?, given.need("class")?);
            given.done()?;
            is_instance(&of, &kinds).map(Object::Bool)
        }
        "type" => {
            let of = given.need("object")?;
            given.done()?;
            match find(of.kind()) {
                Some(kind) => Ok(Object::Native(kind)),
                None => refuse(format!("`type` of a {}", of.kind())),
            }
        }
        "repr" => {
            let of = given.need("obj")?;
            given.done()?;
            Ok(Object::text(&of.repr()?))
        }
        "format" => {
            let (of, spec) = (given.need("value")?, given.take("spec"));
            given.done()?;
            let spec = spec.map_or(Ok(String::new()), |spec| spec.need_text(name).map(str::to_owned))?;
            Ok(Object::text(&formatted(&of, &spec)?))
        }
        "print" => Ok(Object::None),
        "callable" => {
            let of = given.need("obj")?;
            given.done()?;
            Ok(Object::Bool(matches!(
                of,
                Object::Function(_) | Object::Native(_) | Object::Method(_) | Object::Partial(_)
            )))
        }
        other => refuse(format!("`{other}` is not supported")),
    }
}

pub(super) fn lazy(iter: Iter) -> Object {
    Object::Iterator(Rc::new(std::cell::RefCell::new(iter)))
}

/// Items in order, with `key` and `reverse`.
pub(super) fn sorted(machine: &mut Machine, items: Vec<Object>, given: &mut Given) -> Res<Vec<Object>> {
    let key = given.take_named("key").unwrap_or(Object::None);
    let reverse = given.take_named("reverse").map_or(Ok(false), |reverse| reverse.truth())?;
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let by = match &key {
            Object::None => item.clone(),
            key => machine.call(key, vec![item.clone()])?,
        };
        keyed.push((by, item));
    }
    merge(machine, keyed, reverse).map(|sorted| sorted.into_iter().map(|(_, item)| item).collect())
}

/// A stable sort whose comparisons may fail.
fn merge(machine: &mut Machine, mut items: Vec<(Object, Object)>, reverse: bool) -> Res<Vec<(Object, Object)>> {
    if items.len() < 2 {
        return Ok(items);
    }
    let right = items.split_off(items.len() / 2);
    let mut left = merge(machine, items, reverse)?.into_iter().peekable();
    let mut right = merge(machine, right, reverse)?.into_iter().peekable();
    let mut out = Vec::with_capacity(left.len() + right.len());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        machine.step()?;
        let Some(ordered) = order(&a.0, &b.0, "<")? else { return refuse("sorting what is no number") };
        let later = if reverse { ordered == Ordering::Less } else { ordered == Ordering::Greater };
        out.extend(if later { right.next() } else { left.next() });
    }
    out.extend(left);
    out.extend(right);
    Ok(out)
}

fn extreme(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
    let key = given.take_named("key").unwrap_or(Object::None);
    let default = given.take_named("default");
    let list = given.rest();
    given.done()?;
    let items = match list.as_slice() {
        [only] => machine.all_unordered(only)?,
        _ => list,
    };
    let mut best: Option<(Object, Object)> = None;
    for item in items {
        let by = match &key {
            Object::None => item.clone(),
            key => machine.call(key, vec![item.clone()])?,
        };
        let better = match &best {
            None => true,
            Some((known, _)) => {
                let ordered = order(&by, known, if name == "min" { "<" } else { ">" })?;
                ordered == Some(if name == "min" { Ordering::Less } else { Ordering::Greater })
            }
        };
        if better {
            best = Some((by, item));
        }
    }
    match (best, default) {
        (Some((_, item)), _) | (None, Some(item)) => Ok(item),
        (None, None) => raise("ValueError", format!("{name}() iterable argument is empty")),
    }
}

fn round(mut given: Given) -> Res<Object> {
    let number = given.need("number")?;
    let digits = match given.take("ndigits") {
        None | Some(Object::None) => None,
        Some(digits) => Some(digits.need_int("round")?),
    };
    given.done()?;
    match (&number, digits) {
        (Object::Int(_) | Object::Bool(_), None | Some(0..)) => Ok(Object::Int(number.as_int().unwrap_or(0))),
        (Object::Float(number), None) => {
            if !number.is_finite() || number.abs() > 9e18 {
                return raise("ValueError", "cannot convert this float to integer");
            }
            Ok(Object::Int(number.round_ties_even() as i64))
        }
        (Object::Float(number), Some(digits @ 0..=300)) => {
            let text = format!("{number:.*}", digits as usize);
            Ok(Object::Float(text.parse().unwrap_or(*number)))
        }
        (Object::Float(_) | Object::Int(_), _) => refuse("`round` to less than whole numbers"),
        (other, _) => raise("TypeError", format!("type {} doesn't define __round__ method", other.kind())),
    }
}

fn int(mut given: Given) -> Res<Object> {
    let of = given.take("x").unwrap_or(Object::Int(0));
    let base = given.take("base").map_or(Ok(10), |base| base.need_int("int"))?;
    given.done()?;
    match (&of, of.as_int()) {
        (_, Some(number)) => Ok(Object::Int(number)),
        (Object::Float(number), _) => {
            if number.is_nan() {
                return raise("ValueError", "cannot convert float NaN to integer");
            }
            if number.is_infinite() {
                return raise("OverflowError", "cannot convert float infinity to integer");
            }
            if number.abs() < 9e18 { Ok(Object::Int(number.trunc() as i64)) } else { refuse("a whole number beyond 64 bits") }
        }
        (Object::Text(text), _) => {
            let bare = super::super::template::strip(text);
            let digits = bare.strip_prefix(['+', '-']).unwrap_or(bare);
            let plain = digits.replace('_', "");
            let radix = u32::try_from(base).ok().filter(|base| (2..=36).contains(base));
            let Some(radix) = radix else { return refuse("this base of `int`") };
            let underscores = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
            if plain.chars().any(|c| !c.is_ascii() && c.is_numeric()) {
                return refuse("`int` of digits that are not 0 to 9");
            }
            if plain.is_empty() || underscores || !plain.chars().all(|c| c.is_digit(radix)) {
                return raise("ValueError", format!("invalid literal for int() with base {base}: {}", of.repr()?));
            }
            match i64::from_str_radix(&format!("{}{plain}", if bare.starts_with('-') { "-" } else { "" }), radix) {
                Ok(number) => Ok(Object::Int(number)),
                Err(_) => refuse("a whole number beyond 64 bits"),
            }
        }
        (other, _) => {
            raise("TypeError", format!("int() argument must be a string or a real number, not '{}'", other.kind()))
        }
    }
}

/// A number as `float()` reads it.
fn float(text: &str) -> Option<f64> {
    let bare = super::super::template::strip(text);
    let unsigned = bare.strip_prefix(['+', '-']).unwrap_or(bare);
    let word = unsigned.to_ascii_lowercase();
    if !matches!(word.as_str(), "inf" | "infinity" | "nan") && !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if unsigned.starts_with('_') || unsigned.ends_with('_') || unsigned.contains("__") {
        return None;
    }
    bare.replace('_', "").parse().ok()
}

fn is_instance(of: &Object, kinds: &Object) -> Res<bool> {
    match kinds {
        Object::Tuple(kinds) => {
            for kind in kinds.iter() {
                if is_instance(of, kind)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Object::Native(kind) => Ok(match *kind {
            "int" => matches!(of, Object::Int(_) | Object::Bool(_)),
            "dict" => matches!(of, Object::Dict(_)),
            "object" => true,
            "str" | "float" | "bool" | "list" | "tuple" | "set" => of.kind() == *kind,
            "datasets.Dataset" => matches!(of, Object::Dataset(_)),
            "collections.Counter" => of.kind() == "Counter",
            other if EXCEPTIONS.contains(&other) => match of {
                Object::Exception(exception) => super::machine::catches(kinds, &exception.0)?,
                _ => false,
            },
            other => return refuse(format!("`isinstance` with `{other}`")),
        }),
        other => refuse(format!("`isinstance` with a {}", other.kind())),
    }
}
