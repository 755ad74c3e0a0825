//! Items: a document, its prompt as requests, and what answers it rightly.
//!
//! The text before a question is, as in lm-evaluation-harness, the description and then for each few-shot example its
//! text, the target delimiter, its target and the few-shot delimiter, without any further white space.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::config::{Config, FewShot, Field};
use super::digest::sha256;

use super::examples::Examples;
use super::functions::Function;
use super::literal;
use super::output::Output;
use super::prompt::{self, Delimiters, Prompting};
use super::python::is_space;
use super::script::World;
use super::template::Template;
use super::turn::Turn;
use super::value::Value;
use crate::error::{Error, Result};
use crate::harness::request::{Request, Sampling};

/// The items of a task.
#[derive(Debug, Clone)]
pub struct Items {
    /// The items, in the order of their documents.
    pub items: Vec<Item>,
    /// Items of the whole split, drawn or not.
    pub total: usize,
    /// Few-shot examples before each.
    pub shots: usize,
    /// How many of the items stand among their own examples, with their answers.
    pub see_themselves: usize,
    /// For how many the chat template refused a system turn, so that it was left out.
    pub without_system: usize,
    /// SHA-256 of everything that answers and scores depend on: definition, documents, draw. In hexadecimal.
    pub hash: String,
}

/// One question with everything needed to score its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Item {
    /// Place of the document in its split, from 0.
    pub doc_id: usize,
    /// The document, after `process_docs`.
    pub doc: Value,
    /// What `doc_to_target` gives: the text to generate, or the number of the right choice.
    pub target: Value,
    /// Places of the few-shot examples in their split (or list of samples), in the order of the prompt.
    pub few_shot_ids: Vec<usize>,
    /// What the model is asked.
    pub requests: Vec<Request>,
    /// Texts of the choices of a multiple-choice item.
    pub(super) choices: Vec<String>,
    /// The right choices; several only where the target is a list.
    pub(super) gold: Vec<usize>,
    /// `generation_kwargs` as results files record them.
    pub(super) arguments: Value,
}

impl Item {
    /// SHA-256 of the document, as lm-evaluation-harness writes it: over its JSON indented by 2. In hexadecimal.
    pub(crate) fn doc_hash(&self) -> String {
        sha256(&self.doc.to_json_indented())
    }

    /// The context of the first request.
    pub fn prompt(&self) -> &str {
        match self.requests.first() {
            Some(
                Request::LogLikelihood { context, .. }
                | Request::Generate { context, .. }
                | Request::Sample { context, .. },
            ) => context,
            Some(Request::Rolling { text }) => text,
            None => "",
        }
    }

    /// SHA-256 of the context of the first request, in hexadecimal.
    pub(crate) fn prompt_hash(&self) -> String {
        sha256(self.prompt())
    }

    /// SHA-256 of the target as Python prints it, in hexadecimal.
    pub(crate) fn target_hash(&self) -> String {
        sha256(&self.target.python())
    }
}

/// lm-evaluation-harness's `task_hashes`: SHA-256 over document, prompt and target hashes of every line of the samples
/// file, which has each item once per filter.
pub(crate) fn samples_hash(items: &[Item], filters: usize) -> String {
    let once: String = items.iter().map(|item| item.doc_hash() + &item.prompt_hash() + &item.target_hash()).collect();
    sha256(&once.repeat(filters))
}

