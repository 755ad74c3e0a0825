//! The figure pareto: the best score per compute among old models and among all models.

use super::built::{Built, shared_range};
use super::exhibit::Exhibit;
use super::item::{Item, ItemPart};
use super::panel::{BY_RELEASE, chance_layer, compute_axis, group_layers, score_axis};
use super::quantity::{PaperQuantity, Quantity, Recomputed, Remark};
use super::scores::{EPOCHS, Paper, Reading, adjustment_for, known};
use crate::analysis::Phase;
use crate::analysis::figure::{Figure, Hue, Layer, LegendEntry, LegendKey, Note, Panel, Stroke};
use crate::analysis::pareto::{Step, area_between, frontier, value_at};
use crate::analysis::scaling::{Scored, compute_range};
use crate::error::{Error, Result};
use crate::registry::Condition;
use crate::stats::estimate::Estimate;

const OLD: &str = "Frontier of models before November 2023";
const ALL: &str = "Frontier of all models";
const GAP: &str = "Area between the frontiers";

/// MMLU and GSM8K before and after adjustment, with the area between the two frontiers.
///
/// # Errors
/// When a score is missing.
pub(crate) fn pareto(paper: &Paper<'_>) -> Result<Built> {
    let mut legend = BY_RELEASE.legend();
    for entry in &mut legend {
        // The groups are points here; the lines are the frontiers.
        if let LegendKey::MarkedStroke(marker, _) = entry.key {
            entry.key = LegendKey::Marker(marker);
        }
    }
    legend.push(LegendEntry { label: OLD.into(), hue: Hue::Reference, key: LegendKey::Stroke(Stroke::Solid) });
    legend.push(LegendEntry { label: ALL.into(), hue: Hue::Comparison, key: LegendKey::Stroke(Stroke::Dashed) });
    legend.push(LegendEntry { label: GAP.into(), hue: Hue::Fit, key: LegendKey::Box });
    let mut figure = Figure {
        name: "pareto".into(),
        caption: "Best score at or below each compute among the models released before November 2023 and among all \
                  models; the area between the two frontiers is in decades of compute × accuracy."
            .into(),
        panels: Vec::new(),
        columns: 2,
        aspect: 1.35,
        legend,
        row_titles: vec!["Unadjusted".into(), "Adjusted".into()],
        footer: String::new(),
        title: String::new(),
    };
    let mut quantities = Vec::new();
    for phase in Phase::BOTH {
        for id in ["mmlu", "gsm8k"] {
            let (before, after) = paper.pair(id, &Condition::epochs(adjustment_for(id), EPOCHS))?;
            let scores = paper.by_release(phase.of(&before, &after))?;
            let chance = paper.chance(known(id)?);
            let range = shared_range([&before, &after], chance);
            let (panel, area) = panel(&known(id)?.name, &scores, chance, range)?;
            figure.panels.push(panel);
            let estimate = Recomputed { remark: no_interval(paper.reading()), ..Estimate::of(area).into() };
            quantities.push(Quantity::of(
                Exhibit::Pareto,
                Item::new(id, ItemPart::Phase(phase)),
                PaperQuantity::Area,
                estimate,
                &scores,
            ));
        }
    }
    Ok(Built { figure, quantities })
}

/// A frontier is made of maxima, for which no resampling of families gives an interval that holds.
fn no_interval(reading: Reading) -> Option<Remark> {
    (reading == Reading::Corrected)
        .then(|| Remark::Sentence("No interval: a frontier is made of maxima, which a bootstrap cannot bound.".into()))
}

fn panel(title: &str, scores: &[Scored<'_>], chance: f64, range: (f64, f64)) -> Result<(Panel, f64)> {
    let (_, end) =
        compute_range(scores).ok_or_else(|| Error::Undetermined(format!("{title}: no model to draw a frontier of")))?;
    let steps_of = |keep: &dyn Fn(&Scored<'_>) -> bool| {
        let points: Vec<(f64, f64)> = scores.iter().filter(|s| keep(s)).map(|s| (s.log10_compute(), s.score)).collect();
        frontier(&points)
    };
    let old = steps_of(&|s| !s.comparison);
    let all = steps_of(&|_| true);
    let area = area_between(&all, &old, end);
    let mut layers =
        vec![chance_layer(chance), Layer::Band { series: GAP.into(), hue: Hue::Fit, vertices: gap(&all, &old, end) }];
    layers.extend(group_layers(scores, BY_RELEASE));
    for (series, steps, hue, stroke) in
        [(OLD, &old, Hue::Reference, Stroke::Solid), (ALL, &all, Hue::Comparison, Stroke::Dashed)]
    {
        layers.push(Layer::Line { series: series.into(), hue, stroke, vertices: staircase(steps, end) });
    }
    let notes = vec![Note::new(format!("Area = {area:.2}"), "area", area)];
    let panel = Panel { title: title.into(), x: compute_axis(), y: score_axis("Accuracy", Some(range)), layers, notes };
    Ok((panel, area))
}

/// The corners of a step function, left to right, in FLOPs.
fn staircase(steps: &[Step], end: f64) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::with_capacity(2 * steps.len() + 1);
    for step in steps {
        if let Some(&(_, previous)) = corners.last() {
            corners.push((10f64.powf(step.x), previous));
        }
        corners.push((10f64.powf(step.x), step.score));
    }
    if let Some(&(_, last)) = corners.last() {
        corners.push((10f64.powf(end), last));
    }
    corners
}

/// The area between two frontiers as a band with vertical edges.
fn gap(upper: &[Step], lower: &[Step], end: f64) -> Vec<(f64, f64, f64)> {
    let mut knots: Vec<f64> = upper.iter().chain(lower).map(|s| s.x).collect();
    knots.push(end);
    knots.sort_by(f64::total_cmp);
    knots.dedup();
    let mut band = Vec::new();
    for w in knots.windows(2) {
        if let (Some(high), Some(low)) = (value_at(upper, w[0]), value_at(lower, w[0])) {
            band.push((10f64.powf(w[0]), low, high));
            band.push((10f64.powf(w[1]), low, high));
        }
    }
    band
}
