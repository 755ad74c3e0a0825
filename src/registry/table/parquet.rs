//! Parquet, in a program built with the Cargo feature of that name; without, it is refused.

use std::path::Path;

use polars::prelude::DataFrame;

use crate::{Error, Result};

/// A value of a Parquet file, which may hold others.
// Made by the reader alone, which is there with the feature.
#[cfg_attr(not(feature = "parquet"), allow(dead_code))]
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
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
pub(crate) fn parquet_rows(path: &Path) -> Result<Vec<Vec<(String, Cell)>>> {
    read::rows(&std::fs::read(path).map_err(Error::read(path))?, path)
}

/// The columns of a Parquet file.
pub(super) fn frame(bytes: &[u8], path: &Path) -> Result<DataFrame> {
    read::frame(bytes, path)
}

#[cfg(feature = "parquet")]
mod read {
    use std::io::Cursor;

    use polars::prelude::{AnyValue, DataFrame, DataType, ParquetReader, PolarsError, PolarsResult, SerReader, Series};

    use super::{Cell, Error, Path, Result};

    pub(crate) fn frame(bytes: &[u8], path: &Path) -> Result<DataFrame> {
        let problem = |error: PolarsError| Error::File { path: path.to_owned(), problem: error.to_string() };
        // The reader keeps what it reads from for as long as it likes.
        ParquetReader::new(Cursor::new(bytes.to_vec())).finish().map_err(problem)
    }

    pub(crate) fn rows(bytes: &[u8], path: &Path) -> Result<Vec<Vec<(String, Cell)>>> {
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
    use super::{Cell, DataFrame, Error, Path, Result};

    pub(crate) fn frame(_: &[u8], path: &Path) -> Result<DataFrame> {
        Err(refused(path))
    }

    pub(crate) fn rows(_: &[u8], path: &Path) -> Result<Vec<Vec<(String, Cell)>>> {
        Err(refused(path))
    }

    fn refused(path: &Path) -> Error {
        Error::Unsupported {
            what: format!("{}: Parquet in a program built without it", path.display()),
            supported: "CSV, TSV, JSON lines; Parquet after `cargo build --release --features parquet`".into(),
        }
    }
}
