//! Correct answers as counts: a likelihood in place of squares.
//!
//! Model i of family f gave y_i right answers to n_i items. Answers are beta-binomial around the curve,
//!
//!   y_i ~ BetaBinomial(n_i, μ_i, φ),   var(y_i/n_i) = μ_i (1 - μ_i) (1/n_i + (1 - 1/n_i) ρ),   ρ = 1/(1 + φ)
//!   μ_i = r + (u - r) g(η_i),           η_i = k (x_i - m) + θ'z_i + b_f,                      b_f ~ N(0, σ²)
//!
//! with r what a guess scores and u the best score (1 unless it is estimated), so that no fitted value leaves r..u. Two
//! responses g:
//!
//! - [`Response::Logistic`]: g(η) = 1/(1 + exp(-η)). m is the midpoint, k and θ are in logits.
//! - [`Response::Hinge`]: μ = r + min(max(η, 0), u - r), the hinge with a floor and a ceiling. m is the point of emergence c,
//!   k the gain per decade of compute (α) and θ a difference of scores, as of the least-squares hinge.
//!
//! What is between models of one family beyond the curve is ρ, and what they have in common is b_f. The family effect is
//! integrated out of the likelihood by adaptive Gauss–Hermite quadrature (Liu and Pierce 1994; Pinheiro and Bates 1995),
//! which with one node is Laplace's approximation, and under a hinge by Gauss–Legendre quadrature from kink to kink, since
//! there the integrand is not smooth:
//!
//!   L = Π_f ∫ Π_{i in f} P(y_i | n_i, μ_i(b), φ) N(b; 0, σ²) db
//!
//! Intervals are profiles: all values v of a parameter with 2 (ln L_max - max ln L given v) below the quantile of F with 1 and
//! (families - parameters of the curve) degrees of freedom, since families are few; with many it is that of χ².
//!
//! With r = 0, u = 1, the logistic response and no over-dispersion this is the binomial mixed model of lme4's `glmer`, and
//! with over-dispersion glmmTMB's `betabinomial`; both are compared in the tests.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::counts::{CountQuantity, CountSample, Counts, Response};
//!
//! let log_compute = [20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let correct = [26.0, 24.0, 31.0, 33.0, 49.0, 60.0, 75.0, 86.0];
//! let families = Clusters::new(&["a", "b", "c", "d", "a", "b", "c", "d"]);
//! let sample = CountSample::new(&log_compute, &correct, &[100.0; 8])?.with_families(&families)?;
//! let fit = Counts::new(Response::Logistic).chance(0.25).fit(&sample)?;
//! // No family stands off here, and these are the estimates of a binomial likelihood (scipy gives the same).
//! assert!((fit.point - 22.57904).abs() < 1e-5 && (fit.slope - 1.655802).abs() < 1e-5);
//! let midpoint = fit.interval(CountQuantity::Point, 0.95)?;
//! assert!(midpoint.contains(fit.point) && !midpoint.contains(21.0));
//! # Ok::<(), onset::Error>(())
//! ```

mod ascent;
mod density;
mod fit;
mod marginal;
mod natural;
mod nodes;
mod pieces;
mod profile;
mod response;
mod sample;
mod starts;

pub use fit::{Counts, CountsFit};
pub use profile::CountQuantity;
pub use response::Response;
pub use sample::CountSample;
