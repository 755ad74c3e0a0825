//! Tasks and the files that hold their results.

pub mod lm_eval;
pub mod request;
