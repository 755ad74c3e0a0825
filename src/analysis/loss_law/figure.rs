//! The figure of a law of loss: the smallest loss of every budget, and the size that has it.

use super::report::{Allocation, LossLawReport, LossPoint};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::words::percent;
use crate::stats::estimate::Estimate;

/// Tokens per parameter of the rule that is drawn beside the law.
const RULE: f64 = 20.0;

const BEST: &str = "Compute-optimal";
const TRAINED: &str = "Trained models";
const OF_RULE: &str = "20 tokens per parameter";

/// Loss against compute, and parameters against compute.
#[must_use]
pub fn figure(report: &LossLawReport) -> Figure {
    let compute = || Axis { scale: Scale::Log10, ..axis("Training compute (FLOPs)") };
    let losses = Panel {
        title: "Loss".into(),
        x: compute(),
        y: axis(&report.loss_name),
        layers: layers(report, |at| &at.loss, |point| point.loss),
        notes: vec![note("E", "e", &report.e), note("α", "alpha", &report.alpha), note("β", "beta", &report.beta)],
    };
    let mut sizes = layers(report, |at| &at.params, |point| point.params);
    let rule = |at: &Allocation| (at.compute, (at.compute / (6.0 * RULE)).sqrt());
    let vertices = report.line.iter().map(rule).collect();
    sizes.insert(0, Layer::Line { series: OF_RULE.into(), hue: Hue::Context, stroke: Stroke::Dotted, vertices });
    let sizes = Panel {
        title: "Size".into(),
        x: compute(),
        y: Axis { scale: Scale::Log10, ..axis("Parameters") },
        layers: sizes,
        notes: vec![note("Exponent", "params_exponent", &report.params_exponent)],
    };
    Figure {
        name: "loss_law".into(),
        caption: format!(
            "Loss (left) and parameters (right) of {} models against training compute; lines are the smallest loss of every \
             budget by L = E + A/N^α + B/D^β and the size that has it, with pointwise {} intervals.",
            report.points.len(),
            percent(report.level)
        ),
        panels: vec![losses, sizes],
        columns: 2,
        aspect: 1.25,
        legend: legend(),
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    }
}

/// The points, and over them the line with its band.
fn layers(
    report: &LossLawReport,
    of: impl Fn(&Allocation) -> &Estimate,
    observed: impl Fn(&LossPoint) -> f64,
) -> Vec<Layer> {
    let point = |point: &LossPoint| Point {
        label: point.model.clone(),
        x: point.compute(),
        y: observed(point),
        interval: None,
        labelled: false,
    };
    let points = report.points.iter().map(point).collect();
    let mut layers = vec![Layer::Points { series: TRAINED.into(), hue: Hue::Context, marker: Marker::Circle, points }];
    let known: Vec<(f64, &Estimate)> = report.line.iter().map(|at| (at.compute, of(at))).collect();
    let band: Vec<(f64, f64, f64)> =
        known.iter().filter_map(|(x, y)| y.interval.ends().map(|(low, high)| (*x, low, high))).collect();
    if !band.is_empty() {
        layers.push(Layer::Band { series: BEST.into(), hue: Hue::Reference, vertices: band });
    }
    let vertices: Vec<(f64, f64)> = known.iter().filter_map(|(x, y)| y.value.map(|y| (*x, y))).collect();
    if !vertices.is_empty() {
        layers.push(Layer::Line { series: BEST.into(), hue: Hue::Reference, stroke: Stroke::Solid, vertices });
    }
    layers
}

fn legend() -> Vec<LegendEntry> {
    let entry = |label: &str, hue, key| LegendEntry { label: label.into(), hue, key };
    vec![
        entry(TRAINED, Hue::Context, LegendKey::Marker(Marker::Circle)),
        entry(BEST, Hue::Reference, LegendKey::Stroke(Stroke::Solid)),
        entry(OF_RULE, Hue::Context, LegendKey::Stroke(Stroke::Dotted)),
    ]
}

fn note(name: &str, quantity: &str, estimate: &Estimate) -> Note {
    let shown = |value: Option<f64>| value.map_or_else(|| "…".to_owned(), |value| format!("{value:.3}"));
    let ends = format!("[{}, {}]", shown(estimate.interval.low), shown(estimate.interval.high));
    Note {
        text: format!("{name} = {} {ends}", shown(estimate.value)),
        quantity: quantity.into(),
        value: estimate.value,
        low: estimate.interval.low,
        high: estimate.interval.high,
        bold: false,
    }
}

fn axis(label: &str) -> Axis {
    Axis { label: label.to_owned(), scale: Scale::Linear, range: None, ticks: Vec::new(), tick_labels: Vec::new() }
}
