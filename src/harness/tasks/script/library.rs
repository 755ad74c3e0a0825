//! Functions of the modules that scripts may import.

use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;

use super::super::literal;
use super::super::value::{JsonStyle, Value};
use super::arguments::Given;
use super::chance;
use super::dataset;
use super::machine::Machine;
use super::numbers;
use super::object::{DictKind, Iter, Object, Partial, Res, Table, raise, refuse};
use super::patterns;
use super::texts;

pub(super) fn call(machine: &mut Machine, name: &'static str, mut given: Given) -> Res<Object> {
    let (module, function) = name.rsplit_once('.').unwrap_or(("", name));
    match (module, function) {
        ("re", "escape") => {
            let text = given.need("pattern")?;
            given.done()?;
            Ok(Object::text(&patterns::escape(text.need_text(function)?)))
        }
        ("re", _) => patterns::function(machine, function, given),
        ("random", "Random") => {
            let seed = given.need("seed")?;
            given.done()?;
            Ok(Object::Random(Rc::new(std::cell::RefCell::new(chance::seeded(&seed)?))))
        }
        ("random", _) => {
            let random = Rc::clone(&machine.random);
            chance::call(machine, &random, function, given)
        }
        ("math", _) => numbers::math(function, given),
        ("numpy", _) => numbers::numpy(machine, function, given),
        ("str", "maketrans") => texts::translation(given),
        ("str", _) => {
            let text = given.need("self")?;
            let text: super::tree::Name = text.need_text(function)?.into();
            texts::call(machine, &text, function, given)
        }
        ("functools", "partial") => {
            let function = given.need("func")?;
            let (list, named) = (given.rest(), given.rest_named());
            Ok(Object::Partial(Rc::new(Partial { function, list, named })))
        }
        ("functools", "reduce") => {
            let (function, over) = (given.need("function")?, given.need("iterable")?);
            let first = given.take("initial");
            given.done()?;
            let over = machine.iterator(&over)?;
            let Some(mut total) = first.map_or_else(|| machine.next(&over), |first| Ok(Some(first)))? else {
                return raise("TypeError", "reduce() of empty iterable with no initial value");
            };
            while let Some(item) = machine.next(&over)? {
                total = machine.call(&function, vec![total, item])?;
            }
            Ok(total)
        }
        ("collections", _) => collection(machine, function, given),
        ("itertools" | "itertools.chain", _) => iteration(machine, function, given),
        ("json" | "ast", _) => text_as_value(function, given),
        ("os.path", _) => path(function, given),
        ("logging", "getLogger") => Ok(Object::Logger),
        ("logging", _) => Ok(Object::None),
        ("datasets", "Dataset") => refuse("`datasets.Dataset(…)`"),
        ("datasets.Dataset", "from_list") => {
            let rows = given.need("mapping")?;
            given.done()?;
            let rows = machine.all(&rows)?;
            // The first row says which columns there are.
            let keys = match rows.first() {
                Some(Object::Dict(first)) => first.table.borrow().keys(),
                _ => Vec::new(),
            };
            let mut same = Vec::with_capacity(rows.len());
            for row in &rows {
                let Object::Dict(row) = row else { return raise("AttributeError", "a document is no dictionary") };
                let mut table = Table::default();
                for key in &keys {
                    table.put(key.clone(), row.table.borrow().get(key)?.unwrap_or(Object::None))?;
                }
                same.push(Object::dict(table));
            }
            dataset::of(same)
        }
        ("datasets.Dataset", _) => from_columns(machine, given),
        ("datasets", _) => {
            let parts = given.need("dsets")?;
            given.done()?;
            let mut rows = Vec::new();
            for part in machine.all(&parts)? {
                let Object::Dataset(part) = &part else { return refuse("`concatenate_datasets` of other things") };
                rows.extend(part.iter().cloned());
            }
            dataset::of(rows)
        }
        ("copy", "deepcopy") => {
            let of = given.need("x")?;
            given.done()?;
            of.deep_copy(0)
        }
        ("copy", _) => {
            let of = given.need("x")?;
            given.done()?;
            Ok(match &of {
                Object::List(list) => Object::list(list.borrow().clone()),
                Object::Dict(dict) => Object::dict_of(dict.table.borrow().clone(), dict.kind.clone()),
                Object::Set(set) => Object::set(set.borrow().clone()),
                other => other.clone(),
            })
        }
        ("dict", "fromkeys") => {
            let (keys, value) = (given.need("iterable")?, given.take("value").unwrap_or(Object::None));
            given.done()?;
            let mut table = Table::default();
            for key in machine.all(&keys)? {
                table.put(key, value.clone())?;
            }
            Ok(Object::dict(table))
        }
        ("sklearn.metrics" | "lm_eval.utils" | "lm_eval.api.metrics", _) => {
            super::measures::call(machine, function, given)
        }
        _ => refuse(format!("`{name}` is not supported")),
    }
}

