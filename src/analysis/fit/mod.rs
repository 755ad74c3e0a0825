//! A curve fitted to anybody's model set, with intervals that can be believed.
//!
//! [`FitSettings`] reads tables, fits the emergence curve y = r + α·max(0, x − c) + θ·z and the curves it competes with,
//! and reports what the data say and what they do not: every estimate with its standard error and interval, and a
//! reason wherever there is none. With scores after adjustment both are fitted on the same models and compared pairwise.
//! Models can be held out and predicted. The report is plain data: `report/` prints it, [`figure`] draws it.
//!
//! Which method an interval comes from is written beside it ([`Estimate::method`]); docs/formats.md describes the report
//! as JSON, field by field.
//!
//! [`Estimate::method`]: crate::stats::estimate::Estimate::method
//!
//! ```
//! use onset::analysis::fit::FitSettings;
//! use onset::registry::modelset::{ModelSet, Settings};
//! use onset::registry::table::Table;
//! use onset::stats::hinge::Outcome;
//!
//! let mut text = String::from("model,family,compute,score\n");
//! for i in 0..16 {
//!     let x = 20.0 + 0.25 * f64::from(i);
//!     let score = 0.25 + 0.1 * (x - 22.0).max(0.0) + 0.004 * f64::from(i % 3);
//!     text.push_str(&format!("m{i},f{},{:e},{score}\n", i / 3, 10f64.powf(x)));
//! }
//! let table = Table::parse(text.as_bytes(), "toys.csv".as_ref(), &[])?;
//! let set = ModelSet::from_tables(&[table], &Settings::default())?;
//! let report = FitSettings { bootstrap: 199, chance: "0.25".parse()?, ..FitSettings::default() }.fit(&set)?;
//! assert_eq!(report.unadjusted.outcome, Some(Outcome::Break));
//! assert!((report.unadjusted.c_log10.value.unwrap_or(0.0) - 22.0).abs() < 0.1);
//! # Ok::<(), onset::Error>(())
//! ```

mod caution;
mod chance;
mod counts;
mod curve_report;
mod curves;
mod draw;
mod evidence;
mod fitted;
mod forecast;
mod headline;
mod hinge;
mod influence;
mod input;
mod items;
mod json;
mod large;
mod layout;
mod models;
mod report;
mod run;
mod sentence;
mod settings;
mod several;
mod steps;
mod uncertain;

pub use caution::{Caution, CautionKind};
pub use counts::{CountsCurve, CountsReport};
pub use curve_report::{CurvePoint, CurveReport, FittedModel, HingeReport, HoldoutReport, Prediction};
pub use draw::figure;
pub(crate) use draw::{Names, figure_with};
pub use evidence::{BreakReport, RiseReport, RiseTest, Shown, Turn};
pub use influence::{Influence, Without};
pub use input::{FitTables, Inputs, tables};
pub(crate) use items::item_interval;
pub use layout::ReportLayout;
pub(crate) use layout::SCHEMA;
pub use report::{
    Analysis, CutoffReport, DifferenceReport, DroppedModel, EquivalenceReport, FitReport, GroupReport, NoiseReport,
    ReasonCount, SettingsReport,
};
pub(crate) use sentence::p_value;
pub use settings::{ChanceLevel, CurveChoice, FitSettings};
pub(crate) use several::among_groups;
pub use several::{ScoreFit, ScoreFits};
pub(crate) use steps::FitStep;
pub use uncertain::ErrorReport;
