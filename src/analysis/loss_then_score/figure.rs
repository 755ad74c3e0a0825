//! The figure of a forecast in two steps: the law of loss, the score by the loss, and both together.

use super::report::{LadderForecast, LossThenScoreReport, RunRole};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::words::percent;

const STEP: &str = "Fit of the training runs";
const TRAINED: &str = "Trained on";
const HELD_OUT: &str = "Held out, measured";
const FORECAST: &str = "Forecast";
const CHANCE: &str = "Chance";
/// Vertices of a line of the law.
const LINE: usize = 31;
/// Sizes whose lines are drawn.
const SIZES: usize = 8;

/// Three panels.
#[must_use]
pub fn figure(report: &LossThenScoreReport) -> Figure {
    let mut legend = vec![
        entry(STEP, Hue::Fit, LegendKey::Stroke(Stroke::Solid)),
        entry(TRAINED, Hue::Reference, LegendKey::Marker(Marker::Circle)),
    ];
    if report.held_out > 0 {
        legend.push(entry(HELD_OUT, Hue::Comparison, LegendKey::Marker(Marker::Diamond)));
    }
    if report.runs.iter().any(|run| run.role != RunRole::Trained) {
        legend.push(entry(FORECAST, Hue::Fit, LegendKey::Marker(Marker::Ring)));
    }
    Figure {
        name: "loss_then_score".into(),
        caption: format!(
            "{} of {} training runs by their loss. Left: the loss at the end of every run by parameters and tokens, a line per size. \
             Middle: the score at a loss, over all checkpoints. Right: both steps together, and the runs held out. Bars are {} \
             intervals of a run.",
            report.score_name,
            report.trained,
            percent(report.level)
        ),
        panels: vec![losses(report), by_loss(report), both(report)],
        columns: 3,
        aspect: 1.1,
        legend,
        row_titles: Vec::new(),
        footer: format!("Bars: {} intervals of a run.", percent(report.level)),
        title: String::new(),
    }
    .with_every_mark_in_the_legend(&format!("Pointwise {} intervals", percent(report.level)))
}

/// Step 1: loss against tokens, a line per size.
fn losses(report: &LossThenScoreReport) -> Panel {
    let mut sizes: Vec<f64> = report.runs.iter().map(|run| run.params).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let last = sizes.len().saturating_sub(1);
    let shown = sizes.len().min(SIZES);
    let mut chosen: Vec<f64> = (0..shown).map(|k| sizes[k * last / (shown.max(2) - 1)]).collect();
    chosen.dedup();
    let mut layers: Vec<Layer> = chosen.into_iter().map(|params| of_size(report, params)).collect();
    layers.extend(points(
        report,
        |run| run.tokens,
        |run| run.loss,
        |run| (run.loss_forecast, run.loss_interval.ends()),
    ));
    let number = |name: &str, quantity: &str, value: f64| Note::new(format!("{name} = {value:.3}"), quantity, value);
    Panel {
        title: "Step 1: loss".into(),
        x: axis("Training tokens", Scale::Log10),
        y: axis(&report.loss_name, Scale::Linear),
        layers,
        notes: vec![
            number("E", "e", report.law.e),
            number("α", "alpha", report.law.alpha),
            number("β", "beta", report.law.beta),
        ],
    }
}

/// The law at a size, over the tokens of its runs and half as many again to both sides.
fn of_size(report: &LossThenScoreReport, params: f64) -> Layer {
    let tokens = report.runs.iter().filter(|run| run.params == params).map(|run| run.tokens);
    let (low, high) = tokens.fold((f64::INFINITY, 0.0_f64), |(low, high), d| (low.min(d), high.max(d)));
    let (from, to) = ((low / 1.5).log10(), (high * 1.5).log10());
    let place = |k: usize| 10f64.powf(from + (to - from) * k as f64 / (LINE - 1) as f64);
    let vertices = (0..LINE).map(|k| (place(k), report.law.loss(params, place(k)))).collect();
    Layer::Line { series: STEP.into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices }
}

