//! The agreement of every pair of benchmarks as a heat map.

use super::report::{AgreeReport, PairAgreement};
use crate::analysis::figure::{Figure, Note, Panel};
use crate::analysis::heat_map::{Places, heat_map};
use crate::analysis::words::signed;
use crate::stats::estimate::Estimate;

/// Up to so many benchmarks two maps stand side by side.
const MOST_BESIDE: usize = 12;

/// Width over height of a map of one row.
const HIGHEST: f64 = 50.0;

/// One map, or one before and one after.
#[must_use]
pub fn figure(report: &AgreeReport) -> Figure {
    let places = Places::plain("Benchmark", report.benchmarks.iter().map(|benchmark| benchmark.name.clone()).collect());
    let count = report.benchmarks.len();
    let panels: Vec<Panel> = report
        .scores
        .iter()
        .map(|side| {
            let title = if report.scores.len() == 1 { String::new() } else { side.condition.clone() };
            let mean = &side.summary.mean;
            let title = format!("{title}{}mean τ = {}", if title.is_empty() { "" } else { ": " }, shown(mean));
            let note = Vec::<Note>::new();
            let value = |row: usize, column: usize| of_pair(&side.pairs, count, row, column);
            heat_map(&title, "Kendall's τ-b", (&places, &places), value, note)
        })
        .collect();
    let beside = count <= MOST_BESIDE && panels.len() == 2;
    Figure {
        name: "agreement".into(),
        caption: format!(
            "Kendall's τ-b of the ranks of {} models on every pair of {count} benchmarks{}. Orange is below 0, white 0, dark \
             1; a cell is empty where too few models have both scores.",
            report.models.len(),
            if count <= NUMBERED { ", in hundredths" } else { "" }
        ),
        columns: if beside { 2 } else { 1 },
        aspect: match count {
            0..=MOST_BESIDE => 1.25,
            // A row needs the height of its name.
            _ => f64::min(1.55, HIGHEST / count as f64),
        },
        panels,
        legend: Vec::new(),
        row_titles: Vec::new(),
        footer: format!(
            "Kendall's τ-b{}: orange below 0, white 0, dark 1.",
            if count <= NUMBERED { " in hundredths" } else { "" }
        ),
        title: String::new(),
    }
}

/// As many benchmarks have their numbers in the cells.
const NUMBERED: usize = crate::analysis::heat_map::MOST_WITH_NUMBERS;

fn of_pair(pairs: &[PairAgreement], count: usize, row: usize, column: usize) -> Option<f64> {
    let (a, b) = (row.min(column), row.max(column));
    // Pairs are listed with the smaller first: those of all benchmarks before `a` come before its own.
    let place = (a != b).then(|| a * (2 * count - a - 1) / 2 + b - a - 1)?;
    pairs.get(place).filter(|pair| (pair.a, pair.b) == (a, b)).and_then(|pair| pair.tau.value)
}

fn shown(estimate: &Estimate) -> String {
    estimate.value.map_or_else(|| "unknown".to_owned(), |value| signed(value, 2))
}
