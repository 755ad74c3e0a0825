//! The figures emergence and loglinear: older models after more and more task examples.
//!
//! emergence fits two segments to score against compute, the left one at chance, as published: natural logarithms, only
//! models with 10²⁰ < C < 10²⁴ FLOPs, and the break where the published criterion puts it
//! ([`TwoSegment`](crate::stats::two_segment::TwoSegment)). loglinear fits one straight line and reports its R².

use super::built::{Built, cover_lines, shared_range};
use super::exhibit::Exhibit;
use super::intervals;
use super::item::{Item, ItemPart};
use super::panel::{band_layer, band_places, bent_line, chance_layer, compute_axis, points, score_axis};
use super::quantity::{PaperQuantity, Quantity, Recomputed, Remark};
use super::scores::{ByModel, Paper, Reading, at_examples, known};
use crate::analysis::figure::{Figure, Hue, Layer, LegendEntry, LegendKey, Marker, Note, Panel, Stroke};
use crate::analysis::scaling::{Scored, compute_range};
use crate::analysis::words::{scientific, thousands};
use crate::error::{Error, Result};
use crate::stats::estimate::Estimate;
use crate::stats::hinge::Hinge;
use crate::stats::linear::Linear;
use crate::stats::sample::Sample;
use crate::stats::two_segment::TwoSegment;

const MODELS: &str = "Models released before November 2023";
const FIT: &str = "Fit";
/// Why the panels of a column differ.
const ROWS: &str = "Each row has the numbers of task examples that the paper shows for its benchmark, so those of a column \
                    differ.";

/// Compute range of the published two-segment fit, FLOPs, ends excluded.
const RANGE: (f64, f64) = (1e20, 1e24);

/// What a panel fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Emergence,
    LogLinear,
}

