//! What leaves the program as text: CSV files, terminal tables and pages.

pub mod agree;
#[cfg(feature = "models")]
pub(crate) mod coverage;
pub mod csv;
pub mod emergence_law;
#[cfg(feature = "models")]
pub(crate) mod evaluate;
pub(crate) mod every_eval_ever;
#[cfg(feature = "models")]
pub(crate) mod finetune;
pub mod fit;
pub mod harmony;
pub mod html;
pub(crate) mod json;
pub mod lab;
pub mod loss_law;
pub mod loss_then_score;
pub mod observational;
pub mod reproduction;
pub mod reproduction_page;
#[cfg(feature = "models")]
pub(crate) mod study;
pub(crate) mod terminal;
#[cfg(all(test, feature = "models"))]
mod tests;
mod text;
