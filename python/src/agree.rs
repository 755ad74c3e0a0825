//! `onset.agree`: whether benchmarks rank models alike.

use std::sync::Arc;

use onset::analysis::agree::{self as analysis, AgreeReport};
use onset::analysis::fit::FitTables;
use onset::report::agree as texts;
use onset::report::csv::CsvTable;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::figure::Figure;
use super::frame::Frame;
use super::tables::{Sources, options, raise};
use super::work;

/// Benchmarks compared.
#[pyclass(frozen, module = "onset_curves")]
#[derive(Clone)]
pub(crate) struct Agreement {
    report: Arc<AgreeReport>,
}

/// Reads tables and compares their benchmarks.
#[pyfunction]
#[pyo3(signature = (data, before, after, given))]
pub(crate) fn agree(
    py: Python<'_>,
    data: Option<Bound<'_, PyAny>>,
    before: Option<Bound<'_, PyAny>>,
    after: Option<Bound<'_, PyAny>>,
    given: &Bound<'_, PyDict>,
) -> PyResult<Agreement> {
    let settings = raise(onset::cli::options::agree(&options(given)?))?;
    let [data, before, after] = [data, before, after].map(|one| Sources::of(one.as_ref()));
    let (data, before, after) = (data?, before?, after?);
    let report = work::run(py, move |_| {
        let reading = &settings.tables.tables.reading;
        let (before, mut warnings) = before.tables(reading)?;
        let (after, more) = after.tables(reading)?;
        warnings.extend(more);
        let (tables, more) = data.tables(reading)?;
        warnings.extend(more);
        settings.of_tables(&FitTables { tables, before, after, warnings })
    })?;
    Ok(Agreement { report: Arc::new(report) })
}

/// Columns of texts; all others hold numbers.
const TEXTS: &[&str] =
    &["benchmark", "benchmark_a", "benchmark_b", "metric", "condition", "model", "cluster", "quantity", "reason"];

fn of_table(table: &CsvTable) -> PyResult<Frame> {
    let numbers: Vec<&str> = table.columns.iter().map(String::as_str).filter(|name| !TEXTS.contains(name)).collect();
    Frame::of_csv(table, &numbers)
}

#[pymethods]
impl Agreement {
    /// The report for people.
    #[pyo3(signature = (width=100))]
    fn summary(&self, width: usize) -> String {
        texts::terminal(&self.report, width)
    }

    /// One row for each pair of benchmarks.
    fn pairs(&self) -> PyResult<Frame> {
        of_table(&texts::pairs(&self.report))
    }

    /// One row for each benchmark.
    fn benchmarks(&self) -> PyResult<Frame> {
        of_table(&texts::benchmarks(&self.report))
    }

    /// One row for each model and benchmark: its rank, and the ranks that noise leaves possible.
    fn ranks(&self) -> PyResult<Frame> {
        of_table(&texts::ranks(&self.report))
    }

    /// One row for each estimate about all benchmarks together.
    fn tidy(&self) -> PyResult<Frame> {
        of_table(&texts::summary(&self.report))
    }

    /// The figure.
    fn figure(&self) -> Figure {
        Figure::new(analysis::figure(&self.report))
    }

    /// What a reader should know of how the tables were read and what was left out.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.report.notes.clone()
    }

    fn __repr__(&self) -> String {
        format!("<Agreement of {} benchmarks on {} models>", self.report.benchmarks.len(), self.report.models.len())
    }

    /// The report as JSON.
    fn to_json(&self) -> PyResult<String> {
        raise(self.report.to_json())
    }
}
