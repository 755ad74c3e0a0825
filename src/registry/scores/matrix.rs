//! Scores as a matrix of models × benchmarks.
//!
//! ```
//! use onset::analysis::papers::test_task::published;
//! use onset::registry::{Condition, benchmark};
//!
//! let scores = published()?.observations;
//! let columns = ["arc_challenge", "hellaswag"].map(|id| benchmark(id).expect("a known benchmark"));
//! let columns = columns.map(|benchmark| (benchmark.id.to_string(), benchmark.score.clone()));
//! let matrix = scores.matrix(&columns, &Condition::unadjusted())?;
//! assert_eq!(matrix.models().len() * matrix.benchmarks().len(), 53 * 2);
//! assert_eq!(matrix.missing(), 0);
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::BTreeMap;

use super::{Condition, Observation, Scores};
use crate::registry::benchmark::Metric;
use crate::{Error, Result};

/// One score for each model and benchmark, where there is one. Models are in alphabetical order, benchmarks as they were
/// asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreMatrix {
    models: Vec<String>,
    benchmarks: Vec<String>,
    /// Row after row: one row a model, one value a benchmark.
    values: Vec<Option<f64>>,
}

impl ScoreMatrix {
    /// Names of the rows.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// Names of the columns.
    pub fn benchmarks(&self) -> &[String] {
        &self.benchmarks
    }

    /// The scores of one model, a value a benchmark; empty for a row that is not there.
    pub fn row(&self, model: usize) -> &[Option<f64>] {
        let width = self.benchmarks.len();
        self.values.get(model * width..(model + 1) * width).unwrap_or_default()
    }

    /// The scores on one benchmark, a value a model.
    pub fn column(&self, benchmark: usize) -> Vec<Option<f64>> {
        (0..self.models.len()).map(|model| self.row(model).get(benchmark).copied().flatten()).collect()
    }

    /// Number of cells without a score.
    pub fn missing(&self) -> usize {
        self.values.iter().filter(|value| value.is_none()).count()
    }
}

impl Scores {
    /// The scores of all models under `condition` on these benchmarks, each by its metric. A model without a score on any
    /// of them has no row.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when a model was evaluated in two setups (numbers of examples in the prompt, revisions,
    /// chat templates, …) on one benchmark: which of them is meant cannot be known here.
    pub fn matrix(&self, benchmarks: &[(String, Metric)], condition: &Condition) -> Result<ScoreMatrix> {
        let mut rows: BTreeMap<&str, Vec<Option<&Observation>>> = BTreeMap::new();
        for (column, (benchmark, metric)) in benchmarks.iter().enumerate() {
            for found in self.of(benchmark).filter(|o| o.metric == *metric && o.condition == *condition) {
                let row = rows.entry(&found.model).or_insert_with(|| vec![None; benchmarks.len()]);
                if row[column].replace(found).is_some() {
                    return Err(Error::Undetermined(format!(
                        "{} has two scores on {benchmark} ({metric}, {condition}) that differ in how they were \
                         obtained; keep the rows of one setup",
                        found.model
                    )));
                }
            }
        }
        Ok(ScoreMatrix {
            models: rows.keys().map(|model| (*model).to_owned()).collect(),
            benchmarks: benchmarks.iter().map(|(name, _)| name.clone()).collect(),
            values: rows.into_values().flatten().map(|cell| cell.map(|o| o.value)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Models;

    const MODELS: &str = "model,family,hf_id,architecture,params,tokens,release,languages\n\
                          b,f,,,1000000000,1000000000000,2023-01,en\na,f,,,1000000000,1000000000000,2023-01,en\n";

    fn scores(rows: &str) -> Scores {
        let models = Models::parse(MODELS, "models.csv").expect("models");
        let text = format!("model,benchmark,metric,value,shots,adjustment\n{rows}");
        Scores::parse(&text, "scores.csv", Some(&models)).expect("scores")
    }

    fn columns() -> [(String, Metric); 2] {
        ["x", "y"].map(|name| (name.to_owned(), "acc".parse().expect("a metric")))
    }

    #[test]
    fn a_cell_without_a_score_is_missing_and_not_zero() {
        let found = scores("b,x,acc,0.5,,none\nb,x,acc,0.9,,aux\na,y,acc,0.25,,none\nb,y,acc_norm,0.7,,none\n");
        let matrix = found.matrix(&columns(), &Condition::unadjusted()).expect("a matrix");
        assert_eq!(
            (matrix.models(), matrix.benchmarks()),
            (&["a", "b"].map(String::from)[..], &["x", "y"].map(String::from)[..])
        );
        assert_eq!((matrix.row(0), matrix.row(1)), (&[None, Some(0.25)][..], &[Some(0.5), None][..]));
        assert_eq!((matrix.column(0), matrix.missing()), (vec![None, Some(0.5)], 2));
        assert!(matrix.row(2).is_empty() && matrix.column(5) == [None, None]);
    }

    #[test]
    fn two_setups_for_one_cell_are_refused() {
        let found = scores("a,x,acc,0.5,0,none\na,x,acc,0.6,5,none\n");
        let error = found.matrix(&columns(), &Condition::unadjusted()).expect_err("two").to_string();
        assert!(error.contains("a has two scores on x"), "{error}");
    }
}
