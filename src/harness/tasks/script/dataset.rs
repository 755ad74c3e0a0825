//! `datasets.Dataset`: the documents of a split and what functions do with all of them.

use std::rc::Rc;

use super::super::data::unify;
use super::super::value::Value;
use super::arguments::{Arguments, Given};
use super::machine::Machine;
use super::object::{Object, Res, Table, raise, refuse};
use super::places::{places, raise_key};

/// Methods that are known.
pub(super) const METHODS: [&str; 12] = [
    "map",
    "filter",
    "select",
    "rename_column",
    "rename_columns",
    "remove_columns",
    "select_columns",
    "add_column",
    "to_list",
    "unique",
    "sort",
    "flatten_indices",
];

/// Arguments that say how to work, not what comes out.
const MANNERS: [&str; 7] = [
    "num_proc",
    "load_from_cache_file",
    "desc",
    "keep_in_memory",
    "writer_batch_size",
    "new_fingerprint",
    "batch_size",
];

/// Names of the columns, in order.
pub(super) fn columns(rows: &[Object]) -> Vec<Object> {
    match rows.first() {
        Some(Object::Dict(row)) => row.table.borrow().keys(),
        _ => Vec::new(),
    }
}

/// A data set of rows, which get the same keys and number types as in a table of arrow.
pub(super) fn of(rows: Vec<Object>) -> Res<Object> {
    let values = rows.iter().map(Object::value).collect::<Res<Vec<_>>>()?;
    if let Some(row) = values.iter().find(|row| !matches!(row, Value::Map(_))) {
        return raise("TypeError", format!("a document is {}, not a dictionary", row.kind()));
    }
    if let Some(mixed) = mixed(&values.iter().collect::<Vec<_>>()) {
        let column = mixed.column.unwrap_or_default();
        return refuse(format!("`{column}`: a column holds both {} and {}", mixed.kinds[0], mixed.kinds[1]));
    }
    let rows: Vec<Object> = unify(values).iter().map(Object::of).collect();
    Ok(Object::Dataset(Rc::new(rows)))
}

