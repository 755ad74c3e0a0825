//! The point of emergence by the number of task examples that models were fine-tuned on.
//!
//!   y = r + α(D) max(0, x - c(D)) + ε,  c(D) = c₀ - s ℓ(D),  α(D) = α₀ exp(-η ℓ(D))
//!
//! with x the log10 of pretraining compute, r chance, D the number of task examples and ℓ a share that grows from 0 without
//! examples to 1 at the most of them, D_max:
//!
//!   logarithm: ℓ(D) = ln(1 + D/D₀) / ln(1 + D_max/D₀)    nothing moves before about D₀ examples, then evenly in ln D
//!   power:     ℓ(D) = (ln(1 + D) / ln(1 + D_max))^γ      a power of the logarithm of the number of examples
//!
//! c₀ is the point of emergence without fine-tuning. That it can be forecast from fine-tuned models alone, because the point
//! moves with their number of examples by a law with few parameters, is the idea of Snell, Wallace, Klein and Levine (2024,
//! "Predicting Emergent Capabilities by Finetuning"). They take the loss of pretraining for x, one gain for all numbers of
//! examples (η = 0) and a power of the logarithm. Here x is compute; the gain may fall with fine-tuning (0 ≤ η ≤ ln 4), and the
//! logarithm is the default, because both forecast the published checkpoints of arXiv 2407.07890 better.
//!
//! Given c₀, s, D₀ (or γ) and η the best α₀ ≥ 0 is a quotient. The rest is least squares over these four numbers: a grid over
//! what is allowed, then the simplex of Nelder and Mead (1965) from its best places, started anew from where it ends until
//! nothing is gained. Allowed are shifts up to the range of x, and D₀ from a thirtieth of the least number of examples; a fit
//! that ends at such a bound says so ([`EmergenceLawFit::bounds`]), since its c₀ then follows from the bound.
//!
//! Points of one model, or of one family, are not independent: draw them together.
//!
//! ```
//! use onset::stats::emergence_law::{EmergenceLaw, EmergencePoints};
//!
//! // Ten models after 100, 1,000 and 10,000 examples; without any, they would emerge at 10^22.5 FLOPs.
//! let (mut x, mut examples, mut score) = (vec![], vec![], vec![]);
//! for i in 0..10 {
//!     for d in [100.0_f64, 1e3, 1e4] {
//!         let c = 22.5 - 1.5 * (d / 300.0).ln_1p() / (1e4_f64 / 300.0).ln_1p();
//!         let compute = 20.0 + 0.4 * f64::from(i);
//!         x.push(compute);
//!         examples.push(d);
//!         score.push(0.25 + 0.2 * (compute - c).max(0.0));
//!     }
//! }
//! let fit = EmergenceLaw::new().chance(0.25).fit(&EmergencePoints::new(&x, &examples, &score)?)?;
//! assert!((fit.law.c0 - 22.5).abs() < 1e-3 && (fit.law.c_at(1e4) - 21.0).abs() < 1e-3);
//! # Ok::<(), onset::Error>(())
//! ```

mod fit;
mod law;
mod points;
mod resampled;
mod search;
mod simplex;

pub use fit::{EmergenceLaw, EmergenceLawFit};
pub use law::{EmergenceLawParameters, EmergenceShift, GainBy, LawBound};
pub use points::EmergencePoints;
pub use resampled::{EmergenceQuantity, WithoutExamples};
