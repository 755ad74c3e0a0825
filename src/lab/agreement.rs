//! Two exams of different format over the same facts: how far they rank the models alike, before and after adjustment.
//!
//! Both formats ask what the world has told, so what they measure is known to be one thing: but for the noise of items, and
//! for what a model has learned of a format, they would rank the models alike. That is the claim of "Train-before-Test
//! Harmonizes Language Model Rankings" (arXiv 2507.05195) where the truth is known: before adjustment agreement is lower than
//! that, after it is near. Families are drawn anew for the intervals.

use serde::{Deserialize, Serialize};

use super::scores::LabScores;
use crate::registry::{Condition, Format};
use crate::stats::agreement::{Agreement, Panel};
use crate::stats::ceiling::{Ceiling, CeilingFit, Noise};
use crate::stats::clusters::Clusters;
use crate::stats::estimate::Estimate;
use crate::stats::nested::Nesting;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// How far the two exams agree after so many task examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabAgreement {
    /// Task examples in multiple choice that all models have seen.
    pub examples: usize,
    /// Models with a score in both formats, before and after.
    pub models: usize,
    /// Kendall's τ-b of multiple choice and cloze.
    pub tau: Estimate,
    /// τ-b as a share of its noise ceiling, which is what one ability would give.
    pub share_of_ceiling: Estimate,
    /// τ-b less that without task examples.
    pub gain: Estimate,
    /// The τ-b that items leave to one ability, the geometric mean of both exams' ceilings.
    pub ceiling: Option<f64>,
}

const SEED: Seed = Seed(1);
const REPLICATES: usize = 2_000;
const FORMATS: [Format; 2] = [Format::MultipleChoice, Format::Cloze];

/// Both formats' scores of the same models under one condition.
struct Scores {
    columns: [Vec<f64>; 2],
    ceilings: Vec<CeilingFit>,
}

impl LabAgreement {
    /// Without task examples first, then for every number of them after which both exams were taken; none where no model has
    /// both, or all exams leave all models equal.
    ///
    /// # Errors
    /// When a score is no share of its items.
    pub(super) fn of(scores: &LabScores) -> Result<Vec<Self>> {
        let plain = Condition::unadjusted();
        let mut found: Vec<Self> = Vec::new();
        for condition in scores.adjusted() {
            let models: Vec<usize> = (0..scores.models.len())
                .filter(|&at| {
                    let has = |format, condition| scores.of_model(at, format, condition).is_some();
                    FORMATS.iter().all(|format| has(*format, &plain) && has(*format, &condition))
                })
                .collect();
            let families: Vec<&str> = models.iter().map(|&at| scores.models[at].family.as_str()).collect();
            let nesting = Nesting::flat(Clusters::new(&families));
            let [before, after] = [Scores::of(scores, &models, &plain), Scores::of(scores, &models, &condition)];
            let (Some(before), Some(after)) = (before?, after?) else { continue };
            let agreement = Agreement::new(SEED).replicates(REPLICATES);
            let change = match agreement.compare(&before.panel(), &after.panel(), &nesting) {
                Ok(change) => change,
                // One family, or exams that leave all models equal, say nothing of agreement.
                Err(Error::Undetermined(_)) => continue,
                Err(error) => return Err(error),
            };
            let one = |examples, fit: &crate::stats::agreement::AgreementFit, side: &Scores, gain: Estimate| Self {
                examples,
                models: models.len(),
                tau: fit.summary.mean.clone(),
                share_of_ceiling: fit.summary.share_of_ceiling.clone(),
                gain,
                ceiling: side.ceiling(),
            };
            if found.is_empty() {
                found.push(one(0, &change.before, &before, Estimate::of(0.0)));
            }
            let examples = condition.examples.unwrap_or_default() as usize;
            found.push(one(examples, &change.after, &after, change.difference.mean.clone()));
        }
        Ok(found)
    }
}

impl Scores {
    /// `None` where fewer than two models have numbers of items.
    fn of(scores: &LabScores, models: &[usize], condition: &Condition) -> Result<Option<Self>> {
        let mut ceilings = Vec::with_capacity(FORMATS.len());
        let mut columns: [Vec<f64>; 2] = Default::default();
        for (format, column) in FORMATS.into_iter().zip(&mut columns) {
            let found = models.iter().filter_map(|&at| scores.of_model(at, format, condition));
            let (values, items): (Vec<f64>, Vec<Option<u64>>) = found.unzip();
            let Some(items) = items.first().copied().flatten().filter(|_| values.len() > 1) else { return Ok(None) };
            ceilings.push(Ceiling::new().fit(&values, &Noise::Items(items as f64))?);
            *column = values;
        }
        Ok(Some(Self { columns, ceilings }))
    }

    fn panel(&self) -> Panel<'_> {
        Panel::new(&self.columns).ceilings(&self.ceilings)
    }

    fn ceiling(&self) -> Option<f64> {
        let product = self.ceilings.iter().map(|fit| fit.ceiling).product::<Option<f64>>();
        product.map(f64::sqrt)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;

    /// Twenty models of five families that know more and more; multiple choice is at chance but for every other family
    /// before adjustment, and asks for what they know after it.
    fn scores() -> LabScores {
        let mut text = String::from(
            "model,family,cohort,share,params,tokens,benchmark,format,metric,value,items,adjustment,examples\n",
        );
        for i in 0..20_usize {
            let known = 0.3 + 0.03 * i as f64;
            let guessed = if (i % 5).is_multiple_of(2) { 0.25 + 0.004 * ((7 * i) % 20) as f64 } else { known };
            let name = format!("m{i},f{},old,0.1,{},1000000", i % 5, 1_000 * (i + 1));
            for (benchmark, format, value, after) in [
                ("lab_mc", "multiple_choice", guessed, "none,"),
                ("lab_cloze", "cloze", known, "none,"),
                ("lab_mc", "multiple_choice", known - 0.001 * (i % 2) as f64, "lab,64"),
                ("lab_cloze", "cloze", known, "lab,64"),
            ] {
                writeln!(text, "{name},{benchmark},{format},acc,{value},1000,{after}").expect("text");
            }
        }
        LabScores::parse(&text, Path::new("observations.csv")).expect("a table")
    }

    #[test]
    fn exams_of_one_knowledge_agree_once_their_format_is_learned() {
        let found = LabAgreement::of(&scores()).expect("shares");
        let [before, after] = &found[..] else { panic!("two conditions, not {}", found.len()) };
        assert_eq!((before.examples, after.examples, after.models), (0, 64, 20));
        assert_eq!(after.tau.value, Some(1.0));
        assert!(before.tau.value < Some(0.6) && before.tau.interval.high < Some(1.0), "{before:?}");
        assert!(after.gain.interval.low > Some(0.0), "{:?}", after.gain);
        assert!(after.ceiling > Some(0.9) && after.ceiling < Some(1.0));
    }

    #[test]
    fn a_lab_without_the_second_exam_after_adjustment_says_nothing_of_agreement() {
        let mut scores = scores();
        scores.observations.retain(|o| o.format != Some(Format::Cloze) || o.condition.examples.is_none());
        assert_eq!(LabAgreement::of(&scores).expect("shares"), []);
    }
}
