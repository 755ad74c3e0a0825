//! One fine-tuning run: its data, the training, and an evaluation of every checkpoint.
//!
//! `Finetune` is what is asked for. `Finetune::prepare` reads model and data and says what would be done;
//! `Prepared::run` does it. A folder holds one run; the same call there goes on where an earlier one ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::harness::evaluation::Identity;
use crate::harness::request::Request;
use crate::harness::runner::{EvaluatedModel, EvaluationSettings, Keep, Limits, SamplingDefaults, ends, evaluate};
use crate::harness::tasks::{Draw, Library, Task, Value};
use crate::lm::{Found, Placement, Tokenizer, Weights, locate};
use crate::registry::seal::{sealed, unsealed};
use crate::registry::{Limit, disk, write};
use crate::train::data::{Example, Layout};
use crate::train::{
    Checkpoint, Encoded, Encoding, Ending, ModelFiles, Next, Observer, RunFolder, Schedule, TrainSettings, TrainStep,
    Trainer,
};

/// Memory beside the weights that evaluations stay within, in bytes. Scores do not depend on it.
const BESIDE_WEIGHTS: usize = 1 << 30;

/// A run that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Finetune {
    /// Model to start from.
    pub model: PathBuf,
    /// Files or folders of training data.
    pub data: Vec<(Layout, PathBuf)>,
    /// Tasks whose training split is learned, by names or globs.
    pub tasks: Vec<String>,
    /// YAML files, or folders of them, that define more tasks.
    pub definitions: Vec<PathBuf>,
    /// Folder with the data of tasks.
    pub task_data: Option<PathBuf>,
    /// How examples become sequences.
    pub encoding: Encoding,
    /// Device and dtype.
    pub placement: Placement,
    /// The recipe. Its peak rate is replaced where `rate` is `None`.
    pub settings: TrainSettings,
    /// The peak of the learning rate; the published one for the model's size where nothing is said.
    pub rate: Option<f64>,
    /// The folder of the run.
    pub out: PathBuf,
    /// As in [`RunFolder::keep`].
    pub keep: Option<usize>,
    /// As in [`RunFolder::state_every`].
    pub state_every: usize,
    /// As in [`RunFolder::merged`].
    pub merged: bool,
    /// Tasks that every checkpoint is evaluated on, by names or globs; none for no evaluation.
    pub evaluate: Vec<String>,
    /// Items of each of them; all where `None`.
    pub limit: Option<usize>,
}

/// A run whose model was found and whose data were read.
#[derive(Debug)]
pub(crate) struct Prepared {
    asked: Finetune,
    found: Found,
    /// The tokenizer of the model.
    pub tokenizer: Tokenizer,
    /// The training set.
    pub encoded: Encoded,
    /// Examples left out because they have too many characters.
    pub too_long: usize,
    /// Task definitions that could not be read, and why.
    pub left_out: Vec<String>,
}

/// What happens during a run.
#[derive(Debug)]
pub enum FinetuneEvent<'a> {
    /// It goes on after `done` steps of `of`; 0 for a new one.
    Start {
        /// Steps taken before.
        done: usize,
        /// Steps in all.
        of: usize,
    },
    /// A step was taken.
    Step(&'a TrainStep),
    /// Something of an evaluation was done.
    Evaluating,
    /// A saved state is damaged; the run goes on from the one before.
    Damaged(&'a Error),
}

/// What is known of a checkpoint; kept in `scores.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinetunePoint {
    /// Examples seen.
    pub examples: usize,
    /// Steps taken.
    pub step: usize,
    /// Loss of the last step, in nats.
    pub loss: f64,
    /// Name and value of each score.
    pub scores: Vec<(String, f64)>,
}

/// What a run did, its earlier parts included.
#[derive(Debug, Clone, PartialEq)]
pub struct Finetuned {
    /// All steps.
    pub steps: Vec<TrainStep>,
    /// All checkpoints.
    pub points: Vec<FinetunePoint>,
    /// Why it ended.
    pub ending: Ending,
}

