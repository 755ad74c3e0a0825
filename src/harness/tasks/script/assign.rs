//! Targets of assignments.

use std::rc::Rc;

use super::machine::Machine;
use super::object::{Frame, Object, Res, raise, refuse};
use super::tree::{Expr, Kind};

impl Machine {
    /// Gives a target a value.
    pub(super) fn assign(&mut self, target: &Expr, value: Object, frame: &Rc<Frame>) -> Res<()> {
        match &target.kind {
            Kind::Name(name) => frame.set(name, value),
            Kind::Tuple(targets) | Kind::List(targets) => return self.unpack(targets, &value, frame),
            Kind::Index(base, index) => {
                let base = self.eval(base, frame)?;
                let index = self.eval(index, frame)?;
                return self.set_item(&base, index, value);
            }
            _ => return refuse("this target of an assignment"),
        }
        Ok(())
    }

    fn unpack(&mut self, targets: &[Expr], value: &Object, frame: &Rc<Frame>) -> Res<()> {
        let items = self.all(value)?;
        let star = targets.iter().position(|target| matches!(target.kind, Kind::Starred(_)));
        let enough = match star {
            Some(_) => items.len() + 1 >= targets.len(),
            None => items.len() == targets.len(),
        };
        if !enough {
            let word = if items.len() < targets.len() { "not enough" } else { "too many" };
            return raise("ValueError", format!("{word} values to unpack (expected {})", targets.len()));
        }
        let mut items = items.into_iter();
        let many = items.len() + 1 - targets.len().min(items.len() + 1);
        for target in targets {
            match &target.kind {
                Kind::Starred(inner) => {
                    let list = items.by_ref().take(many).collect();
                    self.assign(inner, Object::list(list), frame)?;
                }
                _ => {
                    let item = items.next().unwrap_or(Object::None);
                    self.assign(target, item, frame)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn augment(&mut self, target: &Expr, sign: &'static str, value: &Expr, frame: &Rc<Frame>) -> Res<()> {
        let (base, index, old) = match &target.kind {
            Kind::Index(base, index) => {
                let base = self.eval(base, frame)?;
                let index = self.eval(index, frame)?;
                let old = self.item(&base, &index)?;
                (Some(base), index, old)
            }
            _ => (None, Object::None, self.eval(target, frame)?),
        };
        let value = self.eval(value, frame)?;
        let new = match (&old, sign) {
            // A list is extended in place, so that everyone who holds it sees it.
            (Object::List(list), "+") => {
                let more = self.all(&value)?;
                list.borrow_mut().extend(more);
                old.clone()
            }
            (Object::Set(set), "|") if matches!(value, Object::Set(_)) => {
                for key in self.all_unordered(&value)? {
                    let mut set = set.borrow_mut();
                    if !set.has(&key)? {
                        set.put(key, Object::None)?;
                    }
                }
                old.clone()
            }
            (Object::Set(_) | Object::Dict(_), "|" | "&" | "-" | "^" | "+") => {
                return refuse(format!("`{sign}=` of a {}", old.kind()));
            }
            _ => self.binary(sign, &old, &value)?,
        };
        match base {
            Some(base) => self.set_item(&base, index, new),
            None => self.assign(target, new, frame),
        }
    }

    pub(super) fn delete(&mut self, target: &Expr, frame: &Rc<Frame>) -> Res<()> {
        match &target.kind {
            Kind::Name(name) => {
                if frame.unset(name) {
                    Ok(())
                } else {
                    raise("NameError", format!("name '{name}' is not defined"))
                }
            }
            Kind::Index(base, index) => {
                let base = self.eval(base, frame)?;
                let index = self.eval(index, frame)?;
                self.delete_item(&base, &index)
            }
            _ => refuse("this target of `del`"),
        }
    }
}
