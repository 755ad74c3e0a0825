//! How tables are read. The only place in onset that knows polars.
//!
//! A table is declared once as a slice of [`Column`]s and read with every cell as text; numbers are parsed on access,
//! so that whatever is wrong is reported with the file, the row as an editor counts it (the header is row 1) and the
//! column. Comma and tab are both understood: a header with a tab in it is tab-separated.
//!
//! ```
//! use onset::registry::table::{Column, Kind, Table};
//! const COLUMNS: &[Column] = &[
//!     Column::required("model", Kind::Text, "name"),
//!     Column::required("score", Kind::Share, "share of items answered correctly"),
//! ];
//! let table = Table::parse(b"model,score\na,0.25\nb,1.5\n", "scores.csv".as_ref(), COLUMNS)?;
//! assert_eq!(table.number(0, "score")?, 0.25);
//! let error = table.number(1, "score").unwrap_err().to_string();
//! assert_eq!(error, "scores.csv, row 3, column `score`: 1.5 is not between 0 and 1");
//! # Ok::<(), onset::Error>(())
//! ```

mod parquet;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use polars::prelude::{CsvParseOptions, CsvReadOptions, DataFrame, SerReader, StringChunked};

pub use parquet::{Cell, parquet_rows};

use super::model::Month;
use crate::{Error, Result};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Any finite number.
    Number,
    /// A finite number above zero.
    Positive,
    /// A finite number from 0 to 1.
    Share,
    /// A whole number, 0 or more.
    Count,
    /// A month such as `2023-11`.
    Month,
    /// A date such as `2024-04-18` or `2024-04-18T09:30:00Z`.
    Date,
    /// `true` or `false`.
    Flag,
}

/// The declaration of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in the header.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Unit or meaning, for documentation.
    pub unit: &'static str,
    /// Whether the table must have it, with a value in every row.
    pub required: bool,
}

impl Column {
    /// A column that every table must have, with a value in every row.
    pub const fn required(name: &'static str, kind: Kind, unit: &'static str) -> Self {
        Self { name, kind, unit, required: true }
    }

    /// A column that may be absent or have empty cells.
    pub const fn optional(name: &'static str, kind: Kind, unit: &'static str) -> Self {
        Self { name, kind, unit, required: false }
    }
}

/// A table in memory, every cell as text. Rows are numbered from 0 here and as in an editor in messages.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    names: Vec<String>,
    declared: Vec<Option<Column>>,
    cells: Vec<StringChunked>,
    lines: Vec<usize>,
}

impl Table {
    /// Reads a CSV or TSV file. Columns that are not declared are kept and can be read as text or number.
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be read, [`Error::File`] when it is empty, not UTF-8 or not a table,
    /// [`Error::MissingColumn`], and [`Error::Cell`] for an empty cell in a required column.
    pub fn read(path: &Path, columns: &[Column]) -> Result<Self> {
        Self::parse(&std::fs::read(path).map_err(Error::read(path))?, path, columns)
    }

