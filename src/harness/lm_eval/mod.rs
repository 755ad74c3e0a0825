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
//! The name of the model and the condition it was evaluated under come from the names of file and folders, see
//! [`ImportSettings`].
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

mod file;
mod import;
mod items;
mod origin;
mod rows;
mod settings;
mod subjects;

pub(super) use file::without_non_finite;
pub use import::Warning;
pub(super) use import::{FileOutcome, Found, Read, gather, registered};
pub use import::{Imported, import};
pub(super) use origin::condition;
pub use settings::ImportSettings;
pub use subjects::SubjectTables;
