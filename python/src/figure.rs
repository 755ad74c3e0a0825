//! A figure as onset draws it.

use onset::analysis::figure;
use onset::plot::{Drawing, Theme, draw};
use onset::report::csv::figure_data;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::frame::Frame;
use super::tables::raise;

/// A figure: SVG in a notebook, files where they are asked for, and its data as a frame.
#[pyclass(frozen, module = "onset_curves")]
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    figure: figure::Figure,
}

impl Figure {
    pub(crate) fn new(figure: figure::Figure) -> Self {
        Self { figure }
    }

    fn drawing(&self) -> PyResult<Drawing> {
        raise(draw(&self.figure, &Theme::default()))
    }
}

#[pymethods]
impl Figure {
    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        &self.figure.name
    }

    /// The drawing as SVG.
    fn svg(&self) -> PyResult<String> {
        Ok(self.drawing()?.svg().to_owned())
    }

    /// The drawing as PNG.
    fn png<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &raise(self.drawing()?.png())?))
    }

    /// The drawing as PDF.
    fn pdf<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &raise(self.drawing()?.pdf())?))
    }

    /// Everything that is drawn, one row each.
    fn data(&self) -> PyResult<Frame> {
        Frame::of_csv(&figure_data(&self.figure), &["x", "y", "low", "high"])
    }

    fn _repr_svg_(&self) -> PyResult<String> {
        self.svg()
    }

    fn __repr__(&self) -> String {
        format!("<Figure {}>", self.figure.name)
    }
}