fn collection(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
    match name {
        "Counter" => {
            let made = Object::dict_of(Table::default(), DictKind::Counter);
            let of = given.take("iterable");
            given.done()?;
            if let (Object::Dict(dict), Some(of)) = (&made, of) {
                super::methods::count(machine, dict, &of)?;
            }
            Ok(made)
        }
        "defaultdict" => {
            let make = given.take_place().unwrap_or(Object::None);
            given.done()?;
            let kind = if matches!(make, Object::None) { DictKind::Plain } else { DictKind::Default(make) };
            Ok(Object::dict_of(Table::default(), kind))
        }
        _ => {
            let mut table = Table::default();
            if let Some(of) = given.take_place() {
                for (key, value) in machine.entries(&of)? {
                    table.put(key, value)?;
                }
            }
            given.done()?;
            Ok(Object::dict(table))
        }
    }
}

fn iteration(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
    match name {
        "chain" => Ok(Object::lazy(Iter::Chain(VecDeque::from(given.rest())))),
        "from_iterable" => {
            let parts = given.need("iterable")?;
            given.done()?;
            Ok(Object::lazy(Iter::Chain(VecDeque::from(machine.all(&parts)?))))
        }
        "zip_longest" => {
            let all = given.rest();
            given.done()?;
            let all = all.iter().map(|over| machine.iterator(over)).collect::<Res<Vec<_>>>()?;
            Ok(Object::lazy(Iter::Zip(all, true)))
        }
        "islice" => {
            let over = given.need("iterable")?;
            let mut ends = Vec::new();
            for end in given.rest() {
                ends.push(match end {
                    Object::None => usize::MAX,
                    end => usize::try_from(end.need_int(name)?)
                        .or_else(|_| raise("ValueError", "islice() needs numbers from 0"))?,
                });
            }
            given.done()?;
            let over = machine.iterator(&over)?;
            let (from, to, step) = match ends.as_slice() {
                [to] => (0, *to, 1),
                [from, to] => (*from, *to, 1),
                [from, to, step] if *step > 0 => (*from, *to, *step),
                _ => return raise("TypeError", "islice() has another number of arguments"),
            };
            Ok(Object::lazy(Iter::Slice(over, from, to, step)))
        }
        "product" => {
            if given.named("repeat") {
                return refuse("`product` with `repeat`");
            }
            let mut rows: Vec<Vec<Object>> = vec![Vec::new()];
            for part in given.rest() {
                let part = machine.all(&part)?;
                machine.take_room(rows.len().saturating_mul(part.len()))?;
                let longer = |row: &Vec<Object>| {
                    part.iter().map(|item| [row.as_slice(), std::slice::from_ref(item)].concat()).collect::<Vec<_>>()
                };
                rows = rows.iter().flat_map(longer).collect();
            }
            Ok(Object::lazy(Iter::Items(rows.into_iter().map(Object::tuple).collect::<Vec<_>>().into_iter())))
        }
        "combinations" | "permutations" => {
            let of = given.need("iterable")?;
            let items = machine.all(&of)?;
            let count = given.take("r").map_or(Ok(items.len() as i64), |r| r.need_int(name))?;
            given.done()?;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let mut out = Vec::new();
            if count <= items.len() {
                choose(machine, &items, count, name == "permutations", &mut Vec::new(), &mut out)?;
            }
            Ok(Object::lazy(Iter::Items(out.into_iter())))
        }
        other => refuse(format!("`itertools.{other}`")),
    }
}

