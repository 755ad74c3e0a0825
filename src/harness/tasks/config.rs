//! A task file, read key by key: what is not known and could change a score is refused with its line.

use std::path::Path;

use super::data::Dataset;
use super::filter::Ensemble;
use super::functions::Function;
use super::generation::{Generation, generation};
use super::metric::MetricSpec;
use super::node::{Content, Node};
use super::output::Output;
use super::script::World;
use super::template::Template;
use super::value::Value;
use crate::error::Result;

/// A `doc_to_…` key.
#[derive(Debug, Clone)]
pub(super) enum Field {
    /// The same number for every document.
    Whole(i64),
    /// The name of a column, or a template.
    Text(Template),
    /// The same list for every document.
    List(Vec<Value>),
    /// A function that is built in.
    Function(Function),
}

/// How few-shot examples are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sampler {
    /// At random, anew for every item.
    Random,
    /// The first ones.
    First,
}

/// `fewshot_config` with what it inherits from the task.
#[derive(Debug, Clone)]
pub(super) struct FewShot {
    pub sampler: Sampler,
    pub split: Option<String>,
    pub samples: Option<Vec<Value>>,
    pub process: Option<Function>,
    pub text: Field,
    pub target: Field,
    pub choice: Option<Field>,
    pub prefix: Option<Template>,
    pub target_delimiter: String,
    pub delimiter: String,
}

/// A task file whose every key is understood.
#[derive(Debug, Clone)]
pub(super) struct Config {
    pub name: String,
    pub alias: String,
    pub version: Value,
    pub output: Output,
    pub dataset: Dataset,
    pub training: Option<String>,
    pub validation: Option<String>,
    pub test: Option<String>,
    pub process: Option<Function>,
    pub results: Option<Function>,
    pub text: Field,
    pub target: Field,
    pub choice: Option<Field>,
    pub description: Option<Template>,
    pub prefix: Option<Template>,
    pub target_delimiter: String,
    /// `fewshot_delimiter`.
    pub delimiter: String,
    pub few_shot: FewShot,
    pub shots: Option<usize>,
    pub generation: Generation,
    pub repeats: usize,
    pub filters: Vec<Ensemble>,
    pub metrics: Vec<MetricSpec>,
    /// As results files record it under `configs`.
    pub record: Value,
}

/// Keys that say nothing about prompts or scores.
const IGNORED: [&str; 6] =
    ["group", "group_alias", "tag", "should_decontaminate", "doc_to_decontamination_query", "metadata"];

/// Keys that are understood; any other is refused.
const KNOWN: [&str; 28] = [
    "task",
    "task_alias",
    "dataset_path",
    "dataset_name",
    "dataset_kwargs",
    "training_split",
    "validation_split",
    "test_split",
    "fewshot_split",
    "process_docs",
    "doc_to_text",
    "doc_to_target",
    "doc_to_choice",
    "process_results",
    "description",
    "target_delimiter",
    "fewshot_delimiter",
    "fewshot_config",
    "num_fewshot",
    "metric_list",
    "output_type",
    "generation_kwargs",
    "repeats",
    "filter_list",
    "gen_prefix",
    "unsafe_code",
    "task_list",
    "include",
];

