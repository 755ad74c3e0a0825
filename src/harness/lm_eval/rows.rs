//! From one results file to its observations.

use std::collections::HashMap;
use std::str::FromStr;

use super::file::{Cell, Choices, Pairs, ResultsFile};
use super::items;
use crate::registry::{Condition, Format, Measure, Metric, Observation, Provenance, RowKind, Setup, benchmark};

/// What all rows of one file share.
pub(super) struct Origin<'a> {
    pub model: String,
    pub condition: Condition,
    pub source: &'a str,
}

/// The observations of a file, in its order, and what of it could not be used. `None` when it has no `results`.
pub(super) fn observations(file: &ResultsFile<'_>, origin: &Origin<'_>) -> Option<(Vec<Observation>, Vec<String>)> {
    let results = file.results.as_ref().filter(|results| !results.0.is_empty())?;
    let tree = Tree::of(file);
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for (task, metrics) in &results.0 {
        for (name, cell) in &metrics.0 {
            let Some(stderr_name) = stderr_name(name) else { continue };
            let metric = match Metric::from_str(name) {
                Ok(metric) => metric,
                Err(_) if cell.number().is_none() => continue,
                Err(error) => {
                    problems.push(format!("{task}: {error}"));
                    continue;
                }
            };
            let Some(value) = cell.number() else {
                problems.push(format!("{task}: {name} is no number"));
                continue;
            };
            let (low, high) = metric.measure.range();
            if !(low..=high).contains(&value) {
                problems.push(format!("{task}: {name} is {value}, outside its scale of {low} to {high}"));
                continue;
            }
            let stderr = metrics.get(&stderr_name).and_then(|cell| cell.number()).filter(|s| *s >= 0.0);
            let kind = if tree.is_group(task) { RowKind::Group } else { RowKind::Task };
            let group = tree.parent.get(task.as_ref()).map(|&group| group.to_owned());
            rows.push(Observation {
                model: origin.model.clone(),
                benchmark: task.to_string(),
                kind,
                format: tree.common(task, &|leaf| format(file, &tree, leaf)),
                items: (kind == RowKind::Task).then(|| items_of(file, task, metric.measure, value, stderr)).flatten(),
                group,
                metric,
                value,
                stderr,
                condition: origin.condition.clone(),
                setup: Setup { shots: tree.common(task, &|leaf| shots(file, leaf)), ..Setup::default() },
                provenance: Provenance::file(origin.source),
            });
        }
    }
    share_items(&mut rows);
    Some((rows, problems))
}

/// A task that was scored by several metrics has as many items under each.
fn share_items(rows: &mut [Observation]) {
    let known: HashMap<String, u32> = rows.iter().filter_map(|row| Some((row.benchmark.clone(), row.items?))).collect();
    for row in rows.iter_mut().filter(|row| row.kind == RowKind::Task && row.items.is_none()) {
        row.items = known.get(&row.benchmark).copied();
    }
}

/// The key of the standard error that belongs to the metric `name`; `None` when `name` is no metric itself.
fn stderr_name(name: &str) -> Option<String> {
    let (measure, filter) = match name.split_once(',') {
        Some((measure, filter)) => (measure, Some(filter)),
        None => (name, None),
    };
    if measure.ends_with("_stderr") || matches!(measure, "alias" | "name" | "sample_len" | "sample_count" | " ") {
        return None;
    }
    Some(filter.map_or_else(|| format!("{measure}_stderr"), |filter| format!("{measure}_stderr,{filter}")))
}

fn items_of(file: &ResultsFile<'_>, task: &str, measure: Measure, value: f64, stderr: Option<f64>) -> Option<u32> {
    let counted = file.n_samples.as_ref().and_then(|samples| samples.get(task)).and_then(|samples| samples.effective);
    let recorded = || file.results.as_ref()?.get(task)?.get("sample_len")?.count();
    let implied = || items::implied(value, stderr.filter(|_| measure.is_binary())?);
    counted.or_else(recorded).or_else(implied)
}

fn shots(file: &ResultsFile<'_>, task: &str) -> Option<u32> {
    match file.n_shot.as_ref().and_then(|shots| shots.get(task)) {
        // A task that names no number of shots and is given none is run without examples.
        Some(Cell::Other) => Some(0),
        Some(cell) => cell.count(),
        None => file.config.as_ref()?.num_fewshot.as_ref()?.count(),
    }
}

fn format(file: &ResultsFile<'_>, tree: &Tree<'_>, task: &str) -> Option<Format> {
    let known = std::iter::successors(Some(task), |name| tree.parent.get(name).copied()).find_map(benchmark);
    if let Some(benchmark) = known {
        return Some(benchmark.format);
    }
    let config = file.configs.as_ref()?.get(task)?;
    match (config.output_type.as_ref()?.0.as_ref(), config.doc_to_choice) {
        ("generate_until" | "greedy_until", _) => Some(Format::Generate),
        ("multiple_choice", Choices::Letters) => Some(Format::MultipleChoice),
        ("multiple_choice", _) => Some(Format::Cloze),
        _ => None,
    }
}

/// The groups of a file and what they are made of.
struct Tree<'a> {
    members: HashMap<&'a str, Vec<&'a str>>,
    named: Vec<&'a str>,
    parent: HashMap<&'a str, &'a str>,
}

impl<'a> Tree<'a> {
    fn of(file: &'a ResultsFile<'_>) -> Self {
        let named = file.groups.iter().flat_map(|Pairs(groups)| groups.iter().map(|(name, _)| name.as_ref())).collect();
        let (mut members, mut parent): (HashMap<&str, Vec<&str>>, HashMap<&str, &str>) = Default::default();
        for (group, subtasks) in file.group_subtasks.iter().flat_map(|Pairs(pairs)| pairs) {
            if subtasks.is_empty() {
                continue;
            }
            for subtask in subtasks {
                // Where a task is in several groups, the smallest of them says most about it.
                let size = |name: &str| members.get(name).map_or(usize::MAX, Vec::len);
                let known = parent.get(subtask.0.as_ref()).is_some_and(|known| size(known) <= subtasks.len());
                if !known && subtask.0 != *group {
                    parent.insert(subtask.0.as_ref(), group.as_ref());
                }
            }
            members.insert(group.as_ref(), subtasks.iter().map(|name| name.0.as_ref()).collect());
        }
        Self { members, named, parent }
    }

    fn is_group(&self, name: &str) -> bool {
        self.members.contains_key(name) || self.named.contains(&name)
    }

    /// What `of` says of a task, or of all tasks of a group when it says the same of each.
    fn common<T: PartialEq + Copy>(&self, name: &str, of: &dyn Fn(&str) -> Option<T>) -> Option<T> {
        let mut leaves = Vec::new();
        self.leaves(name, &mut leaves, 0);
        let first = of(leaves.first()?)?;
        leaves.iter().all(|leaf| of(leaf) == Some(first)).then_some(first)
    }

    fn leaves<'n>(&'n self, name: &'n str, out: &mut Vec<&'n str>, depth: usize) {
        match self.members.get(name) {
            // No suite nests this deep; a file that does so names a group within itself.
            Some(members) if depth < 8 => members.iter().for_each(|member| self.leaves(member, out, depth + 1)),
            _ => out.push(name),
        }
    }
}
