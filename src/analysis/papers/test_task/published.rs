//! The published models and scores of arXiv 2407.07890, which travel inside the program.
//!
//! ```
//! use onset::analysis::papers::test_task::{MmluMean, published};
//! use onset::registry::{Adjustment, Condition, benchmark};
//! let published = published()?;
//! let gsm8k = benchmark("gsm8k").expect("one of the published benchmarks");
//! let adjusted = Condition::epochs(Adjustment::Gsm8kAux, "3");
//! let scores = published.scores(gsm8k, &adjusted, MmluMean::Of62Rows);
//! assert_eq!(scores.len(), 53);
//! assert!(scores["llama-2-70b"] > scores["pythia-70m"]);
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use crate::Result;
use crate::registry::table::{Column, Table};
use crate::registry::{
    Benchmark, Condition, KNOWN_MODELS, MODEL_COLUMNS, Models, OBSERVATION_COLUMNS, SUBJECT_COLUMNS, Scores,
    SubjectScores, WIDE_COLUMNS,
};

/// Models, observations and MMLU by subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The models.
    pub models: Models,
    /// Their scores.
    pub observations: Scores,
    /// MMLU by subject.
    pub subjects: SubjectScores,
}

/// Which mean over MMLU's subjects is the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MmluMean {
    /// The plain mean of the 62 rows of the results file, as published.
    Of62Rows,
    /// The share of all items answered correctly.
    ItemWeighted,
}

/// The names of the files of a data folder, and the copies inside the program; the large ones are packed by `build.rs`.
const FILES: [(&str, &[Column], &[u8]); 5] = [
    ("models.csv", MODEL_COLUMNS, KNOWN_MODELS.as_bytes()),
    ("evaluations.csv", OBSERVATION_COLUMNS, include_bytes!(concat!(env!("OUT_DIR"), "/evaluations.csv.gz"))),
    ("mmlu_subjects.csv", SUBJECT_COLUMNS, include_bytes!("../../../../data/mmlu_subjects.csv")),
    ("mmlu_correct.csv", WIDE_COLUMNS, include_bytes!(concat!(env!("OUT_DIR"), "/mmlu_correct.csv.gz"))),
    ("mmlu_brier.csv", WIDE_COLUMNS, include_bytes!(concat!(env!("OUT_DIR"), "/mmlu_brier.csv.gz"))),
];

/// The tables inside the program.
///
/// # Errors
/// None, unless the program was built from damaged tables.
pub fn published() -> Result<Published> {
    let tables = FILES.map(|(name, columns, bytes)| Table::parse(bytes, &Path::new("data").join(name), columns));
    assemble(tables)
}

/// The same tables from a folder: `models.csv`, `evaluations.csv`, `mmlu_subjects.csv`, `mmlu_correct.csv` and
/// `mmlu_brier.csv`.
///
/// # Errors
/// When a file cannot be read or a row cannot be used; the message names file, row and column.
pub fn published_from(folder: &Path) -> Result<Published> {
    assemble(FILES.map(|(name, columns, _)| Table::read(&folder.join(name), columns)))
}

fn assemble(tables: [Result<Table>; 5]) -> Result<Published> {
    let [models, observations, subjects, correct, brier] = tables;
    let models = Models::from_table(&models?)?;
    let observations = Scores::from_table(&observations?, Some(&models))?;
    let subjects = SubjectScores::from_tables(&subjects?, &correct?, Some(&brier?), &models)?;
    Ok(Published { models, observations, subjects })
}

impl Published {
    /// The score of every model that was evaluated on `benchmark` under `condition`: the benchmark's own metric, and for
    /// MMLU, which is kept by subject, the mean asked for.
    pub fn scores(&self, benchmark: &Benchmark, condition: &Condition, mean: MmluMean) -> BTreeMap<String, f64> {
        let by_model = self.observations.by_model(&benchmark.id, &benchmark.score, condition);
        let of_subjects = |model: &str| match mean {
            MmluMean::Of62Rows => self.subjects.mean_of_62(model, &benchmark.id, condition),
            MmluMean::ItemWeighted => self.subjects.item_weighted(model, &benchmark.id, condition),
        };
        by_model
            .into_iter()
            .map(|(model, score)| {
                let score = of_subjects(&model).unwrap_or(score);
                (model, score)
            })
            .collect()
    }
}
