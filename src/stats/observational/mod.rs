//! Observational scaling: a benchmark forecast from components of other benchmarks (Ruan, Maddison and Hashimoto 2024,
//! "Observational Scaling Laws and the Predictability of Language Model Performance").
//!
//! Of models × benchmarks B, with the target benchmark left out, and training models only:
//!
//!   1. standardise every benchmark; fill what is missing with its fit by one principal component, until nothing changes;
//!   2. turn back, keep to 0 … 1, and take the first K principal components of the centred scores, S = (B - m) V;
//!   3. y = h + (1 - h) / (1 + exp(-(β₀ + β'S))), by least squares, with the floor h at 0 or within 0 … 0.2.
//!
//! Other models go through the mean, the scale, the components and the curve of the training models; nothing of theirs enters
//! the fit. The index β₀ + β'S is one measure of capability for all families, and within a family a straight line in log10
//! compute: b + w log10 C ([`FamilyLine`]). Through the line of a family the target is a sigmoid of its compute, and an index is
//! as much as so much compute of that family.
//!
//! **Intervals** come from drawing families of training models: all three steps are repeated. The interval for a model adds the
//! scatter of models around the curve: residuals of the fit over √(p(1-p)), which is what shares scatter by, with as many degrees
//! of freedom as the curve leaves.
//!
//! **A family at a compute that none of its models has** ([`Observational::at_compute`]) goes through its line. Every resample has its
//! own index and so its own lines; a line of n models is unsure by σ √(1/n + (x - x̄)²/Σ(x - x̄)²), and a model stands off its line by σ.
//! One σ is shared by all families, since most have three or four models, and is drawn with its degrees of freedom.
//!
//! ```
//! use onset::stats::observational::{Observational, ObservationalData};
//!
//! // Three benchmarks that one ability drives, and a target that it drives too.
//! let ability: Vec<f64> = (0..16).map(|i| f64::from(i) / 15.0).collect();
//! let column = |slope: f64, bend: f64| {
//!     ability.iter().enumerate().map(|(i, a)| 0.2 + slope * a + bend * ((i * 7 % 5) as f64 - 2.0)).collect::<Vec<f64>>()
//! };
//! let mut benchmarks = vec![column(0.5, 0.004), column(0.6, -0.006), column(0.4, 0.005)];
//! benchmarks[1][3] = f64::NAN;
//! let target: Vec<f64> = ability.iter().map(|a| 1.0 / (1.0 + (5.0 - 6.0 * a).exp())).collect();
//! let training: Vec<bool> = ability.iter().map(|a| *a < 0.7).collect();
//! let data = ObservationalData { benchmarks: &benchmarks, target: &target, training: &training };
//! let fit = Observational::new().components(1).fit(&data)?;
//! assert!(fit.mse_training < 1e-3 && fit.mse_held_out.is_some_and(|mse| mse < 5e-3));
//! # Ok::<(), onset::Error>(())
//! ```

mod at_compute;
mod capability;
mod fit;
mod forecast;
mod lines;
mod link;

pub use at_compute::{FamilyAt, FamilyForecast};
pub use fit::{Observational, ObservationalData, ObservationalFit};
pub use forecast::ObservationalIntervals;
pub use lines::FamilyLine;
