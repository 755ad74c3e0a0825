//! From values to axis space: the range an axis shows.
//!
//! Axis space is the value itself on a linear axis and its decimal logarithm on a logarithmic one. Everything between
//! the figure's data and the canvas (ranges, ticks, clipping) happens there, so that both scales share one code.

use crate::analysis::figure::{Axis, Layer, Panel, Scale};

/// Free space beyond the outermost values, as part of the range.
const MARGIN: f64 = 0.05;
/// Values beyond this are left out: differences of two of them must stay finite.
const LARGEST: f64 = 1e300;
/// Ranges narrower than this, relative to their values, count as a single value.
const NARROWEST: f64 = 1e-9;

/// The stretch of axis space an axis shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ruler {
    pub log: bool,
    pub low: f64,
    pub high: f64,
}

impl Ruler {
    /// Horizontal ruler of a panel.
    pub(super) fn across(panel: &Panel) -> Self {
        let values = panel.layers.iter().flat_map(|layer| match layer {
            Layer::Points { points, .. } => points.iter().map(|p| p.x).collect(),
            Layer::Line { vertices, .. } => vertices.iter().map(|v| v.0).collect(),
            Layer::Band { vertices, .. } => vertices.iter().map(|v| v.0).collect(),
            Layer::Bars { bars, .. } => bars.iter().flat_map(|b| [b.0, b.1]).collect(),
            Layer::Cells { cells, .. } => cells.iter().flat_map(|c| [c.x - 0.5, c.x + 0.5]).collect(),
            Layer::VerticalRule { x, .. } => vec![*x],
            Layer::HorizontalRule { .. } => Vec::new(),
        });
        Self::new(&panel.x, values, false)
    }

    /// Vertical ruler of a panel.
    pub(super) fn upwards(panel: &Panel) -> Self {
        let values = panel.layers.iter().flat_map(|layer| match layer {
            Layer::Points { points, .. } => points
                .iter()
                .flat_map(|p| std::iter::once(p.y).chain(p.interval.into_iter().flat_map(|(low, high)| [low, high])))
                .collect(),
            Layer::Line { vertices, .. } => vertices.iter().map(|v| v.1).collect(),
            Layer::Band { vertices, .. } => vertices.iter().flat_map(|v| [v.1, v.2]).collect(),
            Layer::Bars { bars, .. } => bars.iter().flat_map(|b| [0.0, b.2]).collect(),
            Layer::Cells { cells, .. } => cells.iter().flat_map(|c| [c.y - 0.5, c.y + 0.5]).collect(),
            Layer::HorizontalRule { y, .. } => vec![*y],
            Layer::VerticalRule { .. } => Vec::new(),
        });
        let stands_on_zero = panel.layers.iter().any(|layer| matches!(layer, Layer::Bars { .. }));
        Self::new(&panel.y, values, stands_on_zero)
    }

    fn new(axis: &Axis, values: impl Iterator<Item = f64>, stands_on_zero: bool) -> Self {
        let log = axis.scale == Scale::Log10;
        let bare = Self { log, low: 0.0, high: 1.0 };
        if let Some((Some(a), Some(b))) = axis.range.map(|(a, b)| (bare.locate(a), bare.locate(b)))
            && (b - a).abs() > NARROWEST * a.abs().max(b.abs())
        {
            return Self { log, low: a.min(b), high: a.max(b) };
        }
        let placed = values.filter_map(|v| bare.locate(v));
        let categories: Vec<f64> = match axis.tick_labels.is_empty() {
            true => Vec::new(),
            false => axis.ticks.iter().filter_map(|&t| bare.locate(t)).collect(),
        };
        let (low, high) = span(placed.chain(categories.iter().copied()));
        if low > high {
            return bare;
        }
        if high - low <= NARROWEST * low.abs().max(high.abs()) || high == low {
            let half = if log || low == 0.0 { 0.5 } else { 0.1 * low.abs() };
            return Self { log, low: low - half, high: high + half };
        }
        let margin = if categories.len() > 1 {
            let (first, last) = span(categories.iter().copied());
            let half_step = 0.5 * (last - first) / (categories.len() - 1) as f64;
            return Self { log, low: low.min(first - half_step), high: high.max(last + half_step) };
        } else {
            MARGIN * (high - low)
        };
        let rests = stands_on_zero && !log && low == 0.0;
        Self { log, low: if rests { 0.0 } else { low - margin }, high: high + margin }
    }

    /// Position of a value in axis space; `None` where there is none (NaN, infinite, not positive on a logarithmic
    /// axis).
    pub(super) fn locate(&self, value: f64) -> Option<f64> {
        let at = if self.log { value.log10() } else { value };
        (at.is_finite() && at.abs() <= LARGEST).then_some(at)
    }

    /// Whether a position in axis space lies on the axis, up to rounding at its ends.
    pub(super) fn shows(&self, at: f64) -> bool {
        let slack = 1e-9 * (self.high - self.low);
        at >= self.low - slack && at <= self.high + slack
    }
}

/// Smallest and largest of some positions; the first above the second when there are none.
fn span(positions: impl Iterator<Item = f64>) -> (f64, f64) {
    positions.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(scale: Scale, range: Option<(f64, f64)>) -> Axis {
        Axis { label: String::new(), scale, range, ticks: Vec::new(), tick_labels: Vec::new() }
    }

    #[test]
    fn the_margin_of_a_logarithmic_axis_is_a_part_of_its_decades() {
        let ruler = Ruler::new(&axis(Scale::Log10, None), [1e20, 1e24, f64::NAN, -3.0].into_iter(), false);
        assert!((ruler.low - 19.8).abs() < 1e-12 && (ruler.high - 24.2).abs() < 1e-12);
    }

    #[test]
    fn equal_values_and_no_values_still_have_a_range() {
        for scale in [Scale::Linear, Scale::Log10] {
            for values in [vec![], vec![f64::INFINITY], vec![0.25], vec![0.25; 3], vec![1e300, -1e300], vec![0.0]] {
                let ruler = Ruler::new(&axis(scale, None), values.iter().copied(), false);
                assert!(ruler.low < ruler.high && (ruler.high - ruler.low).is_finite(), "{scale:?} {values:?}");
            }
        }
    }

    #[test]
    fn an_impossible_range_is_replaced_by_that_of_the_data() {
        for range in [(0.0, 0.0), (f64::NAN, 1.0), (-1.0, f64::INFINITY)] {
            let ruler = Ruler::new(&axis(Scale::Linear, Some(range)), [0.0, 2.0].into_iter(), false);
            assert!((ruler.low + 0.1).abs() < 1e-12 && (ruler.high - 2.1).abs() < 1e-12);
        }
        let backwards = Ruler::new(&axis(Scale::Linear, Some((1.0, 0.0))), std::iter::empty(), false);
        assert_eq!((backwards.low, backwards.high), (0.0, 1.0));
    }

    #[test]
    fn bars_stand_on_the_lower_edge_of_the_panel() {
        let ruler = Ruler::new(&axis(Scale::Linear, None), [0.0, 3.0].into_iter(), true);
        assert_eq!(ruler.low, 0.0);
        assert!(ruler.high > 3.0);
    }
}
