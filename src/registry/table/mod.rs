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
mod container;
mod decimal;
mod delimited;
mod encoding;
mod json;
mod number;
#[cfg(feature = "excel")]
mod old_workbook;
#[cfg(feature = "excel")]
mod open_document;
mod parquet;
mod raw;
mod sheet;
mod shield;
mod unit;
mod values;
mod workbook;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

pub use polars::prelude::DataFrame;

pub(crate) use cell::positive;
pub use column::{Column, Kind};
pub(crate) use column::{Stated, fold, split_brackets};
pub(crate) use container::unpacked;
pub use decimal::DecimalMark;
use decimal::Marks;
pub(crate) use number::plain_number;
pub(crate) use parquet::Cell;
pub(crate) use parquet::parquet_rows;
use raw::Raw;
pub(crate) use sheet::{Sheet, csv_text};
pub(crate) use shield::write_raw;
pub use unit::Unit;
use values::Values;

use super::month::{DateOrder, Month};
use crate::{Error, Result};

/// How files become tables, where they do not say it themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reading {
    /// The sign before the decimals of numbers; by what the cells show when `None`.
    pub decimal: Option<DecimalMark>,
    /// The sheet of a workbook; the only one with a value when `None`.
    pub sheet: Option<String>,
}

/// A table in memory. Rows are numbered from 0 here and as in an editor in messages.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    names: Vec<String>,
    /// For each column of the table the declared one that it is, and its unit.
    declared: Vec<Option<(Column, Stated)>>,
    columns: Vec<Values>,
    lines: Vec<usize>,
    decimal: Option<DecimalMark>,
    /// The marks in each column's numbers, once one of them is read.
    marks: Vec<OnceLock<Result<Marks, String>>>,
    /// The mark that all columns agree on, once it is asked for.
    agreed: OnceLock<Option<DecimalMark>>,
}