impl Config {
    /// # Errors
    /// A key that is missing, unknown or has the wrong kind of value, with file and line.
    pub(crate) fn new(task: &Node) -> Result<Self> {
        for (key, node) in task.entries() {
            let known = KNOWN.contains(&key.as_str()) || IGNORED.contains(&key.as_str());
            if !known && !node.is_null() {
                return Err(node.wrong(format!("the key `{key}` is not known, and it could change the scores")));
            }
        }
        if let Some(node) = task.given("unsafe_code").filter(|node| !matches!(node.flag(), Ok(false))) {
            return Err(node.wrong("tasks that run code are not supported"));
        }
        let name = required(task, "task")?.text()?.to_owned();
        let dataset = Dataset::new(task)?;
        let path = dataset.path.clone();
        let output = Output::read(task)?;
        let fields = |node: &Node, key: &str| field(node, key, &path);
        let text = match task.given("doc_to_text") {
            // Nobody reads it: the text that is scored is the target.
            None if output == Output::Rolling => Field::List(Vec::new()),
            _ => fields(required(task, "doc_to_text")?, "doc_to_text")?,
        };
        let target = match task.given("doc_to_target") {
            Some(node) => fields(node, "doc_to_target")?,
            None => return Err(task.wrong("`doc_to_target` is missing: no item would have an answer")),
        };
        let choice = task.given("doc_to_choice").map(|node| fields(node, "doc_to_choice")).transpose()?;
        if output == Output::MultipleChoice && choice.is_none() {
            return Err(task.wrong("`output_type: multiple_choice` needs `doc_to_choice`"));
        }
        let process = function(task, "process_docs", &path)?;
        let results = function(task, "process_results", &path)?;
        let delimiter =
            |key, default: &str| task.given(key).map_or(Ok(default.to_owned()), |n| n.text().map(str::to_owned));
        let target_delimiter = delimiter("target_delimiter", " ")?;
        let few_shot_delimiter = delimiter("fewshot_delimiter", "\n\n")?;
        let prefix = template(task, "gen_prefix")?;
        let split = |key| task.given(key).map(|node| node.text().map(str::to_owned)).transpose();
        let (training, validation, test) = (split("training_split")?, split("validation_split")?, split("test_split")?);
        if test.is_none() && validation.is_none() {
            return Err(task.wrong("neither `test_split` nor `validation_split` is given"));
        }
        let few_shot = FewShot {
            sampler: Sampler::Random,
            split: split("fewshot_split")?,
            samples: None,
            process: process.clone(),
            text: text.clone(),
            target: target.clone(),
            choice: choice.clone(),
            prefix: prefix.clone(),
            target_delimiter: target_delimiter.clone(),
            delimiter: few_shot_delimiter.clone(),
        };
        let few_shot = few_shot.configured(task.given("fewshot_config"), &path)?;
        let generation = generation(task, output, &few_shot_delimiter)?;
        let mut config = Self {
            alias: task.given("task_alias").map_or(Ok(name.as_str()), Node::text)?.to_owned(),
            version: task.given("metadata").and_then(|m| m.get("version")).map_or("Yaml".into(), Node::value),
            shots: count(task, "num_fewshot")?,
            repeats: count(task, "repeats")?.unwrap_or(1),
            description: template(task, "description")?,
            filters: Ensemble::read(task.given("filter_list"), output)?,
            metrics: MetricSpec::read(task.given("metric_list"), output, results.as_ref(), task)?,
            name,
            output,
            dataset,
            training,
            validation,
            test,
            process,
            results,
            text,
            target,
            choice,
            prefix,
            target_delimiter,
            delimiter: few_shot_delimiter.clone(),
            few_shot,
            generation,
            record: Value::Null,
        };
        if config.repeats == 0 {
            return Err(required(task, "repeats")?.wrong("at least one answer per item is needed"));
        }
        config.record = record(task, &config);
        Ok(config)
    }

    /// What the functions of the task depend on beside their names.
    pub(crate) fn digests(&self) -> String {
        let field = |field: &'_ Field| match field {
            Field::Function(function) => function.digest(),
            _ => None,
        };
        let few = &self.few_shot;
        let functions = [&self.process, &self.results, &few.process].into_iter().flatten().filter_map(Function::digest);
        let fields =
            [&self.text, &self.target, &few.text, &few.target].into_iter().chain(&self.choice).chain(&few.choice);
        let scores = self.metrics.iter().flat_map(MetricSpec::digests);
        functions.chain(fields.filter_map(field)).chain(scores).collect::<Vec<_>>().join(" ")
    }

    /// The split that is evaluated.
    pub(crate) fn split(&self) -> &str {
        self.test.as_deref().or(self.validation.as_deref()).unwrap_or_default()
    }
}

