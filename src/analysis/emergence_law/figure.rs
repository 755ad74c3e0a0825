//! The figure of a law of the point of emergence: how it moves with task examples, and the scores it is fitted to.

use super::report::{AfterExamples, EmergenceLawReport, EmergencePoint};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::words::{percent, thousands};
use crate::stats::estimate::Estimate;

const LAW: &str = "Law of all models";
const ALONE: &str = "Hinge of one number of examples";
const FORECAST: &str = "Forecast without examples";
const OBSERVED: &str = "Observed without examples";
const CHANCE: &str = "Chance";
/// Numbers of examples whose scores are drawn: the least, one in the middle and the most.
const SHOWN: usize = 3;

/// The point of emergence against task examples, and scores against compute.
#[must_use]
pub fn figure(report: &EmergenceLawReport) -> Figure {
    let (shown, legend_of_scores) = scores(report);
    let mut legend = vec![
        entry(LAW, Hue::Fit, LegendKey::Stroke(Stroke::Solid)),
        entry(ALONE, Hue::Fit, LegendKey::Marker(Marker::Circle)),
        entry(FORECAST, Hue::Context, LegendKey::Stroke(Stroke::Dotted)),
        entry(OBSERVED, Hue::Context, LegendKey::Marker(Marker::Ring)),
    ];
    legend.extend(legend_of_scores);
    Figure {
        name: "emergence_law".into(),
        caption: format!(
            "Left: the point of emergence of {} after numbers of task examples, by the law of {} models and by the hinge of each \
             number alone, and the forecast without any; with pointwise {} intervals. Right: the scores, and the law's curves.",
            report.score_name,
            report.models,
            percent(report.level)
        ),
        panels: vec![moved(report), shown],
        columns: 2,
        aspect: 1.25,
        legend,
        row_titles: Vec::new(),
        footer: String::new(),
        title: String::new(),
    }
    .with_every_mark_in_the_legend(&format!("Pointwise {} intervals", percent(report.level)))
}

/// c against the number of examples.
fn moved(report: &EmergenceLawReport) -> Panel {
    let flops = |c: f64| 10f64.powf(c);
    let band = |at: &AfterExamples| at.c.interval.ends().map(|(low, high)| (at.examples, flops(low), flops(high)));
    let mut layers = Vec::new();
    let ends = report.line.first().zip(report.line.last());
    if let Some((c, (first, last))) = report.c0.value.zip(ends) {
        let vertices = [first, last].map(|at| (at.examples, flops(c))).to_vec();
        layers.push(Layer::Line { series: FORECAST.into(), hue: Hue::Context, stroke: Stroke::Dotted, vertices });
    }
    let vertices: Vec<(f64, f64, f64)> = report.line.iter().filter_map(band).collect();
    if !vertices.is_empty() {
        layers.push(Layer::Band { series: LAW.into(), hue: Hue::Fit, vertices });
    }
    let vertices = report.line.iter().filter_map(|at| at.c.value.map(|c| (at.examples, flops(c)))).collect();
    layers.push(Layer::Line { series: LAW.into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices });
    let point = |at: &AfterExamples| Some(point(&thousands(at.examples as u64), at.examples, flops(at.alone?)));
    let points = report.after.iter().filter_map(point).collect();
    layers.push(Layer::Points { series: ALONE.into(), hue: Hue::Fit, marker: Marker::Circle, points });
    Panel {
        title: "Point of emergence".into(),
        x: Axis { scale: Scale::Log10, ..axis("Task examples") },
        y: Axis { scale: Scale::Log10, ..axis("Point of emergence (FLOPs)") },
        layers,
        notes: vec![note("log c₀", "c0", &report.c0), note("observed", "observed", &report.observed)],
    }
}

/// Scores against compute after some numbers of examples and without any, and the entries of the legend.
fn scores(report: &EmergenceLawReport) -> (Panel, Vec<LegendEntry>) {
    let numbers: Vec<f64> = report.after.iter().map(|at| at.examples).collect();
    let last = numbers.len().saturating_sub(1);
    let mut chosen: Vec<f64> =
        (0..SHOWN).filter_map(|k| numbers.get((k * last + (SHOWN - 1) / 2) / (SHOWN - 1)).copied()).collect();
    chosen.dedup();
    let computes = report.points.iter().map(|p| p.compute);
    let (low, high) = computes.fold((f64::INFINITY, 0.0_f64), |(low, high), c| (low.min(c), high.max(c)));
    let of = |examples: f64| {
        let of_number = |p: &&EmergencePoint| p.examples == examples;
        report.points.iter().filter(of_number).map(|p| point(&p.model, p.compute, p.score)).collect::<Vec<Point>>()
    };
    let mut layers = vec![Layer::HorizontalRule { series: CHANCE.into(), y: report.law.chance }];
    let points = of(0.0);
    layers.push(Layer::Points { series: OBSERVED.into(), hue: Hue::Context, marker: Marker::Ring, points });
    let mut legend = Vec::new();
    let curve = |examples: f64| {
        let bend = report.law.c_at(examples).clamp(low.log10(), high.log10());
        [low.log10(), bend, high.log10()].map(|x| (10f64.powf(x), report.law.score(x, examples))).to_vec()
    };
    let vertices = curve(0.0);
    layers.push(Layer::Line { series: FORECAST.into(), hue: Hue::Context, stroke: Stroke::Dotted, vertices });
    for (k, examples) in chosen.into_iter().enumerate() {
        let series = format!("{} examples", thousands(examples as u64));
        let (hue, marker) = (Hue::Category(k), Marker::Circle);
        layers.push(Layer::Points { series: series.clone(), hue, marker, points: of(examples) });
        let vertices = curve(examples);
        layers.push(Layer::Line { series: series.clone(), hue, stroke: Stroke::Solid, vertices });
        legend.push(entry(&series, hue, LegendKey::MarkedStroke(marker, Stroke::Solid)));
    }
    let panel = Panel {
        title: "Scores".into(),
        x: Axis { scale: Scale::Log10, ..axis("Pretraining compute (FLOPs)") },
        y: axis(&report.score_name),
        layers,
        notes: Vec::new(),
    };
    (panel, legend)
}

fn point(label: &str, x: f64, y: f64) -> Point {
    Point { label: label.to_owned(), x, y, interval: None, labelled: false }
}

fn entry(label: &str, hue: Hue, key: LegendKey) -> LegendEntry {
    LegendEntry { label: label.into(), hue, key }
}

fn note(name: &str, quantity: &str, estimate: &Estimate) -> Note {
    let shown = |value: Option<f64>| value.map_or_else(|| "…".to_owned(), |value| format!("{value:.2}"));
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
