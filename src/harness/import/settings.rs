//! What the user says about results, in addition to what their files say.

use serde::{Deserialize, Serialize};

use super::rename::Renames;
use crate::registry::{Adjustment, Models};

/// How results are read. What is left open here is taken from the files, and from the names of files and folders.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportSettings {
    /// The models to keep: names are matched with the registry's names and hub names, and files of other models are left
    /// out and counted. Without a registry names are kept as they are found.
    #[serde(skip)]
    pub models: Option<Models>,
    /// Names to take instead of those that are found.
    #[serde(skip)]
    pub rename: Renames,
    /// Name of the model of all files.
    pub model: Option<String>,
    /// Adjustment of all files.
    pub adjustment: Option<Adjustment>,
    /// Epochs of all files.
    pub epochs: Option<String>,
    /// Task examples seen, of all files.
    pub examples: Option<u64>,
    /// Task examples per step of a checkpoint named `step_<n>` after an adjustment.
    pub batch: u64,
    /// Training tokens per step of the checkpoints of training runs that are not published
    /// (`tokens_per_step`).
    pub tokens_per_step: Option<u64>,
}

impl Default for ImportSettings {
    /// Nothing fixed; 64 examples per step, as in arXiv 2407.07890.
    fn default() -> Self {
        Self {
            models: None,
            rename: Renames::default(),
            model: None,
            adjustment: None,
            epochs: None,
            examples: None,
            batch: 64,
            tokens_per_step: None,
        }
    }
}
