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
//! The other methods' intervals stand beside it ([`Estimate::others`]). Weights of the sample enter every one of them.
//! Nothing here fails as a whole because one part has no answer: the
//! part carries its own error.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::inference::Inference;
//! use onset::stats::sample::Sample;
//!
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.3, 22.6, 23.0, 23.2, 23.5, 23.8, 24.0];
//! let y = [0.24, 0.26, 0.25, 0.27, 0.31, 0.41, 0.38, 0.42, 0.53, 0.49, 0.61, 0.58];
//! let new: Vec<f64> = (0..12).map(|i| f64::from(i % 3 == 2)).collect();
//! let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
//! let sample = Sample::new(&x, &y)?.with_groups(&[new])?.with_families(&families)?;
//! let report = Inference::new(0.25).seed(1).replicates(999).run(&sample)?;
//! let theta = &report.theta[0];
//! let (low, high) = theta.interval.ends().unwrap();
//! assert!(low < theta.value.unwrap() && theta.value.unwrap() < high);
//! # Ok::<(), onset::Error>(())
//! ```

mod estimates;
mod settings;

pub use settings::Inference;

use estimates::{Known, Resampled, by_set, with_error};

use serde::{Deserialize, Serialize};

use crate::stats::breaktest::{BreakFound, BreakTest};
use crate::stats::components::Components;
use crate::stats::curve::FittedCurve;
use crate::stats::equivalence::{Equivalence, EquivalenceTest, smallest_margin};
use crate::stats::estimate::{Estimate, Method, ONE_FAMILY};
use crate::stats::hinge::HingeFit;
use crate::stats::hinge_bootstrap::{self, HingeQuantity};
use crate::stats::itemnoise::ItemNoise;
use crate::stats::parameter::Parameter;
use crate::stats::permutation::{Permutation, PermutationTest};
use crate::stats::profile::{Profile, ProfileSet};
use crate::stats::sample::Sample;
use crate::stats::simex::{Corrected, Simex};
use crate::stats::wild::{WildBootstrap, WildTest};
use crate::{Error, Result};

/// The corrected analysis of one benchmark.
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InferenceReport {
    /// The fit behind every number.
    pub fit: HingeFit,
    /// Gain per decade of compute.
    pub alpha: Estimate,
    /// The point of emergence, log10 FLOPs; its estimate is there for
    /// [`Outcome::Break`](super::hinge::Outcome::Break) only.
    pub c: Estimate,
    /// One difference per group.
    pub theta: Vec<Estimate>,
    /// Chance, where it was estimated.
    pub chance: Option<Estimate>,
    /// R².
    pub r_squared: Estimate,
    /// Every c that is not rejected, piece by piece.
    #[serde(with = "crate::serial::outcome")]
    pub c_set: Result<ProfileSet>,
    /// Restricted wild cluster bootstrap test of θ = 0, per group.
    #[serde(with = "crate::serial::outcome")]
    pub wild: Vec<Result<WildTest>>,
    /// Family permutation test, per group.
    #[serde(with = "crate::serial::outcome")]
    pub permutation: Vec<Result<PermutationTest>>,
    /// Is there a break at all.
    #[serde(with = "crate::serial::outcome")]
    pub break_test: Result<BreakFound>,
    /// Equivalence at the margin asked for, per group; `None` without a margin.
    #[serde(with = "crate::serial::outcome")]
    pub equivalence: Option<Vec<Result<EquivalenceTest>>>,
    /// Per group the smallest margin at which its difference would count as equivalent to none at 5 %.
    #[serde(with = "crate::serial::outcome")]
    pub smallest_margin: Vec<Result<f64>>,
    /// Variance between and within families.
    #[serde(with = "crate::serial::outcome")]
    pub components: Result<Components>,
    /// Item noise; `None` when the number of items was not given.
    #[serde(with = "crate::serial::outcome")]
    pub item_noise: Option<Result<ItemNoise>>,
    /// Parameters corrected for uncertain compute; `None` when no standard deviation was given.
    #[serde(with = "crate::serial::outcome")]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DifferenceReport {
    /// Difference in α.
    pub alpha: Estimate,
    /// Difference in c: how far the break moved, in decades.
    pub c: Estimate,
    /// Difference in θ, per group.
    pub theta: Vec<Estimate>,
    /// Difference in R².
    pub r_squared: Estimate,
}

