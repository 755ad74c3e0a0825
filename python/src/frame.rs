//! Columns of values between Python and onset: read from Arrow streams and lists, given away as an Arrow stream.

use onset::registry::table::DataFrame;
use onset::report::csv::CsvTable;
use polars::prelude as pl;
use polars_arrow::array::{Array, BooleanArray, Float64Array, Int64Array, StructArray, Utf8Array};
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::ffi::{export_field_to_c, export_iterator};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};

use super::errors::input;

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Text(Vec<Option<String>>),
    Number(Vec<Option<f64>>),
    Whole(Vec<Option<i64>>),
    Flag(Vec<Option<bool>>),
}

impl Values {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Number(cells) => cells.len(),
            Self::Whole(cells) => cells.len(),
            Self::Flag(cells) => cells.len(),
        }
    }

    /// The name of their type.
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Number(_) => "number",
            Self::Whole(_) => "whole",
            Self::Flag(_) => "flag",
        }
    }

    fn array(&self) -> Box<dyn Array> {
        match self {
            // Every reader of Arrow knows this kind of text; views are younger.
            Self::Text(cells) => Utf8Array::<i64>::from(cells).boxed(),
            Self::Number(cells) => Float64Array::from(cells).boxed(),
            Self::Whole(cells) => Int64Array::from(cells).boxed(),
            Self::Flag(cells) => BooleanArray::from(cells).boxed(),
        }
    }

    fn column(&self, name: &str) -> pl::Column {
        match self {
            Self::Text(cells) => pl::Column::new(name.into(), cells),
            Self::Number(cells) => pl::Column::new(name.into(), cells),
            Self::Whole(cells) => pl::Column::new(name.into(), cells),
            Self::Flag(cells) => pl::Column::new(name.into(), cells),
        }
    }

    fn list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        match self {
            Self::Text(cells) => PyList::new(py, cells),
            Self::Number(cells) => PyList::new(py, cells),
            Self::Whole(cells) => PyList::new(py, cells),
            Self::Flag(cells) => PyList::new(py, cells),
        }
    }
}

/// Named columns of one length, as results give them. Any library that reads Arrow takes it.
#[pyclass(frozen, module = "onset_curves")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    pub(crate) columns: Vec<(String, Values)>,
}

impl Frame {
    pub(crate) fn text(mut self, name: &str, cells: impl IntoIterator<Item = Option<String>>) -> Self {
        self.columns.push((name.to_owned(), Values::Text(cells.into_iter().collect())));
        self
    }

    pub(crate) fn number(mut self, name: &str, cells: impl IntoIterator<Item = Option<f64>>) -> Self {
        self.columns.push((name.to_owned(), Values::Number(cells.into_iter().collect())));
        self
    }

    pub(crate) fn whole(mut self, name: &str, cells: impl IntoIterator<Item = Option<usize>>) -> Self {
        let cells = cells.into_iter().map(|cell| cell.and_then(|cell| i64::try_from(cell).ok()));
        self.columns.push((name.to_owned(), Values::Whole(cells.collect())));
        self
    }

    pub(crate) fn flag(mut self, name: &str, cells: impl IntoIterator<Item = Option<bool>>) -> Self {
        self.columns.push((name.to_owned(), Values::Flag(cells.into_iter().collect())));
        self
    }

    fn height(&self) -> usize {
        self.columns.first().map_or(0, |(_, values)| values.len())
    }

    /// As onset's own frame.
    pub(crate) fn polars(&self) -> PyResult<DataFrame> {
        let columns = self.columns.iter().map(|(name, values)| values.column(name)).collect();
        DataFrame::new(self.height(), columns).map_err(|error| input(&format!("no frame can be made: {error}")))
    }

    /// Of onset's own frame, whose columns are texts, numbers and truth values.
    pub(crate) fn of_polars(frame: &DataFrame) -> PyResult<Self> {
        let columns = frame.columns().iter().map(|column| {
            let wrong = |error: pl::PolarsError| input(&error.to_string());
            let values = match column.dtype() {
                pl::DataType::Boolean => Values::Flag(column.bool().map_err(wrong)?.iter().collect()),
                pl::DataType::Float64 => Values::Number(column.f64().map_err(wrong)?.iter().collect()),
                whole if whole.is_primitive_numeric() => {
                    let whole = column.cast(&pl::DataType::Int64).map_err(wrong)?;
                    Values::Whole(whole.i64().map_err(wrong)?.iter().collect())
                }
                _ => Values::Text(column.str().map_err(wrong)?.iter().map(|cell| cell.map(str::to_owned)).collect()),
            };
            Ok((column.name().to_string(), values))
        });
        Ok(Self { columns: columns.collect::<PyResult<_>>()? })
    }

    /// Of a table of texts; the columns named here hold numbers whatever their cells show.
    pub(crate) fn of_csv(table: &CsvTable, numbers: &[&str]) -> PyResult<Self> {
        let mut frame = Self::of_polars(&table.to_frame().map_err(super::errors::raised)?)?;
        for (name, values) in &mut frame.columns {
            if numbers.contains(&name.as_str()) {
                *values = Values::Number(match &*values {
                    Values::Number(cells) => cells.clone(),
                    Values::Whole(cells) => cells.iter().map(|cell| cell.map(|cell| cell as f64)).collect(),
                    Values::Text(cells) => cells.iter().map(|cell| cell.as_deref()?.parse().ok()).collect(),
                    Values::Flag(cells) => vec![None; cells.len()],
                });
            }
        }
        Ok(frame)
    }
}

#[pymethods]
impl Frame {
    /// The columns' names.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }

    /// For each column what it holds: text, number, whole or flag.
    #[getter]
    fn kinds(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(_, values)| values.kind()).collect()
    }

    fn __len__(&self) -> usize {
        self.height()
    }

    /// A column as a list; None where there is no value.
    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let found = self.columns.iter().find(|(known, _)| known == name);
        found.ok_or_else(|| pyo3::exceptions::PyKeyError::new_err(name.to_owned()))?.1.list(py)
    }

    /// All columns as lists, by name.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let columns = PyDict::new(py);
        for (name, values) in &self.columns {
            columns.set_item(name, values.list(py)?)?;
        }
        Ok(columns)
    }

    /// The columns as an Arrow stream of one batch.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A wish that the protocol lets a producer decline.
        let _ = requested_schema;
        let arrays: Vec<Box<dyn Array>> = self.columns.iter().map(|(_, values)| values.array()).collect();
        let fields: Vec<Field> = self
            .columns
            .iter()
            .zip(&arrays)
            .map(|((name, _), array)| Field::new(name.as_str().into(), array.dtype().clone(), true))
            .collect();
        let dtype = ArrowDataType::Struct(fields);
        let batch = StructArray::new(dtype.clone(), self.height(), arrays, None).boxed();
        let field = Field::new("".into(), dtype, false);
        let stream = export_iterator(Box::new(std::iter::once(Ok(batch))), field);
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    /// The columns' types as an Arrow schema.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let field =
            |(name, values): &(String, Values)| Field::new(name.as_str().into(), values.array().dtype().clone(), true);
        let fields = self.columns.iter().map(field).collect();
        let schema = export_field_to_c(&Field::new("".into(), ArrowDataType::Struct(fields), false));
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }
}
