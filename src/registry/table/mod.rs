//! How tables are read: the one way from files and frames to cells. The only place in onset that knows polars.
//!
//! A table is declared once as a slice of [`Column`]s. What a file holds stays text until it is asked for, and what a
//! [`DataFrame`] holds as numbers stays numbers; whatever is wrong is reported with the file, the row as an editor counts
//! it (the header is row 1) and the column.
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

mod cell;
mod column;
mod delimited;
mod json_lines;
mod parquet;
mod sheet;
mod values;

use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use polars::prelude::DataFrame;

pub(crate) use cell::{plain_number, positive};
pub use column::{Column, Kind};
pub(crate) use column::{fold, parse_unit};
pub use parquet::Cell;
pub(crate) use parquet::parquet_rows;
pub(crate) use sheet::{Sheet, csv_text};
use values::Values;

use super::model::Month;
use crate::{Error, Result};

/// A table in memory. Rows are numbered from 0 here and as in an editor in messages.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    names: Vec<String>,
    /// For each column of the table the declared one that it is.
    declared: Vec<Option<Column>>,
    columns: Vec<Values>,
    lines: Vec<usize>,
}

impl Table {
    /// Reads a file: CSV, TSV, JSON lines (a file whose first character is `{`, rows named by their line) or, with the
    /// Cargo feature `parquet`, Parquet (rows counted from 1). Columns that are not declared are kept and can be read by
    /// their own names, as text or number.
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be read, [`Error::File`] when it is empty, not UTF-8 or not a table,
    /// [`Error::MissingColumn`], [`Error::Cell`] for an empty cell in a required column, [`Error::Unsupported`] for
    /// Parquet in a program built without it.
    pub fn read(path: &Path, columns: &[Column]) -> Result<Self> {
        Self::parse(&std::fs::read(path).map_err(Error::read(path))?, path, columns)
    }

