//! MMLU by subject, and its two means.
//!
//! A results file of MMLU has 62 rows: 57 subjects, their 4 groups and the whole, where a group's row is the mean over
//! all its items. With k correct of n items in subject s and its group g(s),
//!
//! - weighted by items: Σ k / Σ n, the share of all items answered correctly;
//! - mean of 62 (arXiv 2407.07890): the plain mean of all 62 rows, in which the 57 subjects count alike whatever their
//!   size and the groups count once more.
//!
//! The same two means exist for the Brier score, with a subject's mean in place of k/n.
//!
//! ```
//! use onset::analysis::papers::test_task::published;
//! use onset::registry::Condition;
//! let subjects = published()?.subjects;
//! let (model, none) = ("qwen-1.5-7b", Condition::unadjusted());
//! let plain = subjects.mean_of_62(model, "mmlu", &none).expect("one of the published models");
//! let weighted = subjects.item_weighted(model, "mmlu", &none).expect("one of the published models");
//! assert!(plain > weighted + 0.015, "it does better on small subjects");
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::path::Path;

use super::model::Models;
use super::scores::{Condition, condition, known_model};
use super::table::{Column, Kind, Table, csv_text};
use crate::{Error, Result};

/// One subject of MMLU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name, as in `mmlu_abstract_algebra` without the prefix.
    pub name: String,
    /// Group: humanities, social_sciences, stem or other.
    pub group: String,
    /// Number of items.
    pub items: u32,
}

/// Columns of the table of subjects.
pub(crate) const SUBJECT_COLUMNS: &[Column] = &[
    Column::required("subject", Kind::Text, "task name without its prefix"),
    Column::required("group", Kind::Text, "group of subjects"),
    Column::required("items", Kind::Count, "items"),
];

/// Columns that stand before the subjects in both wide tables.
pub(crate) const WIDE_COLUMNS: &[Column] = &[
    Column::required("model", Kind::Text, "name, as in the table of models"),
    Column::required("benchmark", Kind::Text, "mmlu or mmlu_cloze"),
    Column::required("adjustment", Kind::Text, "none, mmlu-aux or another name"),
    Column::optional("epochs", Kind::Text, "passes over the adjustment data"),
    Column::optional("examples", Kind::Count, "task examples seen"),
];

type Key = (String, String, Condition);

/// Numbers of correct answers and Brier scores of every subject, by model, benchmark and condition.
#[derive(Debug, Clone, PartialEq)]
pub struct SubjectScores {
    subjects: Vec<Subject>,
    groups: Vec<Vec<usize>>,
    correct: HashMap<Key, Vec<u32>>,
    brier: HashMap<Key, Vec<f64>>,
}

impl SubjectScores {
    /// The names of the three tables in a data folder.
    pub const FILES: [&'static str; 3] = ["mmlu_subjects.csv", "mmlu_correct.csv", "mmlu_brier.csv"];

    /// Reads the three tables: subjects; numbers of correct answers and Brier scores with one column per subject.
    /// The last may be absent.
    ///
    /// # Errors
    /// When a file cannot be read or a row cannot be used; the message names file, row and column.
    pub fn read(subjects: &Path, correct: &Path, brier: Option<&Path>, models: &Models) -> Result<Self> {
        let brier = brier.map(|path| Table::read(path, WIDE_COLUMNS)).transpose()?;
        Self::from_tables(
            &Table::read(subjects, SUBJECT_COLUMNS)?,
            &Table::read(correct, WIDE_COLUMNS)?,
            brier.as_ref(),
            models,
        )
    }

    pub(crate) fn from_tables(
        subjects: &Table,
        correct: &Table,
        brier: Option<&Table>,
        models: &Models,
    ) -> Result<Self> {
        let subjects = subject_list(subjects)?;
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, subject) in subjects.iter().enumerate() {
            members.entry(&subject.group).or_default().push(index);
        }
        let groups = members.into_values().collect();
        let correct = wide(correct, &subjects, models, |subject, text| {
            let count = text.parse::<u32>().map_err(|_| format!("`{text}` is not a whole number"))?;
            if count > subject.items {
                return Err(format!("{count} correct answers of {} items", subject.items));
            }
            Ok(count)
        })?;
        let brier = brier.map_or(Ok(HashMap::new()), |table| {
            wide(table, &subjects, models, |_, text| {
                let score = text.parse::<f64>().map_err(|_| format!("`{text}` is not a number"))?;
                if (0.0..=2.0).contains(&score) { Ok(score) } else { Err(format!("{text} is not between 0 and 2")) }
            })
        })?;
        Ok(Self { subjects, groups, correct, brier })
    }

    /// The subjects in the order of their table.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Accuracy as published (`benchmark` is `mmlu` or `mmlu_cloze`): the plain mean of 57 subjects, 4 groups and the whole.
    pub fn mean_of_62(&self, model: &str, benchmark: &str, condition: &Condition) -> Option<f64> {
        Some(self.plain_mean(&self.accuracies(self.correct.get(&key(model, benchmark, condition))?)))
    }

    /// Share of all items answered correctly.
    pub fn item_weighted(&self, model: &str, benchmark: &str, condition: &Condition) -> Option<f64> {
        let correct: u32 = self.correct.get(&key(model, benchmark, condition))?.iter().sum();
        let items: u32 = self.subjects.iter().map(|subject| subject.items).sum();
        Some(f64::from(correct) / f64::from(items))
    }

