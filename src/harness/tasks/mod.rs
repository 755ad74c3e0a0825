//! Tasks of lm-evaluation-harness: definitions, prompts, filters, metrics and aggregates, without any model.
//!
//! A task file of lm-evaluation-harness 0.4 runs unchanged where it is declarative. Prompts, hashes, filtered answers,
//! scores, aggregates and standard errors are the same as its own, digit by digit; docs/tasks.md lists what is
//! understood, what is refused and where the few differences are.
//!
//! ```
//! use onset::harness::request::Response;
//! use onset::harness::tasks::{Draw, Library};
//!
//! let folder = tempfile::tempdir().unwrap();
//! std::fs::write(folder.path().join("sums.jsonl"), r#"{"a": 2, "b": 3}"#).unwrap();
//! std::fs::write(
//!     folder.path().join("sums.yaml"),
//!     r#"
//! task: sums
//! dataset_path: json
//! dataset_kwargs: {data_files: {test: sums.jsonl}}
//! test_split: test
//! doc_to_text: "{{a}} + {{b}} ="
//! doc_to_target: "{{a + b}}"
//! generation_kwargs: {until: ["\n"]}
//! metric_list: [{metric: exact_match}]
//! filter_list: [{name: number, filter: [{function: regex, regex_pattern: "[0-9]+"}, {function: take_first}]}]
//! "#,
//! )
//! .unwrap();
//!
//! let mut library = Library::built_in()?;
//! library.add(folder.path())?;
//! let selection = library.select(&["sums".to_owned()], None)?;
//! let task = &selection.tasks[0];
//! let items = task.items(&Draw::default())?.items;
//! let scored = task.score(&items[0], &[Response::Generated(" 5, I think".to_owned())])?;
//! assert_eq!(task.aggregate(&[scored])?[0].value, 1.0);
//! # Ok::<(), onset::Error>(())
//! ```

mod aggregate;
mod built_in;
mod chat;
mod compose;
mod config;
mod corpus;
mod data;
mod digest;
mod documents;
mod draw;
mod edit_rate;
mod examples;
mod filter;
mod fuel;
mod functions;
mod generation;
mod glob;
mod group;
mod hub;
mod item;
mod layouts;
mod library;
mod literal;
mod math;
mod methods;
mod metric;
mod native;
mod node;
mod numpy;
mod output;
mod prompt;
mod python;
mod regex;
mod repository;
mod repr;
mod sampling;
mod scoring;
mod script;
mod selection;
mod task;
mod template;
mod tuples;
mod turn;
mod value;
mod yaml;

pub use aggregate::AggregatedMetric;
pub use chat::ChatTemplate;
#[cfg(feature = "models")]
pub(in crate::harness) use digest::sha256;
pub use draw::{Draw, DrawnSplit};
pub(crate) use group::TaskGroup;
pub(crate) use item::samples_hash;
pub use item::{Item, Items};
pub use library::Library;
pub use metric::ItemScore;
pub use prompt::Prompting;
pub(crate) use selection::Choice;
pub use selection::TaskSelection;
pub use task::{Sample, ScoredItem, Task};
pub use value::Value;