impl Finetune {
    /// Finds the model and reads the data.
    ///
    /// # Errors
    /// Those of [`Found::at`], [`Layout::read`], [`Library::select`] and [`Encoding::encode`], and [`Error::Argument`] where
    /// no data are named.
    pub(crate) fn prepare(mut self) -> Result<Prepared> {
        self.check()?;
        self.model = locate(&self.model)?;
        let found = Found::at(&self.model)?;
        let tokenizer = found.tokenizer.clone().ok_or_else(|| Error::File {
            path: self.model.clone(),
            problem: "has no tokenizer.json: text cannot be turned into tokens".to_owned(),
        })?;
        let name = self.model.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.settings.schedule.peak = self.rate.unwrap_or_else(|| Schedule::published_peak(found.parameters(), &name));
        let (mut examples, mut too_long, mut left_out) = (Vec::new(), 0, Vec::new());
        for (layout, path) in &self.data {
            let read = layout.read(path)?;
            examples.extend(read.examples);
            too_long += read.too_long;
        }
        // What is wrong with the name of a task is said now and not at the first checkpoint.
        for (names, learned) in [(&self.tasks, true), (&self.evaluate, false)] {
            if names.is_empty() {
                continue;
            }
            let selection = library(&self.definitions)?.select(names, self.task_data.as_deref())?;
            if learned {
                for task in &selection.tasks {
                    examples.extend(examples_of(task)?);
                }
            }
            left_out = selection.left_out;
        }
        if examples.is_empty() {
            return Err(Error::Argument("nothing to train on: name training data or a task".to_owned()));
        }
        let encoded = self.encoding.encode(&tokenizer, &examples)?;
        Ok(Prepared { asked: self, found, tokenizer, encoded, too_long, left_out })
    }

    fn check(&self) -> Result<()> {
        let refuse = |problem: &str| Err(Error::Argument(problem.to_owned()));
        match self {
            Self { keep: Some(0), .. } => refuse("of the checkpoints at least one must be kept"),
            Self { state_every: 0, .. } => refuse("between two saved states lies at least one step"),
            Self { settings, .. } if settings.checkpoints.contains(&0) => {
                refuse("a checkpoint after 0 examples would be the model itself")
            }
            _ => Ok(()),
        }
    }
}

fn library(definitions: &[PathBuf]) -> Result<Library> {
    let mut library = Library::built_in()?;
    for folder in definitions {
        library.add(folder)?;
    }
    Ok(library)
}

/// The training split of a task: each prompt with its right answer.
pub(super) fn examples_of(task: &Task) -> Result<Vec<Example>> {
    let delimiter = task.config().get("target_delimiter").and_then(Value::as_text).unwrap_or(" ").to_owned();
    let mut examples = Vec::new();
    for item in task.training_items()? {
        let right = item.target.to_json().parse::<usize>().ok();
        // Answers that are drawn are requests to one question.
        let choices = item.requests.len() > 1 && !matches!(item.requests[0], Request::Sample { .. });
        let number = if choices { right } else { Some(0) };
        let problem = || Error::TaskItem {
            task: task.name().to_owned(),
            item: item.doc_id,
            problem: format!("its answer {} is none of its {} choices", item.target.to_json(), item.requests.len()),
            source: None,
        };
        let request = number.and_then(|number| item.requests.get(number)).ok_or_else(problem)?;
        let (context, completion) = match request {
            Request::LogLikelihood { context, continuation } => (context, continuation.clone()),
            Request::Rolling { text } => (&String::new(), text.clone()),
            Request::Generate { context, .. } | Request::Sample { context, .. } => {
                let target = item.target.as_text().map_or_else(|| item.target.to_json(), str::to_owned);
                (context, format!("{delimiter}{target}"))
            }
        };
        examples.push(Example { prompt: context.clone(), completion });
    }
    Ok(examples)
}

impl Prepared {
    /// Trains, and evaluates every checkpoint. `stop` ends the run after the step at hand, with a checkpoint.
    ///
    /// # Errors
    /// Those of [`Trainer::new`], [`Trainer::run`] and [`evaluate`].
    pub(crate) fn run(self, stop: &Arc<AtomicBool>, watch: &mut dyn FnMut(FinetuneEvent<'_>)) -> Result<Finetuned> {
        let Self { asked, found, tokenizer, encoded, .. } = self;
        let files = ModelFiles::read(&asked.model)?;
        let tensors = Weights::open(&asked.model, &asked.placement.device, asked.placement.dtype)?.all()?;
        let limits = Limits::within(BESIDE_WEIGHTS, &found, &asked.placement);
        let mut trainer = Trainer::new(found.config, &tensors, asked.settings.clone())?;
        let _held = write::hold(&asked.out)?;
        drop(tensors);
        let run = RunFolder {
            keep: asked.keep,
            state_every: asked.state_every,
            merged: asked.merged,
            ..RunFolder::new(&asked.out, files)
        };
        let points = Points::read(&asked.out.join("scores.json"))?;
        let ends = ends(&asked.model)?;
        let mut evaluating = Evaluating { asked: &asked, tokenizer: &tokenizer, ends, limits, stop, watch, points };
        let outcome = trainer.run(&encoded.sequences, Some(&run), &mut evaluating)?;
        Ok(Finetuned { steps: outcome.steps, points: evaluating.points.points, ending: outcome.ending })
    }
}

/// Shows a run, evaluates its checkpoints and lets it be stopped.
struct Evaluating<'a> {
    asked: &'a Finetune,
    tokenizer: &'a Tokenizer,
    ends: Vec<u32>,
    limits: Limits,
    stop: &'a Arc<AtomicBool>,
    watch: &'a mut dyn FnMut(FinetuneEvent<'_>),
    points: Points,
}