    /// Reads a table whose columns are found later, by name: CSV, TSV, JSON lines (a file whose first character is `{`,
    /// rows named by their line) or, with the Cargo feature `parquet`, Parquet (rows counted from 1).
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be read, [`Error::File`] when it is empty or not a table,
    /// [`Error::Unsupported`] for Parquet in a program built without it.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::read(path))?;
        if bytes.starts_with(b"PAR1") {
            return parquet::table(bytes, path);
        }
        let start = bytes.iter().find(|b| !b.is_ascii_whitespace());
        if start != Some(&b'{') {
            return Self::parse(&bytes, path, &[]);
        }
        let file = |problem: String| Error::File { path: path.to_owned(), problem };
        let text = std::str::from_utf8(&bytes).map_err(|_| file("the file is not UTF-8 text".into()))?;
        let (csv, lines) = super::json_lines::to_csv(text).map_err(file)?;
        Ok(Self { lines, ..Self::parse(csv.as_bytes(), path, &[])? })
    }

    /// The same from bytes; `path` is what messages call it.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn parse(bytes: &[u8], path: &Path, columns: &[Column]) -> Result<Self> {
        let file = |problem: String| Error::File { path: path.to_owned(), problem };
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
            file(format!("row {line} is not UTF-8 text"))
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let separator = if text.lines().next().unwrap_or_default().contains('\t') { b'\t' } else { b',' };
        let records = records(text, separator).map_err(&file)?;
        let Some((header, body)) = records.split_first() else {
            return Err(file("the file is empty".into()));
        };
        if let Some(odd) = body.iter().find(|record| record.fields != header.fields) {
            let problem = format!("row {} has {} cells, the header has {}", odd.line, odd.fields, header.fields);
            return Err(file(problem));
        }
        if body.is_empty() {
            return Err(file("the table has a header and no row".into()));
        }
        let frame = text_frame(&records, separator).map_err(|e| file(format!("not a table: {e}")))?;
        if frame.height() != records.len() || frame.width() != header.fields {
            let (found, expected) = (frame.height(), records.len());
            return Err(file(format!("not a table: {expected} rows by line breaks, {found} by quotes")));
        }
        let cells = frame
            .columns()
            .iter()
            .map(|column| column.str().cloned())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| file(e.to_string()))?;
        let names: Vec<String> =
            cells.iter().map(|column| column.get(0).unwrap_or_default().trim().to_owned()).collect();
        if let Some(twice) = names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name))
        {
            return Err(file(format!("two columns are named `{twice}`")));
        }
        for column in columns.iter().filter(|column| column.required) {
            if !names.iter().any(|name| name == column.name) {
                let found = names.join(", ");
                return Err(Error::MissingColumn { path: path.to_owned(), column: column.name.into(), found });
            }
        }
        let declared = names.iter().map(|name| columns.iter().find(|c| c.name == name).copied()).collect();
        let lines = body.iter().map(|record| record.line).collect();
        let table = Self { path: path.to_owned(), names, declared, cells, lines };
        for column in columns.iter().filter(|column| column.required) {
            for row in 0..table.rows() {
                table.text(row, column.name)?;
            }
        }
        Ok(table)
    }

    /// A table of cells in memory; lines are numbered as in the file that would be written of it.
    pub(crate) fn of_cells(path: &Path, names: &[String], rows: &[Vec<String>]) -> Self {
        let column = |(at, name): (usize, &String)| -> StringChunked {
            std::iter::once(name.as_str()).chain(rows.iter().map(|row| row[at].as_str())).collect()
        };
        Self {
            path: path.to_owned(),
            names: names.to_vec(),
            declared: vec![None; names.len()],
            cells: names.iter().enumerate().map(column).collect(),
            lines: (2..).take(rows.len()).collect(),
        }
    }

    /// The file, as messages call it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The columns' names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows without the header.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Line of `row` in the file; the header is line 1.
    pub fn line(&self, row: usize) -> usize {
        self.lines.get(row).copied().unwrap_or(0)
    }

    /// Text of a cell.
    ///
    /// # Errors
    /// [`Error::MissingColumn`], or [`Error::Cell`] when the cell is empty.
    pub fn text(&self, row: usize, column: &str) -> Result<&str> {
        self.at(row, self.column(column)?).ok_or_else(|| self.cell_error(row, column, "the cell is empty".into()))
    }

    /// What the text of a cell is parsed to.
    ///
    /// # Errors
    /// When the cell is empty, the column absent or the text cannot be parsed; the message names file, row and column.
    pub fn parsed<T: FromStr<Err = Error>>(&self, row: usize, column: &str) -> Result<T> {
        self.text(row, column)?.parse().map_err(|e: Error| self.cell_error(row, column, e.to_string()))
    }

    /// Text of a cell, without the spaces around it; `None` when it is empty or the column absent.
    pub fn optional_text(&self, row: usize, column: &str) -> Option<&str> {
        self.at(row, self.index(column)?)
    }

    /// Number in a cell, checked against the column's declared [`Kind`].
    ///
    /// # Errors
    /// As [`Table::text`]; [`Error::Cell`] when it is not such a number.
    pub fn number(&self, row: usize, column: &str) -> Result<f64> {
        let text = self.text(row, column)?;
        self.parse_number(row, column, text)
    }

    /// As [`Table::number`], `None` for an empty cell or absent column.
    ///
    /// # Errors
    /// [`Error::Cell`] when it is not such a number.
    pub fn optional_number(&self, row: usize, column: &str) -> Result<Option<f64>> {
        self.optional_text(row, column).map(|text| self.parse_number(row, column, text)).transpose()
    }

    /// Whole number in a cell, `None` for an empty cell or absent column.
    ///
    /// # Errors
    /// [`Error::Cell`] when it is not a whole number of at least 0 that fits.
    pub fn optional_count<N: TryFrom<u64>>(&self, row: usize, column: &str) -> Result<Option<N>> {
        let Some(text) = self.optional_text(row, column) else { return Ok(None) };
        let count = text.parse::<u64>().ok().and_then(|count| N::try_from(count).ok());
        count.map(Some).ok_or_else(|| self.cell_error(row, column, format!("`{text}` is not a whole number")))
    }

    /// `true` or `false` in a cell, `None` for an empty cell or absent column.
    ///
    /// # Errors
    /// [`Error::Cell`] when it is neither.
    pub fn optional_flag(&self, row: usize, column: &str) -> Result<Option<bool>> {
        let Some(text) = self.optional_text(row, column) else { return Ok(None) };
        let flag = text.to_ascii_lowercase().parse().ok();
        flag.map(Some).ok_or_else(|| self.cell_error(row, column, format!("`{text}` is neither true nor false")))
    }

    /// Month in a cell.
    ///
    /// # Errors
    /// As [`Table::text`]; [`Error::Cell`] when it is not a month.
    pub fn month(&self, row: usize, column: &str) -> Result<Month> {
        let text = self.text(row, column)?;
        text.parse().map_err(|e: Error| self.cell_error(row, column, e.to_string()))
    }

    /// An [`Error::Cell`] at this place.
    pub fn cell_error(&self, row: usize, column: &str, problem: String) -> Error {
        Error::Cell { path: self.path.clone(), row: self.line(row), column: column.into(), problem }
    }

    /// Position of a column, for [`Table::at`].
    pub(crate) fn column(&self, column: &str) -> Result<usize> {
        self.index(column).ok_or_else(|| {
            let found = self.names.join(", ");
            Error::MissingColumn { path: self.path.clone(), column: column.into(), found }
        })
    }

    /// Text of the cell in the column of this position.
    pub(crate) fn at(&self, row: usize, column: usize) -> Option<&str> {
        // Row 0 of the frame is the header.
        self.cells.get(column)?.get(row + 1).map(str::trim).filter(|text| !text.is_empty())
    }

    fn index(&self, column: &str) -> Option<usize> {
        self.names.iter().position(|name| name == column)
    }

    fn parse_number(&self, row: usize, column: &str, text: &str) -> Result<f64> {
        let bad = |problem: String| self.cell_error(row, column, problem);
        let value: f64 = text.parse().map_err(|_| bad(format!("`{text}` is not a number")))?;
        if !value.is_finite() {
            return Err(bad(format!("{text} is not a finite number")));
        }
        let kind = self.index(column).and_then(|index| self.declared[index]).map_or(Kind::Number, |c| c.kind);
        match kind {
            Kind::Share if !(0.0..=1.0).contains(&value) => Err(bad(format!("{text} is not between 0 and 1"))),
            Kind::Positive if value <= 0.0 => Err(bad(format!("{text} is not above 0"))),
            Kind::Count if value < 0.0 || value.fract() != 0.0 => Err(bad(format!("{text} is not a whole number"))),
            _ => Ok(value),
        }
    }
}

