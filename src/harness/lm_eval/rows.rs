//! From one results file to its observations.

use std::collections::HashMap;
use std::str::FromStr;

use super::cells::{Cell, Pairs};
use super::file::ResultsFile;
use super::items;
use crate::harness::groups::Groups;
use crate::harness::logs::digest;
use crate::registry::{Condition, Format, Limit, Measure, Metric, Observation, Provenance, RowKind, Setup};

/// What all rows of one file share.
pub(super) struct Origin {
    pub condition: Condition,
    pub setup: Setup,
    pub provenance: Provenance,
}

/// The observations of a file, what tells each from others of its setup, and what of the file could not be used.
pub(super) type Rows = (Vec<Observation>, Vec<Option<String>>, Vec<String>);

/// The observations of a file, in its order and without the model's name. `None` when it has no `results`.
pub(super) fn observations(file: &ResultsFile<'_>, origin: &Origin) -> Option<Rows> {
    let results = file.results.as_ref().filter(|results| !results.list.is_empty())?;
    let groups = groups(file);
    let (mut rows, mut apart, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (task, metrics) in &results.list {
        for (name, cell) in &metrics.list {
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
            let kind = groups.kind(task);
            let group = groups.parent(task).map(str::to_owned);
            apart.push(prompts(file, &groups.tasks(task)));
            rows.push(Observation {
                model: String::new(),
                benchmark: task.to_string(),
                kind,
                format: groups.format(task, &|leaf| defined(file, leaf)),
                items: (kind == RowKind::Task).then(|| items_of(file, task, metric.measure, value, stderr)).flatten(),
                group,
                metric,
                value,
                stderr,
                condition: origin.condition.clone(),
                setup: Setup {
                    shots: groups.common(task, &|leaf| shots(file, leaf)),
                    limit: limit(file, &groups.tasks(task)),
                    task_version: groups.common(task, &|leaf| version(file, leaf)).map(|version| version.to_string()),
                    ..origin.setup.clone()
                },
                provenance: origin.provenance.clone(),
            });
        }
    }
    share_items(&mut rows);
    Some((rows, apart, problems))
}

/// The beginning of the digest of all prompts of these tasks, where the file has one of each.
fn prompts(file: &ResultsFile<'_>, tasks: &[&str]) -> Option<String> {
    const SHOWN: usize = 12;
    let hashes = file.task_hashes.as_ref()?;
    let of = |task: &&str| hashes.get(task).and_then(Cell::text).filter(|hash| !hash.is_empty());
    let all = tasks.iter().map(of).collect::<Option<Vec<&str>>>()?;
    let whole = match all.as_slice() {
        [] => return None,
        [one] => (*one).to_owned(),
        several => digest(&several.concat()),
    };
    Some(format!("prompts={}", whole.get(..SHOWN).unwrap_or(&whole)))
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
        None => {
            let of_task = || file.configs.as_ref()?.get(task)?.num_fewshot.as_ref()?.count();
            let of_run = || file.config.as_ref()?.num_fewshot.as_ref()?.count();
            of_task().or_else(of_run)
        }
    }
}

/// The version of a task's definition. Groups have none of their own.
fn version(file: &ResultsFile<'_>, task: &str) -> Option<f64> {
    file.versions.as_ref()?.get(task)?.number()
}

/// The limit of the run, unless the file says that it left nothing of these tasks out. A run on chosen items says no limit;
/// then it is their number.
fn limit(file: &ResultsFile<'_>, tasks: &[&str]) -> Option<Limit> {
    let config = file.config.as_ref();
    let asked = config.and_then(|config| config.limit.as_ref()).and_then(Cell::number).filter(|limit| *limit > 0.0);
    let samples = |task: &&str| file.n_samples.as_ref()?.get(task);
    let counted: Option<Vec<(u32, u32)>> =
        tasks.iter().map(|task| samples(task).and_then(|n| Some((n.original?, n.effective?)))).collect();
    match counted {
        Some(counted) if counted.iter().all(|(all, used)| used >= all) => None,
        Some(counted) => {
            let used = f64::from(counted.iter().map(|(_, used)| used).sum::<u32>());
            asked.and_then(whole).or_else(|| Limit::new(used).ok())
        }
        None => asked.and_then(whole),
    }
}

/// A limit as lm-evaluation-harness takes it: from 1 on without what follows the point.
fn whole(limit: f64) -> Option<Limit> {
    Limit::new(if limit < 1.0 { limit } else { limit.trunc() }).ok()
}

/// How a task puts its questions, as the file records its definition.
fn defined(file: &ResultsFile<'_>, task: &str) -> Option<Format> {
    let config = file.configs.as_ref()?.get(task)?;
    config.doc_to_choice.format(config.output_type.as_ref()?.0.as_ref())
}

/// The groups of a file.
fn groups<'a>(file: &'a ResultsFile<'_>) -> Groups<'a> {
    let named = file
        .groups
        .iter()
        .flat_map(|Pairs { list: groups, .. }| groups.iter().map(|(name, _)| name.as_ref()))
        .collect();
    let members = file.group_subtasks.iter().flat_map(|Pairs { list: pairs, .. }| pairs);
    let members =
        members.map(|(group, members)| (group.as_ref(), members.iter().map(|name| name.0.as_ref()).collect()));
    Groups::new(members, named)
}
