//! Worlds with known truth: small models pretrained from nothing, of which it is known how much of the test's task they
//! have seen.
//!
//! Nobody can know how much a released model trained on the task of a test. Here everybody can: families of language
//! models that differ in nothing but the share of test-task documents in their pretraining text are trained, tested,
//! adjusted and tested again, and what the statistics say can be held against what was done.
//!
//! Read in this order: `World` (facts), `documents.rs` (text about them), `Suite` (which models), `corpus.rs` (the text
//! of one model), `exam.rs` (the test), `Experiment` (the loop), `table` (scores as rows for `onset fit`).

mod agreement;
#[cfg(feature = "models")]
mod corpus;
mod coverage;
#[cfg(feature = "models")]
mod documents;
#[cfg(feature = "models")]
pub(crate) mod exam;
#[cfg(feature = "models")]
mod experiment;
mod figures;
mod fits;
mod options;
#[cfg(feature = "models")]
mod pupil;
#[cfg(feature = "models")]
mod record;
mod scores;
#[cfg(feature = "models")]
mod shape;
#[cfg(feature = "models")]
mod suite;
#[cfg(feature = "models")]
mod table;
#[cfg(all(test, feature = "models"))]
mod tests;
#[cfg(feature = "models")]
mod vocabulary;
#[cfg(feature = "models")]
mod world;

pub use agreement::LabAgreement;
pub(crate) use coverage::Coverage;
#[cfg(all(test, feature = "models"))]
pub(crate) use coverage::Truth;
#[cfg(feature = "models")]
pub(crate) use documents::SEQUENCE;

#[cfg(feature = "models")]
pub(crate) use experiment::Experiment;
#[cfg(feature = "models")]
pub(crate) use experiment::LabEvent;

pub use fits::{Curves, LabFit, LabReport};
pub(crate) use fits::{Fitted, theta};
pub(crate) use options::CHANCE;
#[cfg(feature = "models")]
pub(crate) use pupil::LabPhase;

#[cfg(feature = "models")]
#[cfg(test)]
pub(crate) use record::LabScore;

pub(crate) use scores::LabScores;

#[cfg(feature = "models")]
pub(crate) use suite::Member;
#[cfg(feature = "models")]
pub(crate) use suite::Suite;

#[cfg(feature = "models")]
#[cfg(test)]
pub(crate) use table::ADJUSTMENT;
#[cfg(feature = "models")]
pub(crate) use table::table;

#[cfg(feature = "models")]
#[cfg(test)]
pub(crate) use world::World;
#[cfg(feature = "models")]
#[cfg(test)]
pub(crate) use world::WorldSettings;
