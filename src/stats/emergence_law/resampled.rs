//! The law of points that are drawn anew.

use super::fit::{EmergenceLaw, EmergenceLawFit};
use super::points::EmergencePoints;
use crate::stats::bootstrap::{Bootstrap, Replicates};
use crate::stats::clusters::Clusters;
use crate::stats::estimate::Interval;
use crate::stats::hinge::{Hinge, HingeSolver, Outcome};
use crate::{Error, Result};

/// What is computed from every resample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmergenceQuantity {
    /// c₀, forecast from models with task examples.
    Without,
    /// s, the shift at the most examples.
    Shift,
    /// D₀ or γ.
    Scale,
    /// α₀, the gain without examples.
    Gain,
    /// The gain at the most examples.
    GainAtMost,
    /// The point of emergence of the hinge of scores without examples.
    Observed,
    /// c₀ less that.
    Error,
    /// c₀, or infinity where the resample ended at a bound beyond which c₀ may be larger.
    AtMost,
    /// The error, likewise.
    ErrorAtMost,
    /// The point of emergence by the law after the number of examples of this place of the list that was asked for.
    At(usize),
}

/// Scores of models without task examples, beside which the forecast is put.
#[derive(Debug, Clone, Copy)]
pub struct WithoutExamples<'a> {
    /// log10 FLOPs.
    pub x: &'a [f64],
    /// The scores.
    pub y: &'a [f64],
}

impl EmergenceQuantity {
    /// Its place among the replicates.
    pub fn place(self) -> usize {
        match self {
            Self::Without => 0,
            Self::Shift => 1,
            Self::Scale => 2,
            Self::Gain => 3,
            Self::GainAtMost => 4,
            Self::Observed => 5,
            Self::Error => 6,
            Self::AtMost => 7,
            Self::ErrorAtMost => 8,
            Self::At(k) => 9 + k,
        }
    }

    /// The percentile interval of this quantity. The upper end of c₀, and of the error, counts resamples that ended at a bound
    /// as infinite: that of a shift as large as the range of compute, or of a D₀ or γ as small as is allowed.
    pub fn interval(self, drawn: &Replicates, level: f64) -> Option<Interval> {
        let interval = drawn.percentile(self.place(), level)?;
        let above = match self {
            Self::Without => Self::AtMost,
            Self::Error => Self::ErrorAtMost,
            _ => return Some(interval),
        };
        Some(Interval { high: drawn.percentile(above.place(), level)?.high, ..interval })
    }
}

/// The hinge of the scores without examples, in one thread.
struct Beside {
    solver: HingeSolver,
}

impl WithoutExamples<'_> {
    fn beside(&self, chance: f64) -> Result<Beside> {
        Ok(Beside { solver: Hinge::new().chance(chance).solver(self.x, &[])? })
    }
}

impl Beside {
    /// Its point of emergence: -∞ for a rise at every compute, +∞ for none; `None` where the resample has no hinge.
    fn emergence(&mut self, y: &[f64], weights: &[f64]) -> Option<f64> {
        let hinge = self.solver.fit(y, Some(weights)).ok()?;
        Some(match hinge.outcome {
            Outcome::Break => hinge.c,
            Outcome::NoBreak => f64::NEG_INFINITY,
            Outcome::Flat => f64::INFINITY,
        })
    }
}

impl EmergenceLaw {
    /// Draws clusters of points (families or models) with replacement and fits the law to each resample, from the ends of the
    /// search over all points on. `clusters` has a label for every point and, after them, for every score in `without`, so that
    /// the two are drawn together and their difference is that of one resample. `examples` are the numbers at which c is also
    /// asked for. [`EmergenceQuantity`] says where each quantity stands. A resample in which nothing rises is left out.
    ///
    /// # Errors
    /// `Argument` for a wrong number of labels, and those of [`Bootstrap::pairs`].
    pub fn bootstrap(
        &self,
        bootstrap: &Bootstrap,
        fit: &EmergenceLawFit,
        points: &EmergencePoints,
        without: Option<WithoutExamples<'_>>,
        clusters: &Clusters,
        examples: &[f64],
    ) -> Result<Replicates> {
        let n = points.x.len();
        let all = n + without.map_or(0, |without| without.x.len());
        if clusters.len() != all {
            return Err(Error::Argument(format!("{} labels of clusters for {all} points", clusters.len())));
        }
        let search = self.search(points);
        let beside = without.map(|without| without.beside(self.level())).transpose()?;
        bootstrap.without_jackknife().pairs(
            clusters,
            EmergenceQuantity::At(examples.len()).place(),
            || beside.as_ref().map(|beside| Beside { solver: beside.solver.clone() }),
            |beside, weights, out| {
                let (of_points, of_others) = weights.split_at(n);
                let Some(end) = search.again(&fit.ends, of_points) else { return false };
                let law = search.law(&end.place, Some(of_points));
                if law.gain <= 0.0 {
                    return false;
                }
                out[..5].copy_from_slice(&[law.c0, law.shift, law.scale, law.gain, law.gain_at(law.most)]);
                let at_most = if search.is_open_above(&end.place) { f64::INFINITY } else { law.c0 };
                out[EmergenceQuantity::AtMost.place()] = at_most;
                if let (Some(beside), Some(without)) = (beside, without)
                    && let Some(c) = beside.emergence(without.y, of_others)
                {
                    out[EmergenceQuantity::Observed.place()] = c;
                    out[EmergenceQuantity::Error.place()] = law.c0 - c;
                    out[EmergenceQuantity::ErrorAtMost.place()] = at_most - c;
                }
                for (k, d) in examples.iter().enumerate() {
                    out[EmergenceQuantity::At(k).place()] = law.c_at(*d);
                }
                true
            },
        )
    }

    /// The hinge of the points of each number of examples alone: its point of emergence, where there is one.
    pub fn alone(&self, points: &EmergencePoints) -> Vec<Option<f64>> {
        let of = |level: usize| {
            let members = points.members(level);
            let column = |values: &[f64]| members.iter().map(|&i| values[i]).collect::<Vec<f64>>();
            let hinge = Hinge::new().chance(self.level()).fit(&column(&points.x), &column(&points.y), &[]);
            hinge.ok()?.emergence()
        };
        (0..points.numbers.len()).map(of).collect()
    }
}
