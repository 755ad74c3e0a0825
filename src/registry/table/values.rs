//! One column: texts as they stand in a file, or values that never were text.

use std::sync::OnceLock;

use polars::prelude::{ChunkFullNull, Column, DataType, Float64Chunked, NewChunkedArray, StringChunked};

use super::cell::{is_missing, shown_mark};
use super::decimal::DecimalMark;

/// The values of one column.
#[derive(Debug, Clone)]
pub(super) enum Values {
    Text(StringChunked),
    /// Numbers, and their text once somebody asks for it.
    Number(Float64Chunked, OnceLock<StringChunked>),
}

impl Values {
    pub(super) fn text(cells: StringChunked) -> Self {
        Self::Text(cells)
    }

    /// The values of a frame's column; truth values are text.
    ///
    /// # Errors
    /// A sentence that names a column of another type.
    pub(super) fn of_column(column: &Column) -> Result<Self, String> {
        let problem = |error: polars::prelude::PolarsError| format!("column `{}`: {error}", column.name());
        match column.dtype() {
            DataType::String => Ok(Self::Text(column.str().map_err(problem)?.rechunk().into_owned())),
            DataType::Boolean => {
                let flags = column.bool().map_err(problem)?;
                let text = flags.iter().map(|flag| flag.map(|flag| if flag { "true" } else { "false" }));
                Ok(Self::Text(text.collect()))
            }
            number if number.is_primitive_numeric() => {
                let numbers = column.cast(&DataType::Float64).map_err(problem)?;
                let numbers = numbers.f64().map_err(problem)?.rechunk().into_owned();
                Ok(Self::Number(numbers, OnceLock::new()))
            }
            // Nothing but empty cells.
            DataType::Null => Ok(Self::Text(StringChunked::full_null(column.name().clone(), column.len()))),
            other => {
                Err(format!("column `{}` holds {other}: only texts, numbers and truth values are read", column.name()))
            }
        }
    }

    /// Numbers that are in memory.
    pub(super) fn numbers(numbers: &[Option<f64>]) -> Self {
        Self::Number(Float64Chunked::from_slice_options("".into(), numbers), OnceLock::new())
    }

    /// Text of a cell, without the spaces around it; `None` when it is empty.
    pub(super) fn text_at(&self, row: usize) -> Option<&str> {
        let cells = match self {
            Self::Text(cells) => cells,
            Self::Number(numbers, text) => {
                text.get_or_init(|| numbers.iter().map(|number| number.map(|number| number.to_string())).collect())
            }
        };
        (row < cells.len()).then(|| cells.get(row)).flatten().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The number of a cell that never was text.
    pub(super) fn number_at(&self, row: usize) -> Option<f64> {
        match self {
            Self::Text(_) => None,
            Self::Number(numbers, _) => (row < numbers.len()).then(|| numbers.get(row)).flatten(),
        }
    }

    /// The first rows whose texts show a decimal point and a decimal comma.
    pub(super) fn shown_marks(&self) -> (Option<usize>, Option<usize>) {
        let Self::Text(cells) = self else { return (None, None) };
        let first =
            |mark: DecimalMark| (0..cells.len()).find(|&row| self.text_at(row).and_then(shown_mark) == Some(mark));
        (first(DecimalMark::Point), first(DecimalMark::Comma))
    }

    /// Whether the cell is empty or says that there is no value.
    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Text(_) => self.text_at(row).is_none_or(is_missing),
            Self::Number(..) => self.number_at(row).is_none(),
        }
    }
}

impl From<Vec<Option<String>>> for Values {
    fn from(cells: Vec<Option<String>>) -> Self {
        Self::Text(cells.iter().map(Option::as_deref).collect())
    }
}
