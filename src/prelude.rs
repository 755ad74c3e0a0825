//! The types that most programs use, for one `use onset::prelude::*`.

pub use crate::analysis::figure::Figure;
pub use crate::analysis::fit::{FitReport, FitSettings};
pub use crate::error::{Error, ErrorKind};
#[cfg(feature = "models")]
pub use crate::lm::{LoadedModel, Placement};
pub use crate::registry::modelset::ModelSet;
pub use crate::registry::table::Table;
pub use crate::registry::{Flops, Model, Models, Observation, Scores};
pub use crate::stats::curves::Curve;
pub use crate::stats::estimate::Estimate;
pub use crate::stats::hinge::{Hinge, HingeFit};
pub use crate::stats::sample::Sample;