    /// Brier score as published: the plain mean of 57 subjects, 4 groups and the whole.
    pub fn brier_mean_of_62(&self, model: &str, benchmark: &str, condition: &Condition) -> Option<f64> {
        Some(self.plain_mean(self.brier.get(&key(model, benchmark, condition))?))
    }

    /// Mean Brier score of all items.
    pub fn brier_item_weighted(&self, model: &str, benchmark: &str, condition: &Condition) -> Option<f64> {
        let all: Vec<usize> = (0..self.subjects.len()).collect();
        Some(self.weighted(self.brier.get(&key(model, benchmark, condition))?, &all))
    }

    /// What is stored: (model, benchmark, condition), sorted.
    pub fn keys(&self) -> Vec<(&str, &str, &Condition)> {
        let mut keys: Vec<_> = self.correct.keys().map(|(m, b, c)| (m.as_str(), b.as_str(), c)).collect();
        keys.sort_unstable();
        keys
    }

    /// The table of subjects as CSV, from (name, group, items).
    pub(crate) fn subjects_csv<'a>(subjects: impl Iterator<Item = (&'a str, &'a str, u32)>) -> String {
        let header = SUBJECT_COLUMNS.iter().map(|column| column.name.to_owned());
        csv_text(header, subjects.map(|(name, group, items)| [name.to_owned(), group.to_owned(), items.to_string()]))
    }

    /// A table with a column for every subject as CSV; each row of `rows` holds all of `subjects`, in their order.
    pub(crate) fn wide_csv<'a, V: Display>(
        subjects: impl Iterator<Item = &'a String>,
        rows: &BTreeMap<Key, BTreeMap<String, V>>,
    ) -> String {
        let header = WIDE_COLUMNS.iter().map(|column| column.name.to_owned()).chain(subjects.cloned());
        let rows = rows.iter().map(|((model, benchmark, condition), scores)| {
            let epochs = condition.epochs.clone().unwrap_or_default();
            let examples = condition.examples.map(|n| n.to_string()).unwrap_or_default();
            let key = [model.clone(), benchmark.clone(), condition.adjustment.to_string(), epochs, examples];
            key.into_iter().chain(scores.values().map(V::to_string))
        });
        csv_text(header, rows)
    }

    fn accuracies(&self, correct: &[u32]) -> Vec<f64> {
        correct.iter().zip(&self.subjects).map(|(&k, subject)| f64::from(k) / f64::from(subject.items)).collect()
    }

    fn weighted(&self, scores: &[f64], members: &[usize]) -> f64 {
        let (sum, items) = members.iter().fold((0.0, 0.0), |(sum, items), &index| {
            let n = f64::from(self.subjects[index].items);
            (sum + n * scores[index], items + n)
        });
        sum / items
    }

    /// Mean over the rows of a results file: every subject, every group, and the whole.
    fn plain_mean(&self, scores: &[f64]) -> f64 {
        let all: Vec<usize> = (0..scores.len()).collect();
        let groups: f64 = self.groups.iter().map(|members| self.weighted(scores, members)).sum();
        let rows = scores.len() + self.groups.len() + 1;
        (scores.iter().sum::<f64>() + groups + self.weighted(scores, &all)) / rows as f64
    }
}

fn key(model: &str, benchmark: &str, condition: &Condition) -> Key {
    (model.to_owned(), benchmark.to_owned(), condition.clone())
}

fn subject_list(table: &Table) -> Result<Vec<Subject>> {
    let mut first_of = HashMap::new();
    (0..table.rows())
        .map(|row| {
            let name = table.text(row, "subject")?.to_owned();
            if let Some(first) = first_of.insert(name.clone(), row) {
                let problem = format!("subject `{name}` is already in row {}", table.line(first));
                return Err(table.cell_error(row, "subject", problem));
            }
            let items: u32 = table.optional_count(row, "items")?.unwrap_or(0);
            if items == 0 {
                return Err(table.cell_error(row, "items", "a subject has at least one item".into()));
            }
            Ok(Subject { name, group: table.text(row, "group")?.to_owned(), items })
        })
        .collect()
}

fn wide<V>(
    table: &Table,
    subjects: &[Subject],
    models: &Models,
    parse: impl Fn(&Subject, &str) -> Result<V, String>,
) -> Result<HashMap<Key, Vec<V>>> {
    let columns = subjects
        .iter()
        .map(|subject| table.column(&subject.name).map(|at| (subject, at)))
        .collect::<Result<Vec<_>>>()?;
    let mut rows = HashMap::with_capacity(table.rows());
    let mut first_of: HashMap<Key, usize> = HashMap::with_capacity(table.rows());
    for row in 0..table.rows() {
        let key = (known_model(table, row, models)?, table.text(row, "benchmark")?.to_owned(), condition(table, row)?);
        let values = columns
            .iter()
            .map(|&(subject, at)| {
                parse(subject, table.at(row, at).unwrap_or_default())
                    .map_err(|problem| table.cell_error(row, &subject.name, problem))
            })
            .collect::<Result<Vec<V>, Error>>()?;
        if let Some(first) = first_of.insert(key.clone(), row) {
            let problem = format!("{} under {} is already in row {}", key.1, key.2, table.line(first));
            return Err(table.cell_error(row, "model", problem));
        }
        rows.insert(key, values);
    }
    Ok(rows)
}
