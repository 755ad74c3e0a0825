//! What a guess scores: as given, as the benchmark that the score's name means has it, or estimated.
//!
//! A level that a name implies is not imposed where most scores contradict it, as those do that a leaderboard normalised to
//! chance 0.

use super::settings::{ChanceLevel, FitSettings};
use crate::registry::Benchmark;
use crate::registry::modelset::{ModelSet, ScoreScale, shortened};
use crate::{Error, Result};

/// A score this many standard errors below the level of a guess contradicts it.
const SURELY: f64 = 3.0;

/// So many scores below the level may be accidents.
const FEW: usize = 3;

/// The level of chance, `None` to estimate it, and where it comes from.
///
/// # Errors
/// [`Error::Argument`] for a given level that is on another scale than the scores.
pub(super) fn chance(settings: &FitSettings, set: &ModelSet, notes: &mut Vec<String>) -> Result<(Option<f64>, String)> {
    let known = set.score.benchmark.filter(|_| set.score.scale.perfect().is_some());
    Ok(match (settings.chance, known) {
        (ChanceLevel::Given(level), _) => (Some(on_scale(level, set)?), "given".into()),
        (ChanceLevel::Free, _) => (None, "estimated".into()),
        (ChanceLevel::Known, Some(benchmark)) => of_benchmark(benchmark, set, notes),
        (ChanceLevel::Known, None) => {
            notes.push(format!("chance on `{}` is not known and taken as 0; set it by --chance", set.score.name));
            (Some(0.0), "taken as 0".into())
        }
    })
}

/// A given level, if it is on the scale of the scores.
fn on_scale(level: f64, set: &ModelSet) -> Result<f64> {
    let level = checked("chance", "--chance", level, set)?;
    let far_below = set.rows.iter().filter(|row| row.score < FAR_BELOW * level).count();
    if set.score.scale.perfect().is_some() && 2 * far_below > set.rows.len() {
        return Err(Error::Argument(format!(
            "--chance {} says what a guess scores, and {far_below} of {} scores are far below that; `--chance free` has the level \
             estimated",
            shown(level),
            set.rows.len()
        )));
    }
    Ok(level)
}

/// Below this part of a level of chance no noise of items brings most models.
const FAR_BELOW: f64 = 0.8;

/// Above this multiple of a ceiling no noise of items brings a tenth of the models.
const FAR_ABOVE: f64 = 1.05;

/// That the ceiling and the margin that were given are on the scale of the scores.
///
/// # Errors
/// [`Error::Argument`] for one that is not, with what was probably meant.
pub(super) fn check_levels(settings: &FitSettings, set: &ModelSet) -> Result<()> {
    if let Some(ceiling) = settings.ceiling {
        checked("the ceiling", "--ceiling", ceiling, set)?;
        let above = set.rows.iter().filter(|row| row.score > FAR_ABOVE * ceiling).count();
        if set.score.scale.perfect().is_some() && 10 * above > set.rows.len() {
            return Err(Error::Argument(format!(
                "--ceiling {} says what scores approach, and {above} of {} scores are far above that",
                shown(ceiling),
                set.rows.len()
            )));
        }
        if let ChanceLevel::Given(chance) = settings.chance
            && ceiling <= chance
        {
            return Err(Error::Argument(format!(
                "--ceiling {} is not above --chance {}",
                shown(ceiling),
                shown(chance)
            )));
        }
    }
    if let Some(margin) = settings.margin {
        match set.score.scale {
            // A difference of less than a hundredth of a percentage point is below what any benchmark can show.
            ScoreScale::Percent if margin < LEAST_MARGIN => {
                return Err(Error::Argument(format!(
                    "the margin is {margin} and the scores are in percent, so it is {margin} percentage points; did you mean \
                     `--margin {}`?",
                    shown(100.0 * margin)
                )));
            }
            ScoreScale::Share if margin >= 1.0 => {
                checked("the margin", "--margin", margin, set)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Of scores in percent, a margin below this is one that was meant for shares.
const LEAST_MARGIN: f64 = 0.1;

/// A level of scores, if it is on their scale; `what` it is and the option that gives it.
fn checked(what: &str, option: &str, level: f64, set: &ModelSet) -> Result<f64> {
    let refused = |scores: &str, meant: f64| {
        let meant = shown(meant);
        Err(Error::Argument(format!("{what} is {level} and the scores are {scores}; did you mean `{option} {meant}`?")))
    };
    match set.score.scale {
        ScoreScale::Share if !(0.0..=1.0).contains(&level) => refused("shares from 0 to 1", level / 100.0),
        ScoreScale::Percent if level > 0.0 && level < 1.0 => refused("in percent", 100.0 * level),
        ScoreScale::Percent if !(0.0..=100.0).contains(&level) => {
            Err(Error::Argument(format!("{what} is {level} and the scores are in percent; write it between 0 and 100")))
        }
        _ => Ok(level),
    }
}

/// The level of a benchmark, as far as the scores allow it.
fn of_benchmark(benchmark: &Benchmark, set: &ModelSet, notes: &mut Vec<String>) -> (Option<f64>, String) {
    let (name, source) = (&benchmark.name, &benchmark.chance.source);
    if set.score.normalised {
        return (
            Some(0.0),
            format!("{name}, normalised to chance 0 as the names of the columns say; --chance sets another level"),
        );
    }
    let Some(share) = benchmark.chance.actual else {
        return (None, format!("estimated; {name}: {source}"));
    };
    let level = share * set.score.scale.perfect().unwrap_or(1.0);
    let standard_error = (share * (1.0 - share) / f64::from(benchmark.items.max(1))).sqrt();
    let least = (share - SURELY * standard_error) * set.score.scale.perfect().unwrap_or(1.0);
    let below = set.rows.iter().filter(|row| row.score < least).count();
    if 2 * below > set.rows.len() {
        let of = set.rows.len();
        return (
            Some(0.0),
            format!(
                "taken as 0: guessing at {name} scores {}, but {below} of {of} scores are below that, as where scores are \
                 normalised to chance 0; --chance sets it",
                shown(level)
            ),
        );
    }
    let beside = &set.score.normalised_beside;
    let some_below = below >= FEW && 10 * below > set.rows.len();
    if some_below && !beside.is_empty() {
        let of = set.rows.len();
        return (
            Some(0.0),
            format!(
                "taken as 0: guessing at {name} scores {}, but {below} of {of} scores are far below that, and so are most \
                 scores of {}, as where a table is normalised to chance 0; --chance sets it",
                shown(level),
                shortened(beside)
            ),
        );
    }
    if !beside.is_empty() {
        notes.push(format!(
            "most scores of {} are far below a guess, as where a table is normalised to chance 0; if `{}` is too, say \
             `--chance 0` (a guess scores {} of it otherwise)",
            shortened(beside),
            set.score.name,
            shown(level)
        ));
    }
    if some_below {
        notes.push(format!(
            "{below} of {} scores are far below {}, which guessing at {name} scores; if they are normalised to chance 0, say \
             `--chance 0`",
            set.rows.len(),
            shown(level)
        ));
    }
    (Some(level), format!("{name}: {source}"))
}

fn shown(level: f64) -> String {
    format!("{level:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
}
