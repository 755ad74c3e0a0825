//! What can be looped over, one value at a time.

use std::rc::Rc;

use super::machine::Machine;
use super::object::{DictKind, Iter, Object, Res, raise, range_len, refuse};

impl Machine {
    /// An iterator over what can be looped over.
    pub(super) fn iterator(&mut self, of: &Object) -> Res<Object> {
        let iter = match of {
            Object::Iterator(_) => return Ok(of.clone()),
            Object::List(_) => Iter::List(of.clone(), 0),
            Object::Range(from, to, step) => Iter::Range(*from, *to, *step),
            Object::Tuple(items) | Object::Array(items) => {
                let items: Vec<Object> = items.iter().cloned().collect();
                Iter::Items(items.into_iter())
            }
            Object::Dataset(rows) => {
                let rows = rows.iter().map(|row| row.deep_copy(0)).collect::<Res<Vec<_>>>()?;
                Iter::Items(rows.into_iter())
            }
            Object::Dict(dict) => Iter::Items(dict.table.borrow().keys().into_iter()),
            Object::Text(text) => {
                let chars: Vec<Object> = text.chars().map(|c| Object::text(c.encode_utf8(&mut [0; 4]))).collect();
                self.take_room(chars.len())?;
                Iter::Items(chars.into_iter())
            }
            Object::Set(set) => {
                let set = set.borrow();
                if set.len() > 1 {
                    return refuse("the order of a set, which Python does not define; `sorted` would give one");
                }
                Iter::Items(set.keys().into_iter())
            }
            Object::Missing(name) => return refuse(format!("`{name}` is not known here")),
            other => return raise("TypeError", format!("'{}' object is not iterable", other.kind())),
        };
        Ok(Object::Iterator(Rc::new(std::cell::RefCell::new(iter))))
    }

    /// The next value of an iterator.
    pub(super) fn next(&mut self, iterator: &Object) -> Res<Option<Object>> {
        self.step()?;
        let Object::Iterator(cell) = iterator else {
            return raise("TypeError", format!("'{}' object is not an iterator", iterator.kind()));
        };
        // Taken out while it works, so that a generator which asks itself is told instead of a panic.
        let Ok(mut borrowed) = cell.try_borrow_mut() else {
            return raise("ValueError", "generator already executing");
        };
        let mut iter = std::mem::replace(&mut *borrowed, Iter::Done);
        drop(borrowed);
        let found = self.advance(&mut iter);
        if !matches!(found, Ok(None)) {
            *cell.borrow_mut() = iter;
        }
        found
    }

