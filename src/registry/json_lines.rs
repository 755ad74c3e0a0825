//! JSON lines: one object per line, its keys the columns.
//!
//! The objects become CSV text, which [`Table`](super::table::Table) then reads as any other, so that there is one way
//! from text to cells. Columns stand in the order in which their keys first appear; a key that an object lacks and a
//! `null` are empty cells. Lists and objects inside a row stay JSON text.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The text as CSV, every cell quoted, and the line each row stood in.
///
/// # Errors
/// A sentence that names the line: not an object, not JSON, a key that appears twice or holds a tab.
pub(super) fn to_csv(text: &str) -> Result<(String, Vec<usize>), String> {
    let mut columns: Vec<String> = Vec::new();
    let mut position: HashMap<String, usize> = HashMap::new();
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = at + 1;
        let Object(pairs) = serde_json::from_str(line).map_err(|e| {
            // The library counts lines from the start of its own text, which is this one line.
            let message = e.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            format!("row {number} is not a JSON object: {message}")
        })?;
        let mut row = vec![None; columns.len()];
        for (key, value) in pairs {
            if key.contains(['\t', '\n', '\r']) {
                return Err(format!("row {number} has a key with a tab or line break in it"));
            }
            let column = *position.entry(key).or_insert_with_key(|key| {
                columns.push(key.clone());
                columns.len() - 1
            });
            row.resize(columns.len(), None);
            if row[column].is_some() {
                return Err(format!("row {number} has two keys `{}`", columns[column]));
            }
            row[column] = Some(cell(&value));
        }
        rows.push(row);
        lines.push(number);
    }
    let mut csv = String::new();
    record(&mut csv, columns.iter().map(|name| Some(name.as_str())));
    for row in &rows {
        let missing = columns.len() - row.len();
        record(&mut csv, row.iter().map(Option::as_deref).chain(std::iter::repeat_n(None, missing)));
    }
    Ok((csv, lines))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn record<'a>(csv: &mut String, cells: impl Iterator<Item = Option<&'a str>>) {
    for (at, cell) in cells.enumerate() {
        csv.push_str(if at > 0 { ",\"" } else { "\"" });
        csv.push_str(&cell.unwrap_or_default().replace('"', "\"\""));
        csv.push('"');
    }
    csv.push('\n');
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
    use super::to_csv;

    #[test]
    fn keys_become_columns_in_order_and_missing_ones_empty_cells() {
        let (csv, lines) = to_csv("{\"b\":1,\"a\":\"x,\\\"y\"}\n\n{\"a\":null,\"c\":[1]}\n").expect("two objects");
        assert_eq!(csv, "\"b\",\"a\",\"c\"\n\"1\",\"x,\"\"y\",\"\"\n\"\",\"\",\"[1]\"\n");
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn what_is_no_object_is_named_with_its_line() {
        assert!(to_csv("{\"a\":1}\n[1]\n").expect_err("a list").starts_with("row 2 is not a JSON object"));
        assert_eq!(to_csv("{\"a\":1,\"a\":2}").expect_err("twice"), "row 1 has two keys `a`");
    }
}
