//! Results in the layout of lm-evaluation-harness 0.4.13, so that its ecosystem and [`lm_eval`] read them.
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

use super::lm_eval;
use super::request::Response;
use super::runner::{EvaluationSettings, GroupScores, Identity, TaskScores};
use super::tasks::{Items, Metric, Scored, Task, Value};
use crate::error::{Error, Result};
use crate::lm::Tokenizer;
use crate::registry::{Model, Month, Observation, known_models, observations_csv, write};

/// What is known of a model, for the table of observations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Models of one recipe and one data set.
    pub family: Option<String>,
    /// Number of parameters.
    pub params: Option<f64>,
    /// Number of training tokens.
    pub tokens: Option<f64>,
    /// Month of release.
    pub release: Option<Month>,
}

/// Where the results of one model are written.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub fn new(out: &Path, model: &str) -> Self {
        Self(out.join(sanitised(model)))
    }

    pub fn answers(&self) -> PathBuf {
        self.0.join("answers.jsonl")
    }

    /// The items of a task: all under the first filter, then all under the second.
    pub fn samples(
        &self,
        task: &str,
        started: i128,
        items: &Items,
        responses: &[Vec<Response>],
        scored: &[Scored],
    ) -> Result<()> {
        let path = self.0.join(format!("samples_{}_{}.jsonl", sanitised(task), date(started)));
        let filters = scored.iter().map(|scored| scored.samples.len()).max().unwrap_or(0);
        write::with(&path, |out| {
            for filter in 0..filters {
                for ((item, responses), scored) in items.items.iter().zip(responses).zip(scored) {
                    if let Some(sample) = scored.samples.get(filter) {
                        writeln!(out, "{}", sample.record(item, responses).to_json())?;
                    }
                }
            }
            Ok(())
        })
    }

    pub fn results(&self, started: i128, record: &Value) -> Result<PathBuf> {
        let path = self.0.join(format!("results_{}.json", date(started)));
        write::bytes(&path, record.to_json_indented().as_bytes())?;
        Ok(path)
    }

    /// The rows that `onset import lm-eval` makes of a results file, beside what is known of the model.
    pub fn observations(
        &self,
        started: i128,
        results: &Path,
        identity: &Identity,
        facts: &Facts,
    ) -> Result<(PathBuf, Vec<Observation>)> {
        let registered = registered(&identity.name)?;
        let name = registered.as_ref().map_or(identity.name.as_str(), |model| model.name.as_str());
        let settings = lm_eval::Settings { model: Some(name.to_owned()), ..lm_eval::Settings::default() };
        let observations = lm_eval::import(&[results.to_owned()], &settings)?.observations;
        let known = registered.as_ref();
        let number = |own: Option<f64>, known: Option<f64>| own.or(known).map(|n| n.to_string()).unwrap_or_default();
        let counted = identity.parameters.map(|count| count as f64);
        let release = facts.release.or(known.map(|model| model.release));
        let more = [
            ("family", facts.family.clone().or(known.map(|model| model.family.clone())).unwrap_or_default()),
            ("params", number(facts.params, known.map(|model| model.params).or(counted))),
            ("tokens", number(facts.tokens, known.map(|model| model.tokens))),
            ("release", release.map(|month| month.to_string()).unwrap_or_default()),
        ];
        let path = self.0.join(format!("observations_{}.csv", date(started)));
        let text = widened(&observations_csv(&observations), &more)
            .map_err(|error| Error::File { path: path.clone(), problem: error.to_string() })?;
        write::bytes(&path, &text)?;
        Ok((path, observations))
    }
}

