//! What leaves the program as text: CSV files, terminal tables and pages.

pub mod agree;
#[cfg(feature = "models")]
pub(crate) mod coverage;
pub mod csv;
#[cfg(feature = "models")]
pub mod evaluate;
pub mod every_eval_ever;
#[cfg(feature = "models")]
pub mod finetune;
pub mod fit;
pub mod harmony;
pub mod html;
pub mod json;
pub mod lab;
pub mod loss_law;
pub mod reproduction;
pub mod reproduction_page;
#[cfg(feature = "models")]
pub mod study;
pub mod terminal;
#[cfg(all(test, feature = "models"))]
mod tests;
mod text;
