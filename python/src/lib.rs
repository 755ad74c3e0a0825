//! The Python module `onset_curves._core`: onset's own types behind Python's.
//!
//! Nothing is computed, named or defaulted here. Options go through the command line's own reader
//! ([`onset::cli::options`]), frames become the tables that files become, and results are those of the library.

mod curves;
mod datasets;
mod errors;
mod figure;
mod fit;
mod frame;
mod harness;
mod papers;
mod tables;
mod training;
mod work;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    use std::ffi::OsString;

    use pyo3::prelude::*;

    #[pymodule_export]
    use super::curves::{Curve, CurveFit};
    #[pymodule_export]
    use super::datasets::dataset;
    #[pymodule_export]
    use super::figure::Figure;
    #[pymodule_export]
    use super::fit::{Fit, Fits, fit};
    #[pymodule_export]
    use super::frame::Frame;
    #[pymodule_export]
    use super::harness::{Evaluation, Imported, evaluate, read_results};
    #[pymodule_export]
    use super::papers::{Reproduction, reproduce};
    #[pymodule_export]
    use super::training::{Finetuning, Lab, finetune, lab};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Runs the program `onset` with these arguments, the first of which is its own name, and returns its exit code.
    #[pyfunction]
    fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
        py.detach(|| onset::cli::run(arguments))
    }

    /// The options of a subcommand: name, name of the value (or None), whether it repeats, default, help.
    #[pyfunction]
    #[expect(clippy::type_complexity, reason = "a row of a table for Python")]
    fn options(subcommand: &str) -> PyResult<Vec<(String, Option<String>, bool, Option<String>, String)>> {
        let options = onset::cli::options::of(subcommand).map_err(super::errors::raised)?;
        Ok(options.into_iter().map(|o| (o.name, o.value, o.repeats, o.default, o.help)).collect())
    }
}