/// Step 2: score against loss.
fn by_loss(report: &LossThenScoreReport) -> Panel {
    let mut layers = chance(report);
    let trained: Vec<&str> = report.of(RunRole::Trained).map(|run| run.run.as_str()).collect();
    let held: Vec<&str> = report.of(RunRole::HeldOut).map(|run| run.run.as_str()).collect();
    for (series, hue, marker, runs) in
        [(TRAINED, Hue::Reference, Marker::Circle, trained), (HELD_OUT, Hue::Comparison, Marker::Diamond, held)]
    {
        let of = report.checkpoints.iter().filter(|point| runs.contains(&point.run.as_str()));
        let points: Vec<Point> = of.map(|c| point(&c.run, c.loss, c.score, None)).collect();
        if !points.is_empty() {
            layers.push(Layer::Points { series: series.into(), hue, marker, points });
        }
    }
    let band = report.along.iter().filter_map(|at| at.interval.ends().map(|(low, high)| (at.loss, low, high)));
    layers.push(Layer::Band { series: STEP.into(), hue: Hue::Fit, vertices: band.collect() });
    let vertices = report.along.iter().map(|at| (at.loss, at.score)).collect();
    layers.push(Layer::Line { series: STEP.into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices });
    Panel {
        title: "Step 2: score by loss".into(),
        x: axis(&report.loss_name, Scale::Linear),
        y: axis(&report.score_name, Scale::Linear),
        layers,
        notes: Vec::new(),
    }
}

/// Both steps: score against compute.
fn both(report: &LossThenScoreReport) -> Panel {
    let mut layers = chance(report);
    layers.extend(points(
        report,
        LadderForecast::compute,
        |run| run.score,
        |run| (run.score_forecast, run.interval.ends()),
    ));
    let error = |name: &str, quantity: &str, value: f64| Note::new(format!("{name} {value:.3}"), quantity, value);
    let mut notes = vec![error("Mean error trained", "score_error_training", report.score_error_training)];
    notes.extend(report.score_error_held_out.map(|value| error("held out", "score_error_held_out", value)));
    Panel {
        title: "Both steps".into(),
        x: axis("Training compute (FLOPs)", Scale::Log10),
        y: axis(&report.score_name, Scale::Linear),
        layers,
        notes,
    }
}

fn chance(report: &LossThenScoreReport) -> Vec<Layer> {
    report.chance.map(|y| Layer::HorizontalRule { series: CHANCE.into(), y }).into_iter().collect()
}

/// The runs at their ends, and the forecasts of those that are not trained on.
fn points(
    report: &LossThenScoreReport,
    x: impl Fn(&LadderForecast) -> f64,
    measured: impl Fn(&LadderForecast) -> Option<f64>,
    forecast: impl Fn(&LadderForecast) -> (f64, Option<(f64, f64)>),
) -> Vec<Layer> {
    let of = |role: RunRole| {
        let point = |run: &LadderForecast| Some(point(&run.run, x(run), measured(run)?, None));
        report.of(role).filter_map(point).collect::<Vec<Point>>()
    };
    let ahead = report.runs.iter().filter(|run| run.role != RunRole::Trained);
    let ahead = ahead.map(|run| {
        let (y, interval) = forecast(run);
        point(&run.run, x(run), y, interval)
    });
    let series = [
        (TRAINED, Hue::Reference, Marker::Circle, of(RunRole::Trained)),
        (FORECAST, Hue::Fit, Marker::Ring, ahead.collect()),
        (HELD_OUT, Hue::Comparison, Marker::Diamond, of(RunRole::HeldOut)),
    ];
    let layer = |(name, hue, marker, points): (&str, Hue, Marker, Vec<Point>)| Layer::Points {
        series: name.into(),
        hue,
        marker,
        points,
    };
    series.into_iter().filter(|(.., points)| !points.is_empty()).map(layer).collect()
}

fn point(label: &str, x: f64, y: f64, interval: Option<(f64, f64)>) -> Point {
    Point { label: label.to_owned(), x, y, interval, labelled: false }
}

fn entry(label: &str, hue: Hue, key: LegendKey) -> LegendEntry {
    LegendEntry { label: label.into(), hue, key }
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale, range: None, ticks: Vec::new(), tick_labels: Vec::new() }
}
