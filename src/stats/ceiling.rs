//! How far can two benchmarks agree at all? A test with few items ranks models differently each time it is drawn.
//!
//! **The ceiling** of a benchmark is the τ-b that it would have with itself, asked twice with fresh items of the same
//! number. A model with true score p_i scores a share of n items with variance v_i = p_i (1 - p_i)/n, so of two models
//! with d = p_i - p_j and s² = v_i + v_j - 2 ρ √(v_i v_j) the first comes out ahead with probability u = Φ((d - h/2)/s), the
//! second with w = Φ((-d - h/2)/s), and they tie otherwise (h = 1/n is one item). Two askings are independent given the
//! true scores, so over the pairs of models
//!
//!   ceiling = Σ (u - w)² / Σ (u + w)
//!
//! which is the expected balance of pairs over the expected number of untied ones, as τ-b has them. ρ is how much two
//! models' answers to one item go together, 0 unless set. Models do fail on the same hard items, which makes differences
//! steadier than ρ = 0 has it: then the ceiling is too low, and it takes results by item to know by how much.
//!
//! **The true scores** are not the observed ones: those are spread wider, by the noise itself, and a ceiling computed from
//! them would assume what it measures. With V the variance of the observed scores among models and v̄ their mean noise
//! variance, reliability is λ = max(0, 1 - (1-ρ) v̄/V), and the scores are drawn together about their mean until their
//! variance is λV, p̂_i = ȳ + √λ (y_i - ȳ) (the constrained estimate of Louis 1984 and Ghosh 1992: shrinking by λ, best for
//! each score, would leave them too close together).
//!
//! **Agreement without the noise.** Under normal scores τ = (2/π) asin r (Greiner 1909; Kruskal 1958), and noise takes
//! r to r √(λ_a λ_b) (Spearman 1904). With both ceilings c known as τ, the agreement of the true scores is
//!
//!   τ_true = (2/π) asin( sin(πτ/2) / √(sin(π c_a/2) sin(π c_b/2)) ),  at most 1
//!
//! ```
//! use onset::stats::ceiling::{Ceiling, Noise, disattenuated};
//! let scores: Vec<f64> = (0..20).map(|i| 0.5 + 0.01 * f64::from(i)).collect();
//! let small = Ceiling::new().fit(&scores, &Noise::Items(300.0))?;
//! let large = Ceiling::new().fit(&scores, &Noise::Items(30_000.0))?;
//! assert!(0.0 < small.ceiling.unwrap() && small.ceiling < large.ceiling && large.ceiling.unwrap() < 1.0);
//! let without_noise = disattenuated(0.5, small.ceiling.unwrap(), large.ceiling.unwrap()).unwrap();
//! assert!(without_noise > 0.5);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

pub use super::disattenuation::disattenuated;

use super::distribution::normal_lower;
use crate::{Error, Result};

/// Where the noise of a benchmark's scores comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Scores are shares of so many items.
    Items(f64),
    /// Scores of another kind, with a standard error each; NaN where there is no score.
    StandardErrors(#[serde(with = "crate::serial::real")] Vec<f64>),
}

/// Settings of a noise ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Ceiling {
    item_correlation: f64,
}

/// The ceiling of one benchmark, ready to be asked for resamples of models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CeilingFit {
    /// Expected τ-b of the benchmark with itself on fresh items; `None` when nothing tells models apart.
    pub ceiling: Option<f64>,
    /// The same taken from the observed scores as if they were the true ones, which is too high.
    pub circular: Option<f64>,
    /// λ, share of the observed variance among models that is not item noise, 0 to 1.
    pub reliability: f64,
    /// Standard deviation of the observed scores among models.
    pub observed_sd: f64,
    /// Root of the mean noise variance.
    pub noise_sd: f64,
    /// Models with a score.
    pub models: usize,
    pairs: Pairs,
}

/// Per pair of models with j < i, at i(i-1)/2 + j: (u - w)² and u + w.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pairs {
    agree: Vec<f64>,
    untied: Vec<f64>,
}

impl Ceiling {
    /// Models answer independently of each other.
    pub fn new() -> Self {
        Self::default()
    }

    /// Correlation ρ of two models' answers to one item, 0 to 1.
    #[must_use]
    pub fn item_correlation(mut self, correlation: f64) -> Self {
        self.item_correlation = correlation;
        self
    }

