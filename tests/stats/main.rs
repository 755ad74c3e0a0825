//! The algorithms of `stats` against references, brute force and each other.

use onset::Result;
use onset::stats::clusters::Clusters;
use onset::stats::sample::Sample;

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
mod weights;

/// Scores `y` at `x` of models with groups and families.
fn sample(x: &[f64], y: &[f64], groups: &[Vec<f64>], families: &Clusters) -> Result<Sample> {
    Sample::new(x, y)?.with_groups(groups)?.with_families(families)
}
