//! The parts of a results file that are used; everything else is skipped without being built.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Error;

use super::arguments::ModelArgs;
use super::cells::{Cell, Name, Pairs};
use crate::harness::format::Choices;

/// A results file.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ResultsFile<'a> {
    #[serde(borrow)]
    pub results: Option<Pairs<'a, Pairs<'a, Cell<'a>>>>,
    #[serde(borrow, default)]
    pub groups: Option<Pairs<'a, IgnoredAny>>,
    #[serde(borrow, default)]
    pub group_subtasks: Option<Pairs<'a, Vec<Name<'a>>>>,
    #[serde(borrow, default)]
    pub configs: Option<Pairs<'a, TaskConfig<'a>>>,
    #[serde(borrow, rename = "n-shot", default)]
    pub n_shot: Option<Pairs<'a, Cell<'a>>>,
    #[serde(borrow, rename = "n-samples", default)]
    pub n_samples: Option<Pairs<'a, Samples>>,
    #[serde(borrow, default)]
    pub versions: Option<Pairs<'a, Cell<'a>>>,
    #[serde(borrow, default)]
    pub config: Option<RunConfig<'a>>,
    #[serde(borrow, default)]
    pub model_name: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub date: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub git_hash: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub lm_eval_version: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub chat_template: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub chat_template_sha: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub system_instruction: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub system_instruction_sha: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub fewshot_as_multiturn: Option<Cell<'a>>,
    /// A digest of the prompts and answers of each task.
    #[serde(borrow, default)]
    pub task_hashes: Option<Pairs<'a, Cell<'a>>>,
    /// There in results of BIG-bench only.
    #[serde(default)]
    pub scores: Option<IgnoredAny>,
    /// There in results of lighteval only.
    #[serde(default)]
    pub config_general: Option<IgnoredAny>,
    /// There in results of onset only.
    #[serde(borrow, default)]
    pub onset: Option<OnsetRun<'a>>,
}

/// What onset records of its own runs.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OnsetRun<'a> {
    #[serde(borrow, default)]
    pub version: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub quantisation: Option<Cell<'a>>,
}

/// How one task was set up.
#[derive(Debug, serde::Deserialize)]
pub(super) struct TaskConfig<'a> {
    #[serde(borrow, default)]
    pub output_type: Option<Name<'a>>,
    #[serde(default)]
    pub doc_to_choice: Choices,
    #[serde(borrow, default)]
    pub num_fewshot: Option<Cell<'a>>,
}

/// How the run was set up.
#[derive(Debug, serde::Deserialize)]
pub(super) struct RunConfig<'a> {
    #[serde(borrow, default)]
    pub model: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub model_args: Option<ModelArgs<'a>>,
    #[serde(borrow, default)]
    pub model_num_parameters: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub model_dtype: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub model_revision: Option<Cell<'a>>,
    /// The commit of the weights.
    #[serde(borrow, default)]
    pub model_sha: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub peft_sha: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub delta_sha: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub gen_kwargs: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub apply_chat_template: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub num_fewshot: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub limit: Option<Cell<'a>>,
}

/// Number of items that were used.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Samples {
    #[serde(default)]
    pub original: Option<u32>,
    #[serde(default)]
    pub effective: Option<u32>,
}

impl<'a> ResultsFile<'a> {
    /// Reads a file. Python writes NaN and Infinity, which JSON does not know: where they occur they are read as null.
    pub(crate) fn parse<R>(bytes: &[u8], with: impl FnOnce(&ResultsFile<'_>) -> R) -> Result<R, Error> {
        match serde_json::from_slice::<ResultsFile<'_>>(bytes) {
            Ok(file) => Ok(with(&file)),
            Err(error) => {
                let Some(repaired) = without_non_finite(bytes) else { return Err(error) };
                serde_json::from_slice::<ResultsFile<'_>>(&repaired).map(|file| with(&file)).map_err(|_| error)
            }
        }
    }
}

/// The same JSON with every bare NaN, Infinity and -Infinity replaced by null; `None` when there is none.
pub(in crate::harness) fn without_non_finite(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut quoted, mut found) = (0, false, false);
    while at < bytes.len() {
        if quoted && bytes[at] == b'\\' {
            out.extend_from_slice(&bytes[at..(at + 2).min(bytes.len())]);
            at += 2;
            continue;
        }
        if bytes[at] == b'"' {
            quoted = !quoted;
        }
        let word = [&b"NaN"[..], b"-Infinity", b"Infinity"].into_iter().find(|word| bytes[at..].starts_with(word));
        match word {
            Some(word) if !quoted => {
                out.extend_from_slice(b"null");
                at += word.len();
                found = true;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    found.then_some(out)
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Choices;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Choices::Texts)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut options = Vec::new();
                while let Some(option) = seq.next_element::<Cell<'de>>()? {
                    options.push(option);
                }
                Ok(Choices::of(options.iter().map(|option| match option {
                    Cell::Text(text) => Some(text.as_ref()),
                    _ => None,
                })))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Choices::Texts)
            }
        }

        deserializer.deserialize_any(Any)
    }
}