/// What arrow would not take: a column of several kinds.
struct Mixed {
    column: Option<String>,
    kinds: [&'static str; 2],
}

fn mixed(values: &[&Value]) -> Option<Mixed> {
    let kind = |value: &Value| match value {
        Value::Int(_) | Value::Float(_) => 1,
        Value::Bool(_) => 2,
        Value::Text(_) => 3,
        Value::List(_) => 4,
        Value::Map(_) => 5,
        Value::Null => 0,
    };
    let mut first: Option<&Value> = None;
    for value in values.iter().filter(|value| ***value != Value::Null) {
        match first {
            Some(first) if kind(first) != kind(value) => {
                return Some(Mixed { column: None, kinds: [first.kind(), value.kind()] });
            }
            Some(_) => {}
            None => first = Some(value),
        }
    }
    match first? {
        Value::List(_) => mixed(&values.iter().filter_map(|value| value.as_list()).flatten().collect::<Vec<_>>()),
        Value::Map(_) => {
            let mut keys: Vec<&str> = Vec::new();
            for value in values {
                if let Value::Map(entries) = value {
                    for (key, _) in entries {
                        if !keys.contains(&key.as_str()) {
                            keys.push(key);
                        }
                    }
                }
            }
            keys.into_iter().find_map(|key| {
                let column: Vec<&Value> = values.iter().filter_map(|value| value.get(key)).collect();
                mixed(&column).map(|found| Mixed { column: found.column.or_else(|| Some(key.to_owned())), ..found })
            })
        }
        _ => None,
    }
}

/// `dataset[index]`.
pub(super) fn item(rows: &Rc<Vec<Object>>, index: &Object) -> Res<Object> {
    let value = |row: &Object, key: &Object| match row {
        Object::Dict(row) => row.table.borrow().get(key),
        _ => Ok(None),
    };
    match index {
        Object::Text(_) => {
            let mut column = Vec::with_capacity(rows.len());
            for row in rows.iter() {
                match value(row, index)? {
                    Some(value) => column.push(value.deep_copy(0)?),
                    None => return raise_key(index),
                }
            }
            Ok(Object::list(column))
        }
        Object::Slice(slice) => {
            let mut table = Table::default();
            for key in columns(rows) {
                let mut column = Vec::new();
                for at in places(slice, rows.len())? {
                    column.push(value(&rows[at], &key)?.unwrap_or(Object::None).deep_copy(0)?);
                }
                table.put(key, Object::list(column))?;
            }
            Ok(Object::dict(table))
        }
        index => {
            let at = index.need_int("a data set")?;
            let at = if at < 0 { at + rows.len() as i64 } else { at };
            match usize::try_from(at).ok().and_then(|at| rows.get(at)) {
                Some(row) => row.deep_copy(0),
                None => raise("IndexError", "Index is out of bounds"),
            }
        }
    }
}

pub(super) fn call(machine: &mut Machine, rows: &Rc<Vec<Object>>, name: &str, mut given: Given) -> Res<Object> {
    for manner in MANNERS {
        given.take_named(manner);
    }
    match name {
        "map" => map(machine, rows, given),
        "filter" => {
            let function = given.need("function")?;
            let places = given.take_named("with_indices").map_or(Ok(false), |with| with.truth())?;
            given.done()?;
            let mut kept = Vec::new();
            for (at, row) in rows.iter().enumerate() {
                machine.document = Some(at);
                let mut arguments = vec![row.deep_copy(0)?];
                if places {
                    arguments.push(Object::size(at));
                }
                if machine.call(&function, arguments)?.truth()? {
                    kept.push(row.clone());
                }
            }
            machine.document = None;
            Ok(Object::Dataset(Rc::new(kept)))
        }
        "select" => {
            let wanted = given.need("indices")?;
            given.done()?;
            let mut kept = Vec::new();
            for at in machine.all(&wanted)? {
                let at = at.need_int("select")?;
                match usize::try_from(at).ok().and_then(|at| rows.get(at)) {
                    Some(row) => kept.push(row.clone()),
                    None => {
                        return raise(
                            "IndexError",
                            format!("Index {at} out of range for dataset of size {}", rows.len()),
                        );
                    }
                }
            }
            Ok(Object::Dataset(Rc::new(kept)))
        }
        "to_list" => Ok(Object::list(rows.iter().map(|row| row.deep_copy(0)).collect::<Res<_>>()?)),
        "flatten_indices" => Ok(Object::Dataset(Rc::clone(rows))),
        "rename_column" => {
            let (from, to) = (given.need("original_column_name")?, given.need("new_column_name")?);
            given.done()?;
            changed(rows, |key| Ok(Some(if key.equal(&from)? { to.clone() } else { key.clone() })))
        }
        "rename_columns" => {
            let names = given.need("column_mapping")?;
            given.done()?;
            let Object::Dict(names) = &names else {
                return refuse("`rename_columns` with something that is not a dictionary");
            };
            changed(rows, |key| Ok(Some(names.table.borrow().get(key)?.unwrap_or_else(|| key.clone()))))
        }
        "remove_columns" | "select_columns" => {
            let names = given.need("column_names")?;
            given.done()?;
            let names = match &names {
                Object::Text(_) => vec![names.clone()],
                other => machine.all(other)?,
            };
            let names = Table::of_keys(names)?;
            let keep = name == "select_columns";
            changed(rows, |key| Ok((names.has(key)? == keep).then(|| key.clone())))
        }
        "add_column" => {
            let (key, column) = (given.need("name")?, given.need("column")?);
            given.done()?;
            let column = machine.all(&column)?;
            if column.len() != rows.len() {
                return raise("ValueError", "a column of another length than the data set");
            }
            let mut out = Vec::new();
            for (row, value) in rows.iter().zip(column) {
                let row = row.deep_copy(0)?;
                machine.set_item(&row, key.clone(), value)?;
                out.push(row);
            }
            of(out)
        }
        other => refuse(format!("`{other}` of a data set")),
    }
}

/// Rows with other names of columns, or without some.
fn changed(rows: &[Object], name: impl Fn(&Object) -> Res<Option<Object>>) -> Res<Object> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let Object::Dict(row) = row else { continue };
        let mut table = Table::default();
        for (key, value) in row.table.borrow().iter() {
            if let Some(key) = name(key)? {
                table.put(key, value.clone())?;
            }
        }
        out.push(Object::dict(table));
    }
    Ok(Object::Dataset(Rc::new(out)))
}

fn map(machine: &mut Machine, rows: &Rc<Vec<Object>>, mut given: Given) -> Res<Object> {
    let function = given.need("function")?;
    let places = given.take_named("with_indices").map_or(Ok(false), |with| with.truth())?;
    let removed = match given.take_named("remove_columns") {
        None | Some(Object::None) => Table::default(),
        Some(name @ Object::Text(_)) => Table::of_keys([name])?,
        Some(names) => Table::of_keys(machine.all(&names)?)?,
    };
    if given.take_named("batched").map_or(Ok(false), |batched| batched.truth())? {
        return refuse("`map` with `batched`");
    }
    let more = match given.take_named("fn_kwargs") {
        None | Some(Object::None) => Vec::new(),
        Some(more) => machine.entries(&more)?,
    };
    given.done()?;
    let mut out = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        machine.document = Some(at);
        let mut arguments = Arguments { list: vec![row.deep_copy(0)?], named: Vec::new() };
        if places {
            arguments.list.push(Object::size(at));
        }
        for (key, value) in &more {
            arguments.named.push((key.need_text("fn_kwargs")?.into(), value.clone()));
        }
        // What the function leaves out stays; what it changes in place without giving it back is lost, as there.
        let mut table = Table::default();
        let made = machine.call_with(&function, arguments)?;
        let Object::Dict(row) = row else { continue };
        for (key, value) in row.table.borrow().iter() {
            if !removed.has(key)? {
                table.put(key.clone(), value.clone())?;
            }
        }
        match made {
            Object::None => {}
            Object::Dict(made) => {
                for (key, value) in made.table.borrow().iter() {
                    table.put(key.clone(), value.clone())?;
                }
            }
            other => {
                return raise("TypeError", format!("the function of `map` gives {}, not a dictionary", other.kind()));
            }
        }
        out.push(Object::dict(table));
    }
    machine.document = None;
    of(out)
}
