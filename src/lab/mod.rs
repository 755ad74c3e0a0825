//! Worlds with known truth: small models pretrained from nothing, of which it is known how much of the test's task they
//! have seen.
//!
//! Nobody can know how much a released model trained on the task of a test. Here everybody can: families of language
//! models that differ in nothing but the share of test-task documents in their pretraining text are trained, tested,
//! adjusted and tested again, and what the statistics say can be held against what was done.
//!
//! Read in this order: [`World`] (facts), `documents.rs` (text about them), [`Suite`] (which models), `corpus.rs` (the text
//! of one model), `exam.rs` (the test), [`Experiment`] (the loop), [`table`] (scores as rows for `onset fit`).

mod corpus;
mod documents;
pub mod exam;
mod experiment;
mod figures;
pub(crate) mod fits;
mod pupil;
mod record;
mod shape;
mod suite;
mod table;
mod vocabulary;
mod world;

pub use corpus::{adjustment, pretraining};
pub use documents::{Question, SEQUENCE, stem};
pub use experiment::{Event, Experiment};
pub use fits::{Curves, LabFit, LabReport};
pub use pupil::Phase;
pub use record::{Record, Score};
pub use shape::Shape;
pub use suite::{Family, Kind, Member, Recipe, Suite};
pub use table::{ADJUSTMENT, table};
pub use vocabulary::Vocabulary;
pub use world::{CHANCE, Fact, OPTIONS, Order, Part, World, WorldSettings};
