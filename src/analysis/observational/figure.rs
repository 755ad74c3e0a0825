//! The figure of a forecast from benchmarks: the curve of the target over the index, forecasts beside scores, and families ahead.

use super::report::{ModelForecast, ModelRole, ObservationalReport};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::words::percent;

const CURVE: &str = "Curve of the training models";
const TRAINED: &str = "Trained on";
const HELD_OUT: &str = "Held out";
const WITHOUT: &str = "Forecast, no score yet";
const EQUAL: &str = "Forecast and score equal";
const CHANCE: &str = "Chance";
/// Vertices of a curve.
const LINE: usize = 101;
/// Room beside the data.
const BESIDE: f64 = 0.08;

/// Two panels, and a third for families at a compute.
#[must_use]
pub fn figure(report: &ObservationalReport) -> Figure {
    let mut panels = vec![over_index(report)];
    let mut legend = vec![
        entry(CURVE, Hue::Fit, LegendKey::Stroke(Stroke::Solid)),
        entry(TRAINED, Hue::Reference, LegendKey::Marker(Marker::Circle)),
    ];
    if report.held_out > 0 {
        panels.push(beside_scores(report));
        legend.push(entry(HELD_OUT, Hue::Comparison, LegendKey::Marker(Marker::Diamond)));
        legend.push(entry(EQUAL, Hue::Context, LegendKey::Stroke(Stroke::Dotted)));
    }
    if report.without_score > 0 {
        legend.push(entry(WITHOUT, Hue::Context, LegendKey::Marker(Marker::Ring)));
    }
    if !report.predicted.is_empty() {
        let (panel, entries) = ahead(report);
        panels.push(panel);
        legend.extend(entries);
    }
    Figure {
        name: "observational".into(),
        caption: format!(
            "{} of {} training models against an index of {} other benchmarks, and the curve that forecasts it; forecasts of {} \
             models held out beside their scores. Bars are {} intervals of a model.",
            report.score_name,
            report.trained,
            report.benchmarks.len(),
            report.held_out,
            percent(report.level)
        ),
        columns: panels.len().min(3),
        panels,
        aspect: 1.25,
        legend,
        row_titles: Vec::new(),
        footer: format!("Bars: {} intervals of a model.", percent(report.level)),
        title: String::new(),
    }
    .with_every_mark_in_the_legend("")
}

/// The target against the index.
fn over_index(report: &ObservationalReport) -> Panel {
    let all = report.models.iter().map(|model| model.index);
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let room = BESIDE * (high - low);
    let place = |k: usize| low - room + (high - low + 2.0 * room) * k as f64 / (LINE - 1) as f64;
    let vertices = (0..LINE).map(|k| (place(k), report.score_at(place(k)))).collect();
    let mut layers = vec![
        Layer::HorizontalRule { series: CHANCE.into(), y: report.chance },
        Layer::Line { series: CURVE.into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices },
    ];
    let of = |role: ModelRole, y: fn(&ModelForecast) -> Option<f64>, bars: bool| {
        let point = |model: &ModelForecast| {
            let interval = model.interval.ends().filter(|_| bars);
            Some(Point { label: model.model.clone(), x: model.index, y: y(model)?, interval, labelled: false })
        };
        report.models.iter().filter(|model| model.role == role).filter_map(point).collect::<Vec<Point>>()
    };
    let series = [
        (WITHOUT, Hue::Context, Marker::Ring, of(ModelRole::WithoutScore, |model| Some(model.forecast), true)),
        (TRAINED, Hue::Reference, Marker::Circle, of(ModelRole::Trained, |model| model.score, false)),
        (HELD_OUT, Hue::Comparison, Marker::Diamond, of(ModelRole::HeldOut, |model| model.score, false)),
    ];
    for (name, hue, marker, points) in series {
        if !points.is_empty() {
            layers.push(Layer::Points { series: name.into(), hue, marker, points });
        }
    }
    let error = |name: &str, quantity: &str, mse: f64| Note::new(format!("{name} {mse:.1e}"), quantity, mse);
    let mut notes = vec![error("MSE trained", "mse_training", report.mse_training)];
    notes.extend(report.mse_held_out.map(|mse| error("held out", "mse_held_out", mse)));
    Panel {
        title: "By other benchmarks".into(),
        x: axis("Index of other benchmarks", Scale::Linear),
        y: axis(&report.score_name, Scale::Linear),
        layers,
        notes,
    }
}