impl FewShot {
    fn configured(mut self, node: Option<&Node>, dataset: &str) -> Result<Self> {
        for (key, node) in node.map(Node::entries).unwrap_or_default() {
            if node.is_null() && key != "process_docs" {
                continue;
            }
            match key.as_str() {
                "sampler" => {
                    self.sampler = match node.text()? {
                        "default" => Sampler::Random,
                        "first_n" => Sampler::First,
                        other => return Err(node.wrong(format!("the sampler `{other}` is not known"))),
                    };
                }
                "split" => self.split = Some(node.text()?.to_owned()),
                "samples" if matches!(node.content, Content::Function(_)) => {
                    if let Some(Function::Script(script)) = known_function(node, key, dataset)? {
                        let samples = script.of_nothing(&World::default()).map_err(|problem| node.wrong(problem))?;
                        let Value::List(samples) = samples else {
                            return Err(node.wrong(format!("`samples` gives {}, not a list", samples.kind())));
                        };
                        self.samples = Some(samples);
                    }
                }
                "samples" => match node.data()? {
                    Value::List(samples) => self.samples = Some(samples),
                    other => return Err(node.wrong(format!("`samples` is {}, not a list", other.kind()))),
                },
                "process_docs" => self.process = known_function(node, "process_docs", dataset)?,
                "doc_to_text" => self.text = field(node, key, dataset)?,
                "doc_to_target" => self.target = field(node, key, dataset)?,
                "doc_to_choice" => self.choice = Some(field(node, key, dataset)?),
                "gen_prefix" => self.prefix = Some(compiled(node)?),
                "fewshot_delimiter" => self.delimiter = node.text()?.to_owned(),
                "target_delimiter" => self.target_delimiter = node.text()?.to_owned(),
                _ => {
                    let problem =
                        format!("`{key}` under `fewshot_config` is not known, and it could change the scores");
                    return Err(node.wrong(problem));
                }
            }
        }
        Ok(self)
    }
}

fn required<'a>(node: &'a Node, key: &str) -> Result<&'a Node> {
    node.given(key).ok_or_else(|| node.wrong(format!("`{key}` is missing")))
}

fn count(node: &Node, key: &str) -> Result<Option<usize>> {
    let Some(node) = node.given(key) else { return Ok(None) };
    usize::try_from(node.whole()?).map(Some).map_err(|_| node.wrong("a count cannot be negative"))
}

fn compiled(node: &Node) -> Result<Template> {
    Template::new(node.text()?).map_err(|problem| node.wrong(problem))
}

fn template(task: &Node, key: &str) -> Result<Option<Template>> {
    task.given(key).map(compiled).transpose()
}

fn function(task: &Node, key: &str, dataset: &str) -> Result<Option<Function>> {
    task.given(key).map_or(Ok(None), |node| known_function(node, key, dataset))
}

fn known_function(node: &Node, key: &str, dataset: &str) -> Result<Option<Function>> {
    match &node.content {
        Content::Scalar(Value::Null) => Ok(None),
        Content::Function(name) => found(node, key, name, dataset).map(Some),
        _ => Err(node.wrong(format!("`{key}` must be a `!function`"))),
    }
}

fn found(node: &Node, key: &str, name: &str, dataset: &str) -> Result<Function> {
    let folder = node.file.parent().unwrap_or(Path::new(""));
    if let Some(known) = Function::find(key, name, dataset).or_else(|| Function::find_in_file(key, name, folder)) {
        return Ok(known);
    }
    Function::at(node, key, name)
}

