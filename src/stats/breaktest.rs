//! Is there a break at all?
//!
//! Null: the straight line y = β0 + β1 x + Σ θ_k z_k. Alternative: the line plus δ max(0, x - c), with c at any x that
//! leaves at least 8 % of the distinct x on either side (of many x, at 200 spread evenly over them; of more than 100,000
//! models at fewer, down to 20). With k̃ what the line
//! and the groups leave of max(0, x - c), and e the residuals of the line with that kink,
//!
//!   F(c) = δ̂² / [Σ_g (Σ_{i in g} w_i k̃_i e_i)² / (Σ w k̃²)²]  clustered (the default)
//!   F(c) = δ̂² / [Σ w e²/(n-k) / Σ w k̃²]                      common: one error variance, independent models
//!
//! with weights w (1 without), and sup F is the largest. c exists under the alternative only, so sup F has no standard law; its p-value comes from the
//! wild bootstrap (Hansen 1996), with whole families multiplied: y* = line + v_g residual, everything refitted. The
//! clustered F is the default because its false alarms stay near 5 % for any share of family effects, while those of the
//! common F rise to 10 % (docs/calibration.md).
//!
//! With a level as the null (`BreakTest::against_level`) the same is a test for any rise or fall: y = β0 + Σ θ_k z_k against
//! a change of slope from 0 at any x from the smallest on, a straight line among them.
//!
//! Beside it stands Davies' bound (Davies 2002, "Hypothesis testing when a nuisance parameter is present only under the
//! alternative: linear model case"), which takes models as independent. With t_j the statistics of δ at ten evenly spaced
//! breaks from the second to the second largest x on f degrees of freedom, M = max |t_j|, v = M²/(f + M²) and
//! A = Σ |arcsin r_j - arcsin r_(j-1)| with r_j = |t_j|/sqrt(f + t_j²),
//!
//!   p <= 2 [ P(T_f > M) + A (1 - v)^((f-1)/2) Γ((f+1)/2) / (2 sqrt(π) Γ(f/2)) ]
//!
//! ```
//! use onset::stats::breaktest::BreakTest;
//! use onset::stats::clusters::Clusters;
//! use onset::stats::random::Seed;
//! use onset::stats::sample::Sample;
//!
//! let x: Vec<f64> = (0..24).map(|i| 20.0 + 0.2 * i as f64).collect();
//! let y: Vec<f64> = x.iter().enumerate()
//!     .map(|(i, x)| 0.25 + 0.2 * (x - 22.0).max(0.0) + 0.01 * (i as f64 * 2.4).sin()).collect();
//! let families = Clusters::new(&(0..24).map(|i| i / 2).collect::<Vec<_>>());
//! let sample = Sample::new(&x, &y)?.with_families(&families)?;
//! let found = BreakTest::new(Seed(1)).replicates(999).run(&sample)?;
//! assert!(found.p_value < 0.05 && found.davies.unwrap().p_value < 0.05 && (found.at - 22.0).abs() < 0.2);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

use super::clusters::Clusters;
use super::direction::Direction;
use super::distribution::student_upper;
use super::fixed_hinge::{FixedHinge, Scratch};
use super::least_squares::LeastSquares;
use super::random::Seed;
use super::sample::Sample;
use super::wild::WildWeights;
use super::wild_draws::Draws;
use super::wild_model::Null;
use crate::{Error, Result};

/// How F measures the error of the change of slope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// By families: cluster-robust.
    #[default]
    Clustered,
    /// By one variance for independent models.
    Common,
}

/// A test for a break.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BreakTest {
    seed: Seed,
    replicates: usize,
    spread: Spread,
    null: Before,
}

/// What the curve is without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Before {
    Line,
    Level,
}

/// Its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BreakFound {
    /// The largest F among the breaks tried.
    #[serde(with = "crate::serial::real")]
    pub sup_f: f64,
    /// The break of the least-squares kinked line, within the range tried.
    pub at: f64,
    /// The slopes of that line before and after its break, per unit of x.
    #[serde(with = "crate::serial::real")]
    pub slopes: (f64, f64),
    /// Share of replicates with a sup F at least as large, the data counted among them.
    pub p_value: f64,
    /// Davies' bound, for independent models; `None` against a level, and where fewer than two of its breaks can be computed.
    pub davies: Option<Davies>,
    /// Replicates.
    pub replicates: usize,
}

/// Davies' bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Davies {
    /// The bound on the p-value, at most 1.
    pub p_value: f64,
    /// The largest |t| among the breaks tried.
    #[serde(with = "crate::serial::real")]
    pub largest_t: f64,
    /// The break it was found at.
    pub at: f64,
}

impl BreakFound {
    /// Whether the slope turns up or down at the break.
    pub(crate) fn turn(&self) -> Option<Direction> {
        Direction::of(self.slopes.1 - self.slopes.0)
    }
}

