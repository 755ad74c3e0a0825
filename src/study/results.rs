//! The results of one cell: one small file, rewritten whole whenever a condition is finished.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use crate::error::{Error, Result};
use crate::registry::seal::{sealed, unsealed};
use crate::registry::{
    Adjustment, Condition, Format, Limit, Metric, Observation, Provenance, RowKind, Setup, disk, write,
};

/// Name and version of the file's layout.
const SCHEMA: &str = "onset.cell/1";

/// What a cell has found so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CellResults {
    schema: String,
    /// Version of onset that wrote it.
    pub onset: String,
    /// Name of the model.
    pub model: String,
    /// Seed of the adjustment.
    pub seed: u64,
    /// Finished conditions, in the order they are reached.
    pub conditions: Vec<ConditionResults>,
}

/// The scores under one condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConditionResults {
    /// The adjustment.
    adjustment: Adjustment,
    /// Task examples seen.
    examples: Option<u64>,
    /// Digest of everything the scores depend on.
    pub key: String,
    /// How the scores were obtained, but for what differs between them.
    #[serde(default, skip_serializing_if = "is_unsaid")]
    setup: Setup,
    /// The scores.
    scores: Vec<ScoreRecord>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ScoreRecord {
    benchmark: String,
    #[serde(default, skip_serializing_if = "is_task")]
    kind: RowKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    format: Option<Format>,
    metric: Metric,
    value: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stderr: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shots: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<Limit>,
}

fn is_unsaid(setup: &Setup) -> bool {
    *setup == Setup::default()
}

fn is_task(kind: &RowKind) -> bool {
    *kind == RowKind::Task
}

impl CellResults {
    pub(super) fn none(cell: &Cell) -> Self {
        Self {
            schema: SCHEMA.into(),
            onset: env!("CARGO_PKG_VERSION").into(),
            model: cell.model.name.clone(),
            seed: cell.seed,
            conditions: Vec::new(),
        }
    }

    /// Reads the results of a cell; a cell without a file has none.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::File`] for a file that is no results of a cell.
    pub(crate) fn read(cell: &Cell) -> Result<Self> {
        let path = cell.results();
        match disk::read(&path) {
            // What a power failure can leave of a new file on a file system that does not sync: a name and nothing in it.
            Ok(bytes) if bytes.is_empty() => Ok(Self::none(cell)),
            Ok(bytes) => Self::parse(&bytes, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::none(cell)),
            Err(error) => Err(Error::read(&path)(error)),
        }
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let file = |problem| Error::File { path: path.to_owned(), problem };
        let object = unsealed(bytes)
            .ok_or_else(|| file("is damaged: its checksum is another; delete it to have the cell run again".into()))?;
        let results: Self = serde_json::from_slice(&object)
            .map_err(|e| file(format!("not the results of a cell ({e}); delete it to have the cell run again")))?;
        if results.schema != SCHEMA {
            return Err(file(format!("its layout is `{}`, this program knows `{SCHEMA}`", results.schema)));
        }
        Ok(results)
    }

    pub(super) fn write(&self, cell: &Cell) -> Result<()> {
        let path = cell.results();
        let json = serde_json::to_string(self).map_err(|e| Error::write(&path)(e.into()))?;
        write::bytes_into_existing(&path, sealed(&json).as_bytes())
    }

    /// Whether the condition is finished with what this key stands for.
    pub(super) fn has(&self, condition: &Condition, key: &str) -> bool {
        self.conditions.iter().any(|found| found.key == key && found.is(condition))
    }

    /// Adds a finished condition, keeps those of the others that are still wanted, and puts them in order.
    pub(super) fn put(
        &mut self,
        wanted: &[(Condition, String)],
        condition: &Condition,
        key: &str,
        observations: &[Observation],
    ) {
        let mut kept = std::mem::take(&mut self.conditions);
        kept.retain(|found| !found.is(condition));
        kept.push(ConditionResults {
            adjustment: condition.adjustment.clone(),
            examples: condition.examples,
            key: key.to_owned(),
            setup: observations.first().map(shared).unwrap_or_default(),
            scores: observations.iter().map(record).collect(),
        });
        for (condition, key) in wanted {
            if let Some(at) = kept.iter().position(|found| found.key == *key && found.is(condition)) {
                self.conditions.push(kept.swap_remove(at));
            }
        }
    }

    /// The scores of the wanted conditions as observations.
    pub(super) fn observations(&self, cell: &Cell, wanted: &[(Condition, String)]) -> Vec<Observation> {
        let mut observations = Vec::new();
        for (condition, key) in wanted {
            if let Some(found) = self.conditions.iter().find(|found| found.key == *key && found.is(condition)) {
                observations.extend(found.scores.iter().map(|score| score.observation(cell, condition, &found.setup)));
            }
        }
        observations
    }
}

impl ConditionResults {
    fn is(&self, condition: &Condition) -> bool {
        self.adjustment == condition.adjustment && self.examples == condition.examples
    }
}

impl ScoreRecord {
    fn observation(&self, cell: &Cell, condition: &Condition, setup: &Setup) -> Observation {
        Observation {
            model: cell.model.name.clone(),
            benchmark: self.benchmark.clone(),
            kind: self.kind,
            group: self.group.clone(),
            format: self.format,
            metric: self.metric.clone(),
            value: self.value,
            stderr: self.stderr,
            items: self.items,
            condition: condition.clone(),
            setup: Setup { shots: self.shots, limit: self.limit, ..setup.clone() },
            provenance: Provenance::file(format!("cells/{}/results.json", cell.name)),
        }
    }
}

/// What is the same for all scores of an evaluation.
fn shared(observation: &Observation) -> Setup {
    Setup { shots: None, limit: None, ..observation.setup.clone() }
}

fn record(observation: &Observation) -> ScoreRecord {
    ScoreRecord {
        benchmark: observation.benchmark.clone(),
        kind: observation.kind,
        group: observation.group.clone(),
        format: observation.format,
        metric: observation.metric.clone(),
        value: observation.value,
        stderr: observation.stderr,
        items: observation.items,
        shots: observation.setup.shots,
        limit: observation.setup.limit,
    }
}
