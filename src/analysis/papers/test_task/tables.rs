//! The tables of the paper: causal_direct, causal_mediated and discriminator.

use super::exhibit::Exhibit;
use super::intervals;
use super::item::{Item, ItemPart};
use super::quantity::{PaperQuantity, Quantity};
use super::scatter::finetuned_old_and_new;
use super::scores::{EPOCHS, Paper, Reading, adjustment_for};
use crate::analysis::discriminator::Discriminator;
use crate::analysis::scaling::Scored;
use crate::error::{Error, Result};
use crate::registry::Condition;
use crate::stats::estimate::Estimate;
use crate::stats::random::Seed;
use crate::stats::spline::Spline;

/// A table of the paper: its rows as printed quantities.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperTable {
    /// Which table, also the name of its file.
    pub name: Exhibit,
    /// What it shows.
    pub caption: &'static str,
    /// Its numbers.
    pub quantities: Vec<Quantity>,
}

/// ψ, the direct effect of a model's being new on the adjusted score.
///
/// # Errors
/// When a score is missing or the regression impossible.
pub(crate) fn causal_direct(paper: &Paper<'_>) -> Result<PaperTable> {
    Ok(PaperTable {
        name: Exhibit::CausalDirect,
        caption: "Direct effect ψ of release from November 2023 on, on the adjusted score, given compute (spline with \
                  knots at 10²² and 10²³ FLOPs).",
        quantities: spline_rows(
            paper,
            Exhibit::CausalDirect,
            [PaperQuantity::Psi, PaperQuantity::PsiSe],
            |_, adjusted| adjusted,
        )?,
    })
}

/// φ, the effect that goes through training on the test task: unadjusted minus adjusted score.
///
/// # Errors
/// When a score is missing or the regression impossible.
pub(crate) fn causal_mediated(paper: &Paper<'_>) -> Result<PaperTable> {
    Ok(PaperTable {
        name: Exhibit::CausalMediated,
        caption: "Mediated effect φ of release from November 2023 on, on unadjusted minus adjusted score, given compute \
                  (spline with knots at 10²² and 10²³ FLOPs).",
        quantities: spline_rows(
            paper,
            Exhibit::CausalMediated,
            [PaperQuantity::Phi, PaperQuantity::PhiSe],
            |unadjusted, adjusted| unadjusted - adjusted,
        )?,
    })
}

fn spline_rows(
    paper: &Paper<'_>,
    table: Exhibit,
    [effect, effect_se]: [PaperQuantity; 2],
    response: impl Fn(f64, f64) -> f64,
) -> Result<Vec<Quantity>> {
    let mut rows = Vec::new();
    for id in ["mmlu", "gsm8k"] {
        let (before, after) = paper.pair(id, &Condition::epochs(adjustment_for(id), EPOCHS))?;
        let scores = paper.by_release(&after)?;
        let x: Vec<f64> = scores.iter().map(|s| s.log10_compute()).collect();
        let z: Vec<f64> = scores.iter().map(|s| f64::from(u8::from(s.comparison))).collect();
        let y: Vec<f64> = scores.iter().map(|s| response(before[&s.model.name], s.score)).collect();
        let fit = Spline::paper().fit(&x, &y, &[z])?;
        let undetermined =
            || Error::Undetermined("the spline regression leaves nothing to estimate an error from".into());
        let least_squares = &fit.least_squares;
        let r2 = least_squares.r_squared().ok_or_else(undetermined)?;
        // The group's column follows the intercept.
        let (difference, error, r2) = match paper.reading() {
            Reading::Published => {
                let place = 1;
                let errors = least_squares.standard_errors().ok_or_else(undetermined)?;
                let p_value = least_squares.p_values().and_then(|p| p.get(place).copied());
                let difference = Estimate { p_value, ..Estimate::of(fit.theta[0]) }.into();
                (difference, Some(errors[place]), Estimate::of(r2).into())
            }
            Reading::Corrected => {
                let clusters = intervals::families_of(&scores);
                let (difference, error) = intervals::regression(least_squares, 1, &clusters);
                (difference, error, intervals::regression_r_squared(r2, &least_squares.columns, &y, &clusters))
            }
        };
        let row = || Item::new(id, ItemPart::Whole);
        rows.push(Quantity::of(table, row(), effect, difference, &scores));
        rows.push(Quantity::of(table, row(), effect_se, Estimate { value: error, ..Estimate::default() }, &scores));
        rows.push(Quantity::of(table, row(), PaperQuantity::R2, r2, &scores));
    }
    Ok(rows)
}

