//! `onset.fit`: tables to a report, and the report in every form that Python's users expect.

use std::sync::Arc;

use onset::analysis::fit::{self as analysis, FitReport, FitSettings, FitTables, ScoreFits};
use onset::registry::modelset::ModelSet;
use onset::report::fit as texts;
use onset::report::html::Document;
use onset::stats::estimate::Estimate;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::errors::{input, raised};
use super::figure::Figure;
use super::frame::Frame;
use super::tables::{Sources, options, raise};
use super::work;

/// Columns of numbers of the report's tables.
const NUMBERS: &[&str] = &[
    "estimate",
    "se",
    "low",
    "high",
    "p_value",
    "x",
    "score",
    "fitted",
    "residual",
    "standardized",
    "leverage",
    "theta_without_cluster",
    "weight",
];

/// One score, fitted.
#[pyclass(frozen, module = "onset_curves")]
#[derive(Clone)]
pub(crate) struct Fit {
    report: Arc<FitReport>,
    set: Arc<ModelSet>,
    settings: FitSettings,
}

/// Several scores, fitted and their p-values adjusted together.
#[pyclass(frozen, module = "onset_curves")]
pub(crate) struct Fits {
    fits: ScoreFits,
    sets: Vec<Arc<ModelSet>>,
    settings: FitSettings,
}

/// Reads tables and fits the scores that the options name.
#[pyfunction]
#[pyo3(signature = (data, before, after, given))]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    data: Option<Bound<'py, PyAny>>,
    before: Option<Bound<'py, PyAny>>,
    after: Option<Bound<'py, PyAny>>,
    given: Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let (settings, scores) = raise(onset::cli::options::fit(&options(&given)?))?;
    let sources = [data, before, after].map(|one| Sources::of(one.as_ref()));
    let [data, before, after] = sources;
    let (data, before, after) = (data?, before?, after?);
    let tables = move |settings: &FitSettings| -> onset::Result<FitTables> {
        let reading = &settings.tables.reading;
        let (before, mut warnings) = before.tables(reading)?;
        let (after, more) = after.tables(reading)?;
        warnings.extend(more);
        let (tables, more) = data.tables(reading)?;
        warnings.extend(more);
        Ok(FitTables { tables, before, after, warnings })
    };
    if scores.len() > 1 {
        let fits = work::run(py, move |_| {
            let tables = tables(&settings)?;
            let fits = settings.fit_each(&tables, &scores)?;
            let sets =
                fits.scores.iter().map(|fit| tables.models(&of_score(&settings, &fit.score).tables).map(Arc::new));
            let sets = sets.collect::<onset::Result<_>>()?;
            Ok(Fits { fits, sets, settings })
        })?;
        return Ok(Bound::new(py, fits)?.into_any());
    }
    let fit = work::run(py, move |_| {
        let set = tables(&settings)?.models(&settings.tables)?;
        let report = settings.fit(&set)?;
        Ok(Fit { report: Arc::new(report), set: Arc::new(set), settings })
    })?;
    Ok(Bound::new(py, fit)?.into_any())
}

fn of_score(settings: &FitSettings, score: &str) -> FitSettings {
    let mut settings = settings.clone();
    settings.tables.score = Some(score.to_owned());
    settings
}

/// One estimate in its place.
struct Row<'r> {
    condition: &'static str,
    curve: String,
    parameter: &'static str,
    group: Option<String>,
    estimate: &'r Estimate,
}

impl Fit {
    fn conditions(&self) -> impl Iterator<Item = (&'static str, &analysis::Analysis)> {
        let after = self.report.adjusted.as_ref().map(|after| ("adjusted", after));
        std::iter::once(("unadjusted", &self.report.unadjusted)).chain(after)
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for (condition, of) in self.conditions() {
            let plain =
                |parameter, estimate| Row { condition, curve: of.curve.to_string(), parameter, group: None, estimate };
            rows.extend([plain("alpha", &of.alpha), plain("c_log10", &of.c_log10), plain("c_e", &of.c_e)]);
            rows.extend(of.thetas.iter().map(|theta| Row {
                condition,
                curve: of.curve.to_string(),
                parameter: "theta",
                group: Some(theta.name.to_string()),
                estimate: &theta.estimate,
            }));
        }
        if let Some(changed) = &self.report.differences {
            let plain = |parameter, estimate| Row {
                condition: "difference",
                curve: "hinge".to_owned(),
                parameter,
                group: None,
                estimate,
            };
            rows.extend(
                changed
                    .thetas
                    .iter()
                    .map(|theta| Row { group: Some(theta.name.to_string()), ..plain("theta", &theta.estimate) }),
            );
            rows.extend([
                plain("c", &changed.c),
                plain("alpha", &changed.alpha),
                plain("r_squared", &changed.r_squared),
            ]);
        }
        rows
    }
}

