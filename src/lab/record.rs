//! The results of a model that was trained and tested: one file, written when they are complete.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::registry::seal::{sealed, unsealed};
use crate::registry::write;

/// A trained and tested model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LabRecord {
    /// Its name.
    pub model: String,
    /// Everything that its numbers depend on; a record is used again only where this is the same.
    pub fingerprint: String,
    /// Mean loss over the last tenth of pretraining, in nats a token.
    pub loss: f64,
    /// Mean loss over the last tenth of the adjustment, in nats an answer.
    pub adjustment_loss: Option<f64>,
    /// Scores in the order they were found.
    pub scores: Vec<LabScore>,
}

/// One score of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LabScore {
    /// The task.
    pub task: String,
    /// Task examples of the adjustment seen before; 0 for the model as pretrained.
    pub examples: usize,
    /// Share of right answers.
    pub value: f64,
    /// Questions.
    pub items: usize,
}

impl LabRecord {
    /// The record at `path`, if there is one of this fingerprint.
    ///
    /// # Errors
    /// [`Error::Read`] for a file that is there and cannot be read. One that is damaged, or was written by another version,
    /// is as good as none.
    pub(super) fn read(path: &Path, fingerprint: &str) -> Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let record: Option<Self> = unsealed(&bytes).and_then(|object| serde_json::from_slice(&object).ok());
                Ok(record.filter(|record| record.fingerprint == fingerprint))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::read(path)(error)),
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Error::write(path)(error.into()))?;
        write::bytes(path, sealed(&text).as_bytes())
    }
}