/// A table with more columns that are the same in all rows.
fn widened(table: &str, more: &[(&str, String)]) -> std::result::Result<Vec<u8>, csv::Error> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (number, record) in reader.records().enumerate() {
        let mut record = record?;
        for (name, value) in more {
            record.push_field(if number == 0 { name } else { value });
        }
        writer.write_record(&record)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The published model of this name, with or without its organisation.
fn registered(name: &str) -> Result<Option<Model>> {
    let same = |a: &str| a.eq_ignore_ascii_case(name);
    let models = known_models()?;
    let bare = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let matches =
        |model: &&Model| same(&model.name) || model.hf_id.as_deref().is_some_and(|id| same(id) || same(&bare(id)));
    Ok(models.iter().find(matches).cloned())
}

/// What is only known of a model in this process.
pub(super) struct Known<'a> {
    pub context: usize,
    pub tokenizer: &'a Tokenizer,
}

/// Everything that goes into a results file.
#[derive(Debug)]
pub(super) struct Record {
    started: i128,
    seed: u64,
    head: Vec<(String, Value)>,
    config: Value,
    identity: Identity,
    results: Entries,
    configs: Entries,
    versions: Entries,
    shots: Entries,
    better: Entries,
    samples: Entries,
    hashes: Entries,
    content: Entries,
    examples: Entries,
    intervals: Entries,
}

type Entries = Vec<(String, Value)>;

impl Record {
    pub fn new(identity: &Identity, known: Option<Known<'_>>, settings: &EvaluationSettings, started: i128) -> Self {
        let tokenizer = known.as_ref().map(|known| known.tokenizer);
        let token = |id: Option<u32>| match tokenizer.zip(id) {
            Some((tokenizer, id)) => {
                let text = tokenizer.decode(&[id], true).unwrap_or_default();
                Value::List(vec![text.into(), id.to_string().into()])
            }
            None => Value::Null,
        };
        let (eos, bos) = (tokenizer.and_then(|t| t.eos), tokenizer.and_then(|t| t.bos));
        let head = map(vec![
            ("tokenizer_eos_token", token(eos)),
            ("tokenizer_bos_token", token(bos)),
            ("eot_token_id", eos.map_or(Value::Null, |id| i64::from(id).into())),
            ("max_length", known.map_or(Value::Null, |known| count(known.context))),
        ]);
        let seed = settings.draw.seed;
        let config = object(vec![
            ("model", "onset".into()),
            (
                "model_args",
                object(vec![("pretrained", identity.name.as_str().into()), ("dtype", identity.dtype.as_str().into())]),
            ),
            ("model_num_parameters", identity.parameters.map_or(Value::Null, |n| count(n as usize))),
            ("model_dtype", identity.dtype.as_str().into()),
            ("model_sha", identity.weights.as_str().into()),
            ("device", identity.device.as_str().into()),
            ("use_cache", Value::Null),
            ("limit", settings.draw.limit.map_or(Value::Null, count)),
            ("num_fewshot", settings.draw.shots.map_or(Value::Null, count)),
            ("gen_kwargs", Value::Map(Vec::new())),
            ("fewshot_seed", count(seed as usize)),
        ]);
        let none = Vec::new;
        Self {
            started,
            seed,
            head,
            config,
            identity: identity.clone(),
            results: none(),
            configs: none(),
            versions: none(),
            shots: none(),
            better: none(),
            samples: none(),
            hashes: none(),
            content: none(),
            examples: none(),
            intervals: none(),
        }
    }

    pub fn task(&mut self, task: &Task, items: &Items, scores: &TaskScores, samples_hash: String) {
        let name = || task.name().to_owned();
        let mut entry = map(vec![
            ("name", task.name().into()),
            ("alias", task.alias().into()),
            ("sample_len", count(scores.items)),
        ]);
        entry.extend(metrics(&scores.metrics));
        self.results.push((name(), Value::Map(entry)));
        self.configs.push((name(), task.config().clone()));
        self.versions.push((name(), task.version().clone()));
        self.shots.push((name(), count(items.shots)));
        let better = task.higher_is_better().into_iter().map(|(metric, higher)| (metric.to_owned(), higher.into()));
        self.better.push((name(), Value::Map(better.collect())));
        let samples = [("original", count(items.total)), ("effective", count(scores.items))];
        self.samples.push((name(), object(samples.into())));
        self.hashes.push((name(), samples_hash.into()));
        self.content.push((name(), items.hash.clone().into()));
        self.examples.push((name(), examples(items)));
        self.intervals.push((name(), Value::Map(intervals(&scores.metrics))));
    }

