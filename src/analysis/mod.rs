//! The questions: how score scales with compute, where it emerges, what adjustment changes; and the paper's figures as
//! data.

pub mod agree;
pub(crate) mod discriminator;
pub mod emergence_law;
pub mod figure;
pub mod fit;
pub(crate) mod heat_map;
pub mod loss_law;
pub mod loss_then_score;
mod losses;
pub mod observational;
pub mod papers;
pub(crate) mod pareto;
mod phase;
pub(crate) mod scaling;
mod training;
pub(crate) mod words;

pub use phase::Phase;
pub use training::TrainingModels;
