//! The arguments of functions that are built in, taken one by one.

use super::object::{Object, Res, raise, refuse};
use super::tree::Name;

/// Arguments that were not taken yet.
pub(super) struct Given {
    function: Name,
    list: std::vec::IntoIter<Object>,
    named: Vec<(Name, Object)>,
}

impl Given {
    pub(super) fn new(function: &str, arguments: Arguments) -> Self {
        Self { function: Name::from(function), list: arguments.list.into_iter(), named: arguments.named }
    }

    /// The next argument by place, or the one of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<Object> {
        self.list.next().or_else(|| self.take_named(name))
    }

    /// The argument of this name, which has no place.
    pub(super) fn take_named(&mut self, name: &str) -> Option<Object> {
        let at = self.named.iter().position(|(known, _)| **known == *name)?;
        Some(self.named.remove(at).1)
    }

    /// The next argument by place.
    pub(super) fn take_place(&mut self) -> Option<Object> {
        self.list.next()
    }

    /// Whether there is an argument of this name.
    pub(super) fn named(&self, name: &str) -> bool {
        self.named.iter().any(|(known, _)| **known == *name)
    }

    /// The same, where it must be there.
    pub(super) fn need(&mut self, name: &str) -> Res<Object> {
        match self.take(name) {
            Some(value) => Ok(value),
            None => raise("TypeError", format!("{}() misses the argument '{name}'", self.function)),
        }
    }

    /// All that are left by place.
    pub(super) fn rest(&mut self) -> Vec<Object> {
        self.list.by_ref().collect()
    }

    /// All that are left by name.
    pub(super) fn rest_named(&mut self) -> Vec<(Name, Object)> {
        std::mem::take(&mut self.named)
    }

    /// How many are left by place.
    pub(super) fn left(&self) -> usize {
        self.list.len()
    }

    /// An argument that nobody takes is not passed over.
    pub(super) fn done(&mut self) -> Res<()> {
        if let Some((name, _)) = self.named.first() {
            return refuse(format!("the argument `{name}` of `{}`", self.function));
        }
        if self.list.next().is_some() {
            return raise("TypeError", format!("{}() has too many arguments", self.function));
        }
        Ok(())
    }
}

/// The arguments of a call.
#[derive(Default)]
pub(super) struct Arguments {
    pub list: Vec<Object>,
    pub named: Vec<(Name, Object)>,
}
