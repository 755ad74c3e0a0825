//! Measures of `sklearn.metrics` and of lm-evaluation-harness itself.

use super::arguments::Given;
use super::machine::Machine;
use super::object::{Object, Res, raise, refuse};

pub(super) fn call(machine: &mut Machine, name: &str, mut given: Given) -> Res<Object> {
    match name {
        "mean" => {
            let items = given.need("arr")?;
            given.done()?;
            let items = machine.all(&items)?;
            if items.is_empty() {
                return raise("ZeroDivisionError", "division by zero");
            }
            let mut total = Object::Int(0);
            for item in &items {
                total = machine.binary("+", &total, item)?;
            }
            machine.binary("/", &total, &Object::size(items.len()))
        }
        other => refuse(format!("`{other}` is not supported")),
    }
}