fn choose(
    machine: &mut Machine,
    items: &[Object],
    count: usize,
    any_order: bool,
    chosen: &mut Vec<usize>,
    out: &mut Vec<Object>,
) -> Res<()> {
    if chosen.len() == count {
        machine.take_room(count)?;
        out.push(Object::tuple(chosen.iter().map(|at| items[*at].clone()).collect()));
        return Ok(());
    }
    let from = if any_order { 0 } else { chosen.last().map_or(0, |last| last + 1) };
    for at in from..items.len() {
        if any_order && chosen.contains(&at) {
            continue;
        }
        chosen.push(at);
        machine.down(|machine| choose(machine, items, count, any_order, chosen, out))?;
        chosen.pop();
    }
    Ok(())
}

fn text_as_value(name: &str, mut given: Given) -> Res<Object> {
    let of = given.need("value")?;
    match name {
        "loads" => {
            given.done()?;
            let read: Result<Value, _> = serde_json::from_str(of.need_text("json.loads")?);
            match read {
                Ok(value) => Ok(Object::of(&value)),
                Err(error) => raise("JSONDecodeError", error.to_string()),
            }
        }
        "dumps" => {
            let ascii = given.take_named("ensure_ascii").map_or(Ok(true), |ascii| ascii.truth())?;
            let sorted = given.take_named("sort_keys").map_or(Ok(false), |sorted| sorted.truth())?;
            let indent = match given.take_named("indent") {
                None | Some(Object::None) => None,
                Some(indent) => usize::try_from(indent.need_int("indent")?).ok(),
            };
            given.done()?;
            let style = JsonStyle { indent, ascii, sorted, ..JsonStyle::default() };
            Ok(Object::text(&of.value()?.json(&style)))
        }
        _ => {
            given.done()?;
            let text = of.need_text("literal_eval")?;
            if text.contains('(') || text.contains('{') {
                return refuse("`literal_eval` of text with tuples, sets or dictionaries");
            }
            match literal::parse(text) {
                Ok(value) => Ok(Object::of(&value)),
                Err(problem) => raise("ValueError", problem),
            }
        }
    }
}

fn path(name: &str, mut given: Given) -> Res<Object> {
    let of = given.need("path")?;
    let text = of.need_text(name)?;
    match name {
        "basename" => Ok(Object::text(text.rsplit('/').next().unwrap_or_default())),
        "dirname" => Ok(Object::text(text.rsplit_once('/').map_or("", |(folder, _)| folder))),
        "abspath" => match std::path::absolute(Path::new(text)) {
            Ok(path) => Ok(Object::text(&path.display().to_string())),
            Err(_) => refuse("`abspath` of this path"),
        },
        _ => {
            let mut out = text.to_owned();
            for part in given.rest() {
                let part = part.need_text(name)?;
                if part.starts_with('/') {
                    out = part.to_owned();
                } else {
                    out = if out.is_empty() || out.ends_with('/') { out + part } else { format!("{out}/{part}") };
                }
            }
            Ok(Object::text(&out))
        }
    }
}

fn from_columns(machine: &mut Machine, mut given: Given) -> Res<Object> {
    let columns = given.need("mapping")?;
    given.done()?;
    let Object::Dict(columns) = &columns else { return refuse("`from_dict` of something that is not a dictionary") };
    let mut rows: Option<Vec<Table>> = None;
    let columns = columns.table.borrow().clone();
    for (key, column) in columns.iter() {
        let items = machine.all(column)?;
        let rows = rows.get_or_insert_with(|| vec![Table::default(); items.len()]);
        if rows.len() != items.len() {
            return raise("ValueError", "columns of different lengths");
        }
        for (row, item) in rows.iter_mut().zip(items) {
            row.put(key.clone(), item)?;
        }
    }
    dataset::of(rows.unwrap_or_default().into_iter().map(Object::dict).collect())
}
