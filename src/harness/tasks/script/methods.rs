//! Methods of the values of Python.

use std::rc::Rc;

use super::arguments::{Arguments, Given};
use super::dataset;
use super::machine::Machine;
use super::object::{Match, Object, Res, Table, raise, refuse};
use super::operate::set_operation;
use super::patterns;
use super::places::raise_key;
use super::texts;
use super::tree::Name;

const LIST: [&str; 11] =
    ["append", "extend", "insert", "remove", "pop", "clear", "index", "count", "sort", "reverse", "copy"];
const DICT: [&str; 12] = [
    "get",
    "keys",
    "values",
    "items",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "copy",
    "clear",
    "most_common",
    "elements",
];
const SET: [&str; 16] = [
    "add",
    "discard",
    "remove",
    "update",
    "union",
    "intersection",
    "difference",
    "symmetric_difference",
    "issubset",
    "issuperset",
    "isdisjoint",
    "copy",
    "clear",
    "pop",
    "intersection_update",
    "difference_update",
];
const MATCH: [&str; 6] = ["group", "groups", "groupdict", "start", "end", "span"];
const RANDOM: [&str; 9] =
    ["shuffle", "sample", "choice", "choices", "randint", "random", "randrange", "seed", "uniform"];
const ARRAY: [&str; 9] = ["tolist", "mean", "sum", "argmax", "argmin", "max", "min", "item", "any"];
const LOGGER: [&str; 7] = ["info", "warning", "debug", "error", "exception", "setLevel", "addHandler"];
const FLOAT: [&str; 2] = ["is_integer", "item"];

/// Whether some value that is known has a method or field of this name.
pub(super) fn is_known(name: &str) -> bool {
    let lists: [&[&str]; 11] = [
        &LIST,
        &DICT,
        &SET,
        &MATCH,
        &RANDOM,
        &ARRAY,
        &LOGGER,
        &FLOAT,
        &texts::METHODS,
        &dataset::METHODS,
        &patterns::METHODS,
    ];
    lists.iter().any(|list| list.contains(&name))
        || ["column_names", "num_rows", "pattern", "args", "size", "string"].contains(&name)
}

fn list_of(base: &Object) -> &'static [&'static str] {
    match base {
        Object::Text(_) => &texts::METHODS,
        Object::List(_) => &LIST,
        Object::Tuple(_) | Object::Range(..) => &["index", "count"],
        Object::Dict(_) => &DICT,
        Object::Set(_) => &SET,
        Object::Pattern(_) => &patterns::METHODS,
        Object::Match(_) => &MATCH,
        Object::Random(_) => &RANDOM,
        Object::Dataset(_) => &dataset::METHODS,
        Object::Array(_) => &ARRAY,
        Object::Logger => &LOGGER,
        Object::Float(_) | Object::Int(_) => &FLOAT,
        _ => &[],
    }
}

/// Whether a value has a method.
pub(super) fn has(base: &Object, name: &str) -> bool {
    list_of(base).contains(&name)
}

/// A field that is no method.
pub(super) fn plain_attribute(_machine: &mut Machine, base: &Object, name: &str) -> Res<Option<Object>> {
    Ok(match (base, name) {
        (Object::Dataset(rows), "column_names") => Some(Object::list(dataset::columns(rows))),
        (Object::Dataset(rows), "num_rows") => Some(Object::size(rows.len())),
        (Object::Exception(exception), "args") => Some(Object::tuple(exception.1.clone())),
        (Object::Array(items), "size") => Some(Object::size(items.len())),
        _ => None,
    })
}

/// `base.name(…)`.
pub(super) fn call(machine: &mut Machine, base: &Object, name: &Name, arguments: Arguments) -> Res<Object> {
    machine.step()?;
    let mut given = Given::new(name, arguments);
    match base {
        Object::Missing(of) => return refuse(format!("`{of}` is not known here")),
        Object::Logger => return Ok(Object::None),
        _ if !has(base, name) => {
            return raise("AttributeError", format!("'{}' object has no attribute '{name}'", base.kind()));
        }
        _ => {}
    }
    match base {
        Object::Text(text) => texts::call(machine, text, name, given),
        Object::List(_) => list(machine, base, name, given),
        Object::Tuple(_) | Object::Range(..) => sequence(machine, base, name, given),
        Object::Dict(_) => dict(machine, base, name, given),
        Object::Set(_) => set(machine, base, name, given),
        Object::Pattern(pattern) => patterns::call(machine, pattern, name, given),
        Object::Match(found) => matched(found, name, given),
        Object::Random(random) => super::chance::call(machine, random, name, given),
        Object::Dataset(rows) => dataset::call(machine, rows, name, given),
        Object::Array(items) => super::numbers::array(items, name, given),
        Object::Float(number) if &**name == "is_integer" => {
            Ok(Object::Bool(number.is_finite() && number.fract() == 0.0))
        }
        Object::Int(_) if &**name == "is_integer" => Ok(Object::Bool(true)),
        Object::Float(_) | Object::Int(_) => {
            given.done()?;
            Ok(base.clone())
        }
        other => refuse(format!("`{name}` of a {}", other.kind())),
    }
}