impl Inference {
    /// Analyses a sample.
    ///
    /// # Errors
    /// Those of [`Hinge::fit`](crate::stats::hinge::Hinge::fit), and `Argument` for impossible settings. Whatever else cannot be computed stands in the
    /// report.
    pub fn run(&self, sample: &Sample) -> Result<InferenceReport> {
        self.check()?;
        let (hinge, families) = (self.hinge(), sample.families());
        let fit = hinge.fit_sample(sample)?;
        let groups = sample.groups().len();
        let covariance = self.covariance_of(&fit, families);
        let drawn = hinge_bootstrap::parameters(&self.bootstrap(), &hinge, sample);
        let known = Known { fit: &fit, families, covariance: &covariance, drawn: &drawn };
        let (c, c_set) = self.emergence(&known, sample);
        let wild = WildBootstrap::new(self.seed).replicates(self.replicates);
        let (mut theta, mut tests) = (Vec::with_capacity(groups), Vec::with_capacity(groups));
        for k in 0..groups {
            let parameter = wild.hinge_group(sample, k, self.chance);
            let mut estimate = self.parameter(&known, Parameter::theta(k, groups), HingeQuantity::Group(k));
            let alone = sample.is_one_familys(k) && self.kind.is_clustered();
            let test = match &parameter {
                Ok(parameter) => parameter.test(0.0),
                Err(error) => Err(Error::Undetermined(error.to_string())),
            };
            estimate.others.extend(self.by_wild_bootstrap(&parameter, &test));
            theta.push(if alone { one_familys(&estimate) } else { estimate });
            tests.push(parameter.and(test));
        }
        let equivalence = match self.margin.map(Equivalence::new) {
            None => None,
            Some(Err(error)) => return Err(error),
            Some(Ok(test)) => Some(of_each(&theta, |e, s, df| test.test(e, s, df))),
        };
        let permutation = Permutation::new(self.seed).permutations(self.replicates);
        let mut r_squared = self.of_replicates(fit.r_squared(), &drawn, HingeQuantity::RSquared, Resampled::Bca);
        let percentile = self.of_replicates(fit.r_squared(), &drawn, HingeQuantity::RSquared, Resampled::Percentile);
        r_squared.others.extend(percentile.as_other());
        Ok(InferenceReport {
            alpha: self.parameter(&known, Parameter::Alpha, HingeQuantity::Alpha),
            chance: self.chance.is_none().then(|| self.of_covariance(&fit, Parameter::Chance, &covariance)),
            c,
            smallest_margin: of_each(&theta, |e, s, df| smallest_margin(e, s, df, 0.05)),
            theta,
            r_squared,
            c_set,
            wild: tests,
            permutation: (0..groups).map(|_| permutation.run(sample, self.chance)).collect(),
            break_test: BreakTest::new(self.seed).replicates(self.replicates).run(sample),
            equivalence,
            components: match sample.weights() {
                None => Components::of(&fit.residuals, families),
                Some(_) => {
                    Err(Error::Undetermined("variances of families and models: for fits without weights".into()))
                }
            },
            item_noise: self.items.as_ref().map(|items| {
                let df = fit.n.saturating_sub(fit.free_parameters()).max(1);
                ItemNoise::of(&fit.fitted, items, fit.sse / df as f64)
            }),
            uncertain_compute: self
                .compute_sd
                .as_ref()
                .map(|sd| Simex::new(self.seed, sd)?.level(self.level).run(&hinge, sample)),
            families: families.count(),
            largest_share: families.largest_share(),
            level: self.level,
            seed: self.seed.0,
            replicates: self.replicates,
            fit,
        })
    }

