//! The noise of a benchmark's scores: from its items where scores are shares of items, else from standard errors.

use crate::Result;
use crate::registry::Metric;
use crate::registry::modelset::{GridBenchmark, GridScores, ScoreScale};
use crate::stats::ceiling::{Ceiling, CeilingFit, Noise};
use crate::stats::rank_range::{RankRange, rank_ranges};

/// One benchmark's noise under one condition.
pub(super) struct ColumnNoise {
    pub(super) ceiling: CeilingFit,
    pub(super) ranks: Vec<Option<RankRange>>,
    /// Items that the registry knows, where the tables say nothing.
    pub(super) items_of_registry: Option<u32>,
}

impl ColumnNoise {
    /// Of benchmark `k`; `values` are its scores that are compared.
    pub(super) fn of(
        benchmark: &GridBenchmark,
        scores: &GridScores,
        k: usize,
        values: &[f64],
        level: f64,
    ) -> Result<Option<Self>> {
        let has = |numbers: &[f64]| values.iter().zip(numbers).all(|(y, n)| y.is_nan() || n.is_finite());
        let shares = benchmark.scale != ScoreScale::Any && !benchmark.falls;
        let measure = benchmark.metric.as_ref().and_then(|metric| metric.parse::<Metric>().ok());
        // A metric that is not known is taken for a share of items only where no standard errors are there.
        let counted = measure.map(|metric| metric.measure.is_binary());
        let (items, stderr) = (&scores.items[k], &scores.stderr[k]);
        let in_range = values.iter().all(|y| y.is_nan() || (0.0..=1.0).contains(y));
        let by_items = shares && in_range && has(items) && items.iter().all(|n| n.is_nan() || *n >= 1.0);
        let mut items_of_registry = None;
        let errors: Vec<f64> = if by_items && (counted == Some(true) || (counted.is_none() && !has(stderr))) {
            errors_of(values, items)
        } else if has(stderr) && stderr.iter().all(|e| e.is_nan() || *e >= 0.0) {
            stderr.clone()
        } else {
            let known = benchmark.known.filter(|known| known.score.measure.is_binary());
            match known.filter(|_| shares && in_range && counted != Some(false) && items.iter().all(|n| n.is_nan())) {
                Some(known) => {
                    items_of_registry = Some(known.items);
                    errors_of(values, &vec![f64::from(known.items); values.len()])
                }
                None => return Ok(None),
            }
        };
        let same = items.iter().zip(values).filter(|(_, y)| !y.is_nan()).map(|(n, _)| *n).collect::<Vec<_>>();
        let noise = match (items_of_registry, same.first()) {
            (Some(items), _) => Noise::Items(f64::from(items)),
            (None, Some(first)) if by_items && counted != Some(false) && same.iter().all(|n| n == first) => {
                Noise::Items(*first)
            }
            _ => Noise::StandardErrors(errors.clone()),
        };
        Ok(Some(Self {
            ceiling: Ceiling::new().fit(values, &noise)?,
            ranks: rank_ranges(values, &errors, level)?,
            items_of_registry,
        }))
    }
}

/// Standard errors of shares of so many items.
fn errors_of(values: &[f64], items: &[f64]) -> Vec<f64> {
    values.iter().zip(items).map(|(p, n)| (p * (1.0 - p) / n).sqrt()).collect()
}
