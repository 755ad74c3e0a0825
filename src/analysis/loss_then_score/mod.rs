//! How a large model will score, forecast from small training runs in two steps: compute gives the loss, and the loss the score.
//!
//! A table of checkpoints with parameters, tokens, loss and score ([`stats::loss_then_score`](crate::stats::loss_then_score)) gives the
//! law of loss of the runs that are trained on, and the score at a loss over all their checkpoints. The other runs are held out of both
//! steps and forecast, and so are models that are only asked for.
//!
//! ```
//! use onset::analysis::fit::FitTables;
//! use onset::analysis::loss_then_score::LossThenScoreSettings;
//! use onset::registry::modelset::Settings;
//! use onset::registry::table::Table;
//!
//! let mut text = String::from("model,params,tokens_seen,loss,quiz\n");
//! for (i, n) in [2e8_f64, 4e8, 8e8, 1.3e9].into_iter().enumerate() {
//!     for (k, each) in [20.0, 60.0, 200.0].into_iter().enumerate() {
//!         for step in 1..=8 {
//!             let d = each * n * f64::from(step) / 8.0;
//!             let off = 1.0 + 0.001 * f64::from((i * 7 + k * 5) as u32 % 4);
//!             let loss = off * (0.4 + 40.0 / n.powf(0.23) + 100.0 / d.powf(0.24));
//!             let score = 1.0 - 0.75 / (1.0 + (-5.0 * (loss - 0.8)).exp());
//!             text.push_str(&format!("run-{i}-{k},{n},{d},{loss},{score}\n"));
//!         }
//!     }
//! }
//! let table = Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[])?;
//! let settings = LossThenScoreSettings {
//!     tables: Settings { score: Some("quiz".into()), ..Settings::default() },
//!     targets: vec!["7B@2T".parse()?],
//!     bootstrap: 49,
//!     ..LossThenScoreSettings::default()
//! };
//! let report = settings.of_tables(&FitTables { tables: vec![table], ..FitTables::default() })?;
//! assert_eq!((report.trained, report.held_out, report.runs.len()), (9, 3, 13));
//! assert!(report.score_error_held_out.is_some_and(|error| error < 0.02));
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
    LadderCheckpoint, LadderForecast, LossThenScoreReport, RunRole, ScoreAtLoss, StepNumber, StepParameter,
};
pub use settings::{LossThenScoreSettings, SizeAndData};