impl Observer for Evaluating<'_> {
    fn on_start(&mut self, done: usize, of: usize) -> Result<()> {
        self.points.points.retain(|point| point.step <= done);
        (self.watch)(FinetuneEvent::Start { done, of });
        Ok(())
    }

    fn on_damaged(&mut self, error: &Error) -> Result<()> {
        (self.watch)(FinetuneEvent::Damaged(error));
        Ok(())
    }

    fn on_step(&mut self, step: &TrainStep) -> Result<Next> {
        (self.watch)(FinetuneEvent::Step(step));
        Ok(if self.stop.load(Ordering::Relaxed) { Next::Stop } else { Next::Continue })
    }

    fn on_checkpoint(&mut self, checkpoint: &Checkpoint<'_>) -> Result<()> {
        let mut scores = Vec::new();
        if !self.asked.evaluate.is_empty() && !self.stop.load(Ordering::Relaxed) {
            scores = self.scores(checkpoint)?;
        }
        let Checkpoint { examples, step, loss, .. } = *checkpoint;
        self.points.points.retain(|point| point.step != step);
        self.points.points.push(FinetunePoint { examples, step, loss, scores });
        self.points.write(&self.asked.out.join("scores.json"))
    }
}

impl Evaluating<'_> {
    fn scores(&mut self, checkpoint: &Checkpoint<'_>) -> Result<Vec<(String, f64)>> {
        let stem = self.asked.model.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let identity = Identity {
            name: format!("{stem}-{}", checkpoint.examples),
            // A run's folder holds one run; a state of another is refused before this.
            weights: format!("{} after {} steps, loss {}", self.asked.out.display(), checkpoint.step, checkpoint.loss),
            tokenizer: "of the model it began with".to_owned(),
            dtype: Some(self.asked.placement.dtype.as_str().to_owned()),
            device: format!("{:?}", self.asked.placement.device.location()).to_lowercase(),
            ..Identity::default()
        };
        let subject = EvaluatedModel {
            model: checkpoint.decoder,
            tokenizer: self.tokenizer,
            ends: self.ends.clone(),
            sampling: SamplingDefaults::default(),
            identity,
            limits: self.limits.clone(),
        };
        let settings = EvaluationSettings {
            tasks: self.asked.evaluate.clone(),
            definitions: self.asked.definitions.clone(),
            data: self.asked.task_data.clone(),
            draw: Draw { limit: self.asked.limit.and_then(|n| Limit::new(n as f64).ok()), ..Draw::default() },
            keep: Keep::Everything(self.asked.out.join("evaluations")),
            stop: Some(Arc::clone(self.stop)),
            ..EvaluationSettings::default()
        };
        let evaluation = evaluate(&subject, &settings, &mut |_| (self.watch)(FinetuneEvent::Evaluating))?;
        let named = |name: &str, metric: &str, value: f64| (format!("{name} {metric}"), value);
        let tasks = evaluation
            .tasks
            .iter()
            .filter_map(|task| task.metrics.first().map(|metric| named(&task.name, &metric.name, metric.value)));
        let groups = evaluation
            .groups
            .iter()
            .filter_map(|group| group.metrics.first().map(|metric| named(&group.name, &metric.name, metric.value)));
        // A group says what its many tasks say.
        let groups: Vec<_> = groups.collect();
        Ok(if groups.is_empty() { tasks.collect() } else { groups })
    }
}

/// What is known of the checkpoints of a run, kept across interruptions.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Points {
    points: Vec<FinetunePoint>,
}

impl Points {
    /// Those of an earlier part of the run; none where there was no such part.
    fn read(path: &Path) -> Result<Self> {
        let bytes = match disk::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read.map_err(Error::read(path))?,
        };
        unsealed(&bytes).and_then(|object| serde_json::from_slice(&object).ok()).ok_or_else(|| Error::File {
            path: path.to_owned(),
            problem: "is damaged; remove it to go on without the scores of the checkpoints so far, which stay in \
                      the folder `evaluations`"
                .to_owned(),
        })
    }

    fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::File { path: path.to_owned(), problem: error.to_string() })?;
        write::bytes(path, sealed(&text).as_bytes())
    }
}
