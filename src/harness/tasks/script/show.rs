//! Values as Python prints them.

use super::super::value::{python_float, write_text_repr};
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
        let items = |out: &mut String, items: &[Object]| -> Res<()> {
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                item.write_repr(out, depth + 1)?;
            }
            Ok(())
        };
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(flag) => out.push_str(if *flag { "True" } else { "False" }),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&python_float(*number)),
            Self::Text(text) => write_text_repr(out, text),
            Self::List(list) => {
                out.push('[');
                items(out, &list.borrow())?;
                out.push(']');
            }
            Self::Tuple(list) => {
                out.push('(');
                items(out, list)?;
                out.push_str(if list.len() == 1 { ",)" } else { ")" });
            }
            Self::Dict(dict) if matches!(dict.kind, DictKind::Plain) => {
                out.push('{');
                for (at, (key, value)) in dict.table.borrow().iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    key.write_repr(out, depth + 1)?;
                    out.push_str(": ");
                    value.write_repr(out, depth + 1)?;
                }
                out.push('}');
            }
            Self::Set(set) if set.borrow().len() <= 1 => {
                let set = set.borrow();
                match set.iter().next() {
                    None => out.push_str("set()"),
                    Some((only, _)) => {
                        out.push('{');
                        only.write_repr(out, depth + 1)?;
                        out.push('}');
                    }
                }
            }
            Self::Range(from, to, 1) => out.push_str(&format!("range({from}, {to})")),
            Self::Range(from, to, step) => out.push_str(&format!("range({from}, {to}, {step})")),
            other => return refuse(format!("printing a {}", other.kind())),
        }
        Ok(())
    }
}
