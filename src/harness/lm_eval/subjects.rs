//! MMLU by subject as three compact tables, in place of 57 rows for every model and condition.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::harness::import::{Imported, Warning};
use crate::registry::{Condition, Measure, Observation, RowKind, SubjectScores, write};
use crate::{Error, Result};

/// MMLU by subject: the subjects, the number of correct answers and the Brier score of each.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectTables {
    /// `mmlu_subjects.csv`: subject, group, items.
    pub subjects: String,
    /// `mmlu_correct.csv`: model, benchmark, condition, and a column for every subject.
    pub correct: String,
    /// `mmlu_brier.csv`: the same, for models and conditions with Brier scores.
    pub brier: String,
}

/// Model, benchmark (`mmlu` or `mmlu_cloze`) and condition.
type Key = (String, String, Condition);

#[derive(Default)]
struct Collected {
    /// Group and number of items of every subject.
    subjects: BTreeMap<String, (String, u32)>,
    correct: BTreeMap<Key, BTreeMap<String, u32>>,
    brier: BTreeMap<Key, BTreeMap<String, f64>>,
}

impl SubjectTables {
    /// Takes the rows of MMLU's subjects and groups of subjects out of `imported` and makes tables of them. A model that
    /// lacks a subject is left out with a warning.
    ///
    /// # Errors
    /// When there is no subject at all, or a subject has different numbers of items in different files.
    pub fn take_from(imported: &mut Imported) -> Result<Self> {
        let mut collected = Collected::default();
        let mut kept = Vec::with_capacity(imported.observations.len());
        for observation in std::mem::take(&mut imported.observations) {
            match Place::of(&observation) {
                Some(Place::Subject { name, group, benchmark }) => {
                    collected.add(&observation, name, group, benchmark)?;
                }
                Some(Place::Group) => {}
                None => kept.push(observation),
            }
        }
        imported.observations = kept;
        if collected.subjects.is_empty() {
            return Err(Error::Undetermined("none of the files has MMLU by subject".into()));
        }
        collected.leave_out_incomplete(&mut imported.warnings);
        Ok(collected.tables())
    }

    /// Writes the three tables to `folder`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn save(&self, folder: &Path) -> Result<()> {
        let [subjects, correct, brier] = SubjectScores::FILES;
        write::bytes(&folder.join(subjects), self.subjects.as_bytes())?;
        write::bytes(&folder.join(correct), self.correct.as_bytes())?;
        write::bytes(&folder.join(brier), self.brier.as_bytes())
    }
}

/// Where a row stands within MMLU.
enum Place<'a> {
    Subject { name: &'a str, group: &'a str, benchmark: &'static str },
    Group,
}

impl<'a> Place<'a> {
    /// `mmlu_abstract_algebra` in `mmlu_stem`, `mmlu_abstract_algebra_cloze` in `mmlu_stem_cloze`, and those groups in
    /// `mmlu` and `mmlu_cloze`; `None` for everything else, the benchmark's own row included.
    fn of(row: &'a Observation) -> Option<Self> {
        let group = row.group.as_deref()?;
        match (row.kind, group) {
            (RowKind::Group, "mmlu" | "mmlu_cloze") => Some(Self::Group),
            (RowKind::Task, _) => {
                let (name, group) = (row.benchmark.strip_prefix("mmlu_")?, group.strip_prefix("mmlu_")?);
                match (name.strip_suffix("_cloze"), group.strip_suffix("_cloze")) {
                    (Some(name), Some(group)) => Some(Self::Subject { name, group, benchmark: "mmlu_cloze" }),
                    (None, None) if GROUPS.contains(&group) => Some(Self::Subject { name, group, benchmark: "mmlu" }),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// Other variants of MMLU (`mmlu_pro`, translations) have groups of other names.
const GROUPS: [&str; 4] = ["humanities", "other", "social_sciences", "stem"];

impl Collected {
    fn add(&mut self, row: &Observation, name: &str, group: &str, benchmark: &str) -> Result<()> {
        let key = (row.model.clone(), benchmark.to_owned(), row.condition.clone());
        let twice = || {
            Error::Undetermined(format!(
                "{} has two scores on {} under {} that differ in how they were obtained; make the tables by subject from \
                 the results of one setup",
                row.model, row.benchmark, row.condition
            ))
        };
        match row.metric.measure {
            Measure::Brier => {
                let known = self.brier.entry(key).or_default().insert(name.to_owned(), row.value);
                if known.is_some_and(|known| known != row.value) {
                    return Err(twice());
                }
            }
            Measure::Accuracy => {
                let Some(items) = row.items else {
                    let problem =
                        format!("{}: the number of items of {} is not known", row.provenance.source, row.benchmark);
                    return Err(Error::Undetermined(problem));
                };
                let known = &*self.subjects.entry(name.to_owned()).or_insert_with(|| (group.to_owned(), items));
                if known.1 != items {
                    let problem = format!(
                        "{}: {} has {items} items, in other files {}",
                        row.provenance.source, row.benchmark, known.1
                    );
                    return Err(Error::Undetermined(problem));
                }
                let correct = (row.value * f64::from(items)).round() as u32;
                let known = self.correct.entry(key).or_default().insert(name.to_owned(), correct);
                if known.is_some_and(|known| known != correct) {
                    return Err(twice());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn leave_out_incomplete(&mut self, warnings: &mut Vec<Warning>) {
        let (all, mut incomplete) = (self.subjects.len(), BTreeSet::new());
        self.correct.retain(|key, subjects| subjects.len() == all || !incomplete.insert(key.clone()));
        self.brier.retain(|_, subjects| subjects.len() == all);
        warnings.extend(incomplete.into_iter().map(|(model, benchmark, condition)| Warning {
            what: model,
            why: format!(
                "{benchmark} under {condition} lacks some of {all} subjects; left out of the table by subject"
            ),
        }));
    }

    fn tables(&self) -> SubjectTables {
        let subjects = self.subjects.iter().map(|(name, (group, items))| (name.as_str(), group.as_str(), *items));
        SubjectTables {
            subjects: SubjectScores::subjects_csv(subjects),
            correct: SubjectScores::wide_csv(self.subjects.keys(), &self.correct),
            brier: SubjectScores::wide_csv(self.subjects.keys(), &self.brier),
        }
    }
}