fn sequence(machine: &mut Machine, base: &Object, name: &str, mut given: Given) -> Res<Object> {
    let wanted = given.need("value")?;
    given.done()?;
    let items = machine.all(base)?;
    let mut count = 0;
    for (at, item) in items.iter().enumerate() {
        machine.step()?;
        if item.equal(&wanted)? {
            if name == "index" {
                return Ok(Object::size(at));
            }
            count += 1;
        }
    }
    if name == "count" { Ok(Object::Int(count)) } else { raise("ValueError", "the value is not in the list") }
}

fn list(machine: &mut Machine, base: &Object, name: &str, mut given: Given) -> Res<Object> {
    let Object::List(list) = base else { return Ok(Object::None) };
    match name {
        "append" => {
            let item = given.need("object")?;
            machine.take_room(1)?;
            list.borrow_mut().push(item);
        }
        "extend" => {
            let more = given.need("iterable")?;
            let more = machine.all(&more)?;
            list.borrow_mut().extend(more);
        }
        "insert" => {
            let at = given.need("index")?.need_int("insert")?;
            let item = given.need("object")?;
            let length = list.borrow().len() as i64;
            let at = (if at < 0 { at + length } else { at }).clamp(0, length);
            machine.take_room(1)?;
            list.borrow_mut().insert(at as usize, item);
        }
        "remove" => {
            let wanted = given.need("value")?;
            let items = list.borrow().clone();
            for (at, item) in items.iter().enumerate() {
                if item.equal(&wanted)? {
                    list.borrow_mut().remove(at);
                    return Ok(Object::None);
                }
            }
            return raise("ValueError", "list.remove(x): x not in list");
        }
        "pop" => {
            let length = list.borrow().len() as i64;
            let at = given.take("index").map_or(Ok(-1), |at| at.need_int("pop"))?;
            let at = if at < 0 { at + length } else { at };
            if length == 0 {
                return raise("IndexError", "pop from empty list");
            }
            if !(0..length).contains(&at) {
                return raise("IndexError", "pop index out of range");
            }
            return Ok(list.borrow_mut().remove(at as usize));
        }
        "clear" => list.borrow_mut().clear(),
        "index" | "count" => return sequence(machine, base, name, given),
        "sort" => {
            let items = list.borrow().clone();
            let sorted = super::sorting::sorted(machine, items, &mut given)?;
            *list.borrow_mut() = sorted;
        }
        "reverse" => list.borrow_mut().reverse(),
        _ => {
            let items = list.borrow().clone();
            machine.take_room(items.len())?;
            return Ok(Object::list(items));
        }
    }
    given.done()?;
    Ok(Object::None)
}

fn dict(machine: &mut Machine, base: &Object, name: &str, mut given: Given) -> Res<Object> {
    let Object::Dict(dict) = base else { return Ok(Object::None) };
    match name {
        "get" => {
            let key = given.need("key")?;
            let default = given.take("default").unwrap_or(Object::None);
            given.done()?;
            Ok(dict.table.borrow().get(&key)?.unwrap_or(default))
        }
        "keys" => Ok(Object::list(dict.table.borrow().keys())),
        "values" => Ok(Object::list(dict.table.borrow().values())),
        "items" => Ok(Object::list(pairs(&dict.table.borrow()))),
        "pop" => {
            let key = given.need("key")?;
            let default = given.take("default");
            let found = dict.table.borrow_mut().take(&key)?;
            match (found, default) {
                (Some(value), _) | (None, Some(value)) => Ok(value),
                (None, None) => raise_key(&key),
            }
        }
        "popitem" => match dict.table.borrow_mut().take_last()? {
            Some((key, value)) => Ok(Object::tuple(vec![key, value])),
            None => raise("KeyError", "popitem(): dictionary is empty"),
        },
        "setdefault" => {
            let key = given.need("key")?;
            let default = given.take("default").unwrap_or(Object::None);
            if let Some(found) = dict.table.borrow().get(&key)? {
                return Ok(found);
            }
            dict.table.borrow_mut().put(key, default.clone())?;
            Ok(default)
        }
        "update" if matches!(dict.kind, super::object::DictKind::Counter) => {
            let more = given.need("iterable")?;
            given.done()?;
            count(machine, dict, &more)?;
            Ok(Object::None)
        }
        "update" => {
            if let Some(other) = given.take("other") {
                for (key, value) in machine.entries(&other)? {
                    dict.table.borrow_mut().put(key, value)?;
                }
            }
            for (key, value) in given.rest_named() {
                dict.table.borrow_mut().put(Object::Text(key), value)?;
            }
            Ok(Object::None)
        }
        "copy" => Ok(Object::dict_of(dict.table.borrow().clone(), dict.kind.clone())),
        "clear" => {
            dict.table.borrow_mut().clear();
            Ok(Object::None)
        }
        "most_common" => {
            let most = given.take("n").map(|n| n.need_int("most_common")).transpose()?;
            let mut all = Vec::new();
            for (key, value) in dict.table.borrow().iter() {
                all.push((key.clone(), value.need_int("a counter")?));
            }
            all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let most = most.map_or(all.len(), |most| usize::try_from(most).unwrap_or(0));
            let pair = |(key, count): (Object, i64)| Object::tuple(vec![key, Object::Int(count)]);
            Ok(Object::list(all.into_iter().take(most).map(pair).collect()))
        }
        other => refuse(format!("`{other}` of a {}", base.kind())),
    }
}

