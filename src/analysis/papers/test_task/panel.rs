//! Building blocks of the paper's figures: axes, the two groups of models, fitted lines, estimates.

use super::exhibit::Exhibit;
use super::group_fit::GroupFit;
use super::item::Item;
use super::quantity::{PaperQuantity, Quantity};
use super::scores::Reading;
use crate::analysis::figure::{Axis, Hue, Layer, LegendEntry, LegendKey, Marker, Panel, Point, Scale, Stroke};
use crate::analysis::scaling::{Scored, compute_range};
use crate::error::Result;
use crate::stats::estimate::Interval;

/// Names of the two groups, as in the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupNames {
    /// z = 0.
    pub reference: &'static str,
    /// z = 1.
    pub comparison: &'static str,
}

/// The paper's own grouping.
pub(crate) const BY_RELEASE: GroupNames =
    GroupNames { reference: "Released before November 2023", comparison: "Released from November 2023 on" };

impl GroupNames {
    /// The legend entries of both groups.
    #[must_use]
    pub(crate) fn legend(&self) -> Vec<LegendEntry> {
        [
            (self.reference, Hue::Reference, Marker::Circle, Stroke::Solid),
            // Where the curves of both groups coincide, both are seen.
            (self.comparison, Hue::Comparison, Marker::Triangle, Stroke::Dashed),
        ]
        .into_iter()
        .map(|(label, hue, marker, stroke)| LegendEntry {
            label: label.to_owned(),
            hue,
            key: LegendKey::MarkedStroke(marker, stroke),
        })
        .collect()
    }
}

/// The axis every scaling figure shares.
#[must_use]
pub(crate) fn compute_axis() -> Axis {
    Axis {
        label: "Pretraining compute (FLOPs)".into(),
        scale: Scale::Log10,
        range: None,
        ticks: Vec::new(),
        tick_labels: Vec::new(),
    }
}

/// A linear axis whose range is fixed, so that panels side by side compare.
#[must_use]
pub(crate) fn score_axis(label: &str, range: Option<(f64, f64)>) -> Axis {
    Axis { label: label.to_owned(), scale: Scale::Linear, range, ticks: Vec::new(), tick_labels: Vec::new() }
}

/// The models of one group as points.
#[must_use]
pub(crate) fn points<'a>(scores: impl IntoIterator<Item = &'a Scored<'a>>) -> Vec<Point> {
    scores
        .into_iter()
        .map(|s| Point {
            label: s.model.name.clone(),
            x: s.model.compute().0,
            y: s.score,
            interval: None,
            labelled: false,
        })
        .collect()
}

/// Both groups as two clouds of points.
#[must_use]
pub(crate) fn group_layers(scores: &[Scored<'_>], names: GroupNames) -> Vec<Layer> {
    [
        (false, names.reference, Hue::Reference, Marker::Circle),
        (true, names.comparison, Hue::Comparison, Marker::Triangle),
    ]
    .into_iter()
    .map(|(comparison, series, hue, marker)| Layer::Points {
        series: series.to_owned(),
        hue,
        marker,
        points: points(scores.iter().filter(|s| s.comparison == comparison)),
    })
    .collect()
}

/// The chance level as a line across the panel.
#[must_use]
pub(crate) fn chance_layer(chance: f64) -> Layer {
    Layer::HorizontalRule { series: "Chance".into(), y: chance }
}

/// The vertices of a curve that is straight but for a bend at `c`, from `low` to `high` (log10 FLOPs), as (FLOPs, score).
#[must_use]
pub(crate) fn bent_line(low: f64, high: f64, c: f64, curve: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut xs = vec![low];
    if low < c && c < high {
        xs.push(c);
    }
    xs.push(high);
    xs.into_iter().map(|x| (10f64.powf(x), curve(x))).collect()
}

/// Points of a band.
const BAND_POINTS: usize = 41;

/// Places of a band from `low` to `high`, a bend at `c` among them.
#[must_use]
pub(super) fn band_places(low: f64, high: f64, c: f64) -> Vec<f64> {
    let mut all: Vec<f64> =
        (0..BAND_POINTS).map(|k| low + (high - low) * k as f64 / (BAND_POINTS - 1) as f64).collect();
    all.extend(Some(c).filter(|c| low < *c && *c < high));
    all.sort_by(f64::total_cmp);
    all
}

/// A band through the intervals at places `x` (log10 FLOPs); `None` without any.
#[must_use]
pub(super) fn band_layer(series: &str, hue: Hue, x: &[f64], intervals: &[Interval]) -> Option<Layer> {
    let vertices: Vec<(f64, f64, f64)> = x
        .iter()
        .zip(intervals)
        .filter_map(|(x, band)| band.ends().map(|(low, high)| (10f64.powf(*x), low, high)))
        .collect();
    (!vertices.is_empty()).then(|| Layer::Band { series: series.to_owned(), hue, vertices })
}

/// The hinge of each group over that group's own range of compute, with its band where there is one.
#[must_use]
fn hinge_layers(scores: &[Scored<'_>], fit: &GroupFit, names: GroupNames) -> Vec<Layer> {
    [(false, names.reference, Hue::Reference, Stroke::Solid), (true, names.comparison, Hue::Comparison, Stroke::Dashed)]
        .into_iter()
        .filter_map(|(comparison, series, hue, stroke)| {
            let (low, high) = compute_range(scores.iter().filter(|s| s.comparison == comparison))?;
            let places = band_places(low, high, fit.c());
            let band = band_layer(series, hue, &places, &fit.band(&places, comparison));
            let vertices = bent_line(low, high, fit.c(), |x| fit.predict(x, comparison));
            let line = Layer::Line { series: series.to_owned(), hue, stroke, vertices };
            Some(band.into_iter().chain([line]))
        })
        .flatten()
        .collect()
}

/// A panel that compares two groups, and where the paper prints its numbers.
pub(super) struct PanelSpec<'a> {
    /// Figure the numbers belong to.
    pub(super) figure: Exhibit,
    /// Panel within it.
    pub(super) item: Item,
    /// Title as drawn.
    pub(super) title: String,
    /// Label of the vertical axis.
    pub(super) y: &'a str,
    /// Range of the vertical axis.
    pub(super) range: (f64, f64),
    /// Chance level.
    pub(super) chance: f64,
    /// Whether R² is reported besides θ.
    pub(super) with_r2: bool,
    /// Names of the groups.
    pub(super) names: GroupNames,
}

/// A panel of two groups with their hinges, θ̂ and, when asked, R²; with the same numbers as recomputed ones.
///
/// # Errors
/// When the fit is impossible.
pub(super) fn comparison_panel(
    reading: Reading,
    spec: &PanelSpec<'_>,
    scores: &[Scored<'_>],
) -> Result<(Panel, Vec<Quantity>)> {
    let fit = GroupFit::new(reading, scores, spec.chance)?;
    let mut layers = vec![chance_layer(spec.chance)];
    layers.extend(group_layers(scores, spec.names));
    layers.extend(hinge_layers(scores, &fit, spec.names));
    let mut notes = vec![fit.theta_note()];
    let mut quantities = vec![Quantity::of(spec.figure, spec.item.clone(), PaperQuantity::Theta, fit.theta(), scores)];
    if spec.with_r2 {
        let r2 = fit.r_squared()?;
        notes.push(fit.r_squared_note(&r2));
        quantities.push(Quantity::of(spec.figure, spec.item.clone(), PaperQuantity::R2Uncentered, r2, scores));
    }
    let y = score_axis(spec.y, Some(spec.range));
    Ok((Panel { title: spec.title.clone(), x: compute_axis(), y, layers, notes }, quantities))
}
