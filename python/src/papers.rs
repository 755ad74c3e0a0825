//! Both papers, regenerated.

use onset::analysis::papers::test_task::{Reproduce, Reproduction as First, published};
use onset::analysis::papers::train_before_test::{self as second, Harmonised};
use onset::report::{harmony, reproduction};
use pyo3::prelude::*;

use super::errors::input;
use super::figure::Figure;
use super::frame::Frame;
use super::work;

/// What a paper prints, recomputed, corrected and drawn.
#[pyclass(frozen, module = "onset_curves")]
pub(crate) struct Reproduction {
    found: Found,
}

enum Found {
    TestTask(Box<First>),
    TrainBeforeTest(Box<Harmonised>),
}

/// Regenerates a paper: `test-task` or `train-before-test`.
#[pyfunction]
pub(crate) fn reproduce(py: Python<'_>, paper: &str) -> PyResult<Reproduction> {
    let found = match paper {
        "test-task" => work::run(py, |_| Ok(Found::TestTask(Box::new(Reproduce::new().run(&published()?)?)))),
        "train-before-test" => {
            work::run(py, |_| Ok(Found::TrainBeforeTest(Box::new(second::run(&second::tables()?)?))))
        }
        _ => Err(input(&format!("there is no paper `{paper}`: there are test-task and train-before-test"))),
    };
    Ok(Reproduction { found: found? })
}

#[pymethods]
impl Reproduction {
    /// Every printed number: as printed, recomputed by the published method, and corrected with its interval.
    fn numbers(&self) -> PyResult<Frame> {
        match &self.found {
            Found::TestTask(first) => Frame::of_csv(&reproduction::csv(&first.rows), NUMBERS),
            Found::TrainBeforeTest(second) => Frame::of_csv(&harmony::numbers(&second.rows), NUMBERS),
        }
    }

    /// The figures, by name; those of the corrected reading end in `/corrected`.
    fn figures(&self) -> Vec<(String, Figure)> {
        let named = |figure: &onset::analysis::figure::Figure, ending: &str| {
            (format!("{}{ending}", figure.name), Figure::new(figure.clone()))
        };
        match &self.found {
            Found::TestTask(first) => {
                let paper = first.paper.figures.iter().map(|figure| named(figure, ""));
                paper.chain(first.corrected.figures.iter().map(|figure| named(figure, "/corrected"))).collect()
            }
            Found::TrainBeforeTest(second) => second.figures.iter().map(|figure| named(figure, "")).collect(),
        }
    }

    /// The verdicts as the program prints them.
    fn summary(&self) -> String {
        match &self.found {
            Found::TestTask(first) => reproduction::terminal(first, 80),
            Found::TrainBeforeTest(second) => harmony::terminal(second, 80),
        }
    }
}

/// Columns of numbers.
const NUMBERS: &[&str] = &["paper", "corrected", "low", "high"];