fn field(node: &Node, key: &str, dataset: &str) -> Result<Field> {
    match &node.content {
        Content::Scalar(Value::Int(number)) => Ok(Field::Whole(*number)),
        Content::Scalar(Value::Text(_)) => compiled(node).map(Field::Text),
        Content::Function(name) => found(node, key, name, dataset).map(Field::Function),
        Content::List(_) if key != "doc_to_text" => Ok(Field::List(match node.data()? {
            Value::List(list) => list,
            other => vec![other],
        })),
        Content::Map(entries) if key == "doc_to_choice" => {
            Ok(Field::List(entries.iter().map(|(_, node)| node.data()).collect::<Result<_>>()?))
        }
        _ => Err(node.wrong(format!("`{key}` cannot be {}", node.value().kind()))),
    }
}

/// The configuration as lm-evaluation-harness writes it into results files: every key in its order, defaults filled in.
fn record(task: &Node, config: &Config) -> Value {
    let delimiter = config.delimiter.as_str();
    let plain = |key: &str| task.get(key).map(Node::value).unwrap_or_default();
    let choices = || match (&config.few_shot.choice, task.get("doc_to_choice")) {
        (Some(_), Some(node)) => node.value(),
        _ => Value::Null,
    };
    let few = |key: &str, default: Value| {
        let own = task.get("fewshot_config").and_then(|node| node.get(key)).map(Node::value);
        own.unwrap_or(default)
    };
    let few_shot = Value::Map(
        [
            ("sampler", few("sampler", "default".into())),
            ("split", few("split", plain("fewshot_split"))),
            ("process_docs", few("process_docs", plain("process_docs"))),
            ("fewshot_indices", Value::Null),
            ("samples", few("samples", Value::Null)),
            ("doc_to_text", few("doc_to_text", plain("doc_to_text"))),
            ("doc_to_choice", few("doc_to_choice", choices())),
            ("doc_to_target", few("doc_to_target", plain("doc_to_target"))),
            ("gen_prefix", few("gen_prefix", plain("gen_prefix"))),
            ("fewshot_delimiter", few("fewshot_delimiter", delimiter.into())),
            ("target_delimiter", few("target_delimiter", config.target_delimiter.as_str().into())),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec(),
    );
    let or = |key: &str, default: Value| match plain(key) {
        Value::Null => default,
        value => value,
    };
    let generation = match config.output {
        Output::GenerateUntil => config.generation.arguments.clone(),
        _ => plain("generation_kwargs"),
    };
    let mut metadata = plain("metadata");
    metadata.set("config_source", task.file.display().to_string().into());
    let entries = [
        ("task", config.name.as_str().into()),
        ("task_alias", plain("task_alias")),
        ("dataset_path", plain("dataset_path")),
        ("dataset_name", plain("dataset_name")),
        ("dataset_kwargs", plain("dataset_kwargs")),
        ("training_split", plain("training_split")),
        ("validation_split", plain("validation_split")),
        ("test_split", plain("test_split")),
        ("fewshot_split", plain("fewshot_split")),
        ("process_docs", plain("process_docs")),
        ("doc_to_text", plain("doc_to_text")),
        ("doc_to_target", plain("doc_to_target")),
        ("unsafe_code", Value::Bool(false)),
        ("doc_to_choice", plain("doc_to_choice")),
        ("process_results", plain("process_results")),
        ("description", or("description", "".into())),
        ("target_delimiter", config.target_delimiter.as_str().into()),
        ("fewshot_delimiter", delimiter.into()),
        ("fewshot_config", few_shot),
        ("num_fewshot", or("num_fewshot", Value::Int(0))),
        ("metric_list", plain("metric_list")),
        ("output_type", or("output_type", "generate_until".into())),
        ("generation_kwargs", generation),
        ("repeats", Value::Int(config.repeats as i64)),
        ("filter_list", plain("filter_list")),
        ("should_decontaminate", or("should_decontaminate", Value::Bool(false))),
        ("doc_to_decontamination_query", plain("doc_to_decontamination_query")),
        ("gen_prefix", plain("gen_prefix")),
        ("metadata", metadata),
    ];
    let kept = entries.into_iter().filter(|(_, value)| *value != Value::Null);
    Value::Map(kept.map(|(key, value)| (key.to_owned(), value)).collect())
}