/// Documents of a task and what its first one says about it.
pub(super) struct Builder<'a> {
    config: &'a Config,
    prompting: Prompting<'a>,
    world: World,
    /// The present document, where a function changed it; those after it see that.
    changed: RefCell<Option<Value>>,
    columns: Vec<String>,
    examples: Examples<'a>,
    /// Turns of the examples that were used so far.
    turns: Vec<Option<Vec<Turn>>>,
    /// Each choice is a context of its own, followed by one target (Winogrande).
    many_contexts: bool,
    /// What answers are drawn by, where they are.
    seed: u64,
    pub see_themselves: usize,
    pub without_system: usize,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(
        config: &'a Config,
        first: &Value,
        examples: Examples<'a>,
        prompting: Prompting<'a>,
        world: World,
    ) -> Result<Self> {
        let seed = examples.seed;
        let columns = match first {
            Value::Map(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            _ => Vec::new(),
        };
        let turns = vec![None; examples.docs.len()];
        let (see_themselves, without_system) = (0, 0);
        let mut builder = Self {
            config,
            prompting,
            world,
            changed: RefCell::default(),
            columns,
            examples,
            turns,
            many_contexts: false,
            seed,
            see_themselves,
            without_system,
        };
        let text = builder.field(&config.text, first).map_err(|problem| builder.item_error(0, problem))?;
        builder.changed.take();
        builder.many_contexts = config.choice.is_some() && text.as_index().is_some();
        if builder.many_contexts && config.output != Output::MultipleChoice {
            return Err(
                builder.item_error(0, "`doc_to_text` gives a number, which only multiple choice can use".into())
            );
        }
        Ok(builder)
    }

    fn item_error(&self, item: usize, problem: String) -> Error {
        Error::TaskItem { task: self.config.name.clone(), item, problem, source: None }
    }

    pub(crate) fn item(&mut self, doc_id: usize, doc: Value) -> Result<Item> {
        self.changed.take();
        self.build(doc_id, doc).map_err(|problem| self.item_error(doc_id, problem))
    }

    /// An item of a task that scores a whole text: the target, with nothing around it.
    fn whole(&self, doc_id: usize, doc: Value) -> Result<Item, String> {
        let target = match self.target(&self.config.target, &doc)? {
            Value::Text(text) => text,
            other => return Err(format!("doc_to_target: {} where text is needed", other.kind())),
        };
        let doc = self.changed.take().unwrap_or(doc);
        let requests = vec![Request::Rolling { text: target.clone() }];
        let (target, arguments) = (Value::Text(target), self.config.generation.arguments.clone());
        let (few_shot_ids, choices, gold) = Default::default();
        Ok(Item { doc_id, doc, target, few_shot_ids, requests, choices, gold, arguments })
    }

    fn build(&mut self, doc_id: usize, doc: Value) -> Result<Item, String> {
        let config = self.config;
        if config.output == Output::Rolling {
            return self.whole(doc_id, doc);
        }
        let few_shot_ids = self.examples.draw(doc_id, &doc)?;
        if few_shot_ids.iter().any(|id| self.examples.is_own(*id, doc_id, &doc)) {
            self.see_themselves += 1;
        }
        let description = match &config.description {
            Some(template) => match doc.get(template.source()) {
                Some(value) => value.python(),
                None => template.render(&doc)?,
            },
            None => String::new(),
        };
        let system = prompt::system(self.prompting.system, &description, &config.delimiter);
        let mut before: Vec<Turn> = system.into_iter().collect();
        for id in &few_shot_ids {
            before.extend(self.example_turns(*id).map_err(|problem| format!("few-shot example {id}: {problem}"))?);
        }
        let text = self.question(&config.text, &doc)?;
        let target = self.target(&config.target, &doc)?;
        if target == Value::Null {
            return Err("the item has no answer (`doc_to_target` gives nothing)".to_owned());
        }
        let choices = self.choices(config.choice.as_ref(), &doc)?;
        let prefix = self.prefix(config.prefix.as_ref(), &doc)?;
        let mut without_system = false;
        let mut wrapped = |text: &str, delimiter: &str| {
            let between = Delimiters { target: delimiter, example: "" };
            let turns = before.iter().cloned().chain(prompt::turns(text, &prefix, None, between)).collect();
            let (text, dropped) = self.prompting.prompt(turns, &prefix)?;
            without_system |= dropped;
            Ok::<String, String>(text)
        };
        let delimiter = self.delimiter_of_choices();
        let after = |text: &str| format!("{delimiter}{text}");
        let ask = |context: String, continuation: String| {
            let request = Request::LogLikelihood { context, continuation: continuation.clone() };
            if continuation.is_empty() { Err("a continuation is empty".to_owned()) } else { Ok(request) }
        };
        let question = || match &text {
            Value::Text(text) => Ok(text.as_str()),
            other => Err(format!("doc_to_text: {} where text is needed", other.kind())),
        };
        let mut gold = Vec::new();
        let mut requests: Vec<Request> = match config.output {
            Output::GenerateUntil => {
                if config.choice.is_some() {
                    gold = right_choices(&target, &choices)?;
                }
                let context = wrapped(question()?, &config.target_delimiter)?;
                let (until, max_tokens) = (config.generation.until.clone(), config.generation.max_tokens);
                match &config.generation.sampling {
                    None => vec![Request::Generate { context, until, max_tokens }],
                    Some(how) => {
                        let sample = |number| {
                            let (context, until) = (context.clone(), until.clone());
                            let how = Sampling { seed: self.seed, number, ..how.clone() };
                            Request::Sample { context, until, max_tokens, how }
                        };
                        (0..config.repeats).map(sample).collect()
                    }
                }
            }
            Output::Rolling => return Err("a whole text has no question".to_owned()),
            Output::LogLikelihood => match &target {
                Value::Text(target) => vec![ask(wrapped(question()?, &config.target_delimiter)?, target.clone())?],
                other => return Err(format!("doc_to_target: {} where text is needed", other.kind())),
            },
            Output::MultipleChoice if self.many_contexts => {
                gold = right_choices(&text, &choices)?;
                // The prefix follows each context with no delimiter between, as there.
                let contexts = choices.iter().map(|choice| wrapped(choice, "")).collect::<Result<Vec<_>, _>>()?;
                let asked = contexts.into_iter().map(|context| ask(context, after(&target.python())));
                asked.collect::<Result<_, _>>()?
            }
            Output::MultipleChoice => {
                if choices.is_empty() {
                    return Err("the item has no choices".to_owned());
                }
                gold = right_choices(&target, &choices)?;
                let context = wrapped(question()?, &config.target_delimiter)?;
                choices.iter().map(|choice| ask(context.clone(), after(choice))).collect::<Result<_, _>>()?
            }
        };
        if config.output == Output::MultipleChoice && config.metrics.iter().any(|m| m.name == "acc_mutual_info") {
            let alone = choices.iter().map(|choice| ask(String::new(), after(choice)));
            requests.extend(alone.collect::<Result<Vec<_>, _>>()?);
        }
        let doc = self.changed.take().unwrap_or(doc);
        self.without_system += usize::from(without_system);
        let arguments = config.generation.arguments.clone();
        Ok(Item { doc_id, doc, target, few_shot_ids, requests, choices, gold, arguments })
    }

    /// What precedes each choice. A chat template ends where the answer begins, so nothing does, unless the answer has
    /// begun with a `gen_prefix` that does not end in white space.
    fn delimiter_of_choices(&self) -> &'a str {
        let begun = self.config.prefix.as_ref().is_some_and(|prefix| {
            let last = prefix.source().chars().next_back();
            last.is_some_and(|last| !is_space(last))
        });
        if self.prompting.template.is_some() && !begun { "" } else { &self.config.target_delimiter }
    }

    fn example_turns(&mut self, id: usize) -> Result<Vec<Turn>, String> {
        if let Some(turns) = &self.turns[id] {
            return Ok(turns.clone());
        }
        let turns = self.example(&self.examples.docs[id])?;
        self.changed.take();
        self.turns[id] = Some(turns.clone());
        Ok(turns)
    }

    /// One few-shot example with its answer.
    fn example(&self, doc: &Value) -> Result<Vec<Turn>, String> {
        let FewShot { text, target, choice, prefix, target_delimiter, delimiter, .. } = &self.config.few_shot;
        let text = self.question(text, doc)?;
        let choices = self.choices(choice.as_ref(), doc)?;
        let target = self.target(target, doc)?;
        let prefix = self.prefix(prefix.as_ref(), doc)?;
        let nth = |at: i64| {
            usize::try_from(at).ok().and_then(|at| choices.get(at)).cloned().ok_or_else(|| no_choice(at, &choices))
        };
        let question = match (&text, self.many_contexts) {
            (Value::Text(text), false) => text.clone(),
            (other, true) if other.as_index().is_some() => nth(other.as_index().unwrap_or_default())?,
            (other, _) => return Err(format!("doc_to_text: {} where text is needed", other.kind())),
        };
        let answer = match &target {
            Value::Text(text) => text.clone(),
            Value::List(list) => match list.first() {
                Some(Value::Text(text)) => text.clone(),
                _ => return Err("doc_to_target: a list that does not begin with text".to_owned()),
            },
            other => match other.as_index() {
                Some(at) if !choices.is_empty() && !self.many_contexts => nth(at)?,
                _ => return Err(format!("the example has no answer (`doc_to_target` gives {})", other.kind())),
            },
        };
        let between = Delimiters { target: target_delimiter, example: delimiter };
        Ok(prompt::turns(&question, &prefix, Some(&answer), between))
    }

    /// `gen_prefix`, empty where there is none.
    fn prefix(&self, prefix: Option<&Template>, doc: &Value) -> Result<String, String> {
        match prefix {
            None => Ok(String::new()),
            Some(prefix) if self.is_column(prefix) => {
                Ok(doc.get(prefix.source()).map_or_else(String::new, Value::python))
            }
            Some(prefix) => prefix.render(doc).map_err(|problem| format!("gen_prefix: {problem}")),
        }
    }

    /// `doc_to_text`: text, or the number of a choice.
    fn question(&self, field: &Field, doc: &Value) -> Result<Value, String> {
        self.field(field, doc).map_err(|problem| format!("doc_to_text: {problem}"))
    }

    /// `doc_to_target`: what a template prints is a list where it looks like one.
    fn target(&self, field: &Field, doc: &Value) -> Result<Value, String> {
        let value = self.field(field, doc).map_err(|problem| format!("doc_to_target: {problem}"))?;
        match (&value, field) {
            (Value::Text(text), Field::Text(template))
                if text.len() >= 2 && text.starts_with('[') && text.ends_with(']') && !self.is_column(template) =>
            {
                Ok(literal::parse(text).unwrap_or(value))
            }
            _ => Ok(value),
        }
    }

    fn is_column(&self, template: &Template) -> bool {
        self.columns.iter().any(|column| column == template.source())
    }

    /// A column as it is; what a template prints, where digits are a number if there are choices.
    fn field(&self, field: &Field, doc: &Value) -> Result<Value, String> {
        let changed = self.changed.borrow().clone();
        let doc = changed.as_ref().unwrap_or(doc);
        match field {
            Field::Whole(number) => Ok(Value::Int(*number)),
            Field::List(list) => Ok(Value::List(list.clone())),
            Field::Function(function) => {
                let (value, changed) = function.field(doc, &self.world)?;
                if changed.is_some() {
                    *self.changed.borrow_mut() = changed;
                }
                Ok(value)
            }
            Field::Text(template) if self.is_column(template) => {
                Ok(doc.get(template.source()).cloned().unwrap_or_default())
            }
            Field::Text(template) => {
                let text = template.render(doc)?;
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                if digits && self.config.choice.is_some() {
                    return literal::parse(&text);
                }
                Ok(Value::Text(text))
            }
        }
    }

    fn choices(&self, field: Option<&Field>, doc: &Value) -> Result<Vec<String>, String> {
        let Some(field) = field else { return Ok(Vec::new()) };
        self.listed(field, doc).map_err(|problem| format!("doc_to_choice: {problem}"))
    }

    fn listed(&self, field: &Field, doc: &Value) -> Result<Vec<String>, String> {
        let value = match field {
            Field::Text(template) if !self.is_column(template) => {
                let changed = self.changed.borrow().clone();
                literal::parse(&template.render(changed.as_ref().unwrap_or(doc))?)?
            }
            field => self.field(field, doc)?,
        };
        let Value::List(list) = value else { return Err(format!("{} where a list is needed", value.kind())) };
        let texts = list.into_iter().map(|choice| match choice {
            Value::Text(text) => Ok(text),
            other => Err(format!("a choice is {}, not text", other.kind())),
        });
        texts.collect()
    }
}

