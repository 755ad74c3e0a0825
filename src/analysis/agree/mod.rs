//! Do anybody's benchmarks rank models alike, how sure is that, and how much of it could be seen at all?
//!
//! A table of models × benchmarks ([`ScoreGrid`]) gives Kendall's τ-b of every pair of benchmarks with an interval from
//! drawing families, and inside them base models with their chat models; noise ceilings where the noise of scores is known;
//! principal components beside those of unrelated benchmarks; and the ranks that noise leaves to every model. With scores
//! under two conditions it says what adjustment changed, on the same cells before and after. It is the analysis of
//! [`papers::train_before_test`](crate::analysis::papers::train_before_test), for any table.
//!
//! ```
//! use onset::analysis::agree::AgreeSettings;
//! use onset::registry::modelset::{GridSettings, ScoreGrid};
//! use onset::registry::table::Table;
//! let mut text = String::from("model,family,arc,mmlu,piqa\n");
//! for i in 0..12 {
//!     let y = 0.3 + 0.04 * f64::from(i);
//!     text.push_str(&format!("m{i},f{},{y},{},{}\n", i / 3, y + 0.05 * f64::from(i % 3), y - 0.06 * f64::from(i % 2)));
//! }
//! let table = Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[])?;
//! let grid = ScoreGrid::from_tables(&[table], &GridSettings::default())?;
//! let report = AgreeSettings { resamples: 200, ..AgreeSettings::default() }.of(&grid)?;
//! let mean = &report.scores[0].summary.mean;
//! assert!(mean.value > Some(0.7) && mean.interval.ends().is_some());
//! assert_eq!(report.scores[0].pairs.len(), 3);
//! # Ok::<(), onset::Error>(())
//! ```
//!
//! [`ScoreGrid`]: crate::registry::modelset::ScoreGrid

mod figure;
mod noise;
mod report;
mod run;
mod settings;
mod usable;

pub use figure::figure;
pub use report::{
    AgreeBenchmark, AgreeChange, AgreeComponents, AgreeCondition, AgreeModel, AgreeReport, BenchmarkAgreement,
    LeftOutBenchmark, ModelRank, PairAgreement, Without,
};
pub use settings::AgreeSettings;
