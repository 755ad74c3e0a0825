//! When two values are the same, and when they are equal.

use std::rc::Rc;

use super::object::{DEEPEST, Halt, Object, Res, refuse};

impl Object {
    /// Whether both are the same object.
    pub(super) fn is(&self, other: &Object) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Native(a), Self::Native(b)) => a == b,
            (Self::List(a), Self::List(b)) => Rc::ptr_eq(a, b),
            (Self::Dict(a), Self::Dict(b)) => Rc::ptr_eq(a, b),
            (Self::Set(a), Self::Set(b)) => Rc::ptr_eq(a, b),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Tuple(a), Self::Tuple(b)) => Rc::ptr_eq(a, b),
            (Self::Function(a), Self::Function(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// `==`.
    pub(super) fn equal(&self, other: &Object) -> Res<bool> {
        self.equal_within(other, 0)
    }

    fn equal_within(&self, other: &Object, depth: usize) -> Res<bool> {
        if depth > DEEPEST {
            return refuse("lists are nested too deeply to be compared");
        }
        let both = |a: &[Object], b: &[Object]| -> Res<bool> {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b) {
                if !a.equal_within(b, depth + 1)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        Ok(match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => Rc::ptr_eq(a, b) || both(&a.borrow(), &b.borrow())?,
            (Self::Tuple(a), Self::Tuple(b)) => both(a, b)?,
            (Self::Range(a, b, c), Self::Range(d, e, f)) => (a, b, c) == (d, e, f),
            (Self::Dict(a), Self::Dict(b)) => {
                if Rc::ptr_eq(a, b) {
                    return Ok(true);
                }
                let (a, b) = (a.table.borrow(), b.table.borrow());
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (key, value) in a.iter() {
                    match b.get(key)? {
                        Some(other) if value.equal_within(&other, depth + 1)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Self::Set(a), Self::Set(b)) => {
                let (a, b) = (a.borrow(), b.borrow());
                a.len() == b.len()
                    && a.iter().try_fold(true, |all, (key, _)| Ok::<_, Box<Halt>>(all && b.get(key)?.is_some()))?
            }
            (Self::Array(_), _) | (_, Self::Array(_)) => return refuse("comparing arrays of numpy"),
            (Self::Missing(name), _) | (_, Self::Missing(name)) => {
                return refuse(format!("`{name}` is not known here"));
            }
            (Self::Int(a), Self::Int(b)) => a == b,
            _ => match (self.as_float(), other.as_float()) {
                (Some(a), Some(b)) => a == b,
                _ => self.is(other),
            },
        })
    }
}
