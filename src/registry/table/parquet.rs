//! Parquet, in a program built with the Cargo feature of that name; without, it is refused.

use std::path::Path;

use super::Table;
use crate::{Error, Result};

/// A value of a Parquet file, which may hold others.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(String),
    /// Several of one kind.
    List(Vec<Cell>),
    /// Named values, in order.
    Named(Vec<(String, Cell)>),
}

/// The rows of a Parquet file with the types of its columns.
///
/// # Errors
/// [`Error::Read`], [`Error::File`] for a file that is none or a column of another type (a date, bytes),
/// [`Error::Unsupported`] in a program built without the Cargo feature `parquet`.
pub fn parquet_rows(path: &Path) -> Result<Vec<Vec<(String, Cell)>>> {
    read::rows(std::fs::read(path).map_err(Error::read(path))?, path)
}

/// A table of text; rows are counted from 1.
pub(super) fn table(bytes: Vec<u8>, path: &Path) -> Result<Table> {
    read::table(bytes, path)
}

#[cfg(feature = "parquet")]
mod read {
    use std::io::Cursor;

    use polars::prelude::{
        AnyValue, CsvWriter, DataFrame, DataType, ParquetReader, PolarsError, PolarsResult, QuoteStyle, SerReader,
        SerWriter, Series,
    };

    use super::{Cell, Error, Path, Result, Table};

    fn frame(bytes: Vec<u8>, path: &Path) -> Result<DataFrame> {
        ParquetReader::new(Cursor::new(bytes)).finish().map_err(|error| wrong(path, &error))
    }

    fn wrong(path: &Path, error: &PolarsError) -> Error {
        Error::File { path: path.to_owned(), problem: error.to_string() }
    }

    /// Through CSV text, so that there is one way from text to cells.
    pub fn table(bytes: Vec<u8>, path: &Path) -> Result<Table> {
        let mut frame = frame(bytes, path)?;
        let mut csv = Vec::new();
        let written = CsvWriter::new(&mut csv).with_quote_style(QuoteStyle::Always).finish(&mut frame);
        written.map_err(|error| wrong(path, &error))?;
        Ok(Table { lines: (1..=frame.height()).collect(), ..Table::parse(&csv, path, &[])? })
    }

    pub fn rows(bytes: Vec<u8>, path: &Path) -> Result<Vec<Vec<(String, Cell)>>> {
        let frame = frame(bytes, path)?;
        let mut rows = vec![Vec::with_capacity(frame.width()); frame.height()];
        for column in frame.columns() {
            let name = column.name().to_string();
            let cells = cells(column.as_materialized_series()).map_err(|error| {
                let problem = format!("column `{name}`: {error}");
                Error::File { path: path.to_owned(), problem }
            })?;
            for (row, cell) in rows.iter_mut().zip(cells) {
                row.push((name.clone(), cell));
            }
        }
        Ok(rows)
    }

    fn cells(series: &Series) -> PolarsResult<Vec<Cell>> {
        match series.dtype() {
            DataType::List(_) => {
                let lists = series.list()?;
                let list = |at| lists.get_as_series(at).map_or(Ok(Cell::Empty), |list| cells(&list).map(Cell::List));
                (0..series.len()).map(list).collect()
            }
            DataType::Struct(_) => {
                let mut rows = vec![Vec::new(); series.len()];
                for field in series.struct_()?.fields_as_series() {
                    for (row, cell) in rows.iter_mut().zip(cells(&field)?) {
                        row.push((field.name().to_string(), cell));
                    }
                }
                Ok(rows.into_iter().map(Cell::Named).collect())
            }
            _ => series.iter().map(cell).collect(),
        }
    }

    fn cell(value: AnyValue<'_>) -> PolarsResult<Cell> {
        Ok(match value {
            AnyValue::Null => Cell::Empty,
            AnyValue::Boolean(flag) => Cell::Flag(flag),
            AnyValue::String(text) => Cell::Text(text.to_owned()),
            AnyValue::Float32(number) => Cell::Number(number.into()),
            AnyValue::Float64(number) => Cell::Number(number),
            other => match other.extract::<i64>().filter(|_| other.dtype().is_integer()) {
                Some(whole) => Cell::Whole(whole),
                None => return Err(PolarsError::ComputeError(format!("{} is not read", other.dtype()).into())),
            },
        })
    }
}

#[cfg(not(feature = "parquet"))]
mod read {
    use super::{Cell, Error, Path, Result, Table};

    pub fn table(_: Vec<u8>, path: &Path) -> Result<Table> {
        Err(refused(path))
    }

    pub fn rows(_: Vec<u8>, path: &Path) -> Result<Vec<Vec<(String, Cell)>>> {
        Err(refused(path))
    }

    fn refused(path: &Path) -> Error {
        Error::Unsupported {
            what: format!("{}: Parquet in a program built without it", path.display()),
            supported: "CSV, TSV, JSON lines; Parquet after `cargo build --release --features parquet`".into(),
        }
    }
}