#[pymethods]
impl Fit {
    /// The report for people.
    #[pyo3(signature = (width=80))]
    fn summary(&self, width: usize) -> String {
        texts::terminal(&self.report, width)
    }

    /// One row for each estimate, by the method that the report leads with.
    fn tidy(&self) -> Frame {
        let rows = self.rows();
        let text = |of: &dyn Fn(&Row<'_>) -> Option<String>| rows.iter().map(of).collect::<Vec<_>>();
        let number =
            |of: &dyn Fn(&Estimate) -> Option<f64>| rows.iter().map(|row| of(row.estimate)).collect::<Vec<_>>();
        Frame::default()
            .text("condition", text(&|row| Some(row.condition.to_owned())))
            .text("curve", text(&|row| Some(row.curve.clone())))
            .text("parameter", text(&|row| Some(row.parameter.to_owned())))
            .text("group", text(&|row| row.group.clone()))
            .number("estimate", number(&|e| e.value))
            .number("se", number(&|e| e.se))
            .number("df", number(&|e| e.df))
            .number("low", number(&|e| e.interval.low))
            .number("high", number(&|e| e.interval.high))
            .number("p_value", number(&|e| e.p_value))
            .text("method", text(&|row| row.estimate.method.map(|method| method.to_string())))
            .text("reason", text(&|row| row.estimate.reason.clone()))
    }

    /// One row for each condition's fit as a whole, on one line: that of the score as observed, and columns `adjusted_…` for
    /// the score after adjustment.
    fn glance(&self) -> Frame {
        let report = &self.report;
        let mut frame = Frame::default()
            .text("score", [Some(report.score.clone())])
            .text("metric", [report.metric.clone()])
            .text("predictor", [Some(report.predictor.name.to_string())])
            .number("chance", [report.chance])
            .whole("n_models", [Some(report.n_models)])
            .whole("n_families", [Some(report.n_families)])
            .whole("n_held_out", [Some(report.n_held_out)]);
        for (condition, of) in self.conditions() {
            let name = |of: &str| if condition == "unadjusted" { of.to_owned() } else { format!("{condition}_{of}") };
            let leading = of.curves.iter().find(|curve| curve.curve == of.curve);
            frame = frame
                .text(&name("curve"), [Some(of.curve.to_string())])
                .text(&name("shown"), [Some(of.shown.to_string())])
                .text(&name("outcome"), [of.outcome.map(|outcome| outcome.to_string())])
                .text(&name("verdict"), [of.verdict.map(|verdict| verdict.to_string())])
                .number(&name("alpha"), [of.alpha.value])
                .number(&name("c_e"), [of.c_e.value])
                .number(&name("theta"), [of.theta.value])
                .number(&name("theta_p_value"), [of.theta.p_value])
                .number(&name("rise_p_value"), [of.rise_test.p_value])
                .number(&name("break_p_value"), [of.break_test.p_value])
                .number(&name("r_squared"), [of.r_squared])
                .number(&name("sse"), [of.sse])
                .number(&name("aicc"), [leading.and_then(|curve| curve.aicc)])
                .number(&name("bic"), [leading.and_then(|curve| curve.bic)])
                .flag(&name("converged"), [leading.and_then(|curve| curve.converged)]);
        }
        frame
    }

    /// One row for each model: score, fitted value, residual, leverage; models that were left out at the end.
    fn augment(&self) -> PyResult<Frame> {
        let groups: Vec<String> = self.report.groups.iter().map(|group| group.name.to_string()).collect();
        let numbers: Vec<&str> = NUMBERS.iter().copied().chain(groups.iter().map(String::as_str)).collect();
        Frame::of_csv(&texts::diagnostics(&self.report), &numbers)
    }

    /// Every estimate of every curve by every method.
    fn parameters(&self) -> PyResult<Frame> {
        Frame::of_csv(&texts::parameters(&self.report), NUMBERS)
    }

    /// The curves with their confidence bands, and the predictions asked for in the fit.
    fn curves(&self) -> PyResult<Frame> {
        Frame::of_csv(&texts::predictions(&self.report), NUMBERS)
    }

    /// Predicted scores of new models, with prediction intervals.
    #[pyo3(signature = (x, level=None))]
    fn predict(&self, py: Python<'_>, x: Vec<f64>, level: Option<f64>) -> PyResult<Frame> {
        let mut settings = self.settings.clone();
        settings.predict = x;
        settings.level = level.unwrap_or(settings.level);
        // The curves are those of the fit: how well they predict what is left out was asked there.
        settings.leave_out = false;
        let set = Arc::clone(&self.set);
        let report = work::run(py, move |_| settings.fit(&set))?;
        let asked = Self { report: Arc::new(report), set: Arc::clone(&self.set), settings: self.settings.clone() };
        let mut rows = Vec::new();
        for (condition, of) in asked.conditions() {
            let own = self.conditions().find(|(name, _)| *name == condition).map_or(of.curve, |(_, of)| of.curve);
            for curve in of.curves.iter().filter(|curve| curve.curve == own) {
                rows.extend(curve.predictions.iter().map(|prediction| (condition, curve.curve, prediction.clone())));
            }
        }
        Ok(Frame::default()
            .text("condition", rows.iter().map(|row| Some(row.0.to_owned())))
            .text("curve", rows.iter().map(|row| Some(row.1.to_string())))
            .text("group", rows.iter().map(|row| row.2.group.as_ref().map(ToString::to_string)))
            .number("x", rows.iter().map(|row| Some(row.2.x)))
            .number("score", rows.iter().map(|row| row.2.score))
            .number("low", rows.iter().map(|row| row.2.interval.low))
            .number("high", rows.iter().map(|row| row.2.interval.high))
            .flag("extrapolated", rows.iter().map(|row| Some(row.2.extrapolated)))
            .flag("outside_scale", rows.iter().map(|row| Some(row.2.outside_scale))))
    }

    /// The figure.
    fn figure(&self) -> Figure {
        Figure::new(analysis::figure(&self.report))
    }

    /// The report as JSON, as docs/formats.md describes it.
    fn to_json(&self) -> PyResult<String> {
        raise(self.report.to_json())
    }

    /// The report as one page of HTML.
    fn page(&self) -> PyResult<String> {
        Document::of_fit(&self.report, &self.set).to_html().map_err(raised)
    }

    /// What keeps the usual intervals from holding, and what could not be computed.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        let texts = |of: &analysis::Analysis| -> Vec<String> {
            of.cautions.iter().map(|caution| caution.text.clone()).chain(of.unknown.iter().cloned()).collect()
        };
        let each: Vec<(&str, Vec<String>)> = self.conditions().map(|(condition, of)| (condition, texts(of))).collect();
        let mut warnings = Vec::new();
        for (condition, texts) in &each {
            for text in texts {
                // What holds of every condition is said once.
                let of_all = each.iter().all(|(_, others)| others.contains(text));
                let said = if of_all { text.clone() } else { format!("{condition}: {text}") };
                if !warnings.contains(&said) {
                    warnings.push(said);
                }
            }
        }
        warnings
    }

    /// What a reader should know of how the tables were read and what was taken.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.report.notes.clone()
    }

    fn __repr__(&self) -> String {
        let report = &self.report;
        format!("<Fit of {} against {}: {} models>", report.score, report.predictor.name, report.n_models)
    }
}