/// One record of the file.
struct Record<'a> {
    text: &'a str,
    line: usize,
    fields: usize,
}

/// Finds the records of a file; blank lines are none. Quoted cells may hold separators and line breaks.
fn records<'t>(text: &'t str, separator: u8) -> Result<Vec<Record<'t>>, String> {
    let mut found = Vec::new();
    let (mut start, mut line, mut start_line, mut fields, mut quoted_from) = (0, 1, 1, 1, None);
    let close = |start: usize, end: usize, line: usize, fields: usize, found: &mut Vec<Record<'t>>| {
        let record = text.get(start..end).unwrap_or_default().trim_end_matches('\r');
        if !record.trim_matches(' ').is_empty() {
            found.push(Record { text: record, line, fields });
        }
    };
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted_from = if quoted_from.is_some() { None } else { Some(line) },
            b'\n' => {
                line += 1;
                if quoted_from.is_none() {
                    close(start, at, start_line, fields, &mut found);
                    (start, start_line, fields) = (at + 1, line, 1);
                }
            }
            _ if byte == separator && quoted_from.is_none() => fields += 1,
            _ => {}
        }
    }
    if let Some(line) = quoted_from {
        return Err(format!("the quotation mark opened in row {line} is never closed"));
    }
    close(start, text.len(), start_line, fields, &mut found);
    Ok(found)
}

/// All records as text, the header as the first row.
fn text_frame(records: &[Record<'_>], separator: u8) -> polars::prelude::PolarsResult<DataFrame> {
    let mut text = String::with_capacity(records.iter().map(|record| record.text.len() + 1).sum());
    for record in records {
        text.push_str(record.text);
        text.push('\n');
    }
    CsvReadOptions::default()
        .with_has_header(false)
        .with_infer_schema_length(Some(0))
        .with_rechunk(true)
        .with_parse_options(CsvParseOptions::default().with_separator(separator))
        .into_reader_with_file_handle(Cursor::new(text))
        .finish()
}
