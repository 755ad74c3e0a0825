//! Results of EleutherAI's lm-evaluation-harness, 0.3 to 0.4.13, as observations.
//!
//! What is read of a results file, and where it stands in each layout:
//!
//! | | 0.3 | 0.4 |
//! | --- | --- | --- |
//! | score | `results.<task>.acc` | `results.<task>."acc,none"`, `"exact_match,<filter>"` |
//! | standard error | `acc_stderr` | `"acc_stderr,none"`, a number or `"N/A"` |
//! | groups | – | `groups`, `group_subtasks` |
//! | items | – | `n-samples.<task>.effective`, or `sample_len` beside the score (not in the first versions) |
//! | shots | `config.num_fewshot` | `"n-shot".<task>` |
//! | model | `config.model_args` | `model_name` (not in the first versions), `config.model_args` (text, in the last an object) |
//!
//! Where a file does not say how many items there were, the standard error does: for a mean p of n zeros and ones the
//! harness writes s = √(p(1−p)/(n−1)), so n = p(1−p)/s² + 1, which is taken only when n and p·n are whole numbers.
//!
//! Revision, prompt format, adapter, quantisation, dtype, limit, version and date come from `config`, `model_args` and the
//! fields beside them; the condition from the names of folders, see [`ImportSettings`]. Files of the first Open LLM
//! Leaderboard (`config_general`) are those of [`lighteval`](super::lighteval).
//!
//! ```no_run
//! use onset::harness::lm_eval::{ImportSettings, import};
//! let imported = import(&["evaluations".into()], &ImportSettings::default())?;
//! for observation in &imported.observations {
//!     let (model, benchmark, score) = (&observation.model, &observation.benchmark, observation.value);
//! #   let _ = (model, benchmark, score);
//! }
//! # Ok::<(), onset::Error>(())
//! ```

mod arguments;
mod cells;
mod file;
mod import;
mod items;
mod origin;
mod rows;
mod subjects;

pub(super) use file::without_non_finite;
pub use import::import;
pub(super) use items::implied;
pub use subjects::SubjectTables;

pub use super::import::{ImportSettings, Imported, Renames, Warning, summary};