    /// c with its intervals, and the set that its own is the hull of.
    fn emergence(&self, known: &Known<'_>, sample: &Sample) -> (Estimate, Result<ProfileSet>) {
        let profile = Profile::new(sample, self.chance);
        let c_set = match &profile {
            Ok(profile) => profile.bootstrap_set(self.level, self.seed, self.replicates),
            Err(error) => Err(Error::Undetermined(error.to_string())),
        };
        let exact = profile.and_then(|profile| profile.set(self.level));
        let mut c = by_set(known.fit, &c_set, Method::WildSet);
        c.others = self.by_other_methods(known, Parameter::C, HingeQuantity::Break);
        c.others.extend(by_set(known.fit, &exact, Method::ProfileF).as_other());
        (c, c_set)
    }

    /// The quantities of `first` minus those of `second`, two scores of the same models (before and after adjustment),
    /// with the same families behind both.
    ///
    /// # Errors
    /// As [`run`](Self::run); `Argument` unless both samples have the same predictor, groups and families.
    pub fn difference(&self, first: &Sample, second: &Sample) -> Result<DifferenceReport> {
        self.check()?;
        let hinge = self.hinge();
        let fits = [hinge.fit_sample(first)?, hinge.fit_sample(second)?];
        let drawn = hinge_bootstrap::difference(&self.bootstrap(), &hinge, [first, second]);
        if let Err(Error::Argument(problem)) = drawn {
            return Err(Error::Argument(problem));
        }
        let minus = |value: &dyn Fn(&HingeFit) -> Option<f64>| Some(value(&fits[0])? - value(&fits[1])?);
        let by_bootstrap = |value: Option<f64>, quantity: HingeQuantity, method: Resampled| {
            let mut found = self.of_replicates(value, &drawn, quantity, method);
            let p_value = drawn.as_ref().ok().and_then(|d| d.p_value(quantity.place(), 0.0));
            found.p_value = p_value.filter(|_| found.interval.low.is_some());
            found
        };
        let both = |parameter: Parameter, value: Option<f64>, quantity: HingeQuantity| {
            let mut found = self.stacked(&fits, parameter, value, first.families());
            let methods = [Resampled::Percentile, Resampled::Bca];
            found.others.extend(methods.iter().filter_map(|m| by_bootstrap(value, quantity, *m).as_other()));
            found
        };
        let groups = first.groups().len();
        let theta = |k: usize| {
            let value = minus(&|fit| fit.theta_identified[k].then(|| fit.theta[k]));
            let found = both(Parameter::theta(k, groups), value, HingeQuantity::Group(k));
            if first.is_one_familys(k) && self.kind.is_clustered() { one_familys(&found) } else { found }
        };
        let r_squared = minus(&HingeFit::r_squared);
        let mut r_squared_found = by_bootstrap(r_squared, HingeQuantity::RSquared, Resampled::Percentile);
        r_squared_found.others.extend(by_bootstrap(r_squared, HingeQuantity::RSquared, Resampled::Bca).as_other());
        Ok(DifferenceReport {
            alpha: both(Parameter::Alpha, minus(&|fit| Some(fit.alpha)), HingeQuantity::Alpha),
            c: both(Parameter::C, minus(&HingeFit::emergence), HingeQuantity::Break),
            theta: (0..groups).map(theta).collect(),
            r_squared: r_squared_found,
        })
    }

    fn check(&self) -> Result<()> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::Argument(format!("a confidence level lies between 0 and 1, not {}", self.level)));
        }
        if self.replicates == 0 {
            return Err(Error::Argument("a bootstrap needs at least one replicate".into()));
        }
        Ok(())
    }
}

/// The value alone: what one family makes has no interval by any method.
fn one_familys(estimate: &Estimate) -> Estimate {
    let bare = Estimate { value: estimate.value, method: estimate.method, ..Estimate::default() };
    bare.because(ONE_FAMILY)
}

/// An equivalence question to every group's difference.
fn of_each<T>(theta: &[Estimate], question: impl Fn(f64, f64, f64) -> Result<T>) -> Vec<Result<T>> {
    let of = |(k, estimate)| with_error(Parameter::theta(k, theta.len()), estimate, &question);
    theta.iter().enumerate().map(of).collect()
}
