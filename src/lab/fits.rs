//! The fits of a lab's models.

use serde::{Deserialize, Serialize};

use super::agreement::LabAgreement;
use super::options::CHANCE;
use super::scores::LabScores;
use crate::analysis::fit::{Analysis, ChanceLevel, CurveChoice, FitReport, FitSettings};
use crate::registry::modelset::ModelSet;
use crate::registry::{Condition, Format};
use crate::stats::curves::Curve;
use crate::stats::estimate::Estimate;
use crate::stats::multiplicity::{Adjusted, adjusted};
use crate::stats::random::Seed;
use crate::{Error, Result};

/// The fits of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabReport {
    /// Kinds of models compared with the reference: name of the group in the fits, and true share of test-task documents.
    pub kinds: Vec<(String, f64)>,
    /// The reference's share.
    pub reference: f64,
    /// Cloze, as pretrained.
    pub cloze: LabFit,
    /// Multiple choice after so many task examples, ascending; each fit also holds the scores as pretrained.
    pub adjusted: Vec<(usize, LabFit)>,
    /// How far both formats rank the models alike, without task examples first.
    pub agreement: Vec<LabAgreement>,
}

/// Curves through the same scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabFit {
    /// Of all models, with the difference between kinds.
    pub all: Curves,
    /// Of the reference's models alone: where they leave chance, as in the paper's figure of emergence.
    pub reference: Curves,
}

/// A hinge and a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// With a point of emergence.
    pub hinge: FitReport,
    /// Log-linear.
    pub line: FitReport,
}

/// The fits of one condition.
pub(crate) struct Fitted<'a> {
    pub(crate) score: Format,
    pub(crate) examples: usize,
    pub(crate) hinge: &'a Analysis,
    pub(crate) line: &'a Analysis,
    /// Hinge and line of the reference's models alone.
    pub(crate) reference: (&'a Analysis, &'a Analysis),
}

/// A p-value as if it were the only one, and adjusted for all others.
pub(crate) type Tests = Vec<Option<Adjusted>>;

impl LabReport {
    /// The tests of θ and of equivalence, condition by condition and in each kind by kind.
    pub(crate) fn tests(&self) -> (Tests, Tests) {
        let (mut thetas, mut equivalences) = (Vec::new(), Vec::new());
        for one in self.conditions() {
            for place in 0..self.kinds.len() {
                thetas.push(theta(one.hinge, place).and_then(|theta| theta.p_value));
                // The test of equivalence is about the first kind.
                equivalences.push(one.hinge.equivalence.p_value.filter(|_| place == 0));
            }
        }
        // A p-value outside 0 to 1 does not come out of a test.
        let together = |p: &[Option<f64>]| adjusted(p).unwrap_or_else(|_| vec![None; p.len()]);
        (together(&thetas), together(&equivalences))
    }

    /// Every condition, in order.
    pub(crate) fn conditions<'a>(&'a self) -> Vec<Fitted<'a>> {
        let mut conditions = Vec::new();
        let mut add = |score, examples, fit: &'a LabFit, part: fn(&FitReport) -> Option<&Analysis>| {
            let Curves { hinge, line } = &fit.all;
            let alone = &fit.reference;
            if let Some((hinge, line)) = part(hinge).zip(part(line))
                && let Some(reference) = part(&alone.hinge).zip(part(&alone.line))
            {
                conditions.push(Fitted { score, examples, hinge, line, reference });
            }
        };
        if let Some((_, first)) = self.adjusted.first() {
            add(Format::MultipleChoice, 0, first, |report| Some(&report.unadjusted));
        }
        for (examples, fit) in &self.adjusted {
            add(Format::MultipleChoice, *examples, fit, |report| report.adjusted.as_ref());
        }
        add(Format::Cloze, 0, &self.cloze, |report| Some(&report.unadjusted));
        conditions
    }

    /// Every difference from the reference: score and number of task examples, kind, estimate.
    pub(super) fn differences(&self) -> Vec<((Format, usize), &str, Option<&Estimate>)> {
        let mut differences = Vec::new();
        for Fitted { score, examples, hinge, .. } in self.conditions() {
            for (place, (kind, _)) in self.kinds.iter().enumerate() {
                differences.push(((score, examples), kind.as_str(), theta(hinge, place)));
            }
        }
        differences
    }
}

/// Largest difference between kinds of models that is taken not to matter, in accuracy.
const MARGIN: f64 = 0.1;

/// Replicates of the fits' bootstraps.
const REPLICATES: usize = 999;

/// Seed of the fits: what they say is a function of the scores alone.
const SEED: Seed = Seed(1);

impl LabReport {
    /// Fits the scores of a lab: models of the first kind are the reference, and every number of task examples is a
    /// condition.
    ///
    /// # Errors
    /// When there are no models, none as pretrained or after task examples, or no scores in one of the formats, and those
    /// of a fit.
    pub(crate) fn of(scores: &LabScores) -> Result<Self> {
        let lacks = |what: &str| Error::Undetermined(format!("{}: it has no {what}", scores.source));
        let mut kinds = scores.kinds().into_iter();
        let (_, reference) = kinds.next().ok_or_else(|| lacks("models"))?;
        let conditions = scores.adjusted();
        if conditions.is_empty() {
            return Err(lacks("scores after task examples"));
        }
        let fit = |format: Format, adjusted: Option<&Condition>| -> Result<LabFit> {
            let all = scores.set(format, adjusted)?;
            let mut alone = ModelSet { groups: Vec::new(), ..all.clone() };
            alone.rows.retain(|row| row.groups.iter().all(|&group| group == 0.0));
            alone.rows.iter_mut().for_each(|row| row.groups.clear());
            Ok(LabFit { all: curves(&all)?, reference: curves(&alone)? })
        };
        let examples = |condition: &Condition| condition.examples.unwrap_or_default() as usize;
        let adjusted = conditions
            .iter()
            .map(|condition| Ok((examples(condition), fit(Format::MultipleChoice, Some(condition))?)))
            .collect::<Result<_>>()?;
        let (kinds, cloze) = (kinds.collect(), fit(Format::Cloze, None)?);
        Ok(Self { kinds, reference, cloze, adjusted, agreement: LabAgreement::of(scores)? })
    }
}

fn curves(models: &ModelSet) -> Result<Curves> {
    let curve = |curve| {
        FitSettings {
            curve: CurveChoice::One(curve),
            chance: ChanceLevel::Given(CHANCE),
            bootstrap: REPLICATES,
            margin: Some(MARGIN),
            seed: SEED,
            ..FitSettings::default()
        }
        .fit(models)
    };
    Ok(Curves { hinge: curve(Curve::Hinge)?, line: curve(Curve::Linear)? })
}

/// The difference of one kind from the reference.
pub(crate) fn theta(analysis: &Analysis, kind: usize) -> Option<&Estimate> {
    match kind {
        0 => Some(&analysis.theta),
        _ => analysis.thetas.get(kind).map(|named| &named.estimate),
    }
}
