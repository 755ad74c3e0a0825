//! Models on tasks: what everything calls that wants scores, for models in this process and behind a server.
//!
//! ```no_run
//! use onset::harness::runner::{EvaluationSettings, Loaded, evaluate};
//! use onset::lm::Placement;
//!
//! let loaded = Loaded::load("pythia-70m".as_ref(), &Placement::default(), None, 1 << 30)?;
//! let settings = EvaluationSettings { tasks: vec!["arc_*".into()], ..EvaluationSettings::default() };
//! let evaluation = evaluate(&loaded.subject(), &settings, &mut |_| ())?;
//! for task in &evaluation.tasks {
//!     println!("{}: {:?}", task.name, task.metrics);
//! }
//! # Ok::<(), onset::Error>(())
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::chat::{Chat, ChatSettings};
use super::encode::Encoder;
use super::journal::{Journal, Key};
use super::local::LocalModel;
use super::served::Tokenised;
use super::subject::EvaluatedModel;
use crate::error::{Error, Result};
use crate::harness::evaluation::{Evaluation, Facts, GroupScores, Identity, ReadingSettings, Samples, TaskScores};
use crate::harness::request::{Request, Respond, Response};
use crate::harness::results::{self, Folder};
use crate::harness::server::{Server, ServerApi};
use crate::harness::tasks::{Choice, Draw, Items, Library, Task, TaskSelection, Value};
use crate::lm::{ChatTemplates, Found, LanguageModel, Tokenizer};
use crate::registry::known_models;

/// What is evaluated and how.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationSettings {
    /// Names or globs of tasks, groups and tags.
    pub tasks: Vec<String>,
    /// Files and folders with task definitions beside the built-in ones.
    pub definitions: Vec<PathBuf>,
    /// Folder with the data of tasks.
    pub data: Option<PathBuf>,
    /// Which items and examples are drawn.
    pub draw: Draw,
    /// Whether a prompt that is too long is cut at its beginning, as lm-evaluation-harness does; else it is an error.
    pub truncate: bool,
    /// Whether special tokens are added to prompts; `None` leaves it to the tokenizer.
    pub special: Option<bool>,
    /// Keys that replace those of every task's `generation_kwargs`.
    pub generation: Vec<(String, Value)>,
    /// Whether a member of a group that cannot be run is an error; else it is left out and listed.
    pub strict: bool,
    /// Whether answers are only written down, and nothing is scored.
    pub predict_only: bool,
    /// Whether the first prompt of each task is reported before it is asked.
    pub write_out: bool,
    /// Whether and how prompts are wrapped as a conversation.
    pub chat: ChatSettings,
    /// What stays on disk.
    pub keep: Keep,
    /// Whether every item with its answers is returned; this can take hundreds of megabytes.
    pub samples: bool,
    /// What is known of the model, for the table of observations.
    pub facts: Facts,
    /// Ends the work with [`Error::Interrupted`] once it is true.
    #[serde(skip)]
    pub stop: Option<Arc<AtomicBool>>,
}

/// What of an evaluation stays on disk, in a folder with one folder for each model. What is returned is the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Keep {
    /// Nothing: an evaluation that was interrupted begins anew.
    #[default]
    Nothing,
    /// Answers, from which an evaluation that was interrupted goes on.
    Answers(PathBuf),
    /// Answers, and in the end results, samples and observations as [`results`](crate::harness::results) lays them out.
    Everything(PathBuf),
}

impl Keep {
    fn answers(&self) -> Option<&Path> {
        match self {
            Self::Nothing => None,
            Self::Answers(folder) | Self::Everything(folder) => Some(folder),
        }
    }
}

