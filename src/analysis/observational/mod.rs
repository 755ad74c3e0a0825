//! How models will score on a benchmark, forecast from their scores on other benchmarks.
//!
//! A table of models × benchmarks ([`ScoreGrid`](crate::registry::modelset::ScoreGrid)), one of them the target, gives the components of
//! the others and the curve of the target over them ([`stats::observational`](crate::stats::observational)), from the models that are
//! trained on. The others are forecast, and where they have a score on the target, the error is told; so is that of the same curve over
//! compute alone. A family can be asked for at a compute that none of its models has.
//!
//! ```
//! use onset::analysis::fit::FitTables;
//! use onset::analysis::observational::ObservationalSettings;
//! use onset::registry::table::Table;
//!
//! let mut text = String::from("model,family,compute,arc,boolq,piqa,hard\n");
//! let share = |t: f64| 1.0 / (1.0 + (-t).exp());
//! for i in 0..24 {
//!     let x = f64::from(i) / 8.0;
//!     let near = 0.02 * f64::from(i * 7 % 5 - 2);
//!     let (arc, boolq, piqa) = (share(x - 1.0 + near), share(0.6 * x - near), share(0.8 * x - 0.5));
//!     text.push_str(&format!("m{i},f{},{},{arc},{boolq},{piqa},{}\n", i % 6, 10f64.powf(20.0 + x), share(2.0 * x - 4.0)));
//! }
//! let table = Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[])?;
//! let settings =
//!     ObservationalSettings { target: "hard".into(), components: 1, bootstrap: 99, ..ObservationalSettings::default() };
//! let report = settings.of_tables(&FitTables { tables: vec![table], ..FitTables::default() })?;
//! assert_eq!((report.trained, report.held_out), (18, 6));
//! assert!(report.mse_held_out.is_some_and(|mse| mse < 0.01));
//! # Ok::<(), onset::Error>(())
//! ```

mod figure;
mod notes;
mod read;
mod report;
mod run;
mod settings;

pub use figure::figure;
pub use report::{
    BenchmarkOfComponents, ByComputeAlone, FamilyAhead, FamilyOfModels, ModelForecast, ModelRole, ObservationalReport,
};
pub use settings::{FamilyAtCompute, ObservationalSettings};
