//! Functions and types of Python itself.

use std::rc::Rc;

use super::arguments::{Arguments, Given};
use super::exceptions::EXCEPTIONS;
use super::format::formatted;
use super::library;
use super::machine::Machine;
use super::numerals::{float, int, is_instance, round};
use super::object::{Iter, Object, Res, Table, raise, refuse};
use super::sorting::{extreme, sorted};

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
            Ok(Object::lazy(Iter::Enumerate(over, start)))
        }
        "zip" => {
            given.take_named("strict");
            let all = given.rest();
            given.done()?;
            let all = all.iter().map(|over| machine.iterator(over)).collect::<Res<Vec<_>>>()?;
            Ok(Object::lazy(Iter::Zip(all, false)))
        }
        "map" | "filter" => {
            let function = given.need("function")?;
            let all = given.rest();
            given.done()?;
            let all = all.iter().map(|over| machine.iterator(over)).collect::<Res<Vec<_>>>()?;
            match (name, all.as_slice()) {
                ("filter", [over]) => Ok(Object::lazy(Iter::Filter(function, over.clone()))),
                ("map", [_, ..]) => Ok(Object::lazy(Iter::Map(function, all))),
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
            Ok(Object::lazy(Iter::Items(items.into_iter())))
        }
        "min" | "max" => extreme(machine, name, given),
        "sum" => {
            let over = given.need("iterable")?;
            let mut total = given.take("start").unwrap_or(Object::Int(0));
            given.done()?;
            for item in machine.all_unordered(&over)? {
                machine.step()?;
                if matches!(over, Object::Set(_)) && !matches!(item, Object::Int(_)) {
                    return refuse("`sum` of a set that holds more than whole numbers");
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
                (other, _) => raise(
                    "TypeError",
                    format!("float() argument must be a string or a real number, not '{}'", other.kind()),
                ),
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
                for (key, value) in machine.entries(&of)? {
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