    fn advance(&mut self, iter: &mut Iter) -> Res<Option<Object>> {
        Ok(match iter {
            Iter::Done => None,
            Iter::Items(items) => items.next(),
            Iter::List(list, at) => {
                let Object::List(list) = list else { return Ok(None) };
                let found = list.borrow().get(*at).cloned();
                *at += 1;
                found
            }
            Iter::Range(from, to, step) => {
                if (*step > 0 && *from >= *to) || (*step < 0 && *from <= *to) {
                    return Ok(None);
                }
                let found = *from;
                *from = from.saturating_add(*step);
                Some(Object::Int(found))
            }
            Iter::Generator(generator) => loop {
                if let Some(ready) = generator.ready.pop_front() {
                    return Ok(Some(ready));
                }
                let over = generator.over.clone();
                let Some(item) = self.next(&over)? else { return Ok(None) };
                self.round(generator, item)?;
            },
            Iter::Map(function, iterators) => {
                let mut arguments = Vec::with_capacity(iterators.len());
                for iterator in iterators.iter() {
                    let Some(item) = self.next(iterator)? else { return Ok(None) };
                    arguments.push(item);
                }
                let function = function.clone();
                Some(self.call(&function, arguments)?)
            }
            Iter::Filter(function, iterator) => loop {
                let Some(item) = self.next(iterator)? else { return Ok(None) };
                let function = function.clone();
                let kept = match &function {
                    Object::None => item.truth()?,
                    function => self.call(function, vec![item.clone()])?.truth()?,
                };
                if kept {
                    break Some(item);
                }
            },
            Iter::Zip(iterators, longest) => {
                let (mut items, mut some) = (Vec::with_capacity(iterators.len()), false);
                for iterator in iterators.iter() {
                    match self.next(iterator)? {
                        Some(item) => {
                            some = true;
                            items.push(item);
                        }
                        None if *longest => items.push(Object::None),
                        None => return Ok(None),
                    }
                }
                some.then(|| Object::tuple(items))
            }
            Iter::Enumerate(iterator, at) => {
                let Some(item) = self.next(iterator)? else { return Ok(None) };
                *at += 1;
                Some(Object::tuple(vec![Object::Int(*at - 1), item]))
            }
            Iter::Chain(parts) => loop {
                let Some(first) = parts.front().cloned() else { return Ok(None) };
                let iterator = self.iterator(&first)?;
                if let Some(front) = parts.front_mut() {
                    *front = iterator.clone();
                }
                if let Some(item) = self.next(&iterator)? {
                    break Some(item);
                }
                parts.pop_front();
            },
            Iter::Slice(iterator, from, to, step) => {
                while *from > 0 {
                    if *to == 0 || self.next(iterator)?.is_none() {
                        return Ok(None);
                    }
                    (*from, *to) = (*from - 1, *to - 1);
                }
                if *to == 0 {
                    return Ok(None);
                }
                let found = self.next(iterator)?;
                *from = *step - 1;
                *to -= 1;
                found
            }
        })
    }

    /// All values, in a list of their own.
    pub(super) fn all(&mut self, of: &Object) -> Res<Vec<Object>> {
        match of {
            Object::List(list) => {
                let items = list.borrow().clone();
                self.take_room(items.len())?;
                return Ok(items);
            }
            Object::Tuple(items) | Object::Array(items) => return Ok(items.to_vec()),
            _ => {}
        }
        let iterator = self.iterator(of)?;
        let mut items = Vec::new();
        while let Some(item) = self.next(&iterator)? {
            self.take_room(1)?;
            items.push(item);
        }
        Ok(items)
    }

    /// All values where their order does not matter, so that sets have none to tell.
    pub(super) fn all_unordered(&mut self, of: &Object) -> Res<Vec<Object>> {
        match of {
            Object::Set(set) => Ok(set.borrow().keys()),
            other => self.all(other),
        }
    }

    /// How many values there are.
    pub(super) fn length(&self, of: &Object) -> Res<usize> {
        Ok(match of {
            Object::Text(text) => text.chars().count(),
            Object::List(list) => list.borrow().len(),
            Object::Tuple(items) | Object::Array(items) => items.len(),
            Object::Dataset(rows) => rows.len(),
            Object::Dict(dict) => match dict.kind {
                DictKind::Plain | DictKind::Counter | DictKind::Default(_) => dict.table.borrow().len(),
            },
            Object::Set(set) => set.borrow().len(),
            Object::Range(from, to, step) => range_len(*from, *to, *step) as usize,
            Object::Missing(name) => return refuse(format!("`{name}` is not known here")),
            other => return raise("TypeError", format!("object of type '{}' has no len()", other.kind())),
        })
    }

    /// Entries of a dictionary or of pairs.
    pub(super) fn entries(&mut self, of: &Object) -> Res<Vec<(Object, Object)>> {
        if let Object::Dict(dict) = of {
            return Ok(dict.table.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect());
        }
        let mut entries = Vec::new();
        for pair in self.all(of)? {
            let pair = self.all(&pair)?;
            let [key, value] = pair.as_slice() else {
                return raise("ValueError", "dictionary update sequence element has another length than 2");
            };
            entries.push((key.clone(), value.clone()));
        }
        Ok(entries)
    }
}
