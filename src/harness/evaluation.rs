//! What an evaluation found, as values in memory. Files are written from them ([`results`](super::results)), and nothing
//! is read back.

use std::borrow::Cow;
use std::path::PathBuf;

use super::format::Choices;
use super::groups::{Groups, sum_items};
use super::request::Response;
use super::tasks::{Draw, Group, Item, Items, Metric, Scored, Task, Value, samples_hash};
use crate::lm::Tokenizer;
use crate::registry::{self, Condition, Format, Measure, Models, Month, Observation, Provenance, RowKind, Setup};

/// What tells a model from every other: answers are only used again where all of this is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name, as `organisation/name` or `name`.
    pub name: String,
    /// A hash of its weights and its config, or any text that changes whenever they do.
    pub weights: String,
    /// The same of its tokenizer.
    pub tokenizer: String,
    /// The dtype it is computed in.
    pub dtype: String,
    /// The device it is computed on.
    pub device: String,
    /// Numbers that were learned, where known.
    pub parameters: Option<u64>,
}

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

/// What is known of how a model in this process reads text; nothing is known of one behind a server.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Tokens of the longest prompt.
    pub context: Option<usize>,
    /// Text and id of the token that ends a text.
    pub end: Option<(String, u32)>,
    /// Text and id of the token that begins one.
    pub beginning: Option<(String, u32)>,
}

/// Scores of one model, all that is known of how they came about, and where they were written.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// What was evaluated.
    pub identity: Identity,
    /// What is known of it beside.
    pub facts: Facts,
    /// How it reads text.
    pub reading: Reading,
    /// Which items and examples were drawn.
    pub draw: Draw,
    /// When the evaluation began first, in nanoseconds since 1970.
    pub started: i128,
    /// In the order they were asked for.
    pub tasks: Vec<TaskScores>,
    /// Groups of them.
    pub groups: Vec<GroupScores>,
    /// The same scores as rows for tables and fits, sorted by benchmark and metric; a metric whose scale the registry does
    /// not know has none.
    pub observations: Vec<Observation>,
    /// Requests answered by the model.
    pub asked: usize,
    /// Requests answered in an earlier run.
    pub remembered: usize,
    /// Seconds this run took.
    pub seconds: f64,
    /// The results file, where one was written.
    pub results: Option<PathBuf>,
    /// The table of observations, where one was written.
    pub table: Option<PathBuf>,
}

/// The scores of a task.
#[derive(Debug, Clone)]
pub struct TaskScores {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub alias: String,
    /// Its definition with its defaults, as results files hold it.
    pub definition: Value,
    /// The definition's version.
    pub version: Value,
    /// How its questions are put, where the definition says.
    pub format: Option<Format>,
    /// Examples in the prompt.
    pub shots: usize,
    /// Items that were asked.
    pub items: usize,
    /// Items there are.
    pub total: usize,
    /// SHA-256 of definition, documents and draw, in hexadecimal.
    pub content: String,
    /// lm-evaluation-harness's hash of documents, prompts and targets, in hexadecimal.
    pub hash: String,
    /// The documents that served as examples, by their places in their split: one list where it is the same for all items,
    /// else one for each.
    pub examples: Vec<Vec<usize>>,
    /// Each metric of the definition, and whether more of it is better.
    pub better: Vec<(String, bool)>,
    /// One for each metric and filter.
    pub metrics: Vec<Metric>,
    /// Every item with its answers, where the settings ask for them.
    pub samples: Option<Samples>,
}

/// The items of a task with their answers and scores; all three lists are in the same order.
#[derive(Debug, Clone)]
pub struct Samples {
    /// What was asked.
    pub items: Vec<Item>,
    /// For each item an answer to each of its requests.
    pub responses: Vec<Vec<Response>>,
    /// Their scores under every filter.
    pub scored: Vec<Scored>,
}

/// The scores of a group of tasks.
#[derive(Debug, Clone)]
pub struct GroupScores {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub alias: String,
    /// Tasks and groups it is made of.
    pub members: Vec<String>,
    /// One for each metric and filter.
    pub metrics: Vec<Metric>,
}

impl Reading {
    /// Of a model with this tokenizer.
    pub(super) fn of(context: usize, tokenizer: &Tokenizer) -> Self {
        let token = |id: Option<u32>| id.map(|id| (tokenizer.decode(&[id], true).unwrap_or_default(), id));
        Self { context: Some(context), end: token(tokenizer.eos), beginning: token(tokenizer.bos) }
    }
}

