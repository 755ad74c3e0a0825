//! What an evaluation found, as values in memory. Files are written from them ([`results`](super::results)), and nothing
//! is read back.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::format::Choices;
use super::groups::{Groups, sum_items};
use super::logs;
use super::request::Response;
use super::tasks::{AggregatedMetric, Draw, Item, Items, ScoredItem, Task, TaskGroup, Value, samples_hash, sha256};
use crate::lm::Tokenizer;
use crate::registry::{
    self, Condition, Format, Limit, Measure, Models, Month, Observation, PromptFormat, Provenance, Setup, Timestamp,
};

/// What tells a model from every other: answers are only used again where all of this is the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// Its name, as `organisation/name` or `name`.
    pub name: String,
    /// A hash of its weights and its config, or any text that changes whenever they do.
    pub weights: String,
    /// The same of its tokenizer.
    pub tokenizer: String,
    /// The dtype it is computed in, such as `f32`, where known.
    pub dtype: Option<String>,
    /// The adapter on its weights, if there is one.
    pub adapter: Option<String>,
    /// How its weights are quantised, if they are.
    pub quantisation: Option<String>,
    /// Branch, tag or commit of its weights, where known.
    pub revision: Option<String>,
    /// The device it is computed on.
    pub device: String,
    /// Numbers that were learned, where known.
    pub parameters: Option<u64>,
}

/// What is known of a model, for the table of observations.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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

/// How a model in this process reads text; this is not known of one behind a server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReadingSettings {
    /// Tokens of the longest prompt.
    pub context: Option<usize>,
    /// Text and id of the token that ends a text.
    pub end: Option<(String, u32)>,
    /// Text and id of the token that begins one.
    pub beginning: Option<(String, u32)>,
}

/// How prompts were wrapped; empty for plain text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChatRecord {
    /// The chat template's source.
    pub template: Option<String>,
    /// The system instruction.
    pub system: Option<String>,
    /// Whether examples were turns of their own, in a chat.
    pub multiturn: Option<bool>,
}

impl ChatRecord {
    /// As observations have it: digests in place of texts.
    fn format(&self) -> PromptFormat {
        PromptFormat {
            chat_template: self.template.as_deref().map(sha256),
            system_prompt: self.system.as_deref().map(sha256),
            multiturn: self.multiturn,
        }
    }
}

/// Scores of one model, all that is known of how they came about, and where they were written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Evaluation {
    /// What was evaluated.
    pub identity: Identity,
    /// What else is known of it.
    pub facts: Facts,
    /// How it reads text.
    pub reading: ReadingSettings,
    /// How prompts were wrapped.
    pub chat: ChatRecord,
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
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// Items that stood among their own examples, with their answers.
    pub see_themselves: usize,
    /// Items whose system turn the chat template refused.
    pub without_system: usize,
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
    pub metrics: Vec<AggregatedMetric>,
    /// Every item with its answers, where the settings ask for them.
    pub samples: Option<Samples>,
}

/// The items of a task with their answers and scores; all three lists are in the same order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Samples {
    /// What was asked.
    pub items: Vec<Item>,
    /// For each item an answer to each of its requests.
    pub responses: Vec<Vec<Response>>,
    /// Their scores under every filter.
    pub scored: Vec<ScoredItem>,
}

/// The scores of a group of tasks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GroupScores {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub alias: String,
    /// Tasks and groups it is made of.
    pub members: Vec<String>,
    /// Whether these are all that it is defined with. Else it has no score.
    pub whole: bool,
    /// One for each metric and filter.
    pub metrics: Vec<AggregatedMetric>,
}

impl ReadingSettings {
    /// Of a model with this tokenizer.
    pub(super) fn of(context: usize, tokenizer: &Tokenizer) -> Self {
        let token = |id: Option<u32>| id.map(|id| (tokenizer.decode(&[id], true).unwrap_or_default(), id));
        Self { context: Some(context), end: token(tokenizer.eos), beginning: token(tokenizer.bos) }
    }
}

impl TaskScores {
    pub(super) fn new(task: &Task, items: &Items, scored: &[ScoredItem], metrics: Vec<AggregatedMetric>) -> Self {
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
            see_themselves: items.see_themselves,
            without_system: items.without_system,
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
    pub(super) fn new(group: &TaskGroup, tasks: &[TaskScores]) -> Self {
        let of = |name: &str| tasks.iter().find(|task| task.name == name).map(|task| task.metrics.as_slice());
        Self {
            name: group.name().to_owned(),
            alias: group.alias().to_owned(),
            members: group.members().to_vec(),
            whole: group.is_whole(),
            metrics: if group.is_whole() { group.aggregate(of) } else { Vec::new() },
        }
    }
}

impl Identity {
    /// The dtype for a text that must name one.
    pub(super) fn dtype_shown(&self) -> &str {
        self.dtype.as_deref().unwrap_or("as served")
    }

