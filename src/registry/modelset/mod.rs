//! Anybody's tables as models with a predictor and a score, ready to be fitted.
//!
//! A table may be wide (one row per model, a column per score) or long (one row per model and benchmark, with columns
//! benchmark, value and perhaps metric and adjustment). Several tables are joined by the models' names: what one lacks
//! the next one gives, and the first that has a value wins. Columns are found by the names that tables in circulation use
//! (onset's own, ObsScaling's, Epoch's), or named in [`Settings`]. Compute is the table's own figure or 6·N·D, with the
//! active parameters as N where they are given. Models that lack what the fit needs are left out and named.
//!
//! ```
//! use onset::registry::modelset::{ModelSet, Settings};
//! use onset::registry::table::Table;
//!
//! let text = b"Model,Model Family,Model Size (B),Pretraining Data Size (T),FLOPs (1E21),MMLU\n\
//!              small,toy,1,0.5,3,0.25\nmedium,toy,7,2,,0.45\nsecret,other,,,,0.7\n";
//! let table = Table::parse(text, "toys.csv".as_ref(), &[])?;
//! let settings = Settings { score: Some("mmlu".into()), ..Settings::default() };
//! let set = ModelSet::from_tables(&[table], &settings)?;
//! assert_eq!(set.rows.len(), 2);
//! assert_eq!((set.rows[0].x, set.rows[1].x), (3e21, 8.4e22));
//! assert_eq!(set.dropped[0].to_string(), "secret: no compute");
//! # Ok::<(), onset::Error>(())
//! ```

mod chosen;
mod columns_of_scores;
mod conflicts;
mod dropped;
mod examples;
mod facts;
mod grid;
mod grid_settings;
mod groups;
mod layout;
mod predictor;
mod quantity;
mod records;
mod repeats;
mod rows;
mod scale;
mod scores;
mod selection;
mod set;
mod settings;
mod setups;
mod sizes;

pub use dropped::{Dropped, Reason};
pub(crate) use examples::task_examples;
pub use grid::{GridBenchmark, GridModel, GridScores, ScoreGrid};
pub use grid_settings::GridSettings;
pub use groups::Group;
pub use predictor::{Predictor, PredictorKind, XScale};
pub use scores::Score;
pub(crate) use scores::shortened;
pub use selection::Selection;
pub(crate) use set::AFTER_ADJUSTMENT;
pub use set::{ModelRow, ModelSet};
pub use settings::{Amount, ClusterBy, Cutoff, GroupBy, ScoreScale, Settings, WeightBy};
