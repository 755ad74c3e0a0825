//! Fine-tuning, and the laboratory whose truth is known.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use onset::lab::LabReport;
use onset::report::lab as texts;
use onset::study::finetune::{FinetuneEvent, Finetuned};
use onset::train::Ending;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::errors::warn;
use super::figure::Figure;
use super::frame::Frame;
use super::tables::options;
use super::work;

/// How often Python hears of progress.
const EVERY: Duration = Duration::from_millis(200);

/// What Python is told of long work.
struct Told {
    call: Option<Py<PyAny>>,
    at: Mutex<Option<Instant>>,
}

impl Told {
    fn new(call: Option<Py<PyAny>>) -> Self {
        Self { call, at: Mutex::new(None) }
    }

    fn tell(&self, done: u64, of: u64, what: &str) {
        let Some(call) = &self.call else { return };
        {
            // Whoever panicked while it was locked left a time behind, which is as good as any.
            let mut at = self.at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if done < of && at.is_some_and(|at| at.elapsed() < EVERY) {
                return;
            }
            *at = Some(Instant::now());
        }
        Python::attach(|py| {
            // A bar that cannot be drawn stops no work.
            let _ = call.call1(py, (done, of, what));
        });
    }
}

/// A fine-tuning run: its steps and its checkpoints.
#[pyclass(frozen, module = "onset_curves")]
pub(crate) struct Finetuning {
    found: Finetuned,
}

/// Fine-tunes a model.
#[pyfunction]
#[pyo3(signature = (model, given, progress=None))]
pub(crate) fn finetune(
    py: Python<'_>,
    model: PathBuf,
    given: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Finetuning> {
    let given = options(given)?;
    let told = Told::new(progress);
    let found = work::run(py, move |stop| {
        let mut steps = 0;
        let found =
            onset::cli::options::finetune(&model, &given, &stop, &mut |text| warn(text), &mut |event| match event {
                FinetuneEvent::Start { done, of } => {
                    steps = of;
                    told.tell(done as u64, of as u64, "");
                }
                FinetuneEvent::Step(step) => {
                    told.tell(step.step as u64, steps as u64, &format!("loss {:.4}", step.loss))
                }
                FinetuneEvent::Evaluating => {}
                FinetuneEvent::Damaged(error) => warn(&format!("{error}; going on from the state before")),
            })?;
        Ok(found)
    })?;
    if found.ending == Ending::Stopped {
        return Err(PyKeyboardInterrupt::new_err("stopped with a checkpoint; the same call goes on from there"));
    }
    Ok(Finetuning { found })
}

#[pymethods]
impl Finetuning {
    /// One row for each step.
    fn steps(&self) -> Frame {
        let steps = &self.found.steps;
        Frame::default()
            .whole("step", steps.iter().map(|step| Some(step.step)))
            .whole("examples", steps.iter().map(|step| Some(step.examples)))
            .whole("tokens", steps.iter().map(|step| Some(step.tokens)))
            .number("loss", steps.iter().map(|step| Some(step.loss)))
            .number("gradient_norm", steps.iter().map(|step| Some(step.gradient_norm)))
            .number("rate", steps.iter().map(|step| Some(step.rate)))
            .number("seconds", steps.iter().map(|step| Some(step.seconds)))
    }

    /// One row for each checkpoint and score; one without a score where none was asked for.
    fn checkpoints(&self) -> Frame {
        let mut rows = Vec::new();
        for point in &self.found.points {
            if point.scores.is_empty() {
                rows.push((point, None, None));
            }
            rows.extend(point.scores.iter().map(|(name, value)| (point, Some(name.clone()), Some(*value))));
        }
        Frame::default()
            .whole("step", rows.iter().map(|row| Some(row.0.step)))
            .whole("examples", rows.iter().map(|row| Some(row.0.examples)))
            .number("loss", rows.iter().map(|row| Some(row.0.loss)))
            .text("score", rows.iter().map(|row| row.1.clone()))
            .number("value", rows.iter().map(|row| row.2))
    }
}

/// A world of the laboratory.
#[pyclass(frozen, module = "onset_curves")]
pub(crate) struct Lab {
    found: LabReport,
}

/// Trains, tests, adjusts and tests again the models of one world.
#[pyfunction]
#[pyo3(signature = (given, progress=None))]
pub(crate) fn lab(py: Python<'_>, given: &Bound<'_, PyDict>, progress: Option<Py<PyAny>>) -> PyResult<Lab> {
    let given = options(given)?;
    let told = Told::new(progress);
    let found = work::run(py, move |stop| {
        onset::cli::options::lab(&given, &stop, &|done, of, name| told.tell(done, of, name))
    })?;
    Ok(Lab { found })
}

#[pymethods]
impl Lab {
    /// One row for each estimate.
    fn tidy(&self) -> PyResult<Frame> {
        Frame::of_csv(&texts::csv(&self.found), &[])
    }

    /// The figures by name.
    fn figures(&self) -> Vec<(String, Figure)> {
        let figures = self.found.figures().into_iter();
        figures.map(|figure| (figure.name.clone(), Figure::new(figure))).collect()
    }

    /// The estimates as the program prints them.
    #[pyo3(signature = (width=80))]
    fn summary(&self, width: usize) -> String {
        texts::terminal(&self.found, width)
    }
}