    /// What the scores depend on beside model, benchmark and prompts.
    fn setup(&self) -> Setup {
        // In the words of the files that scores are joined with.
        let dtype = self.dtype.as_deref().and_then(logs::dtype);
        Setup {
            revision: self.revision.clone(),
            adapter: self.adapter.clone(),
            quantisation: self.quantisation.clone(),
            dtype,
            harness: Some("onset".to_owned()),
            harness_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            ..Setup::default()
        }
    }
}

impl Evaluation {
    /// Adds what is known of the model to its facts, and turns the scores into observations: the rows that an import of
    /// the results file gives, which is to have the name `source`.
    pub(super) fn observe(&mut self, models: &Models, source: String) {
        let known = models.known_as(&self.identity.name);
        let counted = self.identity.parameters.map(|count| count as f64);
        let facts = &mut self.facts;
        facts.family = facts.family.take().or(known.map(|model| model.family.clone()));
        facts.params = facts.params.or(known.map(|model| model.params)).or(counted);
        facts.tokens = facts.tokens.or(known.map(|model| model.tokens));
        facts.release = facts.release.or(known.map(|model| model.release));
        let model = known.map_or(self.identity.name.as_str(), |model| model.name.as_str());

        let groups = &self.groups;
        let tree = Groups::new(
            groups.iter().map(|group| (group.name.as_str(), group.members.iter().map(String::as_str).collect())),
            groups.iter().map(|group| group.name.as_str()).collect(),
        );
        let setup = Setup { prompt: self.chat.format(), ..self.identity.setup() };
        let provenance = Provenance { date: Timestamp::from_seconds(self.started as f64 / 1e9), source };
        let own = self.tasks.iter().map(|task| (&task.name, &task.metrics));
        let mut rows = Vec::new();
        for (name, metrics) in own.chain(groups.iter().map(|group| (&group.name, &group.metrics))) {
            let version =
                tree.common(name, &|task| self.task(task)?.version.to_json().trim_matches('"').parse::<f64>().ok());
            let setup = Setup {
                shots: self.shots(&tree, name),
                limit: self.limit(&tree, name),
                task_version: version.map(|version| version.to_string()),
                ..setup.clone()
            };
            rows.extend(metrics.iter().filter_map(measured).map(|(metric, value, stderr)| Observation {
                model: model.to_owned(),
                benchmark: name.clone(),
                kind: tree.kind(name),
                group: tree.parent(name).map(str::to_owned),
                format: tree.format(name, &|name| self.task(name)?.format),
                metric,
                value,
                stderr,
                items: self.task(name).and_then(|task| u32::try_from(task.items).ok()),
                condition: Condition::unadjusted(),
                setup: setup.clone(),
                provenance: provenance.clone(),
            }));
        }
        sum_items(&mut rows);
        rows.sort_by(|a, b| (&a.benchmark, &a.metric).cmp(&(&b.benchmark, &b.metric)));
        self.observations = rows;
    }

    fn task(&self, name: &str) -> Option<&TaskScores> {
        self.tasks.iter().find(|task| task.name == name)
    }

    fn shots(&self, tree: &Groups<'_>, name: &str) -> Option<u32> {
        tree.common(name, &|task| u32::try_from(self.task(task)?.shots).ok())
    }

    /// The limit, where it left something out.
    fn limit(&self, tree: &Groups<'_>, name: &str) -> Option<Limit> {
        let cut = |task: &&str| self.task(task).is_some_and(|task| task.items < task.total);
        if !tree.tasks(name).iter().any(cut) {
            return None;
        }
        // Items that were chosen one by one are no first items, but no whole either.
        self.draw.limit.or_else(|| {
            let asked =
                tree.tasks(name).iter().filter_map(|task| self.task(task)).map(|task| task.items).sum::<usize>();
            Limit::new(asked as f64).ok()
        })
    }
}

/// Metric, value and standard error; `None` where the registry does not know the scale, or the value is not on it.
fn measured(found: &AggregatedMetric) -> Option<(registry::Metric, f64, Option<f64>)> {
    let measure = found.name.parse::<Measure>().ok()?;
    let (low, high) = measure.range();
    // Answers as they are have a filter called `none`.
    let filter = (found.filter != "none" && !found.filter.is_empty()).then(|| Cow::Owned(found.filter.clone()));
    let stderr = found.stderr.filter(|error| error.is_finite() && *error >= 0.0);
    (low..=high).contains(&found.value).then_some((registry::Metric { measure, filter }, found.value, stderr))
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
