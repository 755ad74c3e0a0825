//! The fits of a lab's models, from the table of their scores.

use std::path::Path;

use super::world::CHANCE;
use crate::analysis::fit::{Analysis, ChanceLevel, CurveChoice, FitReport, FitSettings};
use crate::registry::Format;
use crate::registry::modelset::{Cutoff, GroupBy, ModelSet, Settings};
use crate::registry::table::{Column, Kind, Table};
use crate::stats::curves::Curve;
use crate::stats::estimate::Estimate;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// The fits of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct LabReport {
    /// Kinds of models compared with the reference: name of the group in the fits, and true share of test-task documents.
    pub kinds: Vec<(String, f64)>,
    /// The reference's share.
    pub reference: f64,
    /// Cloze, as pretrained.
    pub cloze: LabFit,
    /// Multiple choice after so many task examples, ascending; each fit also holds the scores as pretrained.
    pub adjusted: Vec<(usize, LabFit)>,
}

/// Curves through the same scores.
#[derive(Debug, Clone, PartialEq)]
pub struct LabFit {
    /// Of all models, with the difference between kinds.
    pub all: Curves,
    /// Of the reference's models alone: where they leave chance, as in the paper's figure of emergence.
    pub reference: Curves,
}

/// A hinge and a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// With a point of emergence.
    pub hinge: FitReport,
    /// Log-linear.
    pub line: FitReport,
}

/// Scores under one condition.
pub(crate) struct Condition<'a> {
    pub(crate) score: Format,
    pub(crate) examples: usize,
    pub(crate) hinge: &'a Analysis,
    pub(crate) line: &'a Analysis,
    /// Hinge and line of the reference's models alone.
    pub(crate) reference: (&'a Analysis, &'a Analysis),
}

impl LabReport {
    /// Every condition, in order.
    pub(crate) fn conditions<'a>(&'a self) -> Vec<Condition<'a>> {
        let mut conditions = Vec::new();
        let mut add = |score, examples, fit: &'a LabFit, part: fn(&FitReport) -> Option<&Analysis>| {
            let Curves { hinge, line } = &fit.all;
            let alone = &fit.reference;
            if let Some((hinge, line)) = part(hinge).zip(part(line))
                && let Some(reference) = part(&alone.hinge).zip(part(&alone.line))
            {
                conditions.push(Condition { score, examples, hinge, line, reference });
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
    #[cfg(feature = "models")]
    pub(crate) fn differences(&self) -> Vec<((Format, usize), &str, Option<&Estimate>)> {
        let mut differences = Vec::new();
        for Condition { score, examples, hinge, .. } in self.conditions() {
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

/// What a table needs to be one of the lab's.
const COLUMNS: [Column; 6] = [
    Column::required("cohort", Kind::Text, "kind of model"),
    Column::required("share", Kind::Share, "of documents of the test's task in pretraining"),
    Column::required("benchmark", Kind::Text, "name"),
    Column::required("format", Kind::Text, "multiple_choice or cloze"),
    Column::required("adjustment", Kind::Text, "name, or none"),
    Column::optional("examples", Kind::Count, "task examples seen"),
];

impl LabReport {
    /// Fits the observations that `onset lab` wrote: models of the first kind in the table are the reference, and every
    /// number of task examples in it is a condition.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a column, a format or models as pretrained and after task examples, and those
    /// of a fit.
    pub fn of_observations(path: &Path) -> Result<Self> {
        Self::of_table(Table::read(path, &COLUMNS)?)
    }

    /// The same of a table that was read, or was never written.
    pub(super) fn of_table(table: Table) -> Result<Self> {
        let path = table.path();
        let lacks = |what: &str| Error::File { path: path.to_owned(), problem: format!("it has no {what}") };
        let mut kinds: Vec<(String, f64)> = Vec::new();
        let mut examples: Vec<usize> = Vec::new();
        let (mut choice, mut cloze, mut adjustment) = (None, None, None);
        for row in 0..table.rows() {
            let kind = table.text(row, "cohort")?;
            if !kinds.iter().any(|(known, _)| known == kind) {
                kinds.push((kind.to_owned(), table.number(row, "share")?));
            }
            let benchmark = || table.text(row, "benchmark").map(str::to_owned);
            // Other formats are nothing that a lab's fits ask of.
            match table.text(row, "format")?.parse() {
                Ok(Format::MultipleChoice) => choice = Some(benchmark()?),
                Ok(Format::Cloze) => cloze = Some(benchmark()?),
                Ok(Format::Generate) | Err(_) => {}
            }
            if let Some(count) = table.optional_count::<usize>(row, "examples")? {
                adjustment = Some(table.text(row, "adjustment")?.to_owned());
                examples.push(count);
            }
        }
        examples.sort_unstable();
        examples.dedup();
        let choice = choice.ok_or_else(|| lacks("scores in multiple choice"))?;
        let cloze = cloze.ok_or_else(|| lacks("scores in cloze format"))?;
        let adjustment = adjustment.ok_or_else(|| lacks("scores after task examples"))?;
        let mut kinds = kinds.into_iter();
        let (_, reference) = kinds.next().ok_or_else(|| lacks("models"))?;
        let kinds: Vec<(String, f64)> = kinds.collect();
        let groups =
            kinds.iter().map(|(kind, _)| format!("cohort = {kind}").parse()).collect::<Result<Vec<GroupBy>>>()?;
        let tables = [table.clone()];
        let fit = |score: &str, adjusted: Option<String>| -> Result<LabFit> {
            let all = ModelSet::from_tables(&tables, &settings(score, adjusted, &groups))?;
            let mut alone = ModelSet { groups: Vec::new(), ..all.clone() };
            alone.rows.retain(|row| row.groups.iter().all(|&group| group == 0.0));
            alone.rows.iter_mut().for_each(|row| row.groups.clear());
            Ok(LabFit { all: curves(&all)?, reference: curves(&alone)? })
        };
        let adjusted = examples
            .into_iter()
            .map(|count| Ok((count, fit(&choice, Some(format!("{adjustment}@{count}")))?)))
            .collect::<Result<_>>()?;
        Ok(Self { kinds, reference, cloze: fit(&cloze, None)?, adjusted })
    }
}

fn settings(score: &str, adjusted: Option<String>, groups: &[GroupBy]) -> Settings {
    Settings {
        score: Some(score.to_owned()),
        metric: Some("acc".to_owned()),
        adjusted,
        groups: groups.to_vec(),
        cutoff: Cutoff::None,
        ..Settings::default()
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
