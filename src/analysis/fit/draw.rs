//! The figure of a fit: models with their names, the curve of every group with its confidence band, the estimates.

use super::curve_report::FittedModel;
use super::report::{Analysis, FitReport};
use crate::analysis::figure::{
    Axis, Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Point, Scale, Stroke,
};
use crate::analysis::words::{percent, scientific_with_interval, with_interval};
use crate::stats::curves::Curve;
use crate::stats::estimate::Estimate;

/// Which points have their names beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Names {
    /// All of few models, of many the ones that [`Outliers`](Self::Outliers) names.
    #[default]
    Auto,
    /// None.
    None,
    /// The model with the largest predictor, those far from the curve, and the best and the worst of each group.
    Outliers,
    /// All.
    All,
}

/// Up to so many models all have their names where nothing is said.
const FEW: usize = 24;
/// From so many residual standard deviations on a model is far from its curve, and at most so many such models are named.
const FAR: f64 = 2.0;
const MOST_FAR: usize = 6;

/// One panel for the score, and one for the score after adjustment beside it.
pub fn figure(report: &FitReport) -> Figure {
    figure_with(report, &report.group_names(), Names::Auto)
}

/// The same with other names for the models outside every group and for those of each group, in this order (what has no name
/// here keeps its own), and with the names of these points.
pub(crate) fn figure_with(report: &FitReport, names: &[String], labels: Names) -> Figure {
    let own = report.group_names();
    let names: Vec<&str> = (0..own.len()).map(|k| names.get(k).unwrap_or(&own[k]).as_str()).collect();
    let after = report.adjusted.as_ref();
    let mut panels =
        vec![panel(report, &names, labels, &report.unadjusted, if after.is_some() { "Before adjustment" } else { "" })];
    panels.extend(after.map(|analysis| panel(report, &names, labels, analysis, "After adjustment")));
    let level = percent(report.settings.level);
    Figure {
        name: "fit".into(),
        caption: format!(
            "{} against {}, {} models, with the {} curve and its pointwise {level} confidence band.",
            report.score_name,
            report.predictor.name,
            report.n_models,
            curves(report),
        ),
        columns: panels.len(),
        panels,
        aspect: 1.35,
        legend: legend(report, &names),
        row_titles: Vec::new(),
        footer: footer(report, &level),
        title: String::new(),
    }
    .with_every_mark_in_the_legend(&format!("{level} band"))
}

/// What brackets and bold numbers mean.
fn footer(report: &FitReport, level: &str) -> String {
    let mut sentences = Vec::new();
    let bounded = |estimate: &Estimate| estimate.interval.low.is_some() || estimate.interval.high.is_some();
    let differs = report.analyses().any(|(_, analysis)| analysis.theta.value.is_some());
    if report.analyses().any(|(_, a)| bounded(&a.theta) || a.emergence().is_some_and(bounded)) {
        sentences.push(format!("[low, high]: {level} interval."));
    }
    if differs {
        sentences.push(format!("θ\u{302}: difference at equal {}, bold where p < 0.05.", report.predictor.name));
    }
    if report.analyses().any(|(_, analysis)| analysis.hinge.is_some()) {
        sentences.push(format!("Finely dotted: {level} band of the hinge."));
    }
    sentences.join(" ")
}

/// The curve that leads, or both where they differ before and after adjustment.
fn curves(report: &FitReport) -> String {
    let mut names: Vec<String> = report.analyses().map(|(_, analysis)| analysis.curve.to_string()).collect();
    names.dedup();
    names.join(" and ")
}

/// The stroke of a group's curve: where two curves coincide, both are seen.
fn stroke(group: usize) -> Stroke {
    [Stroke::Solid, Stroke::Dashed, Stroke::DashDotted][group % 3]
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
            LegendEntry { label: (*name).to_owned(), hue, key: LegendKey::MarkedStroke(marker, stroke(group)) }
        })
        .collect();
    if report.analyses().any(|(_, analysis)| analysis.hinge.is_some()) {
        let label = "Hinge of the paper".into();
        entries.push(LegendEntry { label, hue: Hue::Context, key: LegendKey::Stroke(Stroke::Dotted) });
    }
    if report.n_held_out > 0 {
        entries.push(LegendEntry { label: "Held out".into(), hue: Hue::Context, key: LegendKey::Marker(Marker::Ring) });
    }
    entries
}

