//! Files of an evaluation in the layout of lm-evaluation-harness 0.4.13, so that its ecosystem and
//! [`lm_eval`](super::lm_eval) read them.
//!
//! In `<out>/<organisation>__<model>/`:
//!
//! | file | what |
//! | --- | --- |
//! | `results_<date>.json` | scores, definitions and provenance |
//! | `samples_<task>_<date>.jsonl` | a line for each item and filter: prompts, answers, scores |
//! | `observations_<date>.csv` | scores as rows for `onset fit`, with what is known of the model |
//! | `answers.jsonl` | the journal of answers |
//!
//! The date is the one on which the run began first, and nothing else in these files depends on the clock.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::evaluation::{Evaluation, GroupScores, Identity, Samples, TaskScores};
use super::tasks::{AggregatedMetric, Value, sha256};
use crate::error::{Error, Result};
use crate::registry::Limit;
use crate::registry::table::Sheet;
use crate::registry::write;

/// Where the results of one model are written.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    started: i128,
}

/// Bytes of a file's name, at most, on the file systems in use.
const LONGEST_NAME: usize = 255;

impl Folder {
    /// In `out`, for a run that began at `started`, in nanoseconds since 1970.
    pub(crate) fn new(out: &Path, model: &str, started: i128) -> Self {
        Self { path: of_model(out, model), started }
    }

    /// Fails for a task whose samples would need a longer name than a file can have.
    ///
    /// # Errors
    /// [`Error::Task`].
    pub(crate) fn check(&self, task: &str) -> Result<()> {
        let length = self.samples_name(task).len();
        if length <= LONGEST_NAME {
            return Ok(());
        }
        let over = length - LONGEST_NAME;
        let problem = format!("its name is {over} bytes too long for the file of its samples; give it a shorter one");
        Err(Error::Task { task: task.to_owned(), problem })
    }

    fn samples_name(&self, task: &str) -> String {
        format!("samples_{}_{}.jsonl", sanitised(task), date(self.started))
    }

    /// The items of a task: all under the first filter, then all under the second.
    pub(crate) fn samples(&self, task: &str, samples: &Samples) -> Result<()> {
        let Samples { items, responses, scored } = samples;
        let path = self.path.join(self.samples_name(task));
        let filters = scored.iter().map(|scored| scored.samples.len()).max().unwrap_or(0);
        write::with(&path, |out| {
            for filter in 0..filters {
                for ((item, responses), scored) in items.iter().zip(responses).zip(scored) {
                    if let Some(sample) = scored.samples.get(filter) {
                        writeln!(out, "{}", sample.record(item, responses).to_json())?;
                    }
                }
            }
            Ok(())
        })
    }

    /// The name of the results file.
    pub(crate) fn results_name(&self) -> String {
        format!("results_{}.json", date(self.started))
    }

    /// Results and observations; answers where they are.
    pub(crate) fn write(&self, evaluation: &Evaluation) -> Result<(PathBuf, PathBuf)> {
        let results = self.path.join(self.results_name());
        write::bytes(&results, json(evaluation).as_bytes())?;
        let table = self.path.join(format!("observations_{}.csv", date(self.started)));
        write::bytes(&table, csv(evaluation).as_bytes())?;
        Ok((results, table))
    }
}

/// The journal of a model's answers in the folder `out`.
pub(super) fn answers(out: &Path, model: &str) -> PathBuf {
    of_model(out, model).join("answers.jsonl")
}

fn of_model(out: &Path, model: &str) -> PathBuf {
    out.join(sanitised(model))
}

/// The table of an evaluation's observations, as `observations_<date>.csv` holds it: with what is known of the model in
/// the columns `family`, `params`, `tokens` and `release`.
#[must_use]
pub(crate) fn csv(evaluation: &Evaluation) -> String {
    let facts = &evaluation.facts;
    Sheet::of(&evaluation.observations)
        .text("family", |_| facts.family.clone())
        .number("params", |_| facts.params)
        .number("tokens", |_| facts.tokens)
        .text("release", |_| facts.release.map(|month| month.to_string()))
        .csv()
}

/// An evaluation as `results_<date>.json` holds it.
#[must_use]
pub fn json(evaluation: &Evaluation) -> String {
    record(evaluation).to_json_indented()
}

type Entries = Vec<(String, Value)>;

