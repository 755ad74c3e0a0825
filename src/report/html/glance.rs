//! The first table of a fit's page: what was asked, and of each score the estimate, its interval and what the tests say.

use serde::Serialize;

use super::words::{begin, decimal, ends, gain_is_one_number, method, unit};
use crate::analysis::fit::{Analysis, FitReport, Shown, p_value};
use crate::analysis::words::scientific;
use crate::registry::modelset::Group;
use crate::stats::estimate::Estimate;
use crate::stats::selection::Verdict;

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Glance {
    /// The scores: one without a name, or before adjustment, after it, and the difference.
    scores: Vec<&'static str>,
    rows: Vec<Row>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Row {
    what: String,
    /// The answer of each score.
    cells: Vec<Cell>,
}

/// One answer. Texts are empty where there is nothing to say.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Cell {
    estimate: String,
    interval: String,
    /// How the interval was computed.
    method: String,
    verdict: String,
}

impl Glance {
    pub(super) fn of(report: &FitReport) -> Self {
        let scores: Vec<&Analysis> = report.analyses().map(|(_, analysis)| analysis).collect();
        let changed = report.differences.as_ref();
        let question = |what: String, answer: &dyn Fn(&Analysis) -> Cell, change: Option<&Estimate>| {
            let mut cells: Vec<Cell> = scores.iter().map(|analysis| answer(analysis)).collect();
            if scores.len() > 1 {
                cells.push(change.map_or_else(Cell::default, |change| difference(report, change, CHANGED)));
            }
            Row { what, cells }
        };
        let word = report.unadjusted.direction.word();
        let per = if report.is_logarithmic() { "tenfold" } else { "unit of" };
        let gain_of = format!("Gain per {per} {} (α)", report.predictor.name);
        let mut rows = vec![
            question(format!("How scores {word}"), &rise, None),
            question("Point of emergence (cₑ)".into(), &|of| emergence(report, of), None),
            question(gain_of, &|of| gain(report, of), changed.map(|changed| &changed.alpha)),
        ];
        for (k, group) in report.groups.iter().enumerate() {
            let theta = |of: &Analysis| {
                let theta = of.thetas.get(k).map_or(&of.theta, |theta| &theta.estimate);
                difference(report, theta, DIFFERENT)
            };
            let change = changed.and_then(|changed| changed.thetas.get(k)).map(|theta| &theta.estimate);
            rows.push(question(gap(&group.name), &theta, change));
        }
        if report.groups.is_empty() {
            let fit = |of: &Analysis| Cell {
                estimate: of.r_squared.map_or_else(String::new, |r| format!("{r:.3}")),
                verdict: format!("{} curve", of.curve),
                ..Cell::default()
            };
            rows.push(question("R² of the curve that leads".into(), &fit, changed.map(|changed| &changed.r_squared)));
        }
        let scores =
            if scores.len() > 1 { vec!["Before adjustment", "After adjustment", "Before − after"] } else { vec![""] };
        Self { scores, rows }
    }
}

/// What is said of a difference whose interval lies beside 0, and of one whose interval does not.
const DIFFERENT: [&str; 2] = ["differs from 0", "not shown to differ from 0"];
const CHANGED: [&str; 2] = ["adjustment changes it", "no change is shown"];

/// The p-value of a test, which is not broken over two lines.
fn tested(p: Option<f64>) -> String {
    p.map_or_else(String::new, |p| format!(", p\u{a0}{}", p_value(p).replace(' ', "\u{a0}")))
}

fn rise(of: &Analysis) -> Cell {
    let (test, word) = (&of.rise_test, of.direction.word());
    let verdict = match of.shown {
        Shown::Emergence | Shown::Trend => format!("a {word} is shown{}", tested(test.p_value)),
        Shown::Nothing if test.level => "the scores are one level".into(),
        Shown::Nothing => format!("no {word} is shown{}", tested(test.p_value)),
        Shown::Untested => test.reason.clone().unwrap_or_else(|| "there is no test".into()),
    };
    let estimate = match of.verdict {
        Some(Verdict::Abrupt) => "abruptly",
        Some(Verdict::Gradual) => "gradually",
        Some(Verdict::None) | None => "–",
    };
    Cell { estimate: estimate.into(), verdict, ..Cell::default() }
}

fn emergence(report: &FitReport, of: &Analysis) -> Cell {
    let tested = tested(of.break_test.p_value);
    let Some(c) = of.emergence() else {
        return Cell { estimate: "–".into(), verdict: format!("not shown{tested}"), ..Cell::default() };
    };
    let unit = report.predictor.name.unit().map_or_else(String::new, |unit| format!(" {unit}"));
    let number = |value: f64| if report.is_logarithmic() { scientific(value, 2) } else { decimal(value) };
    Cell { verdict: format!("shown{tested}"), ..cell(c, number, &unit) }
}

fn gain(report: &FitReport, of: &Analysis) -> Cell {
    if of.alpha.value.is_none() || !gain_is_one_number(of) {
        let verdict = of.alpha.reason.clone().unwrap_or_default();
        return Cell { estimate: "–".into(), verdict, ..Cell::default() };
    }
    let verdict = match of.shown {
        Shown::Emergence => "beyond the point of emergence".into(),
        Shown::Trend | Shown::Nothing | Shown::Untested => format!("{} curve", of.curve),
    };
    Cell { verdict, ..cell(&of.alpha, decimal, unit(report)) }
}

/// The name of a difference between the models of a group and the others.
fn gap(group: &Group) -> String {
    match group {
        Group::Release(month) => format!("Models from {month} on less others (θ)"),
        other => begin("", &format!("{other} less others (θ)")),
    }
}

/// A difference, and which of two things its interval says.
fn difference(report: &FitReport, theta: &Estimate, said: [&str; 2]) -> Cell {
    let verdict = match (theta.value, theta.interval.low, theta.interval.high) {
        (None, _, _) => theta.reason.clone().unwrap_or_else(|| "the data do not determine it".into()),
        (_, None, None) => theta.reason.clone().unwrap_or_else(|| "it has no interval".into()),
        (_, low, high) => {
            let away = low.is_some_and(|low| low > 0.0) || high.is_some_and(|high| high < 0.0);
            format!("{}{}", said[usize::from(!away)], tested(theta.p_value))
        }
    };
    Cell { verdict, ..cell(theta, decimal, unit(report)) }
}

fn cell(estimate: &Estimate, number: impl Fn(f64) -> String, unit: &str) -> Cell {
    Cell {
        estimate: estimate.value.map_or_else(|| "–".into(), |value| number(value) + unit),
        interval: ends(estimate, number).map_or_else(String::new, |ends| ends + unit),
        method: method(estimate).map_or_else(String::new, |method| method.to_string()),
        verdict: String::new(),
    }
}