/// Task examples of each row's panels.
type Rows = [(&'static str, [u64; 4]); 2];

/// Points of emergence of MMLU and GSM8K after four numbers of task examples.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn emergence(paper: &Paper<'_>) -> Result<Built> {
    let rows = [("mmlu", [0, 6_400, 16_000, 64_000]), ("gsm8k", [0, 16_000, 64_000, 1_600_000])];
    let caption = "Older models after more and more task examples: the point of emergence c_e moves to smaller compute. \
                   Two-segment fits through chance.";
    grid(paper, Exhibit::Emergence, caption, &rows, Kind::Emergence)
}

/// R² of the log-linear fit of MMLU and GSM8K after four numbers of task examples.
///
/// # Errors
/// When a score is missing or a fit impossible.
pub(crate) fn loglinear(paper: &Paper<'_>) -> Result<Built> {
    let rows = [("mmlu", [0, 6_400, 16_000, 64_000]), ("gsm8k", [0, 16_000, 64_000, 320_000])];
    let caption = "Older models after more and more task examples: a straight line in log compute describes the scores \
                   better and better.";
    grid(paper, Exhibit::Loglinear, caption, &rows, Kind::LogLinear)
}

fn grid(paper: &Paper<'_>, exhibit: Exhibit, caption: &str, rows: &Rows, kind: Kind) -> Result<Built> {
    let mut figure = Figure {
        name: exhibit.to_string(),
        caption: caption.into(),
        panels: Vec::new(),
        columns: 4,
        aspect: 1.0,
        legend: vec![
            LegendEntry { label: MODELS.into(), hue: Hue::Reference, key: LegendKey::Marker(Marker::Circle) },
            LegendEntry { label: FIT.into(), hue: Hue::Fit, key: LegendKey::Stroke(Stroke::Solid) },
        ],
        row_titles: Vec::new(),
        footer: ROWS.into(),
        title: String::new(),
    };
    let mut quantities = Vec::new();
    for (id, examples) in rows {
        let benchmark = known(id)?;
        let chance = paper.chance(benchmark);
        let sets: Vec<ByModel> = examples.iter().map(|&n| at_examples(paper, id, n)).collect::<Result<_>>()?;
        for (&n, scores) in examples.iter().zip(&sets) {
            let scored: Vec<Scored<'_>> = paper.by_release(scores)?.into_iter().filter(|s| !s.comparison).collect();
            let (layers, notes, estimate) = match (kind, paper.reading()) {
                (Kind::Emergence, Reading::Published) => emergence_fit(&scored, chance)?,
                (Kind::Emergence, Reading::Corrected) => corrected_emergence(&scored, chance)?,
                (Kind::LogLinear, reading) => log_linear_fit(&scored, reading)?,
            };
            let quantity = if kind == Kind::Emergence { PaperQuantity::Emergence } else { PaperQuantity::R2 };
            let item = Item::new(id, ItemPart::Examples(n));
            quantities.push(Quantity::of(exhibit, item, quantity, estimate, &scored));
            let cloud = Layer::Points {
                series: MODELS.into(),
                hue: Hue::Reference,
                marker: Marker::Circle,
                points: points(&scored),
            };
            figure.panels.push(Panel {
                title: format!("{} task examples", thousands(n)),
                x: compute_axis(),
                y: score_axis("Accuracy", Some(shared_range(&sets, chance))),
                layers: [chance_layer(chance), cloud].into_iter().chain(layers).collect(),
                notes,
            });
        }
        figure.row_titles.push(benchmark.name.to_string());
    }
    if kind == Kind::Emergence {
        cover_lines(&mut figure.panels);
    }
    Ok(Built { figure, quantities })
}

type Fitted = (Vec<Layer>, Vec<Note>, Recomputed);

fn emergence_fit(scores: &[Scored<'_>], chance: f64) -> Result<Fitted> {
    let inside: Vec<Scored<'_>> =
        scores.iter().copied().filter(|s| RANGE.0 < s.model.compute().0 && s.model.compute().0 < RANGE.1).collect();
    let (x, y) = columns(&inside);
    let natural: Vec<f64> = inside.iter().map(|s| s.model.compute().0.ln()).collect();
    let fit = TwoSegment::new(chance).fit(&natural, &y)?;
    let c = fit.break_at / std::f64::consts::LN_10;
    let line = bent_fit(&inside, c, |x| fit.predict(x * std::f64::consts::LN_10));
    let value = fit.break_at.exp();
    let least_squares = Hinge::new().chance(chance).within_data(true).fit(&x, &y, &[])?;
    let remark = least_squares.emergence().map(|c| {
        Remark::Sentence(format!(
            "The break minimises the squared residuals plus the Lagrange multipliers of the forced points, not the \
             squared residuals: by least squares it is at {:.2e}.",
            10f64.powf(c)
        ))
    });
    let notes = vec![Note::new(format!("cₑ = {}", scientific(value, 1)), "c_e", value)];
    Ok((vec![line], notes, Recomputed { remark, ..Estimate::of(value).into() }))
}

/// The hinge by least squares on every older model, its break with an interval.
fn corrected_emergence(scores: &[Scored<'_>], chance: f64) -> Result<Fitted> {
    let (x, y) = columns(scores);
    let sample = Sample::new(&x, &y)?.with_families(&intervals::families_of(scores))?;
    let fit = Hinge::new().chance(chance).fit_sample(&sample)?;
    let found = intervals::emergence(&fit, &sample);
    let estimate = &found.estimate;
    let line = bent_fit(scores, fit.c, |x| fit.predict(x, &[]));
    let (low, high) = compute_range(scores).unwrap_or((fit.c, fit.c));
    let places = band_places(low, high, fit.c);
    let band = intervals::hinge_band(&Hinge::new().chance(chance), &sample, &[], &places);
    let layers = band_layer(FIT, Hue::Fit, &places, &band).into_iter().chain([line]).collect();
    let text = estimate.value.map_or_else(|| "no cₑ in the data".to_owned(), |c| format!("cₑ = {}", scientific(c, 1)));
    let mut notes = vec![Note {
        text,
        quantity: "c_e".into(),
        value: estimate.value,
        low: estimate.interval.low,
        high: estimate.interval.high,
        bold: false,
    }];
    if let Some(text) = span(estimate) {
        notes.push(Note { text, quantity: String::new(), value: None, low: None, high: None, bold: false });
    }
    Ok((layers, notes, found))
}

/// The interval of a break in words; `None` without any bound.
fn span(estimate: &Estimate) -> Option<String> {
    match (estimate.interval.low, estimate.interval.high) {
        (Some(low), Some(high)) => Some(format!("{} to {}", scientific(low, 1), scientific(high, 1))),
        (Some(low), None) => Some(format!("from {}", scientific(low, 1))),
        (None, Some(high)) => Some(format!("up to {}", scientific(high, 1))),
        (None, None) => None,
    }
}

fn bent_fit(scores: &[Scored<'_>], c: f64, curve: impl Fn(f64) -> f64) -> Layer {
    let (low, high) = compute_range(scores).unwrap_or((c, c));
    Layer::Line { series: FIT.into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices: bent_line(low, high, c, curve) }
}

fn log_linear_fit(scores: &[Scored<'_>], reading: Reading) -> Result<Fitted> {
    let (x, y) = columns(scores);
    let fit = Linear::new().fit(&x, &y, &[])?;
    let (low, high) = compute_range(scores).unwrap_or((0.0, 0.0));
    let vertices = [low, high].map(|x| (10f64.powf(x), fit.predict(x, &[]))).to_vec();
    let line = Layer::Line { series: FIT.into(), hue: Hue::Fit, stroke: Stroke::Solid, vertices };
    let value = fit.r_squared().ok_or_else(|| Error::Undetermined("every score is the same: there is no R²".into()))?;
    let found = match reading {
        Reading::Published => Estimate::of(value).into(),
        Reading::Corrected => intervals::line_r_squared(value, &x, &y, &intervals::families_of(scores)),
    };
    let band = match reading {
        Reading::Published => None,
        Reading::Corrected => {
            let places = band_places(low, high, low);
            let band = intervals::line_band(&x, &y, &intervals::families_of(scores), &places);
            band_layer(FIT, Hue::Fit, &places, &band)
        }
    };
    let interval = found.estimate.interval;
    let note = Note::new(format!("R² = {value:.3}"), "r2", value);
    let mut notes = vec![Note { low: interval.low, high: interval.high, ..note }];
    if let Some((low, high)) = interval.ends() {
        let text = format!("[{low:.3}, {high:.3}]");
        notes.push(Note { text, quantity: String::new(), value: None, low: None, high: None, bold: false });
    }
    Ok((band.into_iter().chain([line]).collect(), notes, found))
}

fn columns(scores: &[Scored<'_>]) -> (Vec<f64>, Vec<f64>) {
    scores.iter().map(|s| (s.log10_compute(), s.score)).unzip()
}
