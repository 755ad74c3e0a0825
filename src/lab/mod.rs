//! Worlds with known truth: small models pretrained from nothing, of which it is known how much of the test's task they
//! have seen.
//!
//! Nobody can know how much a released model trained on the task of a test. Here everybody can: families of language
//! models that differ in nothing but the share of test-task documents in their pretraining text are trained, tested,
//! adjusted and tested again, and what the statistics say can be held against what was done.
//!
//! Read in this order: [`World`] (facts), `documents.rs` (text about them), [`Suite`] (which models), `corpus.rs` (the text
//! of one model), `exam.rs` (the test), [`Experiment`] (the loop), [`table`] (scores as rows for `onset fit`).

#[cfg(feature = "models")]
mod corpus;
#[cfg(feature = "models")]
mod documents;
#[cfg(feature = "models")]
pub mod exam;
#[cfg(feature = "models")]
mod experiment;
mod figures;
pub(crate) mod fits;
#[cfg(feature = "models")]
mod pupil;
#[cfg(feature = "models")]
mod record;
#[cfg(feature = "models")]
mod shape;
#[cfg(feature = "models")]
mod suite;
#[cfg(feature = "models")]
mod table;
#[cfg(feature = "models")]
mod vocabulary;
mod world;

#[cfg(feature = "models")]
pub use corpus::{adjustment, pretraining};
#[cfg(feature = "models")]
pub use documents::{ExamQuestion, SEQUENCE, stem};
#[cfg(feature = "models")]
pub use experiment::{Experiment, LabEvent};
pub use fits::{Curves, LabFit, LabReport};
#[cfg(feature = "models")]
pub use pupil::LabPhase;
#[cfg(feature = "models")]
pub use record::{LabRecord, LabScore};
#[cfg(feature = "models")]
pub use shape::ModelShape;
#[cfg(feature = "models")]
pub use suite::{Family, LabRecipe, Member, ModelKind, Suite};
#[cfg(feature = "models")]
pub use table::{ADJUSTMENT, observations, table};
#[cfg(feature = "models")]
pub use vocabulary::Vocabulary;
pub use world::{CHANCE, Fact, FactPart, OPTIONS, Order, World, WorldSettings};