impl TaskScores {
    pub(super) fn new(task: &Task, items: &Items, scored: &[Scored], metrics: Vec<Metric>) -> Self {
        let filters = scored.first().map_or(1, |first| first.samples.len());
        let better = task.higher_is_better().into_iter().map(|(name, higher)| (name.to_owned(), higher));
        Self {
            name: task.name().to_owned(),
            alias: task.alias().to_owned(),
            definition: task.config().clone(),
            version: task.version().clone(),
            format: format(task.config()),
            shots: items.shots,
            items: items.items.len(),
            total: items.total,
            content: items.hash.clone(),
            hash: samples_hash(&items.items, filters),
            examples: examples(&items.items),
            better: better.collect(),
            metrics,
            samples: None,
        }
    }
}

impl GroupScores {
    pub(super) fn new(group: &Group, tasks: &[TaskScores]) -> Self {
        let of = |name: &str| tasks.iter().find(|task| task.name == name).map(|task| task.metrics.as_slice());
        Self {
            name: group.name().to_owned(),
            alias: group.alias().to_owned(),
            members: group.members().to_vec(),
            metrics: group.aggregate(of),
        }
    }
}

impl Facts {
    /// These facts, and for what they leave open those of the registered model, then what was counted.
    pub(super) fn or_known(&self, models: &Models, identity: &Identity) -> Self {
        let known = models.known_as(&identity.name);
        let counted = identity.parameters.map(|count| count as f64);
        Self {
            family: self.family.clone().or(known.map(|model| model.family.clone())),
            params: self.params.or(known.map(|model| model.params)).or(counted),
            tokens: self.tokens.or(known.map(|model| model.tokens)),
            release: self.release.or(known.map(|model| model.release)),
        }
    }
}

/// The scores of tasks and groups as rows of a table: those that an import of the results file gives.
pub(super) fn observations(
    model: &str,
    (tasks, groups): (&[TaskScores], &[GroupScores]),
    setup: &Setup,
    provenance: &Provenance,
) -> Vec<Observation> {
    let members = |group: &'_ GroupScores| group.members.iter().map(String::as_str).collect();
    let tree = Groups::new(
        groups.iter().map(|group| (group.name.as_str(), members(group))),
        groups.iter().map(|group| group.name.as_str()).collect(),
    );
    let task = |name: &str| tasks.iter().find(|task| task.name == name);
    let count = |n: usize| u32::try_from(n).ok();
    let mut rows = Vec::new();
    let own = tasks.iter().map(|task| (&task.name, &task.metrics));
    for (name, metrics) in own.chain(groups.iter().map(|group| (&group.name, &group.metrics))) {
        let kind = tree.kind(name);
        for found in metrics {
            let Ok(measure) = found.name.parse::<Measure>() else { continue };
            let (low, high) = measure.range();
            if !(low..=high).contains(&found.value) {
                continue;
            }
            rows.push(Observation {
                model: model.to_owned(),
                benchmark: name.clone(),
                kind,
                group: tree.parent(name).map(str::to_owned),
                format: tree.format(name, &|name| task(name)?.format),
                metric: registry::Metric { measure, filter: filter(found) },
                value: found.value,
                stderr: found.stderr.filter(|error| error.is_finite() && *error >= 0.0),
                items: task(name).filter(|_| kind == RowKind::Task).and_then(|task| count(task.items)),
                condition: Condition::unadjusted(),
                setup: Setup { shots: tree.common(name, &|name| count(task(name)?.shots)), ..setup.clone() },
                provenance: provenance.clone(),
            });
        }
    }
    sum_items(&mut rows);
    rows.sort_by(|a, b| (&a.benchmark, &a.metric).cmp(&(&b.benchmark, &b.metric)));
    rows
}

/// The filter of a metric; answers as they are have one called `none`.
fn filter(metric: &Metric) -> Option<Cow<'static, str>> {
    (metric.filter != "none" && !metric.filter.is_empty()).then(|| Cow::Owned(metric.filter.clone()))
}

fn format(definition: &Value) -> Option<Format> {
    let choices = match definition.get("doc_to_choice") {
        None | Some(Value::Null) => Choices::None,
        Some(Value::List(options)) => Choices::of(options.iter().map(Value::as_text)),
        Some(_) => Choices::Texts,
    };
    choices.format(definition.get("output_type")?.as_text()?)
}

/// The documents that served as examples.
fn examples(items: &[Item]) -> Vec<Vec<usize>> {
    let same = |first: &Item| items.iter().all(|item| item.few_shot_ids == first.few_shot_ids);
    let alike = items.first().is_some_and(same);
    items.iter().take(if alike { 1 } else { items.len() }).map(|item| item.few_shot_ids.clone()).collect()
}