impl Table {
    /// Reads a file: cells separated by commas, semicolons, tabs or bars; JSON records or lines; a workbook (with the Cargo
    /// feature `excel`); Parquet (with the feature `parquet`); any of these packed by gzip. Text is UTF-8 or UTF-16. Columns that are not declared are
    /// kept and can be read by their own names, as text or number.
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be read, [`Error::File`] when it is empty, no text or not a table,
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
        Self::parse_with(bytes, path, columns, &Reading::default())
    }

    /// The same with what the file does not say itself.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn parse_with(bytes: &[u8], path: &Path, columns: &[Column], reading: &Reading) -> Result<Self> {
        let file = |problem: String| Error::File { path: path.to_owned(), problem };
        let bytes = container::unpacked(bytes).map_err(file)?;
        let bytes = bytes.as_ref();
        if bytes.starts_with(b"PAR1") {
            return Self::from_frame(&parquet::frame(bytes, path)?, path, columns);
        }
        let raw = if workbook::is_workbook(bytes) {
            workbook::read(bytes, reading.sheet.as_deref())
        } else {
            encoding::text(bytes).and_then(|text| {
                if json::is_json(&text) { json::read(&text) } else { delimited::read(container::plain(&text)?) }
            })
        };
        Self { decimal: reading.decimal, ..Self::new(path, raw.map_err(file)?)? }.declare(columns)
    }

    /// The same from a frame, which messages call `path`; rows are counted from 1 in messages.
    ///
    /// # Errors
    /// As [`Table::read`]; [`Error::File`] for a column that holds neither texts nor numbers nor truth values.
    pub fn from_frame(frame: &DataFrame, path: &Path, columns: &[Column]) -> Result<Self> {
        let names = frame.columns().iter().map(|column| column.name().trim().to_owned()).collect();
        let cells = frame
            .columns()
            .iter()
            .map(|column| Values::of_column(column).map_err(|problem| Error::File { path: path.to_owned(), problem }));
        let cells = cells.collect::<Result<_>>()?;
        Self::new(path, Raw { names, columns: cells, lines: (1..=frame.height()).collect() })?.declare(columns)
    }

    fn new(path: &Path, raw: Raw) -> Result<Self> {
        let file = |problem: String| Error::File { path: path.to_owned(), problem };
        let Raw { names, columns, lines } = raw.named().map_err(file)?;
        if lines.is_empty() {
            return Err(file("the table has a header and no row".into()));
        }
        let marks = columns.iter().map(|_| OnceLock::new()).collect();
        Ok(Self {
            path: path.to_owned(),
            declared: vec![None; names.len()],
            names,
            columns,
            lines,
            decimal: None,
            marks,
            agreed: OnceLock::new(),
        })
    }

    /// The same table, its rows counted from `first` in messages.
    #[must_use]
    pub fn counted_from(mut self, first: usize) -> Self {
        self.lines = (first..).take(self.lines.len()).collect();
        self
    }

    /// Finds the declared columns.
    fn declare(mut self, columns: &[Column]) -> Result<Self> {
        for column in columns {
            match self.find(column) {
                Some((at, unit)) => self.declared[at] = Some((*column, unit)),
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
        let (kind, unit) =
            self.declared[at].as_ref().map_or((Kind::Number, &Stated::Nothing), |(c, unit)| (c.kind, unit));
        if kind == Kind::Size {
            return self.size_at(row, at, self.known_unit(at, unit)?).map(Some).map_err(bad);
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
        // What writes a column with gaps as numbers writes `1172.0`.
        let whole = text.strip_suffix(".0").unwrap_or(text);
        let count = whole.parse::<u64>().ok().and_then(|count| N::try_from(count).ok());
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

    /// Month in a cell, also that of a date; where day and month could be either, other dates of the column tell.
    ///
    /// # Errors
    /// As [`Table::text`]; [`Error::Cell`] when it is not a month.
    pub(crate) fn month(&self, row: usize, column: &str) -> Result<Month> {
        let text = self.text(row, column)?;
        Month::of_date(text)
            .or_else(|error| {
                let order = self.date_order(self.column(column)?)?;
                order.map_or(Err(error), |order| Month::of_date_in(text, Some(order)))
            })
            .map_err(|e| self.cell_error(row, column, e.to_string()))
    }

    /// Whether days or months stand first in the dates of the column of this position; `None` where none shows it.
    ///
    /// # Errors
    /// [`Error::Cell`] when one date shows the one and another the other.
    pub(crate) fn date_order(&self, column: usize) -> Result<Option<DateOrder>> {
        let mut shown: Option<(DateOrder, usize)> = None;
        for row in 0..self.rows() {
            let Some(order) = self.at(row, column).and_then(DateOrder::shown_by) else { continue };
            match shown {
                Some((known, first)) if known != order => {
                    let problem = format!(
                        "this date is {order}, that of row {} is {known}; write all of them as 2024-04-18",
                        self.line(first)
                    );
                    return Err(self.cell_error(row, &self.names[column], problem));
                }
                _ => shown = Some((order, row)),
            }
        }
        Ok(shown.map(|(order, _)| order))
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

    /// Position of a column by the names that are known for it, and what its name says about its unit.
    pub(crate) fn find(&self, column: &Column) -> Option<(usize, Stated)> {
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
            _ => cell::number(self.at(row, column).unwrap_or_default(), self.marks(column)?),
        }
    }

    /// Size of the cell in the column of this position, above zero, in the cell's own unit or else in `unit`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn size_at(&self, row: usize, column: usize, unit: Unit) -> Result<f64, String> {
        let text = || self.at(row, column).unwrap_or_default();
        match self.columns.get(column).and_then(|values| values.number_at(row)) {
            Some(number) => cell::in_unit(number, unit, text()),
            None => cell::size(text(), self.marks(column)?, unit),
        }
    }

    /// What the name of the column of this position says about its unit.
    pub(crate) fn stated_unit(&self, column: usize) -> Stated {
        column::stated(&self.names[column])
    }

    /// The unit of the column of this position if its name is one of those of `column`; `None` for another name or an unknown
    /// unit.
    pub(crate) fn unit_as(&self, column: &Column, at: usize) -> Option<Unit> {
        let (_, stated) = column.position(&self.names[at..=at])?;
        self.known_unit(at, &stated).ok()
    }

    /// The unit of the column of this position, if it is one that onset knows.
    ///
    /// # Errors
    /// [`Error::File`] when it is not.
    pub(crate) fn known_unit(&self, column: usize, stated: &Stated) -> Result<Unit> {
        match stated {
            Stated::Nothing => Ok(Unit::ONE),
            Stated::Unit(unit) => Ok(*unit),
            Stated::Unknown(unit) => Err(Error::File {
                path: self.path.clone(),
                problem: format!("the unit `{unit}` of column `{}` is not known", self.names[column]),
            }),
        }
    }

    /// The marks in the numbers of a column.
    ///
    /// # Errors
    /// A sentence, when its cells show two.
    fn marks(&self, column: usize) -> Result<Marks, String> {
        let (Some(known), Some(values)) = (self.marks.get(column), self.columns.get(column)) else {
            return Ok(Marks::of_file(self.decimal));
        };
        if let Some(mark) = self.decimal {
            return Ok(Marks::given(mark));
        }
        let found = known.get_or_init(|| match values.shown_marks() {
            (Some(_), None) => Ok(Marks::of(DecimalMark::Point)),
            (None, Some(_)) => Ok(Marks::of(DecimalMark::Comma)),
            (None, None) => Ok(Marks::of_file(self.file_mark())),
            (Some(point), Some(comma)) => Err(format!(
                "in this column `{}` (row {}) has a decimal point and `{}` (row {}) a decimal comma; use one of them, or say \
                 which by `--decimal point` or `--decimal comma`",
                self.at(point, column).unwrap_or_default(),
                self.line(point),
                self.at(comma, column).unwrap_or_default(),
                self.line(comma)
            )),
        });
        found.clone()
    }

    /// The decimal mark that the cells of the file show, if they agree.
    fn file_mark(&self) -> Option<DecimalMark> {
        *self.agreed.get_or_init(|| self.shown_mark())
    }

    fn shown_mark(&self) -> Option<DecimalMark> {
        let shown: Vec<_> = self.columns.iter().map(Values::shown_marks).collect();
        let (point, comma) =
            (shown.iter().any(|(point, _)| point.is_some()), shown.iter().any(|(_, comma)| comma.is_some()));
        match (point, comma) {
            (true, false) => Some(DecimalMark::Point),
            (false, true) => Some(DecimalMark::Comma),
            _ => None,
        }
    }

    fn index(&self, column: &str) -> Option<usize> {
        let declared =
            self.declared.iter().position(|declared| declared.as_ref().is_some_and(|(c, _)| c.name == column));
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
