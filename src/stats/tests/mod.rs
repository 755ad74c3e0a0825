//! The algorithms of `stats` against references, brute force and each other.

use crate::Result;
use crate::stats::clusters::Clusters;
use crate::stats::sample::Sample;

mod broken;
mod counts;
mod curves;
mod degenerate;
mod emergence_law;
mod inference;
mod limits;
mod loss_law;
mod loss_then_score;
mod nist;
mod observational;
mod paper_scores;
mod references;
mod resampling;
mod round_trips;
mod sigmoids;
mod weights;

/// Scores `y` at `x` of models with groups and families.
fn sample(x: &[f64], y: &[f64], groups: &[Vec<f64>], families: &Clusters) -> Result<Sample> {
    Sample::new(x, y)?.with_groups(groups)?.with_families(families)
}