fn no_choice(at: i64, choices: &[String]) -> String {
    format!("the answer is choice {at} (from 0), there are {} choices", choices.len())
}

/// The right choices: numbers from 0, or the texts of choices.
fn right_choices(target: &Value, choices: &[String]) -> Result<Vec<usize>, String> {
    match target {
        Value::List(list) if list.is_empty() => Err("the item has no answer (an empty list)".to_owned()),
        Value::List(list) => {
            Ok(list.iter().map(|one| right_choices(one, choices)).collect::<Result<Vec<_>, _>>()?.concat())
        }
        Value::Text(text) => match choices.iter().position(|choice| choice == text) {
            Some(at) => Ok(vec![at]),
            None => Err(format!("the answer `{text}` is not among the choices")),
        },
        other => match other.as_index() {
            Some(at) => {
                let found = usize::try_from(at).ok().filter(|at| *at < choices.len());
                found.map(|at| vec![at]).ok_or_else(|| no_choice(at, choices))
            }
            None => Err(format!("the item has no answer ({} where a choice is needed)", other.kind())),
        },
    }
}

/// Applies `process_docs` to the documents of a split.
pub(super) fn processed(task: &str, process: Option<&Function>, docs: Vec<Value>, world: &World) -> Result<Vec<Value>> {
    match process {
        None => Ok(docs),
        Some(function) => function.documents(docs, world).map_err(|(item, problem)| Error::TaskItem {
            task: task.to_owned(),
            item,
            problem,
            source: None,
        }),
    }
}