    pub fn finish(mut self, groups: &[GroupScores]) -> Value {
        let entry = |group: &GroupScores| {
            let mut entry = map(vec![("alias", group.alias.as_str().into())]);
            entry.extend(metrics(&group.metrics));
            (group.name.clone(), Value::Map(entry))
        };
        let entries: Entries = groups.iter().map(entry).collect();
        self.results.extend(entries.iter().cloned());
        let members = |group: &GroupScores| {
            (group.name.clone(), Value::List(group.members.iter().map(|member| member.as_str().into()).collect()))
        };
        let Identity { name, weights, tokenizer, dtype, device, .. } = &self.identity;
        let provenance = object(vec![
            ("version", env!("CARGO_PKG_VERSION").into()),
            ("weights_sha256", weights.as_str().into()),
            ("tokenizer_sha256", tokenizer.as_str().into()),
            ("dtype", dtype.as_str().into()),
            ("device", device.as_str().into()),
            ("seed", count(self.seed as usize)),
            ("task_sha256", Value::Map(self.content)),
            ("few_shot_ids", Value::Map(self.examples)),
            ("wilson_95", Value::Map(self.intervals)),
        ]);
        let mut all = map(vec![("results", Value::Map(self.results))]);
        if !entries.is_empty() {
            all.push(("groups".into(), Value::Map(entries)));
        }
        all.extend(map(vec![
            ("group_subtasks", Value::Map(groups.iter().map(members).collect())),
            ("configs", Value::Map(self.configs)),
            ("versions", Value::Map(self.versions)),
            ("n-shot", Value::Map(self.shots)),
            ("higher_is_better", Value::Map(self.better)),
            ("n-samples", Value::Map(self.samples)),
            ("config", self.config),
            ("git_hash", Value::Null),
            ("date", (self.started as f64 / 1e9).into()),
            ("transformers_version", Value::Null),
            ("lm_eval_version", Value::Null),
            ("upper_git_hash", Value::Null),
            ("tokenizer_pad_token", Value::Null),
        ]));
        all.extend(self.head);
        all.extend(map(vec![
            ("task_hashes", Value::Map(self.hashes)),
            ("model_source", "onset".into()),
            ("model_name", name.as_str().into()),
            ("model_name_sanitized", sanitised(name).into()),
            ("system_instruction", Value::Null),
            ("system_instruction_sha", Value::Null),
            ("fewshot_as_multiturn", Value::Null),
            ("chat_template", Value::Null),
            ("chat_template_sha", Value::Null),
            ("total_evaluation_time_seconds", Value::Null),
            ("onset", provenance),
        ]));
        Value::Map(all)
    }
}

fn metrics(metrics: &[Metric]) -> Entries {
    let pair = |metric: &Metric| {
        let Metric { name, filter, value, stderr, .. } = metric;
        let stderr = stderr.map_or_else(|| "N/A".into(), Value::from);
        [(format!("{name},{filter}"), Value::from(*value)), (format!("{name}_stderr,{filter}"), stderr)]
    };
    metrics.iter().flat_map(pair).collect()
}

fn intervals(metrics: &[Metric]) -> Entries {
    let pair = |metric: &Metric| {
        let (low, high) = metric.interval?;
        Some((format!("{},{}", metric.name, metric.filter), Value::List(vec![low.into(), high.into()])))
    };
    metrics.iter().filter_map(pair).collect()
}

/// The documents that served as examples: one list where it is the same for all items, else one for each.
fn examples(items: &Items) -> Value {
    let list = |ids: &[usize]| Value::List(ids.iter().map(|&id| count(id)).collect());
    match items.items.first() {
        None => Value::List(Vec::new()),
        Some(first) if items.items.iter().all(|item| item.few_shot_ids == first.few_shot_ids) => {
            list(&first.few_shot_ids)
        }
        Some(_) => Value::List(items.items.iter().map(|item| list(&item.few_shot_ids)).collect()),
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
