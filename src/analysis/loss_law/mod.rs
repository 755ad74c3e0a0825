//! How the loss of language models falls with their size and their data, and what that says of a budget.
//!
//! A table with parameters, training tokens and losses gives L = E + A/N^α + B/D^β
//! ([`stats::loss_law`](crate::stats::loss_law)), every number with an interval from drawing runs, and for any compute the
//! parameters and tokens with which the loss would be smallest.
//!
//! ```
//! use onset::analysis::fit::FitTables;
//! use onset::analysis::loss_law::LossLawSettings;
//! use onset::registry::table::Table;
//!
//! let mut text = String::from("model,params,tokens,loss\n");
//! for (i, n) in [5e7_f64, 2e8, 1e9, 4e9].into_iter().enumerate() {
//!     for (k, d) in [1e9_f64, 1e10, 4e10, 2e11].into_iter().enumerate() {
//!         let noise = 1.0 + 0.002 * ((3 * i + 5 * k) % 4) as f64;
//!         let loss = noise * (1.8 + 480.0 / n.powf(0.35) + 2100.0 / d.powf(0.37));
//!         text.push_str(&format!("{n}-{d},{n},{d},{loss}\n"));
//!     }
//! }
//! let table = Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[])?;
//! let settings = LossLawSettings { bootstrap: 99, compute: vec![1e23], ..LossLawSettings::default() };
//! let report = settings.of_tables(&FitTables { tables: vec![table], ..FitTables::default() })?;
//! assert!(report.alpha.value.is_some_and(|alpha| (alpha - 0.35).abs() < 0.05));
//! assert!(report.allocations[0].params.interval.ends().is_some());
//! # Ok::<(), onset::Error>(())
//! ```

mod figure;
mod notes;
mod report;
mod run;
mod settings;

pub use figure::figure;
pub use report::{Allocation, LossLawReport, LossPoint};
pub use settings::LossLawSettings;
