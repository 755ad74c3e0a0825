//! Names and their values while a script runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::object::{Frame, Object, Res, Scope, raise};
use super::tree::Name;

impl Frame {
    pub(super) fn inside(around: &Rc<Frame>, scope: Scope) -> Rc<Self> {
        let source = Arc::clone(&around.source);
        Rc::new(Self { vars: RefCell::default(), scope, around: Some(Rc::clone(around)), source })
    }

    fn has_local(&self, name: &Name) -> bool {
        match &self.scope {
            Scope::Module(_) => true,
            Scope::Function(function) => function.locals.contains(name),
            Scope::Comprehension(made) => made.locals.contains(name),
        }
    }

    /// The value of a name; none where no scope has it.
    pub(super) fn get(&self, name: &Name) -> Res<Option<Object>> {
        let mut frame = self;
        loop {
            if frame.has_local(name) {
                if let Some(found) = frame.vars.borrow().get(name) {
                    return Ok(Some(found.clone()));
                }
                if frame.around.is_some() {
                    return raise("UnboundLocalError", format!("`{name}` has no value yet"));
                }
            }
            match &frame.around {
                Some(around) => frame = around,
                None => return Ok(None),
            }
        }
    }

    /// Gives a name a value, in the function it is local to, else in the module.
    pub(super) fn set(&self, name: &Name, value: Object) {
        let mut frame = self;
        while !frame.has_local(name) {
            match &frame.around {
                Some(around) => frame = around,
                None => break,
            }
        }
        frame.vars.borrow_mut().insert(name.clone(), value);
    }

    pub(super) fn unset(&self, name: &Name) -> bool {
        self.vars.borrow_mut().remove(name).is_some()
    }
}