/// Scores of old and new models, with or without the old ones fine-tuned.
fn old_and_new<'a>(paper: &Paper<'a>, id: &str, fine_tuned: bool) -> Result<Vec<Scored<'a>>> {
    paper.by_release(&if fine_tuned { finetuned_old_and_new(paper, id)? } else { paper.unadjusted(id)? })
}

/// Balanced accuracy of telling old from new by compute and score, before and after the old are fine-tuned.
///
/// # Errors
/// When a score is missing.
pub(crate) fn discriminator(paper: &Paper<'_>) -> Result<PaperTable> {
    let mut quantities = Vec::new();
    for id in ["mmlu", "gsm8k"] {
        for fine_tuned in [false, true] {
            let scores = old_and_new(paper, id, fine_tuned)?;
            let estimate = match paper.reading() {
                Reading::Published => {
                    Estimate::of(100.0 * Discriminator::boosted().run(&scores)?.balanced_accuracy()).into()
                }
                Reading::Corrected => intervals::balanced_accuracy(
                    &Discriminator::bagged(Seed(0)).leave_out_families().run(&scores)?,
                    &scores,
                ),
            };
            let (table, item) = (Exhibit::Discriminator, Item::new(id, ItemPart::OldVsNew { fine_tuned }));
            quantities.push(Quantity::of(table, item, PaperQuantity::BalancedAccuracy, estimate, &scores));
        }
    }
    Ok(PaperTable {
        name: Exhibit::Discriminator,
        caption: match paper.reading() {
            Reading::Published => {
                "Balanced accuracy, in percent, of telling older from newer models by compute and score: gradient-boosted \
                 trees, leave-one-out; 50 is guessing."
            }
            Reading::Corrected => {
                "Balanced accuracy, in percent, of telling older from newer models by compute and score: bagged trees, \
                 whole families left out; 50 is guessing."
            }
        },
        quantities,
    })
}

#[cfg(test)]
mod tests {
    use super::super::published::published;
    use super::*;

    /// XGBoost 1.x on the paper's files, leave-one-out: condition, model, probability.
    const REFERENCE: &str = include_str!("../../../../tests/fixtures/discriminator_probabilities.csv");

    #[test]
    fn the_discriminator_gives_every_model_the_probability_that_xgboost_gives_it() -> Result<()> {
        let data = published()?;
        let paper = Paper::new(&data);
        let mut compared = 0;
        for (condition, fine_tuned) in [("unadjusted", false), ("fine_tuned", true)] {
            let scores = old_and_new(&paper, "mmlu", fine_tuned)?;
            let found = Discriminator::boosted().run(&scores)?;
            for line in REFERENCE.lines() {
                let cells: Vec<&str> = line.split(',').collect();
                if cells[0] != condition {
                    continue;
                }
                let at = scores.iter().position(|s| s.model.name == cells[1]).expect("a model of the paper");
                let old: f64 = cells[2].parse().expect("a number");
                let here = 1.0 - found.probability[at];
                assert!((here - old).abs() < 2e-6, "{condition}, {}: {here}, XGBoost {old}", cells[1]);
                compared += 1;
            }
        }
        assert_eq!(compared, 106);
        Ok(())
    }
}
