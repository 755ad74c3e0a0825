//! Values as Python prints them.

use super::super::repr::{self, Brackets, Part, python_float, write_text_repr};
use super::object::{DEEPEST, DictKind, Object, Res, refuse};

impl Object {
    /// What `str()` makes of it.
    pub(super) fn show(&self) -> Res<String> {
        match self {
            Self::Text(text) => Ok(text.to_string()),
            Self::Exception(exception) => match exception.1.as_slice() {
                [] => Ok(String::new()),
                [Self::Text(text)] if &*exception.0 == "KeyError" => Self::Text(text.clone()).repr(),
                [one] => one.show(),
                _ => refuse("an exception with several arguments as text"),
            },
            other => other.repr(),
        }
    }

    /// What `repr()` makes of it.
    pub(super) fn repr(&self) -> Res<String> {
        let mut out = String::new();
        self.write_repr(&mut out, 0)?;
        Ok(out)
    }

    fn write_repr(&self, out: &mut String, depth: usize) -> Res<()> {
        if depth > DEEPEST {
            return refuse("lists are nested too deeply to be printed");
        }
        let item = |out: &mut String, item: &Object| item.write_repr(out, depth + 1);
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(flag) => out.push_str(repr::flag(*flag)),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&python_float(*number)),
            Self::Text(text) => write_text_repr(out, text),
            Self::List(list) => repr::items(out, Brackets::List, list.borrow().iter(), item)?,
            Self::Tuple(list) => repr::items(out, Brackets::Tuple, list.iter(), item)?,
            Self::Dict(dict) if matches!(dict.kind, DictKind::Plain) => {
                let table = dict.table.borrow();
                repr::dict(out, table.iter(), |out, part| match part {
                    Part::Key(object) | Part::Value(object) => item(out, object),
                })?;
            }
            Self::Set(set) if set.borrow().len() == 0 => out.push_str("set()"),
            // The order of more depends on Python's hashes.
            Self::Set(set) if set.borrow().len() == 1 => {
                repr::items(out, Brackets::Set, set.borrow().iter(), |out, (only, _)| item(out, only))?;
            }
            Self::Range(from, to, 1) => out.push_str(&format!("range({from}, {to})")),
            Self::Range(from, to, step) => out.push_str(&format!("range({from}, {to}, {step})")),
            other => return refuse(format!("printing a {}", other.kind())),
        }
        Ok(())
    }
}
