//! On what scale the scores are, and that all of them are on it.

use super::records::Cell;
use super::settings::ScoreScale;
use crate::registry::Metric;
use crate::registry::table::split_brackets;
use crate::{Error, Result};

/// The scale of these scores, each with its cell.
///
/// # Errors
/// [`Error::Cell`] for a score outside the scale asked for, one that fits none of the usual ones, or where some cells have a
/// percent sign and others have none.
pub(super) fn check(scores: &[(f64, Cell<'_>)], asked: ScoreScale) -> Result<ScoreScale> {
    let marked = |cell: &Cell<'_>| cell.text().ends_with('%');
    let with_sign = scores.iter().filter(|(_, cell)| marked(cell)).count();
    if let Some((_, cell)) = scores.iter().find(|(_, cell)| !marked(cell)).filter(|_| with_sign > 0) {
        let problem =
            format!("`{}` has no percent sign and other scores have one; write all of them alike", cell.text());
        return Err(cell.error(problem));
    }
    let scale = match asked {
        ScoreScale::Auto if with_sign == 0 && all_named_percent(scores) => {
            shares_called_percent(scores)?;
            ScoreScale::Percent
        }
        ScoreScale::Auto if mostly_above_one(scores) => ScoreScale::Percent,
        ScoreScale::Auto => ScoreScale::Share,
        asked => asked,
    };
    if scale == ScoreScale::Percent && asked == ScoreScale::Auto {
        shares_among_percentages(scores)?;
    }
    let Some((low, high)) = scale.range() else { return Ok(scale) };
    match scores.iter().find(|(score, _)| !(low..=high).contains(score)) {
        Some((_, cell)) => Err(outside(cell, scale, (low, high), asked, scores)),
        None => Ok(scale),
    }
}

/// That the scores after adjustment are on the scale of those before.
///
/// # Errors
/// As [`check`], and when those before are in percent and these look like shares.
pub(super) fn check_alike(after: &[(f64, Cell<'_>)], scale: ScoreScale) -> Result<()> {
    if let (ScoreScale::Percent, Some((_, cell))) = (scale, after.first())
        && !mostly_above_one(after)
        && !all_named_percent(after)
    {
        return Err(cell.error(
            "most scores after adjustment are at most 1 and those before are in percent; bring both to one scale"
                .to_owned(),
        ));
    }
    if let (ScoreScale::Share, Some((_, cell))) = (scale, after.first())
        && mostly_above_one(after)
    {
        return Err(cell.error(
            "most scores after adjustment are above 1 and those before are shares; bring both to one scale".to_owned(),
        ));
    }
    check(after, scale).map(|_| ())
}

/// That no score in percent looks like one that was left a share.
///
/// # Errors
/// [`Error::Cell`] where few scores are at most 1 and all others far above.
fn shares_among_percentages(scores: &[(f64, Cell<'_>)]) -> Result<()> {
    let is_small = |score: f64| score > 0.0 && score <= 1.0;
    let least = scores.iter().map(|(score, _)| *score).filter(|score| !is_small(*score)).fold(f64::INFINITY, f64::min);
    match scores.iter().find(|(score, _)| is_small(*score)).filter(|_| least > FAR_ABOVE && least.is_finite()) {
        Some((_, cell)) => Err(cell.error(format!(
            "{} stands among scores in percent of which the next is {least}; write it in percent too, or say that it is by \
             `--score-scale percent`",
            cell.text()
        ))),
        None => Ok(()),
    }
}

/// The scale that a metric has by itself: that of a perplexity has no upper end, that of BLEU ends at 100. Shares may be
/// written in percent, so nothing is known of them.
pub(super) fn of_metric(metric: Option<&str>) -> ScoreScale {
    let range = metric.and_then(|metric| metric.parse::<Metric>().ok()).map(|metric| metric.measure.range());
    match range {
        Some((_, high)) if high.is_infinite() => ScoreScale::Any,
        Some((_, 100.0)) => ScoreScale::Percent,
        Some((low, _)) if low < 0.0 => ScoreScale::Any,
        Some(_) | None => ScoreScale::Auto,
    }
}

/// A sentence for scores in percent that may have been left shares.
pub(super) fn small_among_percentages(scores: impl Iterator<Item = f64>) -> Option<String> {
    let small = scores.filter(|score| *score > 0.0 && *score <= 1.0).count();
    (small > 0).then(|| {
        "among percentages stand values of at most 1, taken as percentages: check that none is a share".to_owned()
    })
}

/// That scores in columns called percent are not all shares, as `0.7` below `MMLU (%)` in a workbook, which shows it as 70 %.
///
/// # Errors
/// [`Error::Cell`] where none is above 1 and some are above 0.
fn shares_called_percent(scores: &[(f64, Cell<'_>)]) -> Result<()> {
    let (highest, cell) = match scores.iter().max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((highest, cell)) => (*highest, cell),
        None => return Ok(()),
    };
    if highest <= 0.0 || highest > 1.0 {
        return Ok(());
    }
    Err(cell.error(format!(
        "the column is called percent and no score in it is above 1: {highest} is {} % if the scores are shares \
         (`--score-scale share`), and {highest} % if they are not (`--score-scale percent`)",
        100.0 * highest
    )))
}

/// A score in percent that is this far from those below 1 leaves a gap that scores of models do not have.
const FAR_ABOVE: f64 = 10.0;

fn mostly_above_one(scores: &[(f64, Cell<'_>)]) -> bool {
    2 * scores.iter().filter(|(score, _)| *score > 1.0).count() > scores.len()
}

/// Whether the columns say that they hold percentages, as `MMLU (%)` does.
fn all_named_percent(scores: &[(f64, Cell<'_>)]) -> bool {
    let percent = |cell: &Cell<'_>| {
        split_brackets(cell.column_name())
            .1
            .is_some_and(|unit| matches!(unit.to_lowercase().as_str(), "%" | "percent" | "pct"))
    };
    !scores.is_empty() && scores.iter().all(|(_, cell)| percent(cell))
}

fn outside(
    cell: &Cell<'_>,
    scale: ScoreScale,
    (low, high): (f64, f64),
    asked: ScoreScale,
    scores: &[(f64, Cell<'_>)],
) -> Error {
    let within = scores.iter().filter(|(score, _)| (low..=high).contains(score)).count();
    let hint = if asked == ScoreScale::Auto && scale == ScoreScale::Share && within > 0 {
        format!(
            ", and {within} of {} scores are: bring all to one scale, or, if those are percentages too, say so by \
             `--score-scale percent`; `--score-scale any` allows every number",
            scores.len()
        )
    } else if asked == ScoreScale::Auto {
        "; `--score-scale percent` allows 0 to 100, `--score-scale any` every number".to_owned()
    } else {
        "; `--score-scale any` allows every number".to_owned()
    };
    cell.error(format!("{} is not between {low} and {high}{hint}", cell.text()))
}
