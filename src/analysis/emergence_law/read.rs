//! From tables to points: one reading for every number of task examples.

use std::collections::BTreeMap;

use super::settings::EmergenceLawSettings;
use crate::analysis::fit::FitTables;
use crate::registry::modelset::{Cutoff, ModelRow, ModelSet, Settings, task_examples};
use crate::{Error, Result};

/// A score after a number of task examples.
pub(super) struct Tuned {
    pub(super) model: String,
    pub(super) cluster: String,
    /// log10 FLOPs.
    pub(super) x: f64,
    pub(super) examples: u64,
    pub(super) score: f64,
}

/// What was read.
pub(super) struct Read {
    /// The models with their scores without task examples.
    pub(super) without: ModelSet,
    pub(super) tuned: Vec<Tuned>,
    pub(super) adjustment: String,
    pub(super) notes: Vec<String>,
}

/// Points of all numbers of examples, by number and then in the order of the tables.
///
/// # Errors
/// Those of [`ModelSet::from_tables`]; [`Error::Undetermined`] when no score is there after a number of examples.
pub(super) fn read(settings: &EmergenceLawSettings, tables: &FitTables) -> Result<Read> {
    let own = Settings {
        x: None,
        x_scale: None,
        cutoff: Cutoff::None,
        groups: Vec::new(),
        items: None,
        weights: None,
        compute_sd: None,
        holdout: None,
        ..settings.tables.clone()
    };
    let without = tables.models(&Settings { adjusted: None, ..own.clone() })?;
    let conditions: BTreeMap<u64, String> = task_examples(&tables.tables, &own, &without.score.name)?;
    let Some(first) = conditions.values().next() else {
        return Err(Error::Undetermined(format!(
            "no score of `{}` after a number of task examples: a long table says in a column `examples` how many a model saw, and \
             in a column `adjustment` of what",
            without.score.name
        )));
    };
    let adjustment = first.split(['@', ':']).next().unwrap_or(first).to_owned();
    let (mut tuned, mut notes) = (Vec::new(), without.notes.clone());
    for (examples, condition) in &conditions {
        // A number of which no model has both scores says nothing.
        let set = tables.models(&Settings { adjusted: Some(condition.clone()), ..own.clone() })?;
        for note in &set.notes {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        let point = |row: &ModelRow| {
            let (model, cluster) = (row.name.clone(), row.cluster.clone());
            row.adjusted.map(|score| Tuned { model, cluster, x: row.position, examples: *examples, score })
        };
        tuned.extend(set.rows.iter().filter_map(point));
    }
    Ok(Read { without, tuned, adjustment, notes })
}
