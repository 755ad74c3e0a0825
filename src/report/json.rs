//! What commands print with `--format json`: one value, indented, ended by a line break; no NaN, missing values are `null`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::csv::CsvTable;
use crate::{Error, Result};

/// A value as text.
///
/// # Errors
/// [`Error::Encode`] for what JSON cannot hold, such as a map whose keys are no texts.
pub(crate) fn text(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(Error::encode("the result cannot be written as JSON"))
}

/// What a cell says, or nothing where it is no such thing.
type Read<'a> = dyn Fn(&str) -> Option<Value> + 'a;

/// The rows of a table as objects with the columns' names. A column whose every cell is a number or empty holds numbers,
/// one of `true` and `false` holds these, all others hold texts; an empty cell is `null`.
#[must_use]
pub(crate) fn rows(table: &CsvTable) -> Value {
    let number = |cell: &str| {
        let value = cell.parse::<f64>().ok().filter(|value| value.is_finite())?;
        // Counts stay whole numbers.
        cell.parse::<i64>().map(Value::from).ok().or_else(|| Some(Value::from(value)))
    };
    let truth = |cell: &str| cell.parse::<bool>().ok().map(Value::from);
    let read: Vec<&Read<'_>> = (0..table.columns.len())
        .map(|k| {
            let all = |read: &Read<'_>| {
                table.rows.iter().filter_map(|row| row.get(k)).all(|cell| cell.is_empty() || read(cell).is_some())
            };
            let text: &Read<'_> = &|cell: &str| Some(Value::from(cell));
            if all(&number) {
                &number
            } else if all(&truth) {
                &truth
            } else {
                text
            }
        })
        .collect();
    let object = |row: &Vec<String>| {
        let cell = |(k, name): (usize, &String)| {
            let cell = row.get(k).filter(|cell| !cell.is_empty());
            (name.clone(), cell.and_then(|cell| read[k](cell)).unwrap_or(Value::Null))
        };
        Value::Object(table.columns.iter().enumerate().map(cell).collect::<Map<_, _>>())
    };
    Value::Array(table.rows.iter().map(object).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_numbers_are_numbers_and_empty_cells_are_null() {
        let mut table = CsvTable::new(&["model", "n", "x", "known"]);
        table.rows.push(["7", "3", "1e22", "true"].map(str::to_owned).to_vec());
        table.rows.push(["a", "", "0.25", ""].map(str::to_owned).to_vec());
        let expected = serde_json::json!([
            { "model": "7", "n": 3, "x": 1e22, "known": true },
            { "model": "a", "n": null, "x": 0.25, "known": null },
        ]);
        assert_eq!(rows(&table), expected);
    }
}