#[pymethods]
impl Fits {
    /// One row for each score, with p-values that allow for how many there are.
    fn tidy(&self) -> PyResult<Frame> {
        let table = texts::several_csv(&self.fits);
        let texts = ["score", "outcome", "verdict", "selected", "reason"];
        let numbers: Vec<&str> =
            table.columns.iter().map(String::as_str).filter(|name| !texts.contains(name)).collect();
        Frame::of_csv(&table, &numbers)
    }

    /// The rows for people.
    #[pyo3(signature = (width=80))]
    fn summary(&self, width: usize) -> String {
        texts::several_terminal(&self.fits, width)
    }

    /// The fits as JSON.
    fn to_json(&self) -> PyResult<String> {
        raise(self.fits.to_json())
    }

    /// The scores, in the order in which they were asked for.
    #[getter]
    fn scores(&self) -> Vec<String> {
        self.fits.scores.iter().map(|fit| fit.score.clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.fits.scores.len()
    }

    /// The fit of one score.
    fn __getitem__(&self, score: &str) -> PyResult<Fit> {
        let found = self.fits.scores.iter().zip(&self.sets).find(|(fit, _)| fit.score == score);
        let Some((fit, set)) = found else { return Err(pyo3::exceptions::PyKeyError::new_err(score.to_owned())) };
        let Some(report) = &fit.report else {
            return Err(input(fit.reason.as_deref().unwrap_or("there is no fit of this score")));
        };
        let settings = of_score(&self.settings, score);
        Ok(Fit { report: Arc::new((**report).clone()), set: Arc::clone(set), settings })
    }

    fn __repr__(&self) -> String {
        format!("<Fits of {}>", self.scores().join(", "))
    }
}