    /// The ceiling from one score per model; NaN is a missing score.
    ///
    /// # Errors
    /// `Argument` for a number of items that is not positive, a standard error below 0 or missing beside a score, a share
    /// outside 0 to 1 or a correlation outside 0 to 1 (1 itself excluded); `NotEnoughModels` with fewer than two scores.
    pub fn fit(&self, scores: &[f64], noise: &Noise) -> Result<CeilingFit> {
        if !(0.0..1.0).contains(&self.item_correlation) {
            return Err(Error::Argument("the correlation of two models' answers is at least 0 and below 1".into()));
        }
        noise.check(scores)?;
        let present: Vec<f64> = scores.iter().copied().filter(|y| !y.is_nan()).collect();
        let models = present.len();
        if models < 2 {
            return Err(Error::NotEnoughModels { have: models, need: 2 });
        }
        let mean = present.iter().sum::<f64>() / models as f64;
        let observed = present.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (models - 1) as f64;
        let noise_variance =
            (0..scores.len()).filter(|&i| !scores[i].is_nan()).map(|i| noise.estimated(i, scores[i])).sum::<f64>()
                / models as f64;
        let left = 1.0 - (1.0 - self.item_correlation) * noise_variance / observed;
        let reliability = if observed > 0.0 { left.clamp(0.0, 1.0) } else { 0.0 };
        let shrunk: Vec<f64> = scores.iter().map(|y| mean + reliability.sqrt() * (y - mean)).collect();
        let pairs = self.pairs(&shrunk, noise);
        let once = vec![1; scores.len()];
        Ok(CeilingFit {
            ceiling: pairs.ceiling(&once),
            circular: self.pairs(scores, noise).ceiling(&once),
            reliability,
            observed_sd: observed.sqrt(),
            noise_sd: noise_variance.sqrt(),
            models,
            pairs,
        })
    }

    fn pairs(&self, truth: &[f64], noise: &Noise) -> Pairs {
        let variances: Vec<f64> = truth.iter().enumerate().map(|(i, p)| noise.of_true(i, *p)).collect();
        let half_step = match noise {
            Noise::Items(n) => 0.5 / n,
            Noise::StandardErrors(_) => 0.0,
        };
        let (mut agree, mut untied) = (Vec::new(), Vec::new());
        for i in 0..truth.len() {
            for j in 0..i {
                let (up, down) = if truth[i].is_nan() || truth[j].is_nan() {
                    (0.0, 0.0)
                } else {
                    let (a, b) = (variances[i], variances[j]);
                    let s = (a + b - 2.0 * self.item_correlation * (a * b).sqrt()).max(0.0).sqrt();
                    let d = truth[i] - truth[j];
                    (ahead(d - half_step, s), ahead(-d - half_step, s))
                };
                agree.push((up - down).powi(2));
                untied.push(up + down);
            }
        }
        Pairs { agree, untied }
    }
}

/// Φ(d/s), also for s = 0.
fn ahead(d: f64, s: f64) -> f64 {
    if s > 0.0 { normal_lower(d / s).unwrap_or(0.0) } else { f64::from(d > 0.0) }
}

impl Noise {
    fn check(&self, scores: &[f64]) -> Result<()> {
        let bad = |what: String| Err(Error::Argument(what));
        match self {
            Self::Items(n) if !(*n >= 1.0 && n.is_finite()) => bad(format!("a number of items is positive, not {n}")),
            Self::Items(_) => match scores.iter().find(|y| !y.is_nan() && !(0.0..=1.0).contains(*y)) {
                Some(y) => bad(format!("a share of items is between 0 and 1, not {y}")),
                None => Ok(()),
            },
            Self::StandardErrors(errors) if errors.len() != scores.len() => {
                bad(format!("{} standard errors for {} scores", errors.len(), scores.len()))
            }
            Self::StandardErrors(errors) => {
                let usable = |(y, e): (&f64, &f64)| y.is_nan() || (y.is_finite() && *e >= 0.0 && e.is_finite());
                if scores.iter().zip(errors).all(usable) {
                    Ok(())
                } else {
                    bad("every score needs a finite standard error of at least 0".into())
                }
            }
        }
    }

    /// Unbiased estimate of the noise variance of model `i`, from its observed score.
    fn estimated(&self, i: usize, score: f64) -> f64 {
        match self {
            Self::Items(n) if *n > 1.0 => score * (1.0 - score) / (n - 1.0),
            Self::Items(_) => 0.25,
            Self::StandardErrors(errors) => errors[i].powi(2),
        }
    }

