//! A figure of the paper with its numbers, and the scales that its panels share.

use super::quantity::Quantity;
use super::scores::ByModel;
use crate::analysis::figure::{Figure, Layer, Panel};

/// A figure and the numbers the paper prints in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Built {
    /// What is drawn.
    pub figure: Figure,
    /// The printed numbers, recomputed.
    pub quantities: Vec<Quantity>,
}

/// Smallest and largest score of several sets and the chance level, with a margin: one scale for panels side by side.
pub(super) fn shared_range<'a>(sets: impl IntoIterator<Item = &'a ByModel>, chance: f64) -> (f64, f64) {
    let (low, high) = sets
        .into_iter()
        .flat_map(|set| set.values())
        .fold((chance, chance), |(low, high), &score| (low.min(score), high.max(score)));
    let margin = 0.06 * (high - low).max(0.01);
    (low - margin, high + margin)
}

/// Widens vertical ranges so that no fitted line leaves its panel. Panels that shared a range still share one.
pub(super) fn cover_lines(panels: &mut [Panel]) {
    let given: Vec<Option<(f64, f64)>> = panels.iter().map(|panel| panel.y.range).collect();
    let heights = |panel: &Panel| -> Vec<f64> {
        let lines = panel.layers.iter().filter_map(|layer| match layer {
            Layer::Line { vertices, .. } => Some(vertices),
            _ => None,
        });
        lines.flatten().map(|&(_, y)| y).collect()
    };
    let widened: Vec<Option<(f64, f64)>> = given
        .iter()
        .map(|range| {
            let (low, high) = (*range)?;
            let margin = 0.03 * (high - low);
            let sharing = panels.iter().zip(&given).filter(|(_, other)| *other == range);
            let lines = sharing.flat_map(|(panel, _)| heights(panel));
            Some(lines.fold((low, high), |(low, high), y| (low.min(y - margin), high.max(y + margin))))
        })
        .collect();
    for (panel, range) in panels.iter_mut().zip(widened) {
        panel.y.range = range;
    }
}
