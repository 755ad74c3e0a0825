//! A task: from its definition to items, from answers to scores, from scores to results.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::aggregate::{self, AggregatedMetric};
use super::config::Config;
use super::digest::sha256;
use super::draw::{Draw, DrawnSplit};
use super::examples::Examples;
use super::functions::Function;
use super::item::{Builder, Item, Items, processed};
use super::metric::{ItemScore, MetricSpec};
use super::node::Node;
use super::output::Output;
use super::prompt::Prompting;
use super::repr::python_float;
use super::scoring;
use super::script::World;
use super::value::Value;
use crate::error::{Error, Result};
use crate::harness::request::{Request, Response};

/// A benchmark as one file defines it. Reading its documents is left to [`Task::items`].
#[derive(Debug, Clone)]
pub struct Task {
    config: Config,
    data: Option<PathBuf>,
}

/// The scores of one item, under each filter of its task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredItem {
    /// The item's [`Item::doc_id`].
    pub doc_id: usize,
    /// One per filter, in the order of the task's `filter_list`.
    pub samples: Vec<Sample>,
}

/// The scores of one item under one filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The filter's name; `none` where the task names none.
    pub filter: String,
    /// What the filter made of the answer to each request.
    pub filtered: Vec<Value>,
    /// Metric and score, in the order of results files.
    pub metrics: Vec<(String, ItemScore)>,
    /// Answers to each question (`repeats`).
    repeats: usize,
    /// Whether they were drawn, each by a request of its own.
    #[serde(default)]
    drawn: bool,
}

impl Task {
    pub(super) fn new(definition: &Node, data: Option<PathBuf>) -> Result<Self> {
        Ok(Self { config: Config::new(definition)?, data })
    }

    /// The task's name.
    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    /// `task_alias`, or the name.
    pub(crate) fn alias(&self) -> &str {
        &self.config.alias
    }

    /// `metadata.version`, or `Yaml` where the file gives none.
    pub(crate) fn version(&self) -> &Value {
        &self.config.version
    }

    /// The definition with its defaults, as results files hold it under `configs`.
    pub(crate) fn config(&self) -> &Value {
        &self.config.record
    }

    /// Each metric, and whether more of it is better.
    #[cfg(feature = "models")]
    pub(crate) fn higher_is_better(&self) -> Vec<(&str, bool)> {
        self.config.metrics.iter().map(|metric| (metric.name.as_str(), metric.higher_is_better)).collect()
    }

    /// Names of the filters, in order.
    pub(crate) fn filters(&self) -> Vec<&str> {
        self.config.filters.iter().map(|filter| filter.name.as_str()).collect()
    }

    /// SHA-256 of the definition, apart from the place of its file, in hexadecimal.
    pub(crate) fn hash(&self) -> String {
        let mut record = self.config.record.clone();
        let mut metadata = record.get("metadata").cloned().unwrap_or_default();
        metadata.set("config_source", Value::Null);
        record.set("metadata", metadata);
        sha256(&(record.to_json() + &self.config.digests()))
    }

    /// All documents of a split.
    fn documents(&self, split: &str) -> Result<Vec<Value>> {
        let documents = self.config.dataset.split(split, self.data.as_deref());
        documents.map_err(|error| error.within(format!("task `{}`", self.config.name)))
    }

    /// The name of a split.
    fn split(&self, split: DrawnSplit) -> Result<&str> {
        let (name, what) = match split {
            DrawnSplit::Tested => return Ok(self.config.split()),
            DrawnSplit::Validation => (&self.config.validation, "validation"),
            DrawnSplit::Training => (&self.config.training, "training"),
        };
        name.as_deref().ok_or_else(|| self.wrong(format!("names no {what} split")))
    }

    /// Whether the validation split is neither tested nor trained on.
    #[cfg(feature = "models")]
    pub(crate) fn spares_validation(&self) -> bool {
        let config = &self.config;
        config
            .validation
            .as_deref()
            .is_some_and(|name| name != config.split() && config.training.as_deref() != Some(name))
    }

    fn wrong(&self, problem: String) -> Error {
        Error::Task { task: self.config.name.clone(), problem }
    }

    fn item_wrong(&self, item: &Item, problem: impl Into<String>) -> Error {
        Error::TaskItem { task: self.config.name.clone(), item: item.doc_id, problem: problem.into(), source: None }
    }

    /// Reads the documents and builds every prompt, as plain text.
    ///
    /// # Errors
    /// As [`Task::prompted`].
    pub fn items(&self, draw: &Draw) -> Result<Items> {
        self.prompted(draw, &Prompting::default())
    }