fn record(evaluation: &Evaluation) -> Value {
    let Evaluation { identity, reading, chat, draw, tasks, groups, .. } = evaluation;
    let of_tasks = |of: &dyn Fn(&TaskScores) -> Value| -> Value {
        Value::Map(tasks.iter().map(|task| (task.name.clone(), of(task))).collect())
    };
    let of_groups: Entries = groups.iter().map(|group| (group.name.clone(), scores_of_group(group))).collect();
    let mut results: Entries = tasks.iter().map(|task| (task.name.clone(), scores_of_task(task))).collect();
    results.extend(of_groups.iter().cloned());
    let members = |group: &GroupScores| {
        (group.name.clone(), Value::List(group.members.iter().map(|member| member.as_str().into()).collect()))
    };
    let token = |token: &Option<(String, u32)>| match token {
        Some((text, id)) => Value::List(vec![text.as_str().into(), id.to_string().into()]),
        None => Value::Null,
    };

    let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
    let digest = |text: &Option<String>| text.as_deref().map_or(Value::Null, |text| sha256(text).into());

    let mut all = map(vec![("results", Value::Map(results))]);
    if !of_groups.is_empty() {
        all.push(("groups".into(), Value::Map(of_groups)));
    }
    all.extend(map(vec![
        ("group_subtasks", Value::Map(groups.iter().map(members).collect())),
        ("configs", of_tasks(&|task| task.definition.clone())),
        ("versions", of_tasks(&|task| task.version.clone())),
        ("n-shot", of_tasks(&|task| count(task.shots))),
        ("higher_is_better", of_tasks(&better)),
        (
            "n-samples",
            of_tasks(&|task| object(vec![("original", count(task.total)), ("effective", count(task.items))])),
        ),
        ("config", config(evaluation)),
        ("git_hash", Value::Null),
        ("date", (evaluation.started as f64 / 1e9).into()),
        ("transformers_version", Value::Null),
        ("lm_eval_version", Value::Null),
        ("upper_git_hash", Value::Null),
        ("tokenizer_pad_token", Value::Null),
        ("tokenizer_eos_token", token(&reading.end)),
        ("tokenizer_bos_token", token(&reading.beginning)),
        ("eot_token_id", reading.end.as_ref().map_or(Value::Null, |(_, id)| i64::from(*id).into())),
        ("max_length", reading.context.map_or(Value::Null, count)),
        ("task_hashes", of_tasks(&|task| task.hash.as_str().into())),
        ("model_source", "onset".into()),
        ("model_name", identity.name.as_str().into()),
        ("model_name_sanitized", sanitised(&identity.name).into()),
        ("system_instruction", text(&chat.system)),
        ("system_instruction_sha", digest(&chat.system)),
        ("fewshot_as_multiturn", chat.multiturn.map_or(Value::Null, Value::from)),
        ("chat_template", text(&chat.template)),
        ("chat_template_sha", digest(&chat.template)),
        ("total_evaluation_time_seconds", Value::Null),
    ]));
    let Identity { weights, tokenizer, device, .. } = identity;
    let provenance = object(vec![
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("weights_sha256", weights.as_str().into()),
        ("tokenizer_sha256", tokenizer.as_str().into()),
        ("dtype", identity.dtype_shown().into()),
        ("quantisation", identity.quantisation.as_deref().map_or(Value::Null, Into::into)),
        ("device", device.as_str().into()),
        ("seed", count(draw.seed as usize)),
        ("task_sha256", of_tasks(&|task| task.content.as_str().into())),
        ("few_shot_ids", of_tasks(&examples)),
        ("see_themselves", of_tasks(&|task| count(task.see_themselves))),
        ("without_system_turn", of_tasks(&|task| count(task.without_system))),
        ("no_self_shots", draw.no_self_shots.into()),
        ("wilson_95", of_tasks(&|task| Value::Map(intervals(&task.metrics)))),
    ]);
    all.push(("onset".into(), provenance));
    Value::Map(all)
}

