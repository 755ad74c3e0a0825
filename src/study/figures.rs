//! The figures of a study: scores against compute at growing numbers of task examples, and what the fits make of them.

use super::fits::FitAt;
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};

use crate::registry::Condition;

/// Conditions shown side by side; of more, the first, the last and those evenly between are.
const COLUMNS: usize = 5;

/// Scores against compute: a row per benchmark, a column per number of task examples.
pub(crate) fn emergence(fits: &[FitAt]) -> Option<Figure> {
    let mut panels = Vec::new();
    let mut row_titles = Vec::new();
    let mut columns = 0;
    for row in by_benchmark(fits) {
        let row: Vec<&FitAt> = row.into_iter().filter(|fit| !fit.points.is_empty()).collect();
        if row.is_empty() {
            continue;
        }
        let shown = spread(row.len());
        columns = columns.max(shown.len());
        row_titles.push(row[0].benchmark.clone());
        let range = score_range(&row);
        panels.push(shown.into_iter().map(|at| panel(row[at], range)).collect::<Vec<_>>());
    }
    // A grid has rows of one length; benchmarks under fewer conditions than others have a figure of their own less.
    let full: Vec<bool> = panels.iter().map(|row| row.len() == columns).collect();
    let row_titles = row_titles.into_iter().zip(&full).filter(|(_, full)| **full).map(|(title, _)| title).collect();
    let panels: Vec<Panel> =
        panels.into_iter().zip(&full).filter(|(_, full)| **full).flat_map(|(row, _)| row).collect();
    (!panels.is_empty())
        .then(|| Figure {
            name: "emergence".into(),
            caption:
                "Score against pretraining compute, as released and after growing numbers of task examples, with the \
                  fitted curve and the point of emergence."
                    .into(),
            panels,
            columns,
            aspect: 1.1,
            legend: vec![
                entry("Model", Hue::Reference, LegendKey::Marker(Marker::Circle)),
                entry("Fit", Hue::Fit, LegendKey::Stroke(Stroke::Solid)),
            ],
            row_titles,
            footer: String::new(),
            title: String::new(),
        })
        .map(|figure| figure.with_every_mark_in_the_legend("95 % band"))
}

/// θ, c_e and R² against the task examples seen, one line per benchmark. Conditions without a fit are left out.
pub(crate) fn trajectories(fits: &[FitAt]) -> Option<Figure> {
    type Pick = fn(&FitAt) -> Option<(f64, Option<(f64, f64)>)>;
    let quantities: [(&str, Scale, Pick); 3] = [
        ("θ̂", Scale::Linear, |fit| parameter(&fit.analysis()?.theta)),
        ("Point of emergence (FLOPs)", Scale::Log10, |fit| parameter(fit.analysis()?.emergence()?)),
        ("R²", Scale::Linear, |fit| Some((fit.analysis()?.r_squared?, None))),
    ];
    // Without numbers of task examples there is nothing to follow.
    if !fits.iter().any(|fit| fit.condition.examples.is_some()) {
        return None;
    }
    let rows = by_benchmark(fits);
    let mut panels = Vec::new();
    for (label, scale, pick) in quantities {
        let mut layers = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let found = row.iter().filter_map(|fit| {
                let (y, interval) = pick(fit)?;
                Some((fit.condition.examples.unwrap_or(0) as f64, y, interval, describe(fit)))
            });
            let found: Vec<_> = found.collect();
            if found.is_empty() {
                continue;
            }
            let (series, hue) = (row[0].benchmark.clone(), Hue::Category(index));
            let vertices = found.iter().map(|(x, y, ..)| (*x, *y)).collect();
            layers.push(Layer::Line { series: series.clone(), hue, stroke: Stroke::Solid, vertices });
            let points =
                found.into_iter().map(|(x, y, interval, label)| Point { label, x, y, interval, labelled: false });
            layers.push(Layer::Points { series, hue, marker: Marker::Circle, points: points.collect() });
        }
        if !layers.is_empty() {
            let (x, y) = (axis("Task examples seen", Scale::Linear), axis("Estimate", scale));
            panels.push(Panel { title: label.into(), x, y, layers, notes: Vec::new() });
        }
    }
    let legend = rows.iter().enumerate().map(|(index, row)| {
        let key = LegendKey::MarkedStroke(Marker::Circle, Stroke::Solid);
        entry(&row[0].benchmark, Hue::Category(index), key)
    });
    (!panels.is_empty()).then(|| Figure {
        name: "trajectories".into(),
        caption: "What the fits say as a function of the task examples seen, with 95 % intervals.".into(),
        columns: panels.len(),
        panels,
        aspect: 1.2,
        legend: legend.collect(),
        row_titles: Vec::new(),
        footer: "Vertical lines: 95 % intervals.".into(),
        title: String::new(),
    })
}

