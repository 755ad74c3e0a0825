//! Which scores enter which figure: the published pairing of unadjusted and adjusted scores.

use std::collections::BTreeMap;

use super::published::{MmluMean, Published};
use crate::analysis::scaling::Scored;
use crate::error::{Error, Result};
use crate::registry::{Adjustment, Benchmark, Condition, Measure, Metric, Model, Month, benchmark};

/// Models released from this month on are the group under comparison (arXiv 2407.07890, section 2).
pub(crate) const CUTOFF: Month = Month { year: 2023, month: 11 };

/// Ids of the two benchmarks that most of the paper is about.
pub(super) const MMLU: &str = "mmlu";
/// The other one.
pub(super) const GSM8K: &str = "gsm8k";

/// Epochs of the published adjustment.
pub(crate) const EPOCHS: &str = "3";

/// Scores of one condition by model name.
pub(crate) type ByModel = BTreeMap<String, f64>;

/// How the published tables are read (STATISTICS §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reading {
    /// As the paper reads them, to the last digit: MMLU as the plain mean of 62 rows, adjusted as the larger of two
    /// scores, chance as published, and the published fits.
    #[default]
    Published,
    /// As they should be read: MMLU weighted by items, adjusted as measured, chance as it follows from the tasks, exact
    /// fits, and intervals that hold for models that come in families.
    Corrected,
}

impl Reading {
    /// Its name in files and arguments.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Published => "paper",
            Self::Corrected => "corrected",
        }
    }
}

/// The published tables with a reading of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paper<'a> {
    data: &'a Published,
    reading: Reading,
}

impl<'a> Paper<'a> {
    /// Reads `data` as the paper does.
    #[must_use]
    pub(crate) fn new(data: &'a Published) -> Self {
        Self { data, reading: Reading::Published }
    }

    /// Reads them otherwise.
    #[must_use]
    pub(crate) fn read_as(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }

    /// How the tables are read.
    #[must_use]
    pub(crate) fn reading(&self) -> Reading {
        self.reading
    }

    /// What a guess scores on a benchmark.
    #[must_use]
    pub(crate) fn chance(&self, benchmark: &Benchmark) -> f64 {
        match self.reading {
            Reading::Published => benchmark.chance.published,
            Reading::Corrected => benchmark.chance.corrected(),
        }
    }

    /// The tables.
    #[must_use]
    pub(crate) fn data(&self) -> &'a Published {
        self.data
    }

    /// Scores of `id` under `condition` (MMLU: as the reading says).
    ///
    /// # Errors
    /// [`Error::Undetermined`] when the tables hold no such score.
    pub(crate) fn scores(&self, id: &str, condition: &Condition) -> Result<ByModel> {
        let mean = match self.reading {
            Reading::Published => MmluMean::Of62Rows,
            Reading::Corrected => MmluMean::ItemWeighted,
        };
        let scores = self.data.scores(known(id)?, condition, mean);
        if scores.is_empty() {
            return Err(Error::Undetermined(format!("there is no score of {id} under {condition}")));
        }
        Ok(scores)
    }

    /// Scores as released.
    ///
    /// # Errors
    /// As [`Paper::scores`].
    pub(crate) fn unadjusted(&self, id: &str) -> Result<ByModel> {
        self.scores(id, &Condition::unadjusted())
    }

    /// Brier scores as released; for MMLU the published reading takes the plain mean of the 62 rows of a results file.
    /// Empty when there is none.
    #[must_use]
    pub(crate) fn brier(&self, id: &str) -> ByModel {
        let released = Condition::unadjusted();
        let rows = self.data.observations.by_model(id, &Metric::plain(Measure::Brier), &released);
        rows.into_iter()
            .map(|(model, score)| {
                let of_rows = match self.reading {
                    Reading::Published => self.data.subjects.brier_mean_of_62(&model, id, &released),
                    Reading::Corrected => None,
                };
                (model, of_rows.unwrap_or(score))
            })
            .collect()
    }

    /// Scores as released and after adjustment under `condition`, for the models that have both. In the published reading
    /// adjusted is the larger of the two: no model is counted as made worse by fine-tuning.
    ///
    /// # Errors
    /// As [`Paper::scores`].
    pub(crate) fn pair(&self, id: &str, condition: &Condition) -> Result<(ByModel, ByModel)> {
        let mut before = self.unadjusted(id)?;
        let mut after = self.scores(id, condition)?;
        before.retain(|model, _| after.contains_key(model));
        after.retain(|model, _| before.contains_key(model));
        if self.reading == Reading::Published {
            for (model, score) in &mut after {
                *score = score.max(before[model]);
            }
        }
        Ok((before, after))
    }

    /// Scores in the order of the table of models, with `comparison` choosing the group.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when a score belongs to no known model.
    pub(crate) fn grouped(&self, scores: &ByModel, comparison: impl Fn(&Model) -> bool) -> Result<Vec<Scored<'a>>> {
        if let Some(unknown) = scores.keys().find(|name| self.data.models.get(name).is_none()) {
            return Err(Error::Undetermined(format!("`{unknown}` is not in the table of models")));
        }
        Ok(self
            .data
            .models
            .iter()
            .filter_map(|model| {
                let score = *scores.get(&model.name)?;
                Some(Scored { model, score, comparison: comparison(model) })
            })
            .collect())
    }

    /// [`Paper::grouped`] by release date: from [`CUTOFF`] on is the group under comparison.
    ///
    /// # Errors
    /// As [`Paper::grouped`].
    pub(crate) fn by_release(&self, scores: &ByModel) -> Result<Vec<Scored<'a>>> {
        self.grouped(scores, is_new)
    }
}

/// Whether the model was released from [`CUTOFF`] on.
#[must_use]
pub(crate) fn is_new(model: &Model) -> bool {
    model.release >= CUTOFF
}

/// A benchmark of the paper by its id.
///
/// # Errors
/// [`Error::Argument`] when there is none.
pub(crate) fn known(id: &str) -> Result<&'static Benchmark> {
    benchmark(id).ok_or_else(|| Error::Argument(format!("unknown benchmark `{id}`")))
}

/// The adjustment the paper uses for a benchmark: general multiple choice for all but mathematics.
#[must_use]
pub(crate) fn adjustment_for(id: &str) -> Adjustment {
    match id {
        "gsm8k" | "minerva_math" | "leaderboard_math_hard" => Adjustment::Gsm8kAux,
        _ => Adjustment::MmluAux,
    }
}

/// The Brier score with its sign turned, so that up is better, as released.
///
/// # Errors
/// When there is no such score.
pub(super) fn negative_brier(paper: &Paper<'_>, id: &str) -> Result<ByModel> {
    let scores: ByModel = paper.brier(id).into_iter().map(|(model, score)| (model, -score)).collect();
    if scores.is_empty() {
        return Err(Error::Undetermined(format!("there is no Brier score of {id}")));
    }
    Ok(scores)
}

/// Scores of the older models after `examples` task examples; 0 is the model as released.
///
/// # Errors
/// When there is no such score.
pub(super) fn at_examples(paper: &Paper<'_>, id: &str, examples: u64) -> Result<ByModel> {
    let mut scores = match examples {
        0 => paper.unadjusted(id)?,
        n => paper.scores(id, &Condition::examples(adjustment_for(id), n))?,
    };
    scores.retain(|name, _| paper.data().models.get(name).is_some_and(|model| !is_new(model)));
    Ok(scores)
}