impl BreakTest {
    /// 9,999 replicates of the clustered F.
    pub fn new(seed: Seed) -> Self {
        Self { seed, replicates: 9_999, spread: Spread::Clustered, null: Before::Line }
    }

    /// Number of replicates.
    #[must_use]
    pub fn replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    /// How F measures error.
    #[must_use]
    pub fn spread(mut self, spread: Spread) -> Self {
        self.spread = spread;
        self
    }

    /// Tests for any rise or fall: the null is a constant level.
    #[must_use]
    pub(crate) fn against_level(mut self) -> Self {
        self.null = Before::Level;
        self
    }

    /// Tests a sample.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer models than the kinked line needs, `Undetermined` for a constant x, fewer than five
    /// distinct x (three against a level), a collinear group, fewer than two clusters, or scores that the null fits
    /// perfectly.
    pub fn run(&self, sample: &Sample) -> Result<BreakFound> {
        let sample = sample.counted();
        let (y, clusters) = (sample.y(), sample.families());
        let mut line: Vec<Vec<f64>> = match self.null {
            Before::Line => vec![sample.x().to_vec()],
            Before::Level => Vec::new(),
        };
        line.extend_from_slice(sample.groups());
        let design = FixedHinge::new(sample.x(), &centred(&line), sample.weights(), true)?;
        let (fewest, refusal) = match self.null {
            Before::Line => (5, "a break cannot be told from a line with fewer than five distinct x"),
            Before::Level => (3, "a rise cannot be told from a level with fewer than three distinct x"),
        };
        if design.levels() < fewest {
            return Err(Error::Undetermined(refusal.into()));
        }
        let draws = Draws::new(self.seed, self.replicates, WildWeights::Auto, clusters, y.len(), clusters.count())?;
        let test = Test::new(&design, self.spread, self.null, clusters);
        let sorted = design.sorted(y);
        let mut scratch = Scratch::default();
        design.load(&sorted, &mut scratch);
        let size = design.square(&sorted);
        let mut sums = Vec::new();
        let sup_f = test.sup_f(&scratch, &mut sums);
        if !(scratch.total > PERFECT * size) || sup_f.is_nan() || (self.null == Before::Line && sup_f.is_infinite()) {
            return Err(Error::Undetermined(match self.null {
                Before::Line => "the scores lie on a line: there is no error to test against".into(),
                Before::Level => "the scores are one level: there is no error to test against".into(),
            }));
        }
        let at = design.best_break(design.best_between(test.from, test.to, &scratch));
        let null = Null {
            fitted: sorted.iter().zip(&scratch.partial).map(|(y, u)| y - u).collect(),
            residuals: scratch.partial.clone(),
            cluster: test.cluster.clone(),
        };
        let [count] = draws.sum(|range| {
            let (mut scratch, mut drawn, mut sums) = (Scratch::default(), Vec::new(), Vec::new());
            [range
                .filter(|&b| {
                    null.draw(draws.of(b), &mut drawn);
                    design.load(&drawn, &mut scratch);
                    let f = test.sup_f(&scratch, &mut sums);
                    f.is_nan() || f >= sup_f
                })
                .count()]
        });
        let at = design.unscaled(at);
        Ok(BreakFound {
            sup_f,
            at,
            slopes: self.slopes(&sample, at),
            p_value: (count + 1) as f64 / (self.replicates + 1) as f64,
            davies: (self.null == Before::Line).then(|| davies(&sample)).flatten(),
            replicates: self.replicates,
        })
    }
}

impl BreakTest {
    /// The slopes around a break held at `at`; NaN where the kinked line is not determined.
    fn slopes(&self, sample: &Sample, at: f64) -> (f64, f64) {
        let x = sample.x();
        let mut columns: Vec<Vec<f64>> = vec![x.iter().map(|x| (x - at).max(0.0)).collect()];
        if self.null == Before::Line {
            columns.push(x.iter().map(|x| x - at).collect());
        }
        columns.push(vec![1.0; x.len()]);
        columns.extend_from_slice(sample.groups());
        match (LeastSquares::fit(&columns, sample.y(), sample.weights()), self.null) {
            (Err(_), _) => (f64::NAN, f64::NAN),
            (Ok(fit), Before::Level) => (0.0, fit.coefficients[0]),
            (Ok(fit), Before::Line) => (fit.coefficients[1], fit.coefficients[1] + fit.coefficients[0]),
        }
    }
}

struct Test {
    spread: Spread,
    kinks: Vec<Kink>,
    /// First and last distinct x that are tried.
    from: usize,
    to: usize,
    df: f64,
    cluster: Vec<usize>,
    clusters: usize,
}

struct Kink {
    /// k̃ times the weights, sorted.
    column: Vec<f64>,
    square: f64,
    /// Σ w k̃² by cluster.
    squares: Vec<f64>,
}