/// The fits of each benchmark, in order.
fn by_benchmark(fits: &[FitAt]) -> Vec<Vec<&FitAt>> {
    let mut rows: Vec<Vec<&FitAt>> = Vec::new();
    for fit in fits {
        match rows.iter_mut().find(|row| row[0].benchmark == fit.benchmark && row[0].metric == fit.metric) {
            Some(row) => row.push(fit),
            None => rows.push(vec![fit]),
        }
    }
    rows
}

/// At most [`COLUMNS`] of `n` places, the ends included.
fn spread(n: usize) -> Vec<usize> {
    if n <= COLUMNS { (0..n).collect() } else { (0..COLUMNS).map(|k| k * (n - 1) / (COLUMNS - 1)).collect() }
}

fn score_range(row: &[&FitAt]) -> Option<(f64, f64)> {
    let scores = row.iter().flat_map(|fit| fit.points.iter().map(|(_, _, score)| *score));
    let (low, high) = scores.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| (l.min(y), h.max(y)));
    let margin = 0.08 * (high - low);
    (margin.is_finite() && margin > 0.0).then_some((low - margin, high + margin))
}

fn panel(fit: &FitAt, range: Option<(f64, f64)>) -> Panel {
    let mut layers = Vec::new();
    let mut notes = Vec::new();
    if let Some(analysis) = fit.analysis() {
        let line = analysis.line.iter().filter(|p| p.curve == analysis.curve && p.group.is_none());
        let line: Vec<_> = line.collect();
        let band = line.iter().filter_map(|p| p.interval.ends().map(|(low, high)| (p.x, low, high)));
        let band: Vec<(f64, f64, f64)> = band.collect();
        if band.iter().any(|(_, low, high)| low < high) {
            layers.push(Layer::Band { series: "fit".into(), hue: Hue::Fit, vertices: band });
        }
        let vertices: Vec<(f64, f64)> = line.iter().map(|p| (p.x, p.score)).collect();
        if vertices.len() > 1 {
            layers.push(Layer::Line { series: "fit".into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices });
        }
        if let Some(x) = analysis.emergence().and_then(|c| c.value) {
            layers.push(Layer::VerticalRule { series: "Emergence at cₑ".into(), hue: Hue::Context, x });
        }
        if let Some(r2) = analysis.r_squared {
            notes.push(Note::new(format!("R² = {r2:.2}"), "r_squared", r2));
        }
    }
    let point = |(name, x, y): &(String, f64, f64)| Point {
        label: name.clone(),
        x: *x,
        y: *y,
        interval: None,
        labelled: false,
    };
    let points = fit.points.iter().map(point).collect();
    layers.push(Layer::Points { series: "models".into(), hue: Hue::Reference, marker: Marker::Circle, points });
    Panel {
        title: describe(fit),
        x: axis("Pretraining compute (FLOPs)", Scale::Log10),
        y: Axis { range, ..axis("Score", Scale::Linear) },
        layers,
        notes,
    }
}

fn describe(fit: &FitAt) -> String {
    match fit.condition.examples {
        None if fit.condition == Condition::unadjusted() => "As released".into(),
        None => format!("After {}", fit.condition.adjustment),
        Some(examples) => format!("{examples} examples"),
    }
}

fn parameter(parameter: &crate::stats::estimate::Estimate) -> Option<(f64, Option<(f64, f64)>)> {
    Some((parameter.value?, parameter.interval.low.zip(parameter.interval.high)))
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale, range: None, ticks: Vec::new(), tick_labels: Vec::new() }
}

fn entry(label: &str, hue: Hue, key: LegendKey) -> LegendEntry {
    LegendEntry { label: label.to_owned(), hue, key }
}
