//! `sorted`, `min` and `max`.

use std::cmp::Ordering;

use super::arguments::Given;
use super::machine::Machine;
use super::object::{Object, Res, raise, refuse};
use super::operate::order;

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

/// `min` and `max`.
pub(super) fn extreme(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
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