    /// Reads the documents and builds every prompt.
    ///
    /// # Errors
    /// Data that are missing or cannot be read, a template that fails (with item and line), an item without an answer,
    /// more few-shot examples than there are.
    pub fn prompted(&self, draw: &Draw, prompting: &Prompting<'_>) -> Result<Items> {
        let config = &self.config;
        let split = self.split(draw.split)?;
        let world = World::default();
        let docs = processed(&config.name, config.process.as_ref(), self.documents(split)?, &world)?;
        let Some(first) = docs.first() else {
            return Err(self.wrong(format!("the split `{split}` has no documents")));
        };
        let few = &config.few_shot;
        let wanted = draw.shots.or(config.shots).unwrap_or(0) > 0 && config.shots != Some(0);
        let from = few.split.as_ref().filter(|_| wanted);
        let (examples, tested) = match (from, &few.samples) {
            _ if !wanted => (Vec::new(), false),
            (Some(name), _) => {
                let examples = processed(&config.name, few.process.as_ref(), self.documents(name)?, &world)?;
                let tested = name == split && examples.len() == docs.len();
                (examples, tested)
            }
            (None, Some(samples)) => (samples.clone(), false),
            (None, None) => match config.training.as_ref().or(config.validation.as_ref()) {
                Some(name) if name != split => {
                    (processed(&config.name, config.process.as_ref(), self.documents(name)?, &world)?, false)
                }
                _ => (docs.clone(), true),
            },
        };
        let mut hashed = self.hash() + &format!(" {} {draw:?}", env!("CARGO_PKG_VERSION"));
        if let Some(template) = prompting.template {
            hashed += &format!(" {} {:?} {}", template.digest(), template.given(), prompting.multiturn);
        }
        hashed += prompting.system.unwrap_or_default();
        for doc in docs.iter().chain(&examples) {
            hashed += &doc.to_json();
        }
        let examples = Examples::new(config, examples, tested, draw);
        let shots = examples.shots;
        let mut builder = Builder::new(config, first, examples, *prompting, world)?;
        let total = docs.len();
        let places = draw.places(&config.name, total).map_err(|problem| self.wrong(problem))?;
        let items = places.into_iter().map(|place| builder.item(place, docs[place].clone())).collect::<Result<_>>()?;
        let Builder { see_themselves, without_system, .. } = builder;
        Ok(Items { items, total, shots, see_themselves, without_system, hash: sha256(&hashed) })
    }

    /// The items of the training split, without examples before them: what a model would be trained on.
    ///
    /// # Errors
    /// As [`Task::items`]; a task without training split.
    #[cfg(feature = "models")]
    pub(crate) fn training_items(&self) -> Result<Vec<Item>> {
        let config = &self.config;
        let name = self.split(DrawnSplit::Training)?;
        let docs = self.documents(name)?;
        let world = World::default();
        let docs = processed(&config.name, config.process.as_ref(), docs, &world)?;
        let Some(first) = docs.first() else {
            return Err(self.wrong(format!("the split `{name}` has no documents")));
        };
        let none = Examples::new(config, Vec::new(), false, &Draw { shots: Some(0), ..Draw::default() });
        let mut builder = Builder::new(config, first, none, Prompting::default(), world)?;
        docs.iter().enumerate().map(|(doc_id, doc)| builder.item(doc_id, doc.clone())).collect()
    }

    /// Filters and scores the answers to an item's requests, given in their order.
    ///
    /// # Errors
    /// Answers that do not fit the requests, or a filter that gives no answer; the item is named.
    pub fn score(&self, item: &Item, responses: &[Response]) -> Result<ScoredItem> {
        let mut unscored = self.unscored(item, responses)?;
        for sample in &mut unscored.samples {
            let metrics = match self.config.output {
                _ if matches!(self.config.results, Some(Function::Script(_))) => {
                    scoring::scripted(&self.config, item, &sample.filtered)
                }
                Output::GenerateUntil => scoring::text(&self.config, item, &sample.filtered),
                Output::LogLikelihood => Ok(scoring::continuation(&self.config, responses)),
                Output::Rolling => scoring::whole(&self.config, item, responses),
                Output::MultipleChoice => scoring::choice(&self.config, item, responses),
            };
            sample.metrics = metrics.map_err(|problem| self.item_wrong(item, problem))?;
        }
        Ok(unscored)
    }

    /// For each question all answers to it: several that were drawn, or one that would be the same again.
    fn repeated(&self, responses: &[Response]) -> Vec<Vec<Value>> {
        match self.config.generation.sampling {
            Some(_) => vec![responses.iter().map(answer).collect()],
            None => responses.iter().map(|response| vec![answer(response); self.config.repeats]).collect(),
        }
    }