/// Counts values into a counter.
pub(super) fn count(machine: &mut Machine, dict: &super::object::Dict, more: &Object) -> Res<()> {
    if let Object::Dict(other) = more {
        for (key, value) in other.table.borrow().iter() {
            let sum = dict.table.borrow().get(key)?.map_or(Ok(0), |old| old.need_int("a counter"))?;
            let value = value.need_int("a counter")?;
            dict.table.borrow_mut().put(key.clone(), Object::Int(sum + value))?;
        }
        return Ok(());
    }
    let iterator = machine.iterator(more)?;
    while let Some(item) = machine.next(&iterator)? {
        let mut table = dict.table.borrow_mut();
        let sum = table.get(&item)?.map_or(Ok(0), |old| old.need_int("a counter"))?;
        table.put(item, Object::Int(sum + 1))?;
    }
    Ok(())
}

fn pairs(table: &Table) -> Vec<Object> {
    table.iter().map(|(key, value)| Object::tuple(vec![key.clone(), value.clone()])).collect()
}

fn set(machine: &mut Machine, base: &Object, name: &str, mut given: Given) -> Res<Object> {
    let Object::Set(set) = base else { return Ok(Object::None) };
    let mut table_of = |given: &mut Given| -> Res<Table> {
        let mut all = Vec::new();
        while let Some(other) = given.take("others") {
            all.extend(machine.all_unordered(&other)?);
        }
        Table::of_keys(all)
    };
    match name {
        "add" => {
            let item = given.need("element")?;
            let mut set = set.borrow_mut();
            if !set.has(&item)? {
                set.put(item, Object::None)?;
            }
            Ok(Object::None)
        }
        "discard" | "remove" => {
            let item = given.need("element")?;
            match set.borrow_mut().take(&item)? {
                None if name == "remove" => raise_key(&item),
                _ => Ok(Object::None),
            }
        }
        "update" => {
            let more = table_of(&mut given)?;
            let joined = set_operation("|", &set.borrow(), &more)?;
            *set.borrow_mut() = joined;
            Ok(Object::None)
        }
        "union" | "intersection" | "difference" | "symmetric_difference" => {
            let other = table_of(&mut given)?;
            let sign = match name {
                "union" => "|",
                "intersection" => "&",
                "difference" => "-",
                _ => "^",
            };
            Ok(Object::set(set_operation(sign, &set.borrow(), &other)?))
        }
        "issubset" | "issuperset" | "isdisjoint" => {
            let other = table_of(&mut given)?;
            let set = set.borrow();
            let shared = set_operation("&", &set, &other)?.len();
            Ok(Object::Bool(match name {
                "issubset" => shared == set.len(),
                "issuperset" => shared == other.len(),
                _ => shared == 0,
            }))
        }
        "copy" => Ok(Object::set(set.borrow().clone())),
        "clear" => {
            set.borrow_mut().clear();
            Ok(Object::None)
        }
        "pop" if set.borrow().len() == 1 => {
            let only = set.borrow_mut().take_last()?;
            Ok(only.map_or(Object::None, |(key, _)| key))
        }
        other => refuse(format!("`{other}` of a set")),
    }
}

fn matched(found: &Rc<Match>, name: &str, mut given: Given) -> Res<Object> {
    match name {
        "group" => {
            let mut groups = Vec::new();
            while let Some(index) = given.take("group") {
                groups.push(patterns::group(found, &index)?);
            }
            Ok(match groups.len() {
                0 => patterns::group(found, &Object::Int(0))?,
                1 => groups.remove(0),
                _ => Object::tuple(groups),
            })
        }
        "groups" => {
            let default = given.take("default").unwrap_or(Object::None);
            let text = |group: &Option<(i64, i64, Name)>| {
                group.as_ref().map_or(default.clone(), |(_, _, text)| Object::Text(text.clone()))
            };
            Ok(Object::tuple(found.groups.iter().skip(1).map(text).collect()))
        }
        "groupdict" => {
            let mut table = Table::default();
            for (name, at) in &found.names {
                table.put_text(name, patterns::group(found, &Object::size(*at))?);
            }
            Ok(Object::dict(table))
        }
        _ => {
            let at = given.take("group").map_or(Ok(0), |at| at.need_int("a group"))?;
            let Some(group) = usize::try_from(at).ok().and_then(|at| found.groups.get(at)) else {
                return raise("IndexError", "no such group");
            };
            let (start, end) = group.as_ref().map_or((-1, -1), |(start, end, _)| (*start, *end));
            Ok(match name {
                "start" => Object::Int(start),
                "end" => Object::Int(end),
                _ => Object::tuple(vec![Object::Int(start), Object::Int(end)]),
            })
        }
    }
}