/// Forecasts of models held out against their scores.
fn beside_scores(report: &ObservationalReport) -> Panel {
    let held = || report.models.iter().filter(|model| model.role == ModelRole::HeldOut);
    let ends = held().filter_map(|model| Some((model.score?, model.forecast)));
    let (low, high) =
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (a, b)| (low.min(a).min(b), high.max(a).max(b)));
    let points = held()
        .filter_map(|model| {
            let (x, interval) = (model.score?, model.interval.ends());
            Some(Point { label: model.model.clone(), x, y: model.forecast, interval, labelled: false })
        })
        .collect();
    Panel {
        title: "Held out".into(),
        x: axis(&format!("{}, measured", report.score_name), Scale::Linear),
        y: axis(&format!("{}, forecast", report.score_name), Scale::Linear),
        layers: vec![
            Layer::Line {
                series: EQUAL.into(),
                hue: Hue::Context,
                stroke: Stroke::Dotted,
                vertices: vec![(low, low), (high, high)],
            },
            Layer::Points { series: HELD_OUT.into(), hue: Hue::Comparison, marker: Marker::Diamond, points },
        ],
        notes: vec![Note::new(
            format!("{} of {} within", report.inside, report.held_out),
            "inside",
            report.inside as f64,
        )],
    }
}

/// Families that were asked for against compute: their models, their line through the curve, and the forecasts.
fn ahead(report: &ObservationalReport) -> (Panel, Vec<LegendEntry>) {
    let mut families: Vec<&str> = report.predicted.iter().map(|ahead| ahead.family.as_str()).collect();
    families.dedup();
    families.sort_unstable();
    families.dedup();
    let (mut layers, mut legend) = (Vec::new(), Vec::new());
    for (k, family) in families.into_iter().enumerate() {
        // The first two colours are those of the models that are trained on and held out.
        let hue = Hue::Category(k + 2);
        let scored = report.models.iter().filter(|model| model.cluster == family);
        let points: Vec<Point> = scored
            .filter_map(|m| {
                Some(Point { label: m.model.clone(), x: m.compute?, y: m.score?, interval: None, labelled: false })
            })
            .collect();
        let asked: Vec<Point> = report
            .predicted
            .iter()
            .filter(|ahead| ahead.family == family)
            .map(|ahead| Point {
                label: format!("{family} at {:e} FLOPs", ahead.compute),
                x: ahead.compute,
                y: ahead.forecast,
                interval: ahead.interval.ends(),
                labelled: false,
            })
            .collect();
        let places = points.iter().chain(&asked).map(|point| point.x.log10());
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if let Some(line) = report.families.iter().find(|line| line.family == family) {
            let at = |k: usize| low + (high - low) * k as f64 / (LINE - 1) as f64;
            let score = |x: f64| report.score_at(line.intercept + line.slope * x);
            let vertices = (0..LINE).map(|k| (10f64.powf(at(k)), score(at(k)))).collect();
            layers.push(Layer::Line { series: family.into(), hue, stroke: Stroke::Solid, vertices });
        }
        layers.push(Layer::Points { series: family.into(), hue, marker: Marker::Circle, points });
        layers.push(Layer::Points { series: format!("{family}, forecast"), hue, marker: Marker::Ring, points: asked });
        legend.push(entry(family, hue, LegendKey::MarkedStroke(Marker::Circle, Stroke::Solid)));
        legend.push(entry(&format!("{family}, forecast"), hue, LegendKey::Marker(Marker::Ring)));
    }
    let panel = Panel {
        title: "Families ahead".into(),
        x: axis("Pretraining compute (FLOPs)", Scale::Log10),
        y: axis(&report.score_name, Scale::Linear),
        layers,
        notes: Vec::new(),
    };
    (panel, legend)
}

fn entry(label: &str, hue: Hue, key: LegendKey) -> LegendEntry {
    LegendEntry { label: label.into(), hue, key }
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale, range: None, ticks: Vec::new(), tick_labels: Vec::new() }
}
