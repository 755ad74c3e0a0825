//! The figure of a fit: models with their names, the curve of every group with its confidence band, the estimates.

use super::curve_report::FittedModel;
use super::report::{Analysis, FitReport};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::words::{percent, scientific, signed};
use crate::stats::curves::Curve;

/// One panel for the score, and one for the score after adjustment beside it.
pub fn figure(report: &FitReport) -> Figure {
    figure_with_names(report, &report.group_names())
}

/// The same with other names for the models outside every group and for those of each group, in this order. What has no
/// name here keeps its own.
pub(crate) fn figure_with_names(report: &FitReport, names: &[String]) -> Figure {
    let own = report.group_names();
    let names: Vec<&str> = (0..own.len()).map(|k| names.get(k).unwrap_or(&own[k]).as_str()).collect();
    let after = report.adjusted.as_ref();
    let mut panels =
        vec![panel(report, &names, &report.unadjusted, if after.is_some() { "Before adjustment" } else { "" })];
    panels.extend(after.map(|analysis| panel(report, &names, analysis, "After adjustment")));
    Figure {
        name: "fit".into(),
        caption: format!(
            "{} against {}, {} models, with the {} curve and its pointwise {} confidence band.",
            report.score_name,
            report.predictor.name,
            report.n_models,
            curves(report),
            percent(report.settings.level)
        ),
        columns: panels.len(),
        panels,
        aspect: 1.35,
        legend: legend(report, &names),
        row_titles: Vec::new(),
    }
}

/// The curve that leads, or both where they differ before and after adjustment.
fn curves(report: &FitReport) -> String {
    let mut names: Vec<String> = report.analyses().map(|(_, analysis)| analysis.curve.to_string()).collect();
    names.dedup();
    names.join(" and ")
}

/// The looks of the reference group and of each group.
fn look(report: &FitReport, group: usize) -> (Hue, Marker) {
    const MARKERS: [Marker; 4] = [Marker::Circle, Marker::Triangle, Marker::Square, Marker::Diamond];
    let hue = match (report.groups.len(), group) {
        (0 | 1, 0) => Hue::Reference,
        (1, _) => Hue::Comparison,
        (_, k) => Hue::Category(k),
    };
    (hue, MARKERS[group % MARKERS.len()])
}

/// The group a model is drawn in: the last one it belongs to.
fn group_of(model: &FittedModel) -> usize {
    model.groups.iter().rposition(|z| *z != 0.0).map_or(0, |k| k + 1)
}

fn legend(report: &FitReport, names: &[&str]) -> Vec<LegendEntry> {
    let mut entries: Vec<LegendEntry> = names
        .iter()
        .enumerate()
        .map(|(group, name)| {
            let (hue, marker) = look(report, group);
            LegendEntry { label: (*name).to_owned(), hue, key: LegendKey::MarkedStroke(marker, Stroke::Solid) }
        })
        .collect();
    if report.analyses().any(|(_, analysis)| analysis.hinge.is_some()) {
        let label = "Hinge, the paper's curve".into();
        entries.push(LegendEntry { label, hue: Hue::Context, key: LegendKey::Stroke(Stroke::Dotted) });
    }
    if report.n_held_out > 0 {
        entries.push(LegendEntry { label: "Held out".into(), hue: Hue::Context, key: LegendKey::Marker(Marker::Ring) });
    }
    entries
}

