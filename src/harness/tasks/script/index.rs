//! Parts of values: `base[index]`, slices, and changing them.

use std::rc::Rc;

use super::machine::Machine;
use super::methods;
use super::object::{DictKind, Halt, Object, Res, raise, refuse};
use super::tree::Name;

impl Machine {
    /// `base[index]`.
    pub(super) fn item(&mut self, base: &Object, index: &Object) -> Res<Object> {
        match (base, index) {
            (Object::Dict(dict), key) => {
                let found = dict.table.borrow().get(key)?;
                match (found, &dict.kind) {
                    (Some(value), _) => Ok(value),
                    (None, DictKind::Counter) => Ok(Object::Int(0)),
                    (None, DictKind::Default(make)) => {
                        let made = self.call(make, Vec::new())?;
                        dict.table.borrow_mut().put(key.clone(), made.clone())?;
                        Ok(made)
                    }
                    (None, DictKind::Plain) => raise_key(key),
                }
            }
            (Object::Text(text), Object::Slice(slice)) => {
                if text.is_ascii() {
                    return Ok(match contiguous(slice, text.len()) {
                        Some((from, to)) => Object::text(&text[from..to]),
                        None => {
                            let bytes = text.as_bytes();
                            let kept: String = places(slice, text.len())?.map(|at| char::from(bytes[at])).collect();
                            Object::text(&kept)
                        }
                    });
                }
                let chars: Vec<char> = text.chars().collect();
                let kept: String = places(slice, chars.len())?.map(|at| chars[at]).collect();
                Ok(Object::text(&kept))
            }
            (Object::Text(text), index) => {
                let length = text.chars().count();
                let at = place(index, length, "string")?;
                let found = if text.is_ascii() { Some(char::from(text.as_bytes()[at])) } else { text.chars().nth(at) };
                Ok(Object::text(&found.map(String::from).unwrap_or_default()))
            }
            (Object::List(list), Object::Slice(slice)) => {
                let list = list.borrow();
                let kept: Vec<Object> = places(slice, list.len())?.map(|at| list[at].clone()).collect();
                self.take_room(kept.len())?;
                Ok(Object::list(kept))
            }
            (Object::List(list), index) => {
                let list = list.borrow();
                Ok(list[place(index, list.len(), "list")?].clone())
            }
            (Object::Tuple(items), Object::Slice(slice)) => {
                Ok(Object::tuple(places(slice, items.len())?.map(|at| items[at].clone()).collect()))
            }
            (Object::Tuple(items), index) => Ok(items[place(index, items.len(), "tuple")?].clone()),
            (Object::Array(items), Object::Slice(slice)) => {
                let kept = places(slice, items.len())?.map(|at| items[at].clone()).collect();
                Ok(Object::Array(Rc::new(kept)))
            }
            (Object::Array(items), index) => Ok(items[place(index, items.len(), "array")?].clone()),
            (Object::Range(from, to, step), index) if !matches!(index, Object::Slice(_)) => {
                let length = super::object::range_len(*from, *to, *step) as usize;
                Ok(Object::Int(from + step * place(index, length, "range")? as i64))
            }
            (Object::Dataset(rows), index) => super::dataset::item(rows, index),
            (Object::Match(found), index) => methods::group(found, index),
            (Object::Native(_), _) => refuse("a type with brackets"),
            (Object::Missing(name), _) => refuse(format!("`{name}` is not known here")),
            (other, _) => raise("TypeError", format!("'{}' object is not subscriptable", other.kind())),
        }
    }

    pub(super) fn set_item(&mut self, base: &Object, index: Object, value: Object) -> Res<()> {
        match base {
            Object::Dict(dict) => {
                self.take_room(1)?;
                dict.table.borrow_mut().put(index, value)
            }
            Object::List(list) => {
                if matches!(index, Object::Slice(_)) {
                    return refuse("setting a slice of a list");
                }
                let length = list.borrow().len();
                let at = place(&index, length, "list assignment")?;
                list.borrow_mut()[at] = value;
                Ok(())
            }
            Object::Missing(name) => refuse(format!("`{name}` is not known here")),
            Object::Dataset(_) | Object::Array(_) => refuse(format!("setting an item of a {}", base.kind())),
            other => raise("TypeError", format!("'{}' object does not support item assignment", other.kind())),
        }
    }

    pub(super) fn delete_item(&mut self, base: &Object, index: &Object) -> Res<()> {
        match base {
            Object::Dict(dict) => match dict.table.borrow_mut().take(index)? {
                Some(_) => Ok(()),
                None => raise_key(index),
            },
            Object::List(list) if !matches!(index, Object::Slice(_)) => {
                let length = list.borrow().len();
                let at = place(index, length, "list assignment")?;
                list.borrow_mut().remove(at);
                Ok(())
            }
            other => refuse(format!("`del` of a part of a {}", other.kind())),
        }
    }
}

/// The error of a key that is not there.
pub(super) fn raise_key<T>(key: &Object) -> Res<T> {
    let message = key.repr()?;
    let raised = Some((Name::from("KeyError"), vec![key.clone()]));
    Err(Box::new(Halt { raised, message, place: None }))
}

/// The place that an index means.
fn place(index: &Object, length: usize, what: &str) -> Res<usize> {
    let Some(at) = index.as_int() else {
        return raise("TypeError", format!("{what} indices must be integers, not {}", index.kind()));
    };
    let at = if at < 0 { at + length as i64 } else { at };
    match usize::try_from(at).ok().filter(|at| *at < length) {
        Some(at) => Ok(at),
        None => raise("IndexError", format!("{what} index out of range")),
    }
}

/// Ends of a slice of step 1.
fn contiguous(slice: &[Option<i64>; 3], length: usize) -> Option<(usize, usize)> {
    if slice[2].is_some_and(|step| step != 1) {
        return None;
    }
    let clamp = |at: i64| (if at < 0 { at + length as i64 } else { at }).clamp(0, length as i64) as usize;
    let (from, to) = (slice[0].map_or(0, clamp), slice[1].map_or(length, clamp));
    Some((from, to.max(from)))
}

/// The places of a slice, in its order.
pub(super) fn places(slice: &[Option<i64>; 3], length: usize) -> Res<Box<dyn Iterator<Item = usize>>> {
    let step = slice[2].unwrap_or(1);
    if step == 0 {
        return raise("ValueError", "slice step cannot be zero");
    }
    if let Some((from, to)) = contiguous(slice, length) {
        return Ok(Box::new(from..to));
    }
    let length = length as i64;
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |at: i64| (if at < 0 { at + length } else { at }).clamp(low, high);
    let from = slice[0].map_or(if step > 0 { low } else { high }, clamp);
    let to = slice[1].map_or(if step > 0 { high } else { low }, clamp);
    let count = super::object::range_len(from, to, step);
    Ok(Box::new((0..count).map(move |n| (from + n * step) as usize)))
}
