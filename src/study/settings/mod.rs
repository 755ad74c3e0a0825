//! `study.toml`: what a study is, read and checked as a whole.

mod command;
mod reading;
mod slurm;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub(crate) use self::command::CommandSettings;
pub(crate) use self::slurm::SlurmSettings;

use crate::analysis::fit::{ChanceLevel, CurveChoice};
use crate::harness::server::ServerApi;
use crate::registry::modelset::Cutoff;
use crate::registry::{Adjustment, Condition, Month};
use crate::stats::random::Seed;

/// The layouts of training data that an adjustment can name.
pub(crate) const LAYOUTS: [&str; 4] = ["mmlu-aux", "metamath", "orca-math", "prompts"];

/// A study: models × tasks × numbers of task examples × seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// The file it was read from.
    pub file: PathBuf,
    /// Its name.
    pub name: String,
    /// Where everything is written.
    pub output: PathBuf,
    /// Seeds of the adjustment, each a replicate.
    pub seeds: Vec<u64>,
    /// The models.
    pub models: Vec<StudyModel>,
    /// What the models are asked.
    pub(crate) evaluation: StudyEvaluation,
    /// What they are fine-tuned on; `None` when they are only evaluated as they are.
    pub(crate) adjustment: Option<AdjustmentRecipe>,
    /// Where cells run on this machine.
    pub(crate) run: RunSettings,
    /// How cells run on a cluster.
    pub(crate) slurm: SlurmSettings,
    /// How cells are handed over to any other queue.
    pub(crate) command: Option<CommandSettings>,
    /// What is fitted to the results.
    pub(crate) fit: StudyFit,
    /// Results of lm-evaluation-harness that are joined with those of the cells.
    pub imports: Vec<PathBuf>,
}

/// A model of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyModel {
    /// Name in tables and figures.
    pub name: String,
    /// Models of one recipe and one data set.
    pub family: String,
    /// Number of parameters.
    pub params: f64,
    /// Number of training tokens.
    pub tokens: f64,
    /// Month of release, where known.
    pub release: Option<Month>,
    /// Where it is.
    pub(crate) source: ModelSource,
    /// Whether it is fine-tuned.
    pub adjust: bool,
    /// Memory its cell needs in bytes, where the estimate is known to be wrong.
    pub memory: Option<u64>,
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModelSource {
    /// A folder as on the hub, a GGUF file, or a model of the hub written `hf:ORGANISATION/NAME`.
    Path(PathBuf),
    /// Nowhere: its scores are imported, and only its facts are needed.
    Imported,
    /// Behind a server, or several.
    Server(Served),
}

/// A model behind a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Served {
    /// Its addresses.
    pub urls: Vec<String>,
    /// The name it serves the model by.
    pub model: String,
    /// Requests under way at one time, on each.
    pub concurrency: usize,
    /// How it is asked.
    pub api: ServerApi,
    /// Folder or GGUF file with the model's tokenizer.
    pub tokenizer: Option<PathBuf>,
    /// File with the key that it asks for.
    pub api_key_file: Option<PathBuf>,
    /// File with the certificates of trusted authorities.
    pub certificates: Option<PathBuf>,
}

/// What the models are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StudyEvaluation {
    /// Names or patterns of tasks and groups, or YAML files.
    pub tasks: Vec<String>,
    /// Files and folders with definitions of tasks beside the built-in ones.
    pub include: Vec<PathBuf>,
    /// Folder of the tasks' data.
    pub data: Option<PathBuf>,
    /// Examples in the prompt; each task's own number when `None`.
    pub shots: Option<u64>,
    /// Only the first so many items of each task.
    pub limit: Option<u64>,
    /// Whether a prompt that is longer than the context loses its beginning; otherwise it is an error.
    pub truncate: bool,
    /// Whether every item with its answer stays in the cells' folders, in files of lm-evaluation-harness's layout.
    pub keep: bool,
}

/// On what and how models are fine-tuned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AdjustmentRecipe {
    /// Name of the adjustment in tables.
    pub name: Adjustment,
    /// The trainer that is run instead of onset's own.
    pub command: Option<String>,
    /// Where its examples come from.
    pub source: ExampleSource,
    /// Passes over the data.
    pub epochs: u64,
    /// Sequences per optimiser step.
    pub batch: u64,
    /// Peak of the learning rate.
    pub learning_rate: f64,
    /// Its end, as a share of the peak.
    pub floor: f64,
    /// Share of the steps in which it rises.
    pub warmup: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Longest sequence in tokens; longer ones lose their beginning.
    pub block: u64,
    /// Whether the tokenizer's end token follows each example.
    pub end_token: bool,
}

/// Where the examples of an adjustment come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExampleSource {
    /// Files: every model learns from them once, and is evaluated on all tasks at each checkpoint, as in "Training on the
    /// Test Task Confounds Evaluation and Emergence" (arXiv 2407.07890).
    Files {
        /// Files of examples, or folders of them.
        data: Vec<PathBuf>,
        /// Their layout, one of [`LAYOUTS`].
        layout: String,
        /// Numbers of task examples seen after which models are evaluated, ascending.
        checkpoints: Vec<u64>,
    },
    /// The training split of each task, learned for that task alone and from the released model each time, as in
    /// "Train-before-Test Harmonizes Language Model Rankings" (arXiv 2507.05195). Of the epochs, and of the released model,
    /// the one that is best on validation items is tested.
    EachTask {
        /// Share of a training split that is kept for validation where the task has no validation split to spare.
        validation: f64,
        /// Training examples of a task at most; all when `None`.
        most: Option<u64>,
    },
}

impl AdjustmentRecipe {
    /// The conditions that it leads to, in the order they are reached.
    #[must_use]
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        match &self.source {
            ExampleSource::Files { checkpoints, .. } => {
                checkpoints.iter().map(|examples| Condition::examples(self.name.clone(), *examples)).collect()
            }
            ExampleSource::EachTask { .. } => vec![Condition::adjusted(self.name.clone())],
        }
    }
}

/// Where cells run on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunSettings {
    /// `cpu`, `cuda`, `cuda:1` or `metal`.
    pub device: String,
    /// `f32`, `bf16` or `f16`.
    pub dtype: String,
    /// Memory all cells together may take, in bytes; what is free when `None`.
    pub memory: Option<u64>,
    /// Cells side by side at most; one per core, or one on an accelerator, when `None`.
    pub cells: Option<usize>,
}

/// What is fitted to the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StudyFit {
    /// Benchmarks that are fitted; all that were evaluated when empty.
    pub benchmarks: Vec<String>,
    /// Metric of a benchmark, where its own is not meant.
    pub metrics: BTreeMap<String, String>,
    /// Score of a guess.
    pub chance: ChanceLevel,
    /// Release month of the group under comparison.
    pub cutoff: Cutoff,
    /// The curve or curves.
    pub curve: CurveChoice,
    /// Replicates of every bootstrap.
    pub bootstrap: usize,
    /// Where the random draws come from.
    pub seed: Seed,
}