    /// The noise variance of model `i` if this were its true score.
    fn of_true(&self, i: usize, score: f64) -> f64 {
        match self {
            Self::Items(n) => {
                let p = score.clamp(0.0, 1.0);
                p * (1.0 - p) / n
            }
            Self::StandardErrors(errors) => errors[i].powi(2),
        }
    }
}

impl CeilingFit {
    /// The ceiling of a benchmark whose noise is not known: there is none.
    pub(crate) fn unknown() -> Self {
        let nothing = Pairs { agree: Vec::new(), untied: Vec::new() };
        let unknown = f64::NAN;
        Self {
            ceiling: None,
            circular: None,
            reliability: unknown,
            observed_sd: unknown,
            noise_sd: unknown,
            models: 0,
            pairs: nothing,
        }
    }

    /// The ceiling among resampled models, model i counted `drawn[i]` times; true scores stay those of all models.
    pub(crate) fn of_drawn(&self, drawn: &[u32]) -> Option<f64> {
        self.pairs.ceiling(drawn)
    }
}

impl Pairs {
    /// Models beyond the end of `drawn` count as not drawn.
    fn ceiling(&self, drawn: &[u32]) -> Option<f64> {
        let weights: Vec<f64> = drawn.iter().map(|m| f64::from(*m)).collect();
        let (mut agree, mut untied) = (0.0, 0.0);
        let mut at = 0;
        for (i, weight) in weights.iter().enumerate() {
            let pairs = at..(at + i).min(self.agree.len());
            at += i;
            // Many models are not in a resample.
            if *weight > 0.0 {
                let sum = |values: &[f64]| values.iter().zip(&weights).map(|(v, w)| v * w).sum::<f64>();
                agree += weight * self.agree.get(pairs.clone()).map_or(0.0, sum);
                untied += weight * self.untied.get(pairs).map_or(0.0, sum);
            }
        }
        (untied > 0.0).then(|| agree / untied)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use super::super::random::{Seed, Stream};
    use super::super::rank::kendall;
    use super::*;

    fn asked(truth: &[f64], items: usize, stream: &mut Stream) -> Vec<f64> {
        truth.iter().map(|p| stream.binomial(items, *p) as f64 / items as f64).collect()
    }

    fn tau(x: &[f64], y: &[f64]) -> f64 {
        kendall(x, y).expect("one length").value.expect("both vary")
    }

    /// True scores of 40 models about the middle, with this standard deviation.
    fn truth(sd: f64) -> Vec<f64> {
        let mut stream = Seed(4).stream("true scores", 0);
        (0..40).map(|_| (0.55 + sd * stream.normal()).clamp(0.02, 0.98)).collect()
    }

    fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
        let n = values.len() as f64;
        values.sum::<f64>() / n
    }

    #[test]
    fn the_formula_has_the_agreement_of_two_askings() {
        for (items, sd) in [(60, 0.05), (300, 0.05), (300, 0.15), (2_000, 0.05)] {
            let truth = truth(sd);
            let formula = Ceiling::new().pairs(&truth, &Noise::Items(items as f64)).ceiling(&[1; 40]).expect("vary");
            let mut stream = Seed(1).stream("askings", items as u64);
            let drawn = mean((0..200).map(|_| {
                let (once, again) = (asked(&truth, items, &mut stream), asked(&truth, items, &mut stream));
                tau(&once, &again)
            }));
            assert!((formula - drawn).abs() < 0.01, "{items} items: {formula} by the formula, {drawn} drawn");
        }
    }

    #[test]
    fn the_ceiling_from_one_asking_is_that_of_the_true_scores_and_the_circular_one_is_above() {
        // The last number: how far the circular ceiling is above, at least. Next to a wide spread noise is little.
        for (items, sd, least) in [(300, 0.05, 0.03), (300, 0.15, 0.0), (1_000, 0.03, 0.02)] {
            let truth = truth(sd);
            let noise = Noise::Items(items as f64);
            let known = Ceiling::new().pairs(&truth, &noise).ceiling(&[1; 40]).expect("vary");
            let mut stream = Seed(2).stream("askings", items as u64);
            let fits: Vec<CeilingFit> = (0..200)
                .map(|_| Ceiling::new().fit(&asked(&truth, items, &mut stream), &noise).expect("shares"))
                .collect();
            let corrected = mean(fits.iter().map(|fit| fit.ceiling.expect("vary")));
            let circular = mean(fits.iter().map(|fit| fit.circular.expect("vary")));
            assert!((corrected - known).abs() < 0.02, "{items} items: {corrected}, truth {known}");
            assert!(circular > corrected + least, "{items} items: {circular} is not above {corrected}");
        }
    }

