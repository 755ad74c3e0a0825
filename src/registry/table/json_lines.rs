//! JSON lines: one object per line, its keys the columns.
//!
//! Columns stand in the order in which their keys first appear; a key that an object lacks and a `null` are cells without a
//! value. Lists and objects inside a row stay JSON text.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The columns of a file, as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) names: Vec<String>,
    /// Each as long as `lines`.
    pub(super) columns: Vec<Vec<Option<String>>>,
    /// The line each row stands in.
    pub(super) lines: Vec<usize>,
}

/// Reads the objects.
///
/// # Errors
/// A sentence that names the line: not an object, not JSON, a key that appears twice.
pub(super) fn read(text: &str) -> Result<Lines, String> {
    let (mut names, mut columns, mut lines): (Vec<String>, Vec<Vec<Option<String>>>, Vec<usize>) = Default::default();
    let mut position: HashMap<String, usize> = HashMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = at + 1;
        let Object(pairs) = serde_json::from_str(line).map_err(|e| {
            // The library counts lines from the start of its own text, which is this one line.
            let message = e.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            format!("row {number} is not a JSON object: {message}")
        })?;
        let before = lines.len();
        for (key, value) in pairs {
            let column = *position.entry(key).or_insert_with_key(|key| {
                names.push(key.clone());
                columns.push(vec![None; before]);
                columns.len() - 1
            });
            if columns[column].len() > before {
                return Err(format!("row {number} has two keys `{}`", names[column]));
            }
            columns[column].push(cell(value));
        }
        lines.push(number);
        columns.iter_mut().for_each(|column| column.resize(lines.len(), None));
    }
    Ok(Lines { names, columns, lines })
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

/// An object as it is written: keys in order, repeated ones included.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn keys_become_columns_in_order_and_missing_ones_empty_cells() {
        let found = read("{\"b\":1,\"a\":\"x,\\\"y\"}\n\n{\"a\":null,\"c\":[1]}\n").expect("two objects");
        assert_eq!(found.names, ["b", "a", "c"]);
        let cell = |text: &str| Some(text.to_owned());
        assert_eq!(found.columns, [[cell("1"), None], [cell("x,\"y"), None], [None, cell("[1]")]]);
        assert_eq!(found.lines, [1, 3]);
    }

    #[test]
    fn what_is_no_object_is_named_with_its_line() {
        assert!(read("{\"a\":1}\n[1]\n").expect_err("a list").starts_with("row 2 is not a JSON object"));
        assert_eq!(read("{\"a\":1,\"a\":2}").expect_err("twice"), "row 1 has two keys `a`");
    }
}
