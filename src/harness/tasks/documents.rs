//! Documents of one file: JSON, JSON lines and CSV.

use std::path::Path;

use super::value::Value;
use crate::error::{Cause, Error, Result};

/// The rows of a JSON file: one object per line, a list of objects, or such a list under `field`.
pub(super) fn read_json(path: &Path, field: Option<&str>) -> Result<Vec<Value>> {
    let wrong = |problem: String| Error::File { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    let text = text.trim_start_matches('\u{feff}');
    if let Some(field) = field {
        let whole: Value = serde_json::from_str(text).map_err(Error::malformed(path, "is not JSON"))?;
        let rows = whole.get(field).and_then(Value::as_list);
        return Ok(rows.ok_or_else(|| wrong(format!("there is no list under `{field}`")))?.to_vec());
    }
    let rows = if text.trim_start().starts_with('[') {
        match serde_json::from_str(text).map_err(Error::malformed(path, "is not JSON"))? {
            Value::List(rows) => rows,
            other => vec![other],
        }
    } else {
        let mut rows = Vec::new();
        for (number, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            rows.push(serde_json::from_str(line).map_err(|error| {
                // The parser counts from the line it was given.
                let said = error.to_string();
                let said = said.split(" at line ").next().unwrap_or_default();
                let problem = format!("line {}, column {}: {said}", number + 1, error.column());
                Error::Malformed { path: path.to_owned(), problem, source: Cause::of(error) }
            })?);
        }
        rows
    };
    match rows.iter().position(|row| !matches!(row, Value::Map(_))) {
        Some(at) => Err(wrong(format!("document {} is {}, not a mapping", at + 1, rows[at].kind()))),
        None => Ok(rows),
    }
}

/// The rows of a CSV file as they stand, without types or a header.
pub(super) fn read_cells(path: &Path, separator: u8) -> Result<Vec<Vec<String>>> {
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let rows = reader.records().map(|record| {
        let record = record.map_err(Error::malformed(path, "is not CSV"))?;
        Ok(record.iter().map(str::to_owned).collect())
    });
    rows.collect()
}

/// Words that pandas takes for an empty cell.
const MISSING: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "nan", "null",
];

/// The rows of a CSV file with the types pandas gives its columns; `columns` where there is no header.
pub(super) fn read_csv(path: &Path, separator: u8, columns: Option<&[String]>) -> Result<Vec<Value>> {
    let mut cells = read_cells(path, separator)?;
    let header = match columns {
        Some(columns) => columns.to_vec(),
        None if cells.is_empty() => return Ok(Vec::new()),
        None => cells.remove(0),
    };
    if let Some(at) = cells.iter().position(|row| row.len() != header.len()) {
        let problem = format!("row {} has {} cells, the header has {}", at + 1, cells[at].len(), header.len());
        return Err(Error::File { path: path.to_owned(), problem });
    }
    let empty = |cell: &str| MISSING.contains(&cell) || cell == "n/a";
    let mut rows: Vec<Vec<(String, Value)>> = vec![Vec::new(); cells.len()];
    for (at, name) in header.iter().enumerate() {
        let filled = || cells.iter().map(|row| row[at].as_str()).filter(|cell| !empty(cell));
        let full = filled().count() == cells.len();
        let whole = full && filled().all(|cell| cell.trim().parse::<i64>().is_ok());
        let number = filled().all(|cell| cell.trim().parse::<f64>().is_ok());
        let flag = filled().all(|cell| matches!(cell, "True" | "TRUE" | "true" | "False" | "FALSE" | "false"));
        for (row, cells) in rows.iter_mut().zip(&cells) {
            let cell = cells[at].as_str();
            row.push((
                name.clone(),
                match cell {
                    _ if empty(cell) => Value::Null,
                    _ if whole => cell.trim().parse().map_or(Value::Null, Value::Int),
                    _ if number => cell.trim().parse().map_or(Value::Null, Value::Float),
                    _ if flag => Value::Bool(cell.eq_ignore_ascii_case("true")),
                    _ => cell.into(),
                },
            ));
        }
    }
    Ok(rows.into_iter().map(Value::Map).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_table_get_the_type_of_their_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "i,f,g,b,t\n1,1.5,2,True,x\n-2,3,,False,\"1, \"\"q\"\"\nend\"\n").unwrap();
        let rows = read_csv(&path, b',', None).unwrap();
        assert_eq!(rows[0].to_json(), r#"{"i": 1, "f": 1.5, "g": 2.0, "b": true, "t": "x"}"#);
        assert_eq!(
            rows[1].to_json(),
            "{\"i\": -2, \"f\": 3.0, \"g\": null, \"b\": false, \"t\": \"1, \\\"q\\\"\\nend\"}"
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        std::fs::write(&path, "{\"a\": 1}\n\n{\"a\": \n").unwrap();
        let error = read_json(&path, None).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        std::fs::write(&path, "[1]").unwrap();
        assert!(read_json(&path, None).unwrap_err().to_string().contains("not a mapping"));
    }
}