    /// The same from bytes; `path` is what messages call it.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn parse(bytes: &[u8], path: &Path, columns: &[Column]) -> Result<Self> {
        if bytes.starts_with(b"PAR1") {
            return Self::from_frame(&parquet::frame(bytes, path)?, path, columns);
        }
        let file = |problem: String| Error::File { path: path.to_owned(), problem };
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
            file(format!("row {line} is not UTF-8 text"))
        })?;
        let (names, cells, lines) = if text.trim_start().starts_with('{') {
            let found = json_lines::read(text).map_err(file)?;
            (found.names, found.columns.into_iter().map(Values::from).collect(), found.lines)
        } else {
            let found = delimited::read(text).map_err(file)?;
            (found.names, found.columns.into_iter().map(Values::text).collect(), found.lines)
        };
        Self::new(path, names, cells, lines)?.declare(columns)
    }

    /// The same from a frame; rows are counted from 1 in messages.
    ///
    /// # Errors
    /// As [`Table::read`]; [`Error::File`] for a column that holds neither texts nor numbers nor truth values.
    pub(crate) fn from_frame(frame: &DataFrame, path: &Path, columns: &[Column]) -> Result<Self> {
        let names = frame.columns().iter().map(|column| column.name().trim().to_owned()).collect();
        let cells = frame
            .columns()
            .iter()
            .map(|column| Values::of_column(column).map_err(|problem| Error::File { path: path.to_owned(), problem }));
        let cells = cells.collect::<Result<_>>()?;
        Self::new(path, names, cells, (1..=frame.height()).collect())?.declare(columns)
    }

    fn new(path: &Path, names: Vec<String>, columns: Vec<Values>, lines: Vec<usize>) -> Result<Self> {
        let file = |problem: String| Error::File { path: path.to_owned(), problem };
        if let Some(twice) = names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name))
        {
            return Err(file(format!("two columns are named `{twice}`")));
        }
        if lines.is_empty() {
            return Err(file("the table has a header and no row".into()));
        }
        Ok(Self { path: path.to_owned(), declared: vec![None; names.len()], names, columns, lines })
    }

    /// Finds the declared columns.
    fn declare(mut self, columns: &[Column]) -> Result<Self> {
        for column in columns {
            match self.find(column) {
                Some(at) => self.declared[at] = Some(*column),
                None if column.required => return Err(self.missing(column.name)),
                None => {}
            }
        }
        for column in columns.iter().filter(|column| column.required) {
            for row in 0..self.rows() {
                self.text(row, column.name)?;
            }
        }
        Ok(self)
    }

    /// The file, as messages call it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The columns' names, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of rows without the header.
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Line of `row` in the file; the header is line 1.
    pub(crate) fn line(&self, row: usize) -> usize {
        self.lines.get(row).copied().unwrap_or(0)
    }

    /// Text of a cell.
    ///
    /// # Errors
    /// [`Error::MissingColumn`], or [`Error::Cell`] when the cell is empty.
    pub fn text(&self, row: usize, column: &str) -> Result<&str> {
        self.at(row, self.column(column)?).ok_or_else(|| self.empty(row, column))
    }

    /// A cell as anything that is read from its text.
    ///
    /// # Errors
    /// As [`Table::text`]; [`Error::Cell`] when the text is none of them.
    pub(crate) fn parsed<T: FromStr<Err = Error>>(&self, row: usize, column: &str) -> Result<T> {
        self.text(row, column)?.parse().map_err(|e: Error| self.cell_error(row, column, e.to_string()))
    }

    /// As [`Table::parsed`], `None` for an empty cell or absent column.
    ///
    /// # Errors
    /// [`Error::Cell`] when the text is none of them.
    pub(crate) fn optional_parsed<T: FromStr<Err = Error>>(&self, row: usize, column: &str) -> Result<Option<T>> {
        self.optional_text(row, column).map(|_| self.parsed(row, column)).transpose()
    }

    /// Text of a cell, without the spaces around it; `None` when it is empty or the column absent.
    pub fn optional_text(&self, row: usize, column: &str) -> Option<&str> {
        self.at(row, self.index(column)?)
    }

    /// Number in a cell, checked against the column's declared [`Kind`] and, if that is a size, in its base unit. Commas may
    /// group its digits, and `%` may follow.
    ///
    /// # Errors
    /// As [`Table::text`]; [`Error::Cell`] when it is not such a number, [`Error::File`] when the unit in the column's name
    /// is not known.
    pub fn number(&self, row: usize, column: &str) -> Result<f64> {
        self.optional_number(row, column)?.ok_or_else(|| match self.column(column) {
            Ok(_) => self.empty(row, column),
            Err(missing) => missing,
        })
    }

    /// As [`Table::number`], `None` for an absent column and a cell that is empty or says that there is no value (`NA`,
    /// `-`).
    ///
    /// # Errors
    /// [`Error::Cell`] when it is not such a number.
    pub(crate) fn optional_number(&self, row: usize, column: &str) -> Result<Option<f64>> {
        let Some(at) = self.index(column) else { return Ok(None) };
        if self.is_missing(row, at) {
            return Ok(None);
        }
        let bad = |problem: String| self.cell_error(row, column, problem);
        let shown = || self.at(row, at).unwrap_or_default();
        let kind = self.declared[at].map_or(Kind::Number, |declared| declared.kind);
        if kind == Kind::Size {
            return self.size_at(row, at, self.unit(at)?).map(Some).map_err(bad);
        }
        let value = self.number_at(row, at).map_err(bad)?;
        match kind {
            Kind::Share if !(0.0..=1.0).contains(&value) => Err(bad(format!("{} is not between 0 and 1", shown()))),
            Kind::Positive => positive(value, shown()).map(Some).map_err(bad),
            Kind::Count if value < 0.0 || value.fract() != 0.0 => {
                Err(bad(format!("{} is not a whole number", shown())))
            }
            _ => Ok(Some(value)),
        }
    }

    /// Whole number in a cell, `None` for an empty cell or absent column.
    ///
    /// # Errors
    /// [`Error::Cell`] when it is not a whole number of at least 0 that fits.
    pub(crate) fn optional_count<N: TryFrom<u64>>(&self, row: usize, column: &str) -> Result<Option<N>> {
        let Some(text) = self.optional_text(row, column) else { return Ok(None) };
        let count = text.parse::<u64>().ok().and_then(|count| N::try_from(count).ok());
        count.map(Some).ok_or_else(|| self.cell_error(row, column, format!("`{text}` is not a whole number")))
    }

    /// `true` or `false` in a cell, `None` for an empty cell or absent column.
    ///
    /// # Errors
    /// [`Error::Cell`] when it is neither.
    pub(crate) fn optional_flag(&self, row: usize, column: &str) -> Result<Option<bool>> {
        let Some(text) = self.optional_text(row, column) else { return Ok(None) };
        let flag = text.to_ascii_lowercase().parse().ok();
        flag.map(Some).ok_or_else(|| self.cell_error(row, column, format!("`{text}` is neither true nor false")))
    }

    /// Month in a cell, also that of a date.
    ///
    /// # Errors
    /// As [`Table::text`]; [`Error::Cell`] when it is not a month.
    pub(crate) fn month(&self, row: usize, column: &str) -> Result<Month> {
        Month::of_date(self.text(row, column)?).map_err(|e| self.cell_error(row, column, e.to_string()))
    }

    /// An [`Error::Cell`] at this place.
    pub(crate) fn cell_error(&self, row: usize, column: &str, problem: String) -> Error {
        // The name that stands in the file.
        let column = self.index(column).map_or(column, |at| &self.names[at]);
        Error::Cell { path: self.path.clone(), row: self.line(row), column: column.into(), problem }
    }

    /// Position of a column, for [`Table::at`].
    pub(crate) fn column(&self, column: &str) -> Result<usize> {
        self.index(column).ok_or_else(|| self.missing(column))
    }

    /// Position of a column by the names that are known for it.
    pub(crate) fn find(&self, column: &Column) -> Option<usize> {
        column.position(&self.names)
    }

    /// Position of the column that a person calls so.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        column::position(&self.names, name)
    }

    /// Text of the cell in the column of this position.
    pub(crate) fn at(&self, row: usize, column: usize) -> Option<&str> {
        self.columns.get(column)?.text_at(row)
    }

    /// Whether the cell in the column of this position is empty or says that there is no value.
    pub(crate) fn is_missing(&self, row: usize, column: usize) -> bool {
        self.columns.get(column).is_none_or(|values| values.is_missing(row))
    }

    /// Number of the cell in the column of this position.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn number_at(&self, row: usize, column: usize) -> Result<f64, String> {
        match self.columns.get(column).and_then(|values| values.number_at(row)) {
            Some(number) if number.is_finite() => Ok(number),
            _ => cell::number(self.at(row, column).unwrap_or_default()),
        }
    }

    /// Size of the cell in the column of this position, above zero, where one in it stands for `unit`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn size_at(&self, row: usize, column: usize, unit: f64) -> Result<f64, String> {
        let text = || self.at(row, column).unwrap_or_default();
        let count = match self.columns.get(column).and_then(|values| values.number_at(row)) {
            Some(number) => positive(number, text())?,
            None => cell::count(text())?,
        };
        positive(count * unit, text())
    }

    /// What one unit of the column of this position is, by its name.
    ///
    /// # Errors
    /// [`Error::File`] when it names a unit that is not known.
    pub(crate) fn unit(&self, column: usize) -> Result<f64> {
        let name = &self.names[column];
        column::unit_of(name).ok_or_else(|| Error::File {
            path: self.path.clone(),
            problem: format!("the unit of column `{name}` is not known"),
        })
    }

    fn index(&self, column: &str) -> Option<usize> {
        let declared = self.declared.iter().position(|declared| declared.is_some_and(|c| c.name == column));
        declared.or_else(|| self.names.iter().position(|name| name == column))
    }

    fn empty(&self, row: usize, column: &str) -> Error {
        self.cell_error(row, column, "the cell is empty".into())
    }

    fn missing(&self, column: &str) -> Error {
        let found = self.names.join(", ");
        Error::MissingColumn { path: self.path.clone(), column: column.into(), found }
    }
}
