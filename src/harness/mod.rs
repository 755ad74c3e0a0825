//! Tasks, what runs models on them, and the files that hold their results.

#[cfg(feature = "models")]
pub mod evaluation;
mod format;
mod groups;
pub mod helm;
mod import;
pub mod inspect;
pub mod lighteval;
pub mod lm_eval;
mod logs;
pub mod request;
#[cfg(feature = "models")]
pub mod results;
#[cfg(feature = "models")]
pub mod runner;
pub mod server;
pub mod tasks;
#[cfg(test)]
mod tests;
