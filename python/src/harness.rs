//! Evaluations: models on tasks, and the results of lm-evaluation-harness.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use onset::harness::evaluation::Evaluation as Found;
use onset::harness::lm_eval::{self, ImportSettings};
use onset::harness::results;
use onset::harness::runner::EvaluationEvent;
use onset::harness::tasks::Value;
use onset::registry::Scores;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::errors::warn;
use super::frame::Frame;
use super::tables::{options, raise};
use super::work;

/// A model's answers and scores.
#[pyclass(frozen, module = "onset_curves")]
pub(crate) struct Evaluation {
    found: Found,
}

/// Evaluates a model; `progress` is called with what is done, all there is, and the task.
#[pyfunction]
#[pyo3(signature = (model, given, progress=None))]
pub(crate) fn evaluate(
    py: Python<'_>,
    model: Option<PathBuf>,
    given: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Evaluation> {
    let given = options(given)?;
    let found = work::run(py, move |stop| {
        let mut watch = Progress { told: progress, done: 0, of: 0, task: String::new(), at: None };
        let found = onset::cli::options::evaluate(model.as_deref(), &given, &stop, &mut |event| watch.show(event));
        watch.tell();
        found
    })?;
    Ok(Evaluation { found })
}

/// How often Python hears of progress.
const EVERY: Duration = Duration::from_millis(200);

struct Progress {
    told: Option<Py<PyAny>>,
    done: usize,
    of: usize,
    task: String,
    at: Option<Instant>,
}

impl Progress {
    fn show(&mut self, event: EvaluationEvent<'_>) {
        match event {
            EvaluationEvent::LeftOut(what) => warn(&format!("left out: {what}")),
            EvaluationEvent::Refused(what) => warn(&format!("not run: {what}")),
            EvaluationEvent::Replaced(names) => {
                for (name, file) in names {
                    warn(&format!("{name} is taken from {}, in place of onset's own", file.display()));
                }
            }
            EvaluationEvent::Damaged(lines) => {
                warn(&format!("{lines} damaged lines of the journal of answers are left out and asked again"));
            }
            EvaluationEvent::Begin { items, .. } => self.of = items,
            EvaluationEvent::Task { name, known, .. } => {
                name.clone_into(&mut self.task);
                self.done += known;
            }
            EvaluationEvent::Item => self.done += 1,
            EvaluationEvent::FirstPrompt { .. } => {}
        }
        if self.at.is_none_or(|at| at.elapsed() > EVERY) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        self.at = Some(Instant::now());
        if let Some(told) = &self.told {
            Python::attach(|py| {
                // A bar that cannot be drawn stops no evaluation.
                let _ = told.call1(py, (self.done, self.of, &self.task));
            });
        }
    }
}

#[pymethods]
impl Evaluation {
    /// The results file of lm-evaluation-harness, as JSON.
    fn to_json(&self) -> String {
        results::json(&self.found)
    }

    /// The scores as observations, one row each.
    fn scores(&self) -> PyResult<Frame> {
        Frame::of_polars(&raise(raise(Scores::new(self.found.observations.clone()))?.to_frame())?)
    }

    /// Every item under every filter and metric: the prompt, what is right, what was answered, and the score.
    fn samples(&self) -> Frame {
        let mut rows = Vec::new();
        for task in &self.found.tasks {
            let Some(samples) = &task.samples else { continue };
            for ((item, answers), scored) in samples.items.iter().zip(&samples.responses).zip(&samples.scored) {
                for sample in &scored.samples {
                    for (metric, score) in &sample.metrics {
                        rows.push((task, item, answers, sample, metric, score));
                    }
                }
            }
        }
        // A text as it is, all else as JSON.
        let target = |target: &Value| target.as_text().map_or_else(|| target.to_json(), str::to_owned);
        let answers =
            |answers: &Vec<onset::harness::request::Response>| serde_json::to_string(answers).unwrap_or_default();
        Frame::default()
            .text("task", rows.iter().map(|row| Some(row.0.name.clone())))
            .whole("doc_id", rows.iter().map(|row| Some(row.1.doc_id)))
            .text("prompt", rows.iter().map(|row| Some(row.1.prompt().to_owned())))
            .text("target", rows.iter().map(|row| Some(target(&row.1.target))))
            .text("answers", rows.iter().map(|row| Some(answers(row.2))))
            .text("filter", rows.iter().map(|row| Some(row.3.filter.clone())))
            .text("metric", rows.iter().map(|row| Some(row.4.clone())))
            .number("value", rows.iter().map(|row| Some(row.5.number())))
    }

    /// Items that were answered.
    #[getter]
    fn n_items(&self) -> usize {
        self.found.tasks.iter().map(|task| task.items).sum()
    }

    fn __repr__(&self) -> String {
        format!(
            "<Evaluation of {}: {} tasks, {} items>",
            self.found.identity.name,
            self.found.tasks.len(),
            self.n_items()
        )
    }
}

/// What results files hold.
#[pyclass(frozen, module = "onset_curves")]
pub(crate) struct Imported {
    frame: Frame,
    #[pyo3(get)]
    warnings: Vec<String>,
}

#[pymethods]
impl Imported {
    /// The scores as observations, one row each.
    fn scores(&self) -> Frame {
        self.frame.clone()
    }
}

/// Sentences about what was left out.
const LINES: usize = 10;

/// Reads results of lm-evaluation-harness.
#[pyfunction]
pub(crate) fn read_results(py: Python<'_>, paths: Vec<PathBuf>) -> PyResult<Imported> {
    let imported = work::run(py, move |_| lm_eval::import(&paths, &ImportSettings::default()))?;
    if imported.files == 0 {
        return Err(super::errors::input("nothing could be read: no file has results of lm-evaluation-harness"));
    }
    let skipped = lm_eval::summary(&imported.warnings, LINES).into_iter().map(|line| format!("skipped {line}"));
    let warnings = skipped.chain(imported.notes.iter().cloned()).chain(imported.collisions.iter().cloned()).collect();
    Ok(Imported { frame: Frame::of_polars(&raise(imported.to_frame())?)?, warnings })
}
