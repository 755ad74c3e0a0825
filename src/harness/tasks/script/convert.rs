//! Values of documents and scores to those of scripts and back.

use super::super::value::Value;
use super::object::{DEEPEST, Object, Res, Table, refuse};

impl Object {
    /// A value of a document.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(number) => Self::Int(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Text(text) => Self::text(text),
            Value::List(list) => Self::list(list.iter().map(Self::of).collect()),
            Value::Map(entries) => {
                let mut table = Table::default();
                for (key, value) in entries {
                    table.put_text(key, Self::of(value));
                }
                Self::dict(table)
            }
        }
    }

    /// As a document or a score holds it; tuples become lists.
    pub(super) fn value(&self) -> Res<Value> {
        self.value_within(0)
    }

    fn value_within(&self, depth: usize) -> Res<Value> {
        if depth > DEEPEST {
            return refuse("lists are nested too deeply");
        }
        let list = |items: &[Object]| -> Res<Value> {
            Ok(Value::List(items.iter().map(|item| item.value_within(depth + 1)).collect::<Res<_>>()?))
        };
        Ok(match self {
            Self::None => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Int(number) => Value::Int(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Text(text) => Value::Text(text.to_string()),
            Self::List(items) => list(&items.borrow())?,
            Self::Tuple(items) | Self::Array(items) => list(items)?,
            Self::Dict(dict) => {
                let mut entries = Vec::new();
                for (key, value) in dict.table.borrow().iter() {
                    let Some(key) = key.as_text() else {
                        return refuse(format!("a key of a document that is {}, not str", key.kind()));
                    };
                    entries.push((key.to_owned(), value.value_within(depth + 1)?));
                }
                Value::Map(entries)
            }
            Self::Missing(name) => return refuse(format!("`{name}` is not known here")),
            other => return refuse(format!("a {} as a part of a document", other.kind())),
        })
    }

    /// A copy that shares nothing that can change.
    pub(super) fn deep_copy(&self, depth: usize) -> Res<Self> {
        if depth > DEEPEST {
            return refuse("lists are nested too deeply to be copied");
        }
        let all = |items: &[Object]| items.iter().map(|item| item.deep_copy(depth + 1)).collect::<Res<Vec<_>>>();
        Ok(match self {
            Self::List(list) => Self::list(all(&list.borrow())?),
            Self::Tuple(list) => Self::tuple(all(list)?),
            Self::Dict(dict) => {
                let mut table = Table::default();
                for (key, value) in dict.table.borrow().iter() {
                    table.put(key.clone(), value.deep_copy(depth + 1)?)?;
                }
                Self::dict_of(table, dict.kind.clone())
            }
            Self::Set(set) => Self::set(set.borrow().clone()),
            other => other.clone(),
        })
    }
}