    #[test]
    fn a_known_agreement_of_true_scores_is_recovered_from_noisy_ones() {
        // Bivariate normal true scores with τ = (2/π) asin 0.8, on two tests with few items.
        let (latent, known) = (0.8_f64, 0.8_f64.asin() / FRAC_PI_2);
        let (mut seen, mut recovered) = (Vec::new(), Vec::new());
        for draw in 0..300 {
            let mut stream = Seed(6).stream("true agreement", draw);
            let (mut a, mut b) = (Vec::new(), Vec::new());
            for _ in 0..60 {
                let (x, e) = (stream.normal(), stream.normal());
                let y = latent * x + (1.0 - latent * latent).sqrt() * e;
                a.push(0.5 + 0.06 * x);
                b.push(0.5 + 0.05 * y);
            }
            let (a, b) = (asked(&a, 250, &mut stream), asked(&b, 400, &mut stream));
            let ceiling = |scores: &[f64], items: f64| {
                Ceiling::new().fit(scores, &Noise::Items(items)).expect("shares").ceiling.expect("vary")
            };
            seen.push(tau(&a, &b));
            recovered.push(disattenuated(tau(&a, &b), ceiling(&a, 250.0), ceiling(&b, 400.0)).expect("above 0"));
        }
        let (seen, recovered) = (mean(seen.into_iter()), mean(recovered.into_iter()));
        assert!(seen < known - 0.1, "noise hides some of {known}: {seen}");
        assert!((recovered - known).abs() < 0.025, "{recovered} is recovered of {known}");
    }

    #[test]
    fn answers_that_go_together_raise_the_ceiling() {
        let noise = Noise::Items(300.0);
        let scores = truth(0.06);
        let apart = Ceiling::new().fit(&scores, &noise).expect("shares");
        let together = Ceiling::new().item_correlation(0.5).fit(&scores, &noise).expect("shares");
        assert!(together.ceiling > apart.ceiling && together.reliability > apart.reliability);
        assert!(Ceiling::new().item_correlation(1.0).fit(&scores, &noise).is_err());
    }

    #[test]
    fn scores_that_are_all_noise_have_reliability_zero_and_no_agreement() {
        let scores = asked(&[0.5; 30], 100, &mut Seed(3).stream("askings", 0));
        let fit = Ceiling::new().fit(&scores, &Noise::Items(80.0)).expect("shares");
        assert_eq!(fit.reliability, 0.0);
        assert!(fit.ceiling.expect("untied pairs") < 1e-12);
        assert_eq!(disattenuated(0.1, 0.0, 0.5), None);
    }

    #[test]
    fn standard_errors_serve_where_a_score_is_no_share() {
        let scores: Vec<f64> = truth(0.1);
        let errors = scores.iter().map(|p| (p * (1.0 - p) / 400.0).sqrt()).collect();
        let by_errors = Ceiling::new().fit(&scores, &Noise::StandardErrors(errors)).expect("as many");
        let by_items = Ceiling::new().fit(&scores, &Noise::Items(400.0)).expect("shares");
        let (a, b) = (by_errors.ceiling.expect("vary"), by_items.ceiling.expect("vary"));
        assert!((a - b).abs() < 0.02, "{a} and {b}");
        let negative: Vec<f64> = scores.iter().map(|p| -p).collect();
        assert!(Ceiling::new().fit(&negative, &Noise::Items(400.0)).is_err());
        assert!(Ceiling::new().fit(&scores, &Noise::StandardErrors(vec![0.1])).is_err());
        assert!(Ceiling::new().fit(&scores, &Noise::Items(0.0)).is_err());
        assert!(Ceiling::new().fit(&[0.5, f64::NAN], &Noise::Items(9.0)).is_err());
    }

    #[test]
    fn a_model_drawn_twice_and_one_without_a_score_count_as_they_should() {
        let mut scores = truth(0.1);
        scores[3] = f64::NAN;
        let fit = Ceiling::new().fit(&scores, &Noise::Items(500.0)).expect("shares");
        assert_eq!(fit.models, 39);
        assert_eq!(fit.of_drawn(&[1; 40]), fit.ceiling);
        assert_eq!(fit.of_drawn(&[0; 40]), None);
        let only_the_missing_one: Vec<u32> = (0..40).map(|i| u32::from(i == 3 || i == 5)).collect();
        assert_eq!(fit.of_drawn(&only_the_missing_one), None);
    }
}
