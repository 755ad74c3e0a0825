//! On what scale the scores are, and that all of them are on it.

use super::ScoreScale;
use super::records::Cell;
use crate::{Error, Result};

/// The scale of these scores, each with its cell.
///
/// # Errors
/// [`Error::Cell`] for a score outside the scale asked for, or that fits none of the usual ones.
pub(super) fn check(scores: &[(f64, Cell<'_>)], asked: ScoreScale) -> Result<ScoreScale> {
    let scale = match asked {
        ScoreScale::Auto => {
            let above_one = scores.iter().filter(|(score, _)| *score > 1.0).count();
            if 2 * above_one > scores.len() { ScoreScale::Percent } else { ScoreScale::Share }
        }
        asked => asked,
    };
    let Some((low, high)) = scale.range() else { return Ok(scale) };
    match scores.iter().find(|(score, _)| !(low..=high).contains(score)) {
        Some((_, cell)) => Err(outside(cell, low, high, asked)),
        None => Ok(scale),
    }
}

fn outside(cell: &Cell<'_>, low: f64, high: f64, asked: ScoreScale) -> Error {
    let hint = if asked == ScoreScale::Auto {
        "; `--score-scale percent` allows 0 to 100, `--score-scale any` every number"
    } else {
        ""
    };
    cell.error(format!("{} is not between {low} and {high}{hint}", cell.text()))
}