fn panel(report: &FitReport, names: &[&str], labels: Names, analysis: &Analysis, title: &str) -> Panel {
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
        let hinge = analysis.hinge.as_ref().map(|_| (Curve::Hinge, format!("{name}, hinge"), Stroke::Dotted));
        for (curve, series, stroke) in [(analysis.curve, (*name).to_owned(), stroke(group))].into_iter().chain(hinge) {
            let points = drawn(curve);
            if points.iter().any(|(_, _, low, high)| low < high) {
                let vertices = points.iter().map(|(x, _, low, high)| (*x, *low, *high)).collect();
                layers.push(Layer::Band { series: series.clone(), hue, vertices });
            }
            let vertices = points.iter().map(|(x, y, ..)| (*x, *y)).collect();
            layers.push(Layer::Line { series, hue, stroke, vertices });
        }
    }
    let labelled = labelled(analysis, labels, names.len());
    for (group, name) in names.iter().enumerate() {
        let (hue, marker) = look(report, group);
        let of_group = |held_out: bool| {
            let models = analysis.models.iter().zip(&labelled);
            let own = models.filter(|(m, _)| group_of(m) == group && m.held_out == held_out);
            own.map(|(model, labelled)| point(model, *labelled)).collect()
        };
        let (fitted, held_out): (Vec<Point>, Vec<Point>) = (of_group(false), of_group(true));
        layers.push(Layer::Points { series: (*name).to_owned(), hue, marker, points: fitted });
        if !held_out.is_empty() {
            let series = format!("{name}, held out");
            layers.push(Layer::Points { series, hue, marker: Marker::Ring, points: held_out });
        }
    }
    if let Some(c) = analysis.emergence().and_then(|c| c.value) {
        layers.push(Layer::VerticalRule { series: "Emergence at cₑ".into(), hue: Hue::Context, x: c });
    }
    let scale = if report.is_logarithmic() { Scale::Log10 } else { Scale::Linear };
    Panel {
        title: title.to_owned(),
        x: axis(report.predictor.name.label(), scale),
        y: Axis { range: score_range(report), ..axis(&report.score_label(), Scale::Linear) },
        layers,
        notes: notes(report, names, analysis),
    }
}

/// Which models have their names beside them.
fn labelled(analysis: &Analysis, labels: Names, groups: usize) -> Vec<bool> {
    let models = &analysis.models;
    match labels {
        Names::None => return vec![false; models.len()],
        Names::All => return vec![true; models.len()],
        Names::Auto if models.len() <= FEW => return vec![true; models.len()],
        Names::Auto | Names::Outliers => {}
    }
    let mut named = vec![false; models.len()];
    let mut name = |found: Option<(usize, &FittedModel)>| {
        if let Some((place, _)) = found {
            named[place] = true;
        }
    };
    name(models.iter().enumerate().max_by(|a, b| a.1.x.total_cmp(&b.1.x)));
    for group in 0..groups {
        let members = || models.iter().enumerate().filter(|(_, model)| group_of(model) == group);
        name(members().max_by(|a, b| a.1.score.total_cmp(&b.1.score)));
        name(members().min_by(|a, b| a.1.score.total_cmp(&b.1.score)));
    }
    let distance = |model: &FittedModel| model.standardized.map_or(0.0, f64::abs);
    let mut far: Vec<(usize, &FittedModel)> = models.iter().enumerate().filter(|(_, m)| distance(m) >= FAR).collect();
    far.sort_by(|a, b| distance(b.1).total_cmp(&distance(a.1)));
    far.into_iter().take(MOST_FAR).for_each(|one| name(Some(one)));
    named
}

