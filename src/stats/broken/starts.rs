//! Where the search begins: a grid over the level a, places and sharpness of the breaks, with the rest solved.

use super::rows::{BASE, OF_BREAK, Rows, softplus};
use crate::stats::cross_products::CrossProducts;

/// Places of breaks, as shares of the range of ln x: some lie beyond the data.
const PLACES: [f64; 11] = [-0.1, 0.05, 0.15, 0.25, 0.37, 0.5, 0.63, 0.75, 0.85, 0.95, 1.08];
/// Sharpness, as shares of the range: from a corner to a slow turn.
const SHARPNESS: [f64; 3] = [0.01, 0.05, 0.2];
/// Distance of a from the nearest score, as shares of the range of scores.
const DISTANCES: [f64; 6] = [0.003, 0.02, 0.08, 0.25, 0.8, 3.0];
/// Observations that are enough to find the basins.
const ENOUGH: usize = 150;
/// A break that is begun with for every place where one break is known already.
const IDLE: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

impl Rows {
    /// The best starts of every combination of places, those that leave least first.
    pub(super) fn starts(&self) -> Vec<Vec<f64>> {
        let (low, high) = range(&self.t);
        let (least, most) = range(&self.y);
        let (reach, spread) = (high - low, most - least);
        let levels: Vec<f64> =
            DISTANCES.iter().flat_map(|share| [least - share * spread, most + share * spread]).collect();
        let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
        let (mut lower, mut linear) = (Vec::new(), Vec::new());
        // What fits a gentle turn best is no guide to a sharp one elsewhere, so every place keeps its own.
        let each = if self.breaks == 1 { SHARPNESS.len() } else { 1 };
        for alike in self.grid(low, reach).chunks(SHARPNESS.len().pow(self.breaks as u32)) {
            let mut best: Vec<(f64, Vec<f64>)> = Vec::new();
            for breaks in alike {
                let bends = self.bends(breaks);
                let of_levels =
                    levels.iter().filter_map(|level| self.solved(*level, breaks, &bends, &mut lower, &mut linear));
                best.extend(of_levels.min_by(|a, b| a.0.total_cmp(&b.0)));
            }
            best.sort_by(|a, b| a.0.total_cmp(&b.0));
            found.extend(best.into_iter().take(each));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.into_iter().map(|(_, start)| start).collect()
    }

    /// Starts that have one break more than `known`, idle as yet.
    pub(super) fn with_idle_break(&self, known: &[f64]) -> Vec<Vec<f64>> {
        let (low, high) = range(&self.t);
        let at = BASE + OF_BREAK * (self.breaks - 1);
        let idle = |share: &f64| {
            let mut start = known.to_vec();
            start.splice(at..at, [0.0, low + share * (high - low), (0.05 * (high - low)).ln()]);
            start
        };
        IDLE.iter().map(idle).collect()
    }

    /// Places and logarithms of sharpness of all breaks, in order of their places.
    fn grid(&self, low: f64, reach: f64) -> Vec<Vec<(f64, f64)>> {
        let one = |place: f64| SHARPNESS.iter().map(move |f| (low + place * reach, (f * reach).ln()));
        if self.breaks == 1 {
            return PLACES.iter().flat_map(|place| one(*place)).map(|one| vec![one]).collect();
        }
        let mut pairs = Vec::new();
        for (k, first) in PLACES.iter().enumerate() {
            for second in &PLACES[k + 1..] {
                pairs.extend(one(*first).flat_map(|a| one(*second).map(move |b| vec![a, b])));
            }
        }
        pairs
    }

    /// f softplus((t - δ)/f) of every break, at some observations.
    fn bends(&self, breaks: &[(f64, f64)]) -> Vec<Vec<f64>> {
        let bend = |t: f64, (place, log): &(f64, f64)| log.exp() * softplus((t - place) / log.exp());
        self.some().map(|i| breaks.iter().map(|one| bend(self.t[i], one)).collect()).collect()
    }

    fn some(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.t.len()).step_by(self.t.len().div_ceil(ENOUGH).max(1))
    }

    /// The start at this level and these breaks, with the sum of squares it leaves; group differences are 0 in it.
    fn solved(
        &self,
        level: f64,
        breaks: &[(f64, f64)],
        bends: &[Vec<f64>],
        lower: &mut Vec<f64>,
        linear: &mut Vec<f64>,
    ) -> Option<(f64, Vec<f64>)> {
        let dim = 2 + breaks.len() + 1;
        let mut products = CrossProducts::zeros(lower, dim);
        let mut row = Vec::with_capacity(dim);
        for (i, bend) in self.some().zip(bends) {
            let above = self.y[i] - level;
            row.clear();
            row.extend([1.0, -self.t[i]]);
            row.extend(bend.iter().map(|bend| -bend));
            row.push(above.abs().ln());
            products.add(&row, (self.root[i] * above).powi(2));
        }
        products.eliminate()?;
        products.coefficients(linear);
        let sign = if self.y.first()? > &level { 1.0 } else { -1.0 };
        let sse: f64 = self
            .some()
            .zip(bends)
            .map(|(i, bend)| {
                let bent: f64 = bend.iter().zip(&linear[2..]).map(|(bend, c)| c * bend).sum();
                let fitted = level + sign * (linear[0] - linear[1] * self.t[i] - bent).exp();
                (self.root[i] * (self.y[i] - fitted)).powi(2)
            })
            .sum();
        let mut start = vec![level, sign * linear[0].exp(), linear[1]];
        for ((place, log), c) in breaks.iter().zip(&linear[2..]) {
            start.extend([*c, *place, *log]);
        }
        start.extend(vec![0.0; self.z.len()]);
        sse.is_finite().then(|| (sse, self.searched(start)))
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}