impl Test {
    fn new(design: &FixedHinge, spread: Spread, null: Before, clusters: &Clusters) -> Self {
        let cluster: Vec<usize> = design.order().iter().map(|&i| clusters.of()[i]).collect();
        let trim = ((TRIM * design.levels() as f64).ceil() as usize).clamp(1, (design.levels() - 1) / 2);
        let from = if null == Before::Level { 0 } else { trim };
        let to = design.levels() - 1 - trim;
        let step = (to - from + 1).div_ceil(breaks(design.n()));
        let kinks = (from..=to)
            .step_by(step)
            .map(|level| {
                let kink = design.kink(level);
                let column: Vec<f64> = kink.iter().zip(design.weights()).map(|(k, w)| w * k).collect();
                let mut squares = vec![0.0; clusters.count()];
                column.iter().zip(&kink).zip(&cluster).for_each(|((wk, k), &g)| squares[g] += wk * k);
                Kink { square: squares.iter().sum(), squares, column }
            })
            .collect();
        Self { spread, kinks, from, to, df: design.df() as f64, cluster, clusters: clusters.count() }
    }

    /// sup F of the loaded scores.
    fn sup_f(&self, scratch: &Scratch, sums: &mut Vec<f64>) -> f64 {
        let mut largest: f64 = 0.0;
        for kink in &self.kinks {
            sums.clear();
            sums.resize(self.clusters, 0.0);
            for ((k, s), &g) in kink.column.iter().zip(&scratch.partial).zip(&self.cluster) {
                sums[g] += k * s;
            }
            let product: f64 = sums.iter().sum();
            let slope = product / kink.square;
            let f = match self.spread {
                Spread::Clustered => {
                    let error: f64 = sums.iter().zip(&kink.squares).map(|(a, b)| (a - slope * b).powi(2)).sum();
                    product * product / error
                }
                Spread::Common => product * slope / ((scratch.total - product * slope).max(0.0) / self.df),
            };
            // A kink that the line and the groups determine says nothing.
            if f > largest {
                largest = f;
            }
        }
        largest
    }
}

/// Davies' bound for a change of slope anywhere between the second and the second largest x, beside a line and the groups;
/// `None` where fewer than two of the ten breaks can be computed.
pub(crate) fn davies(sample: &Sample) -> Option<Davies> {
    let sample = sample.counted();
    let (x, groups) = (sample.x(), sample.groups());
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n < 5 + groups.len() {
        return None;
    }
    let (low, high) = (sorted[1], sorted[n - 2]);
    let df = (n - 3 - groups.len()) as f64;
    let mut found: Vec<(f64, f64)> = Vec::with_capacity(POINTS);
    for j in 0..POINTS {
        let c = low + (high - low) * j as f64 / (POINTS - 1) as f64;
        let mut columns = vec![x.iter().map(|x| (x - c).max(0.0)).collect(), vec![1.0; n], x.to_vec()];
        columns.extend_from_slice(groups);
        if let Some(t) = LeastSquares::fit(&columns, sample.y(), sample.weights()).ok().and_then(|fit| fit.t_values()) {
            found.push((c, t[0]));
        }
    }
    let (at, largest_t) = found.iter().copied().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    if found.len() < 2 {
        return None;
    }
    let angle = |t: f64| (t.abs() / (df + t * t).sqrt()).asin();
    let variation: f64 = found.windows(2).map(|pair| (angle(pair[1].1) - angle(pair[0].1)).abs()).sum();
    let largest_t = largest_t.abs();
    let rest = df / (df + largest_t * largest_t);
    let density = (ln_gamma(0.5 * (df + 1.0)) - ln_gamma(0.5 * df)).exp() / (2.0 * std::f64::consts::PI.sqrt());
    let p = 2.0 * (student_upper(largest_t, df)? + variation * rest.powf(0.5 * (df - 1.0)) * density);
    p.is_finite().then(|| Davies { p_value: p.min(1.0), largest_t, at })
}

/// Columns less their means: with a level in the design nothing changes but rounding.
fn centred(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    columns
        .iter()
        .map(|column| {
            let mean = column.iter().map(|v| v / column.len() as f64).sum::<f64>();
            column.iter().map(|v| v - mean).collect()
        })
        .collect()
}

/// Breaks tried at most with so many models; with more distinct x, every second or third of them and so on.
pub(crate) fn breaks(models: usize) -> usize {
    BREAKS.min(MOST_NUMBERS / models.max(1)).max(FEWEST_BREAKS)
}

/// Breaks tried at most where models are not very many.
pub(crate) const BREAKS: usize = 200;
/// Numbers that all kinks together hold, at most, down to so many breaks.
const MOST_NUMBERS: usize = 20_000_000;
const FEWEST_BREAKS: usize = 20;
/// Share of the distinct x on either side of which no break is tried.
const TRIM: f64 = 0.08;
/// Breaks that Davies' bound is computed from, as R's `segmented` has it.
const POINTS: usize = 10;
/// A sum of squares below this share of the scores' own cannot be told from rounding error of running sums.
const PERFECT: f64 = 1e-13;