    /// Filters the answers to an item's requests, given in their order, and gives them no score.
    ///
    /// # Errors
    /// As [`Task::score`].
    pub(crate) fn unscored(&self, item: &Item, responses: &[Response]) -> Result<ScoredItem> {
        if responses.len() != item.requests.len() {
            let (have, need) = (responses.len(), item.requests.len());
            return Err(self.item_wrong(item, format!("{have} answers to {need} requests")));
        }
        let fits = item.requests.iter().zip(responses).all(|pair| {
            matches!(
                pair,
                (Request::LogLikelihood { .. }, Response::LogLikelihood { .. })
                    | (Request::Rolling { .. }, Response::Rolling(_))
                    | (Request::Generate { .. } | Request::Sample { .. }, Response::Generated(_))
            )
        });
        if !fits {
            return Err(self.item_wrong(item, "an answer is of another kind than its request"));
        }
        let mut samples = Vec::with_capacity(self.config.filters.len());
        for filter in &self.config.filters {
            let answers = self.repeated(responses).into_iter();
            let filtered = answers.map(|all| filter.apply(all, &item.doc)).collect::<Result<Vec<_>, _>>();
            let filtered = filtered.map_err(|problem| self.item_wrong(item, problem))?;
            let (filter, metrics) = (filter.name.clone(), Vec::new());
            let drawn = self.config.generation.sampling.is_some();
            samples.push(Sample { filter, filtered, metrics, repeats: self.config.repeats, drawn });
        }
        Ok(ScoredItem { doc_id: item.doc_id, samples })
    }

    /// The results over all items: one per filter and metric, filters first, in the order of results files.
    ///
    /// # Errors
    /// Nothing was scored.
    pub fn aggregate(&self, scored: &[ScoredItem]) -> Result<Vec<AggregatedMetric>> {
        let Some(first) = scored.first() else { return Err(self.wrong("no item was scored".to_owned())) };
        let mut metrics = Vec::new();
        for (at, sample) in first.samples.iter().enumerate() {
            for (name, _) in &sample.metrics {
                let all = scored.iter().filter_map(|one| one.samples.get(at));
                let of_metric = |sample: &'_ Sample| sample.metrics.iter().position(|(other, _)| other == name);
                let scores: Vec<&ItemScore> =
                    all.filter_map(|sample| of_metric(sample).map(|at| &sample.metrics[at].1)).collect();
                let given = self.config.metrics.iter().find(|spec| spec.name == *name);
                // What a function gives beside the metrics that are named is averaged.
                let other = MetricSpec::called(name);
                let spec = given.unwrap_or(&other);
                let metric = aggregate::metric(spec, &sample.filter, &scores);
                metrics.push(metric.map_err(|problem| self.wrong(problem))?);
            }
        }
        Ok(metrics)
    }
}

impl Sample {
    /// The line of `samples_<task>_<date>.jsonl`. lm-evaluation-harness writes all items under the first filter, then
    /// all under the next.
    pub fn record(&self, item: &Item, responses: &[Response]) -> Value {
        let questions = if self.drawn { 1 } else { item.requests.len() };
        let arguments = item.requests.iter().take(questions).enumerate().map(|(at, request)| {
            let (context, what) = match request {
                Request::LogLikelihood { context, continuation } => (context, Some(continuation.as_str().into())),
                Request::Rolling { text } => (text, None),
                Request::Generate { context, .. } | Request::Sample { context, .. } => {
                    (context, Some(item.arguments.clone()))
                }
            };
            let first = ("arg_0".to_owned(), context.as_str().into());
            let both = std::iter::once(first).chain(what.map(|what| ("arg_1".to_owned(), what)));
            (format!("gen_args_{at}"), Value::Map(both.collect()))
        });
        let all = responses.iter().map(|response| printed(&answer(response)));
        let given: Vec<Value> = match self.drawn {
            true => vec![Value::List(all.collect())],
            false => all.map(|answer| Value::List(vec![answer; self.repeats])).collect(),
        };
        let mut entries: Vec<(String, Value)> = [
            ("doc_id", Value::Int(item.doc_id as i64)),
            ("doc", item.doc.clone()),
            ("target", item.target.python().into()),
            ("arguments", Value::Map(arguments.collect())),
            ("resps", Value::List(given)),
            ("filtered_resps", Value::List(self.filtered.iter().map(printed).collect())),
            ("filter", self.filter.as_str().into()),
            ("metrics", Value::List(self.metrics.iter().map(|(name, _)| name.as_str().into()).collect())),
            ("doc_hash", item.doc_hash().into()),
            ("prompt_hash", item.prompt_hash().into()),
            ("target_hash", item.target_hash().into()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        entries.extend(self.metrics.iter().map(|(name, score)| (name.clone(), score.value())));
        Value::Map(entries)
    }
}

/// An answer as filters take it: text, or the pair of log-likelihood and greedy flag.
fn answer(response: &Response) -> Value {
    match response {
        Response::LogLikelihood { value, greedy } => Value::List(vec![Value::Float(*value), Value::Bool(*greedy)]),
        Response::Rolling(total) => Value::Float(*total),
        Response::Generated(text) => text.as_str().into(),
    }
}

/// Every number and flag as text, in lists of any depth.
fn printed(value: &Value) -> Value {
    match value {
        Value::List(list) => Value::List(list.iter().map(printed).collect()),
        Value::Float(number) => python_float(*number).into(),
        other => other.python().into(),
    }
}
