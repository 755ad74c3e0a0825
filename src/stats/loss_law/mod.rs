//! The loss of language models by their size and data:
//!
//!   L(N, D) = E + A/N^α + B/D^β
//!
//! with N parameters and D training tokens (Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", approach
//! 3). Fitted is ln L, by the Huber loss of its residuals with δ = 0.001, or by their absolute values:
//!
//!   min Σ h(ln L_i - lse(a - α ln N_i, b - β ln D_i, e)),  E = exp(e), A = exp(a), B = exp(b)
//!
//! The objective has several minima and flat valleys. So every one of the 4,500 starts of Hoffmann et al. is taken, and the
//! best end is followed until it is a minimum to rounding error: to stop early gives other parameters (Besiroglu et al. 2024,
//! "Chinchilla Scaling: A replication attempt"). Least absolute residuals are the limit of δ to 0; the optimum passes through
//! five points, which are then solved for.
//!
//! With C = 6ND the loss is smallest at
//!
//!   N = G (C/6)^(β/(α+β)),  D = (C/6)/N,  G = (αA/(βB))^(1/(α+β))
//!
//! ```
//! use onset::stats::loss_law::LossLaw;
//!
//! let (mut params, mut tokens, mut loss) = (vec![], vec![], vec![]);
//! for n in [1e8_f64, 4e8, 1e9, 4e9] {
//!     for d in [1e9_f64, 1e10, 4e10, 2e11] {
//!         params.push(n);
//!         tokens.push(d);
//!         loss.push(1.8 + 480.0 / n.powf(0.35) + 2100.0 / d.powf(0.37));
//!     }
//! }
//! let fit = LossLaw::new().fit(&params, &tokens, &loss)?;
//! assert!((fit.law.alpha - 0.35).abs() < 1e-6 && (fit.law.e - 1.8).abs() < 1e-6);
//! let (n, d) = fit.law.optimum(1e23).unwrap();
//! assert!((6.0 * n * d / 1e23 - 1.0).abs() < 1e-12);
//! # Ok::<(), onset::Error>(())
//! ```

mod descent;
mod fit;
mod law;
mod points;
mod resampled;

pub use fit::{LossLaw, LossLawFit, Robust};
pub use law::LossLawParameters;
pub use resampled::LossLawQuantity;
