//! The corrected analysis of one benchmark, in one call: every estimate with an interval that holds, every test, and a
//! sentence wherever something cannot be known.
//!
//! Which method stands behind each number by default is decided by measured coverage (docs/calibration.md):
//!
//! | quantity | interval |
//! | --- | --- |
//! | α, θ | Student's t with the CR2 standard error of the full Jacobian (c counts as estimated), clustered by family, on Satterthwaite's degrees of freedom |
//! | c | the set of all c that the restricted wild cluster bootstrap does not reject |
//! | R² | pairs cluster bootstrap, BCa |
//! | differences between two scores' α, c, θ | CR2 of both fits as one least-squares problem, families in common |
//! | difference between two scores' R² | pairs cluster bootstrap, the same families drawn for both, percentile |
//!
//! The other methods' intervals are listed beside it. Nothing here fails as a whole because one part has no answer: the
//! part carries its own error.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::inference::Inference;
//!
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.3, 22.6, 23.0, 23.2, 23.5, 23.8, 24.0];
//! let y = [0.24, 0.26, 0.25, 0.27, 0.31, 0.41, 0.38, 0.42, 0.53, 0.49, 0.61, 0.58];
//! let new: Vec<f64> = (0..12).map(|i| f64::from(i % 3 == 2)).collect();
//! let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
//! let report = Inference::new(0.25).seed(1).replicates(999).run(&x, &y, &[new], &families)?;
//! let theta = &report.theta[0];
//! assert!(theta.low.unwrap() < theta.estimate.unwrap() && theta.estimate.unwrap() < theta.high.unwrap());
//! # Ok::<(), onset::Error>(())
//! ```

mod quantities;

use quantities::{PROFILE_F, WILD_SET, c_quantity, theta_name, with_error};

use crate::stats::bootstrap::Bootstrap;
use crate::stats::breaktest::{BreakFound, BreakTest};
use crate::stats::clusters::Clusters;
use crate::stats::components::Components;
use crate::stats::covariance::Kind;
use crate::stats::curve::FittedCurve;
use crate::stats::equivalence::{Equivalence, EquivalenceTest, smallest_margin};
use crate::stats::hinge::{Hinge, HingeFit};
use crate::stats::hinge_bootstrap::{self, HingeQuantity};
use crate::stats::itemnoise::ItemNoise;
use crate::stats::permutation::{Permutation, PermutationTest};
use crate::stats::profile::{Profile, ProfileSet};
use crate::stats::random::Seed;
use crate::stats::simex::{Corrected, Simex};
use crate::stats::wild::{WildBootstrap, WildTest};
use crate::{Error, Result};

/// Settings of the corrected analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Inference {
    chance: Option<f64>,
    seed: Seed,
    replicates: usize,
    level: f64,
    kind: Kind,
    margin: Option<f64>,
    items: Option<Vec<f64>>,
    compute_sd: Option<Vec<f64>>,
}

/// One number with what is known about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Quantity {
    /// `alpha`, `c`, `theta`, `theta_1`, …, `r_squared`.
    pub parameter: String,
    /// The estimate; `None` where the data do not determine one.
    pub estimate: Option<f64>,
    /// Its standard error, where the method has one.
    pub standard_error: Option<f64>,
    /// The standard error's degrees of freedom.
    pub degrees_of_freedom: Option<f64>,
    /// Lower end of the interval; `None` when there is none, as `note` says.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// p-value of zero (α, θ, differences), where the method has one.
    pub p_value: Option<f64>,
    /// How interval and standard error were computed.
    pub method: &'static str,
    /// What could not be computed, and why.
    pub note: Option<String>,
}

/// The corrected analysis of one benchmark.
#[derive(Debug)]
#[non_exhaustive]
pub struct InferenceReport {
    /// The fit behind every number.
    pub fit: HingeFit,
    /// Gain per decade of compute.
    pub alpha: Quantity,
    /// The point of emergence, log10 FLOPs; its estimate is there for
    /// [`Outcome::Break`](super::hinge::Outcome::Break) only.
    pub c: Quantity,
    /// One difference per group.
    pub theta: Vec<Quantity>,
    /// Chance, where it was estimated.
    pub chance: Option<Quantity>,
    /// R².
    pub r_squared: Quantity,
    /// Every c that is not rejected, piece by piece.
    pub c_set: Result<ProfileSet>,
    /// The same quantities by every other method.
    pub others: Vec<Quantity>,
    /// Restricted wild cluster bootstrap test of θ = 0, per group.
    pub wild: Vec<Result<WildTest>>,
    /// Family permutation test, per group.
    pub permutation: Vec<Result<PermutationTest>>,
    /// Is there a break at all.
    pub break_test: Result<BreakFound>,
    /// Equivalence at the margin asked for, per group; `None` without a margin.
    pub equivalence: Option<Vec<Result<EquivalenceTest>>>,
    /// Per group the smallest margin at which its difference would count as equivalent to none at 5 %.
    pub smallest_margin: Vec<Result<f64>>,
    /// Variance between and within families.
    pub components: Result<Components>,
    /// Item noise; `None` when the number of items was not given.
    pub item_noise: Option<Result<ItemNoise>>,
    /// Parameters corrected for uncertain compute; `None` when no standard deviation was given.
    pub uncertain_compute: Option<Result<Vec<Corrected>>>,
    /// Number of families.
    pub families: usize,
    /// Share of the models in the largest family.
    pub largest_share: f64,
    /// Confidence level of every interval.
    pub level: f64,
    /// The seed of every draw.
    pub seed: u64,
    /// Replicates of every bootstrap.
    pub replicates: usize,
}

