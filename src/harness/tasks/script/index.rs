//! Parts of values: `base[index]`, slices, and changing them.

use std::rc::Rc;

use super::machine::Machine;
use super::object::{DictKind, Object, Res, raise, range_len, refuse};
use super::places::{contiguous, place, places, raise_key};
use super::{dataset, patterns};

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
                let length = range_len(*from, *to, *step) as usize;
                Ok(Object::Int(from + step * place(index, length, "range")? as i64))
            }
            (Object::Dataset(rows), index) => dataset::item(rows, index),
            (Object::Match(found), index) => patterns::group(found, index),
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