/// The group's own range of the predictor, and what was asked to be predicted beyond it.
fn extent(analysis: &Analysis, group: usize) -> (f64, f64) {
    let own = analysis.models.iter().filter(|model| group_of(model) == group).map(|model| model.x);
    let asked = analysis.curves.iter().flat_map(|curve| curve.predictions.iter().map(|p| p.x));
    own.chain(asked).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// How far beyond the scores a curve may widen the panel, as part of their range.
const BEYOND: f64 = 0.25;

/// The values of the curve that leads within a group's own range.
fn ends(report: &FitReport, analysis: &Analysis, group: usize) -> Vec<f64> {
    let own = group.checked_sub(1).map(|k| &report.groups[k].name);
    let (low, high) = extent(analysis, group);
    let of_group = analysis.line.iter().filter(|p| p.curve == analysis.curve && p.group.as_ref() == own);
    of_group.filter(|p| (low..=high).contains(&p.x)).map(|p| p.score).collect()
}

/// One range for both panels, so that before and after compare.
fn score_range(report: &FitReport) -> Option<(f64, f64)> {
    let analyses = || std::iter::once(&report.unadjusted).chain(&report.adjusted);
    let scores = analyses().flat_map(|a| a.models.iter().map(|m| m.score));
    let asked = analyses().flat_map(|a| a.curves.iter().filter(|c| c.curve == a.curve).flat_map(|c| &c.predictions));
    let all = scores.chain(asked.filter_map(|p| p.score));
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    // A curve may end beyond the scores; one that leaves them far behind would squeeze the panel.
    let most = BEYOND * (high - low);
    let ends = analyses().flat_map(|a| (0..=report.groups.len()).flat_map(move |group| ends(report, a, group)));
    let (low, high) = ends
        .filter(|y| (low - most..=high + most).contains(y))
        .fold((low, high), |(low, high), y| (low.min(y), high.max(y)));
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

fn point(model: &FittedModel, labelled: bool) -> Point {
    let interval = model.interval.ends().filter(|_| model.held_out);
    // The interval of a held-out model is drawn around what was predicted; the point is what was observed.
    Point { label: model.model.clone(), x: model.x, y: model.score, interval, labelled }
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale, range: None, ticks: Vec::new(), tick_labels: Vec::new() }
}

/// Names of groups in notes are cut to so many letters.
const LONGEST_GROUP: usize = 30;

fn notes(report: &FitReport, names: &[&str], analysis: &Analysis) -> Vec<Note> {
    let mut notes = Vec::new();
    let note = |text: String, quantity: String, estimate: &Estimate, bold: bool| Note {
        text,
        quantity,
        value: estimate.value,
        low: estimate.interval.low,
        high: estimate.interval.high,
        bold,
    };
    let several = analysis.thetas.len() > 1;
    for (k, named) in analysis.thetas.iter().enumerate() {
        let theta = &named.estimate;
        let Some(value) = theta.value else { continue };
        let text = with_interval(value, theta.interval.low, theta.interval.high);
        let bold = theta.p_value.is_some_and(|p| p < 0.05);
        let (group, quantity) = match several {
            true => (format!("{}: ", cut(names.get(k + 1).unwrap_or(&""))), format!("theta_{}", k + 1)),
            false => (String::new(), "theta".to_owned()),
        };
        notes.push(note(format!("{group}θ\u{302} = {text}"), quantity, theta, bold));
    }
    if let Some((c, value)) = analysis.emergence().and_then(|c| Some((c, c.value?))) {
        let shown = if report.is_logarithmic() { scientific_with_interval } else { with_interval };
        let text = shown(value, c.interval.low, c.interval.high);
        notes.push(note(format!("cₑ = {text}"), "c_e".into(), c, false));
    }
    if let Some(value) = analysis.r_squared {
        notes.push(Note::new(format!("R² = {value:.3}"), "r_squared", value));
    }
    notes
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(LONGEST_GROUP) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
