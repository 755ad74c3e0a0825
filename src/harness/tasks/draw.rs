//! Which items of a task are drawn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::registry::Limit;

/// Which items are drawn and with how many examples before them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draw {
    /// At most so many items, from the front, or that share of them rounded up; all where `None`.
    pub limit: Option<Limit>,
    /// Few-shot examples in place of the task's number; a task that fixes 0 keeps it.
    pub shots: Option<usize>,
    /// Seed of the few-shot sampler.
    pub seed: u64,
    /// Whether an item is never an example before itself. lm-evaluation-harness keeps it out only where a task names the
    /// tested split as that of its examples.
    pub no_self_shots: bool,
    /// Items of a task, by their places in the split; a task that is not named here has all of them.
    pub chosen: BTreeMap<String, Vec<usize>>,
    /// The split whose documents are the items.
    pub split: DrawnSplit,
}

/// Which split of a task gives its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrawnSplit {
    /// The one that lm-evaluation-harness tests: the test split, or the validation split where there is none.
    #[default]
    Tested,
    /// The validation split.
    Validation,
    /// The training split.
    Training,
}

impl Default for Draw {
    /// Everything, with the task's own examples, and lm-evaluation-harness's `fewshot_seed` 1234.
    fn default() -> Self {
        Self {
            limit: None,
            shots: None,
            seed: 1234,
            no_self_shots: false,
            chosen: BTreeMap::new(),
            split: DrawnSplit::default(),
        }
    }
}

impl Draw {
    /// Places of the items of a task whose split has `total` documents.
    pub(super) fn places(&self, task: &str, total: usize) -> Result<Vec<usize>, String> {
        if let Some(chosen) = self.chosen.get(task) {
            return match chosen.iter().find(|place| **place >= total) {
                Some(place) => Err(format!("item {place} is asked for, the split has {total} (counted from 0)")),
                None if chosen.is_empty() => Err("no item is chosen".to_owned()),
                None => Ok(chosen.clone()),
            };
        }
        let count = self.limit.map_or(total, |limit| limit.of(total));
        Ok((0..total.min(count)).collect())
    }
}
