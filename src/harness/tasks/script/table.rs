//! The entries of dictionaries and sets, in the order in which they came.

use std::rc::Rc;

use super::object::{Key, Object, Res, Table, raise, refuse};
use super::tree::Name;

impl Key {
    fn of(object: &Object) -> Res<Self> {
        Ok(match object {
            Object::None => Self::None,
            Object::Bool(flag) => Self::Int(i64::from(*flag)),
            Object::Int(number) => Self::Int(*number),
            Object::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Self::Int(*number as i64),
            Object::Float(number) if number.is_nan() => return refuse("a key that is no number"),
            Object::Float(number) => Self::Float(number.to_bits()),
            Object::Text(text) => Self::Text(text.clone()),
            Object::Tuple(items) => Self::Tuple(items.iter().map(Self::of).collect::<Res<_>>()?),
            Object::Native(name) => Self::Named(name),
            Object::Function(function) => Self::Place(Rc::as_ptr(function) as usize),
            Object::Missing(name) => return refuse(format!("`{name}` is not known here")),
            other => return raise("TypeError", format!("unhashable type: '{}'", other.kind())),
        })
    }
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn get(&self, key: &Object) -> Res<Option<Object>> {
        let place = self.places.get(&Key::of(key)?);
        Ok(place.and_then(|at| self.entries[*at].as_ref()).map(|(_, value)| value.clone()))
    }

    pub(super) fn has(&self, key: &Object) -> Res<bool> {
        Ok(self.places.contains_key(&Key::of(key)?))
    }

    /// Sets a key, at its old place or at the end.
    pub(super) fn put(&mut self, key: Object, value: Object) -> Res<()> {
        let known = Key::of(&key)?;
        match self.places.get(&known) {
            Some(at) => {
                if let Some((_, old)) = &mut self.entries[*at] {
                    *old = value;
                }
            }
            None => {
                self.places.insert(known, self.entries.len());
                self.entries.push(Some((key, value)));
            }
        }
        Ok(())
    }

    pub(super) fn put_text(&mut self, key: &str, value: Object) {
        let key = Name::from(key);
        match self.places.get(&Key::Text(key.clone())) {
            Some(at) => {
                if let Some((_, old)) = &mut self.entries[*at] {
                    *old = value;
                }
            }
            None => {
                self.places.insert(Key::Text(key.clone()), self.entries.len());
                self.entries.push(Some((Object::Text(key), value)));
            }
        }
    }

    /// Takes a key out.
    pub(super) fn take(&mut self, key: &Object) -> Res<Option<Object>> {
        let Some(at) = self.places.remove(&Key::of(key)?) else { return Ok(None) };
        Ok(self.entries[at].take().map(|(_, value)| value))
    }

    /// Takes the entry out that came last.
    pub(super) fn take_last(&mut self) -> Res<Option<(Object, Object)>> {
        let Some(last) = self.entries.iter().rposition(Option::is_some) else { return Ok(None) };
        let entry = self.entries[last].take();
        if let Some((key, _)) = &entry {
            self.places.remove(&Key::of(key)?);
        }
        self.entries.truncate(last);
        Ok(entry)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Object, &Object)> {
        self.entries.iter().flatten().map(|(key, value)| (key, value))
    }

    pub(super) fn keys(&self) -> Vec<Object> {
        self.iter().map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn values(&self) -> Vec<Object> {
        self.iter().map(|(_, value)| value.clone()).collect()
    }

    /// Keys alone, as a set has them.
    pub(super) fn of_keys(keys: impl IntoIterator<Item = Object>) -> Res<Self> {
        let mut table = Self::default();
        for key in keys {
            if !table.has(&key)? {
                table.put(key, Object::None)?;
            }
        }
        Ok(table)
    }
}