fn config(evaluation: &Evaluation) -> Value {
    let Evaluation { identity, draw, .. } = evaluation;
    let mut arguments = vec![("pretrained", identity.name.as_str().into()), ("dtype", identity.dtype_shown().into())];
    arguments.extend(identity.adapter.as_deref().map(|adapter| ("peft", adapter.into())));
    object(vec![
        ("model", "onset".into()),
        ("model_args", object(arguments)),
        ("model_num_parameters", identity.parameters.map_or(Value::Null, |n| count(n as usize))),
        ("model_dtype", identity.dtype_shown().into()),
        ("model_revision", identity.revision.as_deref().map_or(Value::Null, Into::into)),
        ("model_sha", identity.weights.as_str().into()),
        ("device", identity.device.as_str().into()),
        ("use_cache", Value::Null),
        ("limit", draw.limit.map_or(Value::Null, limit)),
        ("num_fewshot", draw.shots.map_or(Value::Null, count)),
        ("gen_kwargs", Value::Map(Vec::new())),
        ("fewshot_seed", count(draw.seed as usize)),
    ])
}

/// A number of items as a whole number, a share as it is.
fn limit(limit: Limit) -> Value {
    if limit.get() < 1.0 { limit.get().into() } else { Value::Int(limit.get() as i64) }
}

fn scores_of_task(task: &TaskScores) -> Value {
    let mut entry = map(vec![
        ("name", task.name.as_str().into()),
        ("alias", task.alias.as_str().into()),
        ("sample_len", count(task.items)),
    ]);
    entry.extend(metrics(&task.metrics));
    Value::Map(entry)
}

fn scores_of_group(group: &GroupScores) -> Value {
    let mut entry = map(vec![("alias", group.alias.as_str().into())]);
    entry.extend(metrics(&group.metrics));
    Value::Map(entry)
}

fn better(task: &TaskScores) -> Value {
    Value::Map(task.better.iter().map(|(metric, higher)| (metric.clone(), (*higher).into())).collect())
}

fn metrics(metrics: &[AggregatedMetric]) -> Entries {
    let pair = |metric: &AggregatedMetric| {
        let AggregatedMetric { name, filter, value, stderr, .. } = metric;
        let stderr = stderr.map_or_else(|| "N/A".into(), Value::from);
        [(format!("{name},{filter}"), Value::from(*value)), (format!("{name}_stderr,{filter}"), stderr)]
    };
    metrics.iter().flat_map(pair).collect()
}

fn intervals(metrics: &[AggregatedMetric]) -> Entries {
    let pair = |metric: &AggregatedMetric| {
        let (low, high) = metric.interval?;
        Some((format!("{},{}", metric.name, metric.filter), Value::List(vec![low.into(), high.into()])))
    };
    metrics.iter().filter_map(pair).collect()
}

/// One list where the examples are the same for all items, else one for each.
fn examples(task: &TaskScores) -> Value {
    let list = |ids: &Vec<usize>| Value::List(ids.iter().map(|&id| count(id)).collect());
    match task.examples.as_slice() {
        [] => Value::List(Vec::new()),
        [alike] => list(alike),
        each => Value::List(each.iter().map(list).collect()),
    }
}

fn count(n: usize) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn map(entries: Vec<(&str, Value)>) -> Entries {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn object(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(map(entries))
}

/// A name as part of a file's name, as lm-evaluation-harness writes it.
fn sanitised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut replaced = false;
    for c in name.chars() {
        let forbidden = matches!(c, '"' | '<' | '>' | ':' | '/' | '\\' | '|' | '?' | '*' | '[' | ']');
        if !forbidden {
            out.push(c);
        } else if !replaced {
            out.push_str("__");
        }
        replaced = forbidden;
    }
    // A name of dots alone would be a folder elsewhere.
    if out.chars().all(|c| c == '.') { format!("model{out}") } else { out }
}

/// A time as part of a file's name, to the microsecond.
fn date(started: i128) -> String {
    let time = OffsetDateTime::from_unix_timestamp_nanos(started).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, clock) = (time.date(), time.time());
    format!(
        "{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:06}",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second(),
        clock.microsecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names_as_the_harness_makes_them() {
        assert_eq!(sanitised("EleutherAI/pythia-70m"), "EleutherAI__pythia-70m");
        assert_eq!(sanitised("a:/b"), "a__b");
        assert_eq!(sanitised(".."), "model..");
    }

    #[test]
    fn dates_are_written_to_the_microsecond() {
        assert_eq!(date(1_795_453_960_624_999_500), "2026-11-23T17-12-40.624999");
    }
}
