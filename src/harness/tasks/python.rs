//! Values of templates as Python has them: how `str()` and `json.dumps` print them, and tuples, which minijinja lacks.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind};

use super::value::{JsonStyle, Value, python_float, write_text_repr};

type Jinja = minijinja::Value;

/// A tuple: a list that prints in round brackets.
#[derive(Debug)]
struct Tuple(Vec<Jinja>);

impl Object for Tuple {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.0.get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        Self: Sized + 'static,
    {
        f.write_str(&text(&Jinja::from_dyn_object(Arc::clone(self))))
    }
}

/// A tuple of these values.
pub(super) fn tuple(items: Vec<Jinja>) -> Jinja {
    Jinja::from_object(Tuple(items))
}

/// What Python's `str()` makes of a value.
pub(super) fn text(value: &Jinja) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => {
            let mut out = String::new();
            repr(value, &mut out);
            out
        }
    }
}

fn repr(value: &Jinja, out: &mut String) {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => out.push_str("None"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number if value.is_integer() => out.push_str(&value.to_string()),
        ValueKind::Number => {
            out.push_str(&f64::try_from(value.clone()).map_or_else(|_| value.to_string(), python_float))
        }
        ValueKind::String => write_text_repr(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => {
            let tuple = value.downcast_object_ref::<Tuple>().is_some();
            let items: Vec<Jinja> = value.try_iter().map(Iterator::collect).unwrap_or_default();
            out.push(if tuple { '(' } else { '[' });
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                repr(item, out);
            }
            out.push_str(if tuple && items.len() == 1 { "," } else { "" });
            out.push(if tuple { ')' } else { ']' });
        }
        ValueKind::Map => {
            out.push('{');
            for (at, key) in value.try_iter().into_iter().flatten().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                repr(&key, out);
                out.push_str(": ");
                repr(&value.get_item(&key).unwrap_or_default(), out);
            }
            out.push('}');
        }
        _ => out.push_str(&value.to_string()),
    }
}

/// A document's value in a template.
pub(super) fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null => Jinja::from(()),
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.into(),
        Value::List(list) => list.iter().map(to_jinja).collect(),
        Value::Map(entries) => Jinja::from_pairs(entries.iter().map(|(key, value)| (key, to_jinja(value)))),
    }
}

/// A value of a template as JSON has it: tuples are lists, keys are text.
fn from_jinja(value: &Jinja) -> Value {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => {
            value.as_i64().map_or_else(|| Value::Text(value.to_string()), Value::Int)
        }
        ValueKind::Number => f64::try_from(value.clone()).map_or(Value::Null, Value::Float),
        ValueKind::Seq | ValueKind::Iterable => match value.try_iter() {
            Ok(items) => Value::List(items.map(|item| from_jinja(&item)).collect()),
            Err(_) => Value::Text(value.to_string()),
        },
        ValueKind::Map => {
            let mut map = Value::Map(Vec::new());
            for key in value.try_iter().into_iter().flatten() {
                let item = value.get_item(&key).map_or(Value::Null, |item| from_jinja(&item));
                map.set(&text(&key), item);
            }
            map
        }
        _ => Value::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    }
}

/// jinja2's `tojson`: keys sorted, everything beyond ASCII and everything that HTML minds escaped.
pub(super) fn sorted_json(value: &Jinja, options: Kwargs) -> Result<Jinja, Error> {
    let style =
        JsonStyle { indent: options.get("indent")?, sorted: true, ascii: true, html: true, ..Default::default() };
    options.assert_all_used()?;
    json(value, &style)
}

/// The `tojson` that transformers gives chat templates: `json.dumps` as it is, with its arguments.
pub(super) fn plain_json(value: &Jinja, options: Kwargs) -> Result<Jinja, Error> {
    let separators: Option<Vec<String>> = options.get("separators")?;
    let separators = match separators.as_deref() {
        None => None,
        Some([item, key]) => Some((item.clone(), key.clone())),
        Some(_) => return Err(Error::new(ErrorKind::InvalidOperation, "`separators` of `tojson` are two texts")),
    };
    let flag = |name| options.get::<Option<bool>>(name).map(|flag| flag.unwrap_or(false));
    let (ascii, sorted) = (flag("ensure_ascii")?, flag("sort_keys")?);
    let style = JsonStyle { indent: options.get("indent")?, separators, sorted, ascii, html: false };
    options.assert_all_used()?;
    json(value, &style)
}

fn json(value: &Jinja, style: &JsonStyle) -> Result<Jinja, Error> {
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "`tojson` of a name that has no value"));
    }
    Ok(Jinja::from(from_jinja(value).json(style)))
}