fn panel(report: &FitReport, names: &[&str], analysis: &Analysis, title: &str) -> Panel {
    let mut layers = Vec::new();
    if let Some(chance) = report.chance.filter(|chance| in_view(analysis, *chance)) {
        layers.push(Layer::HorizontalRule { series: "Chance".into(), y: chance });
    }
    for (group, name) in names.iter().enumerate() {
        let (low, high) = extent(analysis, group);
        let drawn = |curve: Curve| -> Vec<(f64, f64, f64, f64)> {
            let own = group.checked_sub(1).map(|k| &report.groups[k].name);
            let of_group = analysis.line.iter().filter(|p| p.curve == curve && p.group.as_ref() == own);
            let of_group = of_group.filter(|p| (low..=high).contains(&p.x));
            of_group
                .map(|p| (p.x, p.score, p.interval.low.unwrap_or(p.score), p.interval.high.unwrap_or(p.score)))
                .collect()
        };
        let (hue, _) = look(report, group);
        let points = drawn(analysis.curve);
        if !points.is_empty() && points.iter().any(|(_, _, low, high)| low < high) {
            let vertices = points.iter().map(|(x, _, low, high)| (*x, *low, *high)).collect();
            layers.push(Layer::Band { series: (*name).to_owned(), hue, vertices });
        }
        let vertices = points.iter().map(|(x, y, ..)| (*x, *y)).collect();
        layers.push(Layer::Line { series: (*name).to_owned(), hue, stroke: Stroke::Solid, vertices });
        if analysis.hinge.is_some() {
            let vertices = drawn(Curve::Hinge).into_iter().map(|(x, y, ..)| (x, y)).collect();
            layers.push(Layer::Line { series: format!("{name}, hinge"), hue, stroke: Stroke::Dotted, vertices });
        }
    }
    for (group, name) in names.iter().enumerate() {
        let (hue, marker) = look(report, group);
        let of_group = |held_out: bool| {
            analysis.models.iter().filter(move |m| group_of(m) == group && m.held_out == held_out).map(point).collect()
        };
        let (fitted, held_out): (Vec<Point>, Vec<Point>) = (of_group(false), of_group(true));
        layers.push(Layer::Points { series: (*name).to_owned(), hue, marker, points: fitted });
        if !held_out.is_empty() {
            let series = format!("{name}, held out");
            layers.push(Layer::Points { series, hue, marker: Marker::Ring, points: held_out });
        }
    }
    if let Some(c) = analysis.emergence().and_then(|c| c.value) {
        layers.push(Layer::VerticalRule { series: "Point of emergence".into(), hue: Hue::Context, x: c });
    }
    let scale = if report.is_logarithmic() { Scale::Log10 } else { Scale::Linear };
    Panel {
        title: title.to_owned(),
        x: axis(report.predictor.name.label(), scale),
        y: Axis { range: score_range(report), ..axis(&report.score_label(), Scale::Linear) },
        layers,
        notes: notes(report, analysis),
    }
}

/// The group's own range of the predictor, and what was asked to be predicted beyond it.
fn extent(analysis: &Analysis, group: usize) -> (f64, f64) {
    let own = analysis.models.iter().filter(|model| group_of(model) == group).map(|model| model.x);
    let asked = analysis.curves.iter().flat_map(|curve| curve.predictions.iter().map(|p| p.x));
    own.chain(asked).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// One range for both panels, so that before and after compare.
fn score_range(report: &FitReport) -> Option<(f64, f64)> {
    let analyses = || std::iter::once(&report.unadjusted).chain(&report.adjusted);
    let scores = analyses().flat_map(|a| a.models.iter().map(|m| m.score));
    let asked = analyses().flat_map(|a| a.curves.iter().filter(|c| c.curve == a.curve).flat_map(|c| &c.predictions));
    let all = scores.chain(asked.filter_map(|p| p.score));
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let low = report.chance.filter(|chance| in_view(&report.unadjusted, *chance)).map_or(low, |chance| low.min(chance));
    let margin = 0.06 * (high - low);
    (margin.is_finite() && margin > 0.0).then_some((low - margin, high + margin))
}

/// Whether a level is near the scores; a chance of 0 far below them would squeeze the panel.
fn in_view(analysis: &Analysis, level: f64) -> bool {
    let scores = analysis.models.iter().map(|m| m.score);
    let (low, high) = scores.fold((f64::INFINITY, f64::NEG_INFINITY), |r, s| (r.0.min(s), r.1.max(s)));
    (low - 0.25 * (high - low)..=high).contains(&level)
}

fn point(model: &FittedModel) -> Point {
    let interval = model.interval.ends().filter(|_| model.held_out);
    // The interval of a held-out model is drawn around what was predicted; the point is what was observed.
    Point { label: model.model.clone(), x: model.x, y: model.score, interval, labelled: true }
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale, range: None, ticks: Vec::new(), tick_labels: Vec::new() }
}

fn notes(report: &FitReport, analysis: &Analysis) -> Vec<Note> {
    let mut notes = Vec::new();
    let with_interval = |name: &str, low: Option<f64>, high: Option<f64>, text: &dyn Fn(f64) -> String, value: f64| {
        let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), text);
        format!("{name} = {} [{}, {}]", text(value), end(low), end(high))
    };
    let theta = &analysis.theta;
    if let Some(value) = theta.value {
        let text = with_interval("θ\u{302}", theta.interval.low, theta.interval.high, &|v| signed(v, 3), value);
        let bold = theta.p_value.is_some_and(|p| p < 0.05);
        notes.push(Note {
            text,
            quantity: "theta".into(),
            value: Some(value),
            low: theta.interval.low,
            high: theta.interval.high,
            bold,
        });
    }
    if let Some((c, value)) = analysis.emergence().and_then(|c| Some((c, c.value?))) {
        let format = |v: f64| if report.is_logarithmic() { scientific(v, 1) } else { signed(v, 3) };
        let text = with_interval("cₑ", c.interval.low, c.interval.high, &format, value);
        notes.push(Note { low: c.interval.low, high: c.interval.high, ..Note::new(text, "c_e", value) });
    }
    if let Some(value) = analysis.r_squared {
        notes.push(Note::new(format!("R² = {value:.3}"), "r_squared", value));
    }
    notes
}