/// The first score's quantities minus the second's.
#[derive(Debug)]
#[non_exhaustive]
pub struct DifferenceReport {
    /// Difference in α.
    pub alpha: Quantity,
    /// Difference in c: how far the break moved, in decades.
    pub c: Quantity,
    /// Difference in θ, per group.
    pub theta: Vec<Quantity>,
    /// Difference in R².
    pub r_squared: Quantity,
    /// The same quantities by every other method.
    pub others: Vec<Quantity>,
}

impl Inference {
    /// With chance known. 10,000 replicates, 95 % intervals, seed 0.
    pub fn new(chance: f64) -> Self {
        Self {
            chance: Some(chance),
            seed: Seed(0),
            replicates: 10_000,
            level: 0.95,
            kind: Kind::Cr2,
            margin: None,
            items: None,
            compute_sd: None,
        }
    }

    /// Estimates chance.
    #[must_use]
    pub fn free_chance(mut self) -> Self {
        self.chance = None;
        self
    }

    /// The seed of every draw.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Seed(seed);
        self
    }

    /// Replicates of every bootstrap.
    #[must_use]
    pub fn replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    /// Confidence level of every interval.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// The covariance behind α and θ, CR2 unless set.
    #[must_use]
    pub fn covariance(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// A margin for the equivalence test, in units of the score.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = Some(margin);
        self
    }

    /// Number of test items behind each score.
    #[must_use]
    pub fn items(mut self, items: &[f64]) -> Self {
        self.items = Some(items.to_vec());
        self
    }

    /// Standard deviation of each model's log10 compute.
    #[must_use]
    pub fn compute_sd(mut self, sd: &[f64]) -> Self {
        self.compute_sd = Some(sd.to_vec());
        self
    }

    /// Analyses scores `y` at `x` (log10 FLOPs; n values each) with one column of n values per group, clustered by
    /// `families`.
    ///
    /// # Errors
    /// Those of [`Hinge::fit`], and `Argument` for impossible settings. Whatever else cannot be computed stands in the
    /// report.
    pub fn run(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>], families: &Clusters) -> Result<InferenceReport> {
        self.check(y.len(), families)?;
        let hinge = self.hinge();
        let fit = hinge.fit(x, y, groups)?;
        let covariance = self.covariance_of(&fit, families);
        let profile = Profile::new(x, y, groups, self.chance);
        let c_set = match &profile {
            Ok(profile) => profile.bootstrap_set(self.level, families, self.seed, self.replicates),
            Err(error) => Err(Error::Undetermined(error.to_string())),
        };
        let drawn = hinge_bootstrap::parameters(&self.bootstrap(), &hinge, x, y, groups, families);
        let theta: Vec<Quantity> =
            (0..groups.len()).map(|k| self.of_covariance(&fit, &theta_name(k, groups), &covariance)).collect();
        let wild = WildBootstrap::new(self.seed).replicates(self.replicates);
        let parameters: Vec<_> =
            (0..groups.len()).map(|k| wild.hinge_group(x, y, groups, k, self.chance, families)).collect();
        let margins = theta.iter().map(|t| with_error(t, |e, s, df| smallest_margin(e, s, df, 0.05))).collect();
        let equivalence = match self.margin.map(Equivalence::new) {
            None => None,
            Some(Err(error)) => return Err(error),
            Some(Ok(test)) => Some(theta.iter().map(|t| with_error(t, |e, s, df| test.test(e, s, df))).collect()),
        };
        let mut others = self.other_covariances(&fit, groups, families);
        others.extend(self.other_resampling(&fit, groups, &drawn));
        for (k, parameter) in parameters.iter().enumerate() {
            others.push(self.wild_quantity(&fit, &theta_name(k, groups), parameter));
        }
        let exact = profile.and_then(|profile| profile.set(self.level));
        others.push(c_quantity(&fit, exact.as_ref().map_err(ToString::to_string), PROFILE_F));
        Ok(InferenceReport {
            alpha: self.of_covariance(&fit, "alpha", &covariance),
            chance: self.chance.is_none().then(|| self.of_covariance(&fit, "chance", &covariance)),
            c: c_quantity(&fit, c_set.as_ref().map_err(ToString::to_string), WILD_SET),
            theta,
            r_squared: self.of_replicates("r_squared", fit.r_squared(), &drawn, HingeQuantity::RSquared, true),
            c_set,
            others,
            wild: parameters.into_iter().map(|p| p.and_then(|p| p.test(0.0))).collect(),
            permutation: groups
                .iter()
                .map(|group| match groups.len() {
                    1 => Permutation::new(self.seed).permutations(self.replicates).run(
                        x,
                        y,
                        group,
                        self.chance,
                        families,
                    ),
                    _ => Err(Error::Undetermined("the permutation test is for a single group".into())),
                })
                .collect(),
            break_test: BreakTest::new(self.seed).replicates(self.replicates).run(x, y, groups, families),
            equivalence,
            smallest_margin: margins,
            components: Components::of(&fit.residuals, families),
            item_noise: self.items.as_ref().map(|items| {
                let df = fit.n.saturating_sub(fit.free_parameters()).max(1);
                ItemNoise::of(&fit.fitted, items, fit.sse / df as f64)
            }),
            uncertain_compute: self
                .compute_sd
                .as_ref()
                .map(|sd| Simex::new(self.seed, sd)?.level(self.level).run(&hinge, x, y, groups, families)),
            families: families.count(),
            largest_share: families.largest_share(),
            level: self.level,
            seed: self.seed.0,
            replicates: self.replicates,
            fit,
        })
    }

    /// The quantities of `first` minus those of `second`, two scores of the same models (before and after adjustment),
    /// with the same families behind both.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn difference(
        &self,
        x: &[f64],
        first: &[f64],
        second: &[f64],
        groups: &[Vec<f64>],
        families: &Clusters,
    ) -> Result<DifferenceReport> {
        self.check(first.len(), families)?;
        let hinge = self.hinge();
        let fits = [hinge.fit(x, first, groups)?, hinge.fit(x, second, groups)?];
        let drawn = hinge_bootstrap::difference(&self.bootstrap(), &hinge, x, [first, second], groups, families);
        let minus = |value: &dyn Fn(&HingeFit) -> Option<f64>| Some(value(&fits[0])? - value(&fits[1])?);
        let by_bootstrap = |name: &str, estimate: Option<f64>, quantity: HingeQuantity, bca: bool| {
            let mut found = self.of_replicates(name, estimate, &drawn, quantity, bca);
            found.p_value =
                drawn.as_ref().ok().and_then(|d| d.p_value(quantity.place(), 0.0)).filter(|_| found.low.is_some());
            found
        };
        let c = minus(&HingeFit::emergence);
        let alpha = minus(&|fit| Some(fit.alpha));
        let mut others = Vec::new();
        let mut both = |name: &str, estimate: Option<f64>, quantity: HingeQuantity| {
            others.extend([false, true].map(|bca| by_bootstrap(name, estimate, quantity, bca)));
            self.stacked(&fits, name, estimate, families)
        };
        let theta = (0..groups.len())
            .map(|k| {
                let estimate = minus(&|fit| fit.theta_identified[k].then(|| fit.theta[k]));
                both(&theta_name(k, groups), estimate, HingeQuantity::Group(k))
            })
            .collect();
        let (alpha, c) = (both("alpha", alpha, HingeQuantity::Alpha), both("c", c, HingeQuantity::Break));
        let r_squared = minus(&HingeFit::r_squared);
        others.push(by_bootstrap("r_squared", r_squared, HingeQuantity::RSquared, true));
        Ok(DifferenceReport {
            alpha,
            c,
            theta,
            r_squared: by_bootstrap("r_squared", r_squared, HingeQuantity::RSquared, false),
            others,
        })
    }

    fn check(&self, n: usize, families: &Clusters) -> Result<()> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::Argument(format!("a confidence level lies between 0 and 1, not {}", self.level)));
        }
        if self.replicates == 0 {
            return Err(Error::Argument("a bootstrap needs at least one replicate".into()));
        }
        if families.len() != n {
            return Err(Error::Argument(format!("{} family labels for {n} scores", families.len())));
        }
        Ok(())
    }

    fn hinge(&self) -> Hinge {
        match self.chance {
            Some(chance) => Hinge::new().chance(chance),
            None => Hinge::new().free_chance(),
        }
    }

    fn bootstrap(&self) -> Bootstrap {
        Bootstrap::new(self.seed).replicates(self.replicates)
    }
}
