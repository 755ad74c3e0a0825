//! The tables inside onset, as frames.

use onset::analysis::papers::test_task;
use onset::analysis::papers::train_before_test::table_text;
use onset::report::csv::CsvTable;
use pyo3::prelude::*;

use super::errors::input;
use super::frame::Frame;
use super::tables::raise;

/// One of the published tables.
#[pyfunction]
pub(crate) fn dataset(paper: &str, table: &str) -> PyResult<Frame> {
    match (paper, table) {
        ("test_task", "models") => Frame::of_polars(&raise(raise(test_task::published())?.models.to_frame())?),
        ("test_task", "scores") => Frame::of_polars(&raise(raise(test_task::published())?.observations.to_frame())?),
        ("train_before_test", "models") => of_text(table_text("models.csv")),
        ("train_before_test", "benchmarks") => of_text(table_text("benchmarks.csv")),
        ("train_before_test", "scores") => of_text(table_text("evaluations.csv")),
        _ => Err(input(&format!("there is no table `{table}` of `{paper}`"))),
    }
}

fn of_text(text: Option<String>) -> PyResult<Frame> {
    let wrong = |error: csv::Error| input(&error.to_string());
    let text = text.unwrap_or_default();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| Ok(row.map_err(wrong)?.iter().map(str::to_owned).collect()));
    let table = CsvTable { columns, rows: rows.collect::<PyResult<_>>()? };
    Frame::of_polars(&raise(table.to_frame())?)
}