/// What an evaluation reports while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvaluationEvent<'a> {
    /// A file of a folder with definitions was left out, and why.
    LeftOut(&'a str),
    /// A member of a group cannot be run, and why.
    Refused(&'a str),
    /// Tasks and groups that come with onset, but that a file defines anew, with the file.
    Replaced(&'a [(String, PathBuf)]),
    /// So many lines of the journal of answers are damaged; what they said is asked again.
    Damaged(usize),
    /// The first prompt of a task, where the settings ask for it.
    FirstPrompt {
        /// The task.
        name: &'a str,
        /// Everything before the answer.
        prompt: &'a str,
        /// The right answer.
        target: &'a str,
    },
    /// All tasks have been read.
    Begin {
        /// Their number.
        tasks: usize,
        /// Items of all of them.
        items: usize,
    },
    /// A task begins.
    Task {
        /// Its name.
        name: &'a str,
        /// Its items.
        items: usize,
        /// Those of them that were answered in an earlier run.
        known: usize,
    },
    /// An item has been answered.
    Item,
}

/// Evaluates a model. What is known from an earlier run in the same folder is not asked again, and a run that was
/// interrupted and is started again writes the same bytes as one that was not.
///
/// # Errors
/// [`Error::Task`] or [`Error::TaskItem`] naming what cannot be used, [`Error::Interrupted`], and those of the model and
/// of files. Answers that were given stand.
pub fn evaluate<M: LanguageModel>(
    subject: &EvaluatedModel<'_, M>,
    settings: &EvaluationSettings,
    watch: &mut dyn FnMut(EvaluationEvent<'_>),
) -> Result<Evaluation> {
    let encoder = Encoder::new(subject.tokenizer, subject.model.context())?;
    let encoder = encoder.special(settings.special).truncate(settings.truncate);
    let mut local = LocalModel::new(subject.model, subject.tokenizer, encoder, subject.limits.clone())
        .ends(&subject.ends)
        .sampling(subject.sampling);
    if let Some(stop) = &settings.stop {
        local = local.stop(stop);
    }
    let reading = ReadingSettings::of(subject.model.context(), subject.tokenizer);
    let chat = settings.chat.of(&subject.tokenizer.chat)?;
    run(&mut local, &subject.identity, subject.key(settings), reading, &chat, settings, watch)
}

/// Evaluates a model behind a server, under the name that `name` gives it. With the model's tokenizer prompts go as token
/// ids where the server takes them. Else they go as text, and what is said of special tokens and of prompts that are too
/// long is the server's own affair. In a chat they go as turns, which the server wraps in a template of its own.
///
/// # Errors
/// As for [`evaluate`]; [`Error::Argument`] where the tokenizer is not the server's, or for settings that the server
/// decides on.
pub(crate) fn evaluate_served(
    mut server: Server,
    name: &str,
    tokenizer: Option<&Path>,
    settings: &EvaluationSettings,
    watch: &mut dyn FnMut(EvaluationEvent<'_>),
) -> Result<Evaluation> {
    if settings.chat.template.is_some() {
        return Err(Error::Argument(
            "the chat template of a model behind a server is not known here; leave --apply-chat-template out, or ask the \
             server for chats with --server-api chat"
                .to_owned(),
        ));
    }
    let tokenizer = tokenizer.map(tokenizer_at).transpose()?;
    let ids = match &tokenizer {
        Some(tokenizer) => server.tokenizer(&|text| tokenizer.encode(text, false))?,
        None => false,
    };
    // What would be heard by nobody is refused.
    let wanted = settings.special.is_some() || (settings.truncate && tokenizer.is_some());
    if wanted && !ids {
        return Err(Error::Argument(format!(
            "{}: --add-bos and --truncate need a server that takes token ids, and --tokenizer with the model's folder",
            server.url()
        )));
    }
    let served = format!("served as {}", server.model());
    let (how, chat) = match server.api() {
        ServerApi::Chat => (" in chats", settings.chat.turns()?),
        ServerApi::Completions if ids => (" by token ids", settings.chat.of(&ChatTemplates::default())?),
        ServerApi::Completions => ("", settings.chat.of(&ChatTemplates::default())?),
    };
    let identity = Identity {
        name: name.to_owned(),
        weights: served.clone(),
        tokenizer: served.clone(),
        device: server.url(),
        ..Identity::default()
    };
    // The address is no part of the key: a server may come back elsewhere.
    let version = env!("CARGO_PKG_VERSION");
    let reads =
        if ids { format!("\nspecial {:?}\ntruncate {}", settings.special, settings.truncate) } else { String::new() };
    let key = Key::new(&format!("onset {version}\n{served}{how}{reads}"));
    if let Some(stop) = &settings.stop {
        server = server.stop(stop);
    }
    match &tokenizer {
        Some(tokenizer) if ids => {
            let context = server.context().unwrap_or(usize::MAX / 2);
            let encoder = Encoder::new(tokenizer, context)?.special(settings.special).truncate(settings.truncate);
            let mut asked = Tokenised::new(server, encoder);
            run(&mut asked, &identity, key, ReadingSettings::default(), &chat, settings, watch)
        }
        _ => run(&mut server, &identity, key, ReadingSettings::default(), &chat, settings, watch),
    }
}

/// The tokenizer in a folder or a GGUF file.
fn tokenizer_at(path: &Path) -> Result<Tokenizer> {
    std::fs::metadata(path).map_err(Error::read(path))?;
    let none = || Error::File { path: path.to_owned(), problem: "has no tokenizer that is read".into() };
    let found = if path.is_dir() { Tokenizer::beside(path)? } else { Found::at(path)?.tokenizer };
    found.ok_or_else(none)
}

/// The same for anything that answers requests. `key` stands for all that answers depend on besides the request.
fn run(
    responder: &mut dyn Respond,
    identity: &Identity,
    key: Key,
    reading: ReadingSettings,
    chat: &Chat,
    settings: &EvaluationSettings,
    watch: &mut dyn FnMut(EvaluationEvent<'_>),
) -> Result<Evaluation> {
    let began = Instant::now();
    let TaskSelection { tasks, groups, left_out, refused, replaced } = select(settings)?;
    left_out.iter().for_each(|file| watch(EvaluationEvent::LeftOut(file)));
    refused.iter().for_each(|member| watch(EvaluationEvent::Refused(member)));
    if !replaced.is_empty() {
        watch(EvaluationEvent::Replaced(&replaced));
    }
    let plan = tasks.iter().map(|task| Planned::of(task, settings, chat, responder)).collect::<Result<Vec<_>>>()?;
    watch(EvaluationEvent::Begin { tasks: tasks.len(), items: plan.iter().map(|planned| planned.items).sum() });

    let name = identity.name.as_str();
    let answers = settings.keep.answers().map(|out| results::answers(out, name));
    let mut journal = answers.map(|path| Journal::open(&path)).transpose()?;
    if let Some(damaged) = journal.as_ref().map(Journal::damaged).filter(|&lines| lines > 0) {
        watch(EvaluationEvent::Damaged(damaged));
    }
    // Tests compare runs that began at other times byte by byte.
    let now = if cfg!(test) { UNIX_EPOCH } else { SystemTime::now() };
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
    let started = match &mut journal {
        Some(journal) => journal.start(&run_key(&key, &tasks, &plan, settings), now)?,
        None => now,
    };
    let folder = match &settings.keep {
        Keep::Everything(out) => Some(Folder::new(out, name, started)),
        Keep::Nothing | Keep::Answers(_) => None,
    };
    if let Some(folder) = &folder {
        tasks.iter().try_for_each(|task| folder.check(task.name()))?;
    }

    let mut asking = Asking { responder, key, journal, watch, asked: 0, remembered: 0 };
    let mut evaluated = Vec::with_capacity(tasks.len());
    for task in &tasks {
        let mut items = task.prompted(&settings.draw, &chat.prompting())?;
        if let Some(first) = items.items.first().filter(|_| settings.write_out) {
            let (prompt, target) = (first.prompt(), first.target.python());
            (asking.watch)(EvaluationEvent::FirstPrompt { name: task.name(), prompt, target: &target });
        }
        let responses = asking.task(task, &mut items)?;
        let scored = items.items.iter().zip(&responses).map(|(item, responses)| match settings.predict_only {
            true => task.unscored(item, responses),
            false => task.score(item, responses),
        });
        let scored = scored.collect::<Result<Vec<_>>>()?;
        if settings.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Err(Error::Interrupted);
        }
        let metrics = if settings.predict_only { Vec::new() } else { task.aggregate(&scored)? };
        let mut scores = TaskScores::new(task, &items, &scored, metrics);
        let samples = Samples { items: items.items, responses, scored };
        if let Some(folder) = &folder {
            folder.samples(task.name(), &samples)?;
        }
        scores.samples = settings.samples.then_some(samples);
        evaluated.push(scores);
    }
    let groups: Vec<GroupScores> = groups.iter().map(|group| GroupScores::new(group, &evaluated)).collect();
    let (asked, remembered) = (asking.asked, asking.remembered);
    if let Some(journal) = &mut asking.journal {
        journal.sync()?;
    }
    let source = folder.as_ref().map(Folder::results_name).unwrap_or_default();
    let mut evaluation = Evaluation {
        identity: identity.clone(),
        facts: settings.facts.clone(),
        reading,
        chat: chat.record(),
        draw: settings.draw.clone(),
        started,
        tasks: evaluated,
        groups,
        observations: Vec::new(),
        asked,
        remembered,
        seconds: 0.0,
        results: None,
        table: None,
    };
    evaluation.observe(&known_models()?, source);
    if let Some(folder) = &folder {
        let (results, table) = folder.write(&evaluation)?;
        (evaluation.results, evaluation.table) = (Some(results), Some(table));
    }
    evaluation.seconds = began.elapsed().as_secs_f64();
    Ok(evaluation)
}

/// The tasks that settings name.
pub(super) fn select(settings: &EvaluationSettings) -> Result<TaskSelection> {
    let mut library = Library::built_in()?;
    for path in &settings.definitions {
        library.add(path)?;
    }
    let choice = Choice { data: settings.data.as_deref(), generation: &settings.generation, strict: settings.strict };
    let selection = library.choose(&settings.tasks, &choice)?;
    let unknown = settings.draw.chosen.keys().find(|name| !selection.tasks.iter().any(|task| task.name() == *name));
    match unknown {
        Some(name) => Err(Error::Argument(format!("items of `{name}` are chosen, but that task is not asked for"))),
        None => Ok(selection),
    }
}

/// What is known of a task before it is asked.
struct Planned {
    items: usize,
    hash: String,
}

impl Planned {
    fn of(task: &Task, settings: &EvaluationSettings, chat: &Chat, responder: &dyn Respond) -> Result<Self> {
        let items = task.prompted(&settings.draw, &chat.prompting())?;
        for request in items.items.iter().flat_map(|item| &item.requests) {
            responder
                .check(request)
                .map_err(|error| Error::Task { task: task.name().to_owned(), problem: error.to_string() })?;
        }
        Ok(Self { items: items.items.len(), hash: items.hash })
    }
}

impl<M: LanguageModel> EvaluatedModel<'_, M> {
    /// The key of all that answers depend on besides the request.
    fn key(&self, settings: &EvaluationSettings) -> Key {
        let Identity { weights, tokenizer, device, .. } = &self.identity;
        let dtype = self.identity.dtype_shown();
        let (special, truncate, context) = (settings.special, settings.truncate, self.model.context());
        let (version, ends) = (env!("CARGO_PKG_VERSION"), &self.ends);
        Key::new(&format!(
            "onset {version}\nweights {weights}\ntokenizer {tokenizer}\ndtype {dtype}\ndevice {device}\n\
             special {special:?}\ntruncate {truncate}\ncontext {context}\nends {ends:?}"
        ))
    }
}

/// The key of a run: the same command on the same model and tasks is the same run.
fn run_key(key: &Key, tasks: &[Task], plan: &[Planned], settings: &EvaluationSettings) -> Key {
    let mut what = format!("{}\n{:?}\n{:?}\n", key.as_str(), settings.draw, settings.facts);
    for (task, planned) in tasks.iter().zip(plan) {
        what.push_str(&format!("{} {}\n", task.name(), planned.hash));
    }
    what.push_str(&settings.tasks.join("\n"));
    Key::new(&what)
}

struct Asking<'a> {
    responder: &'a mut dyn Respond,
    key: Key,
    journal: Option<Journal>,
    watch: &'a mut dyn FnMut(EvaluationEvent<'_>),
    asked: usize,
    remembered: usize,
}

impl Asking<'_> {
    /// The answers to all requests of a task, item by item.
    fn task(&mut self, task: &Task, items: &mut Items) -> Result<Vec<Vec<Response>>> {
        let Self { responder, key, journal, watch, asked, remembered } = self;
        let items = &mut items.items;
        let owners: Vec<usize> =
            items.iter().enumerate().flat_map(|(at, item)| item.requests.iter().map(move |_| at)).collect();
        // Prompts can be hundreds of megabytes: they are moved out of the items for a while, not copied.
        let counts: Vec<usize> = items.iter().map(|item| item.requests.len()).collect();
        let requests: Vec<Request> = items.iter_mut().flat_map(|item| std::mem::take(&mut item.requests)).collect();
        let keys: Vec<Key> = requests.iter().map(|request| key.request(request)).collect();
        let mut answers: Vec<Option<Response>> =
            keys.iter().map(|key| journal.as_ref().and_then(|journal| journal.get(key)).cloned()).collect();
        let known: Vec<bool> = answers.iter().map(Option::is_some).collect();
        let mut open: Vec<usize> = vec![0; items.len()];
        for (&owner, _) in owners.iter().zip(&known).filter(|(_, known)| !**known) {
            open[owner] += 1;
        }
        let (all, answered) = (items.len(), open.iter().filter(|&&open| open == 0).count());
        watch(EvaluationEvent::Task { name: task.name(), items: all, known: answered });
        *remembered += known.iter().filter(|&&known| known).count();
        let doc_ids: Vec<usize> = items.iter().map(|item| item.doc_id).collect();
        let at = |index: usize, problem: String| Error::TaskItem {
            task: task.name().to_owned(),
            item: doc_ids[owners[index]],
            problem,
            source: None,
        };
        let outcome = responder.resume(&requests, &known, &mut |index, response| {
            if matches!(response, Response::LogLikelihood { value, .. } | Response::Rolling(value) if value.is_nan()) {
                return Err(at(index, "the model's probabilities are not numbers".into()));
            }
            if let Some(journal) = journal {
                journal.append(&keys[index], &response)?;
            }
            answers[index] = Some(response);
            *asked += 1;
            open[owners[index]] -= 1;
            if open[owners[index]] == 0 {
                watch(EvaluationEvent::Item);
            }
            Ok(())
        });
        outcome.map_err(|error| error.of_item(task.name(), |index| doc_ids[owners[index]]))?;
        let mut requests = requests.into_iter();
        for (item, &count) in items.iter_mut().zip(&counts) {
            item.requests.extend(requests.by_ref().take(count));
        }
        let mut answers = answers.into_iter().enumerate();
        let mut of_item = |&count: &usize| {
            let own = answers.by_ref().take(count);
            own.map(|(index, answer)| answer.ok_or_else(|| at(index, "was not answered".into()))).collect()
        };
        counts.iter().map(&mut of_item).collect()
    }
}
