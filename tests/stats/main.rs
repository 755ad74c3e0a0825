//! The algorithms of `stats` against references, brute force and each other.

#[path = "../support/mod.rs"]
mod support;

mod curves;
mod degenerate;
mod inference;
mod limits;
mod nist;
mod paper_scores;
mod references;
mod resampling;
mod sigmoids;
