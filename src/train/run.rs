//! A whole run: the order of the data, checkpoints, and going on after an interruption.
//!
//! With a folder, a run leaves `metrics.jsonl`, `checkpoints/examples-N` (models, complete) and `state/step-N` (what it
//! takes to go on; the last two). A folder belongs to one run at a time. Whenever it ends, by itself, by a signal or by loss of power, running it again goes on from the last
//! state and ends with the same weights, bit for bit.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::checkpoint::ModelFiles;
use super::journal::Journal;
use super::order::Order;
use super::sequence::Sequence;
use super::state;
use super::trainer::{TrainStep, Trainer};
use crate::error::{Error, Result};
use crate::lm::Decoder;
use crate::registry::{disk, write};

/// Where a run leaves what it makes.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFolder {
    /// The folder.
    pub folder: PathBuf,
    /// What goes into each checkpoint beside the weights.
    pub files: ModelFiles,
    /// The most checkpoints that stay; older ones are removed when a newer is complete. All where `None`.
    pub keep: Option<usize>,
    /// Steps between two states.
    pub state_every: usize,
    /// Whether checkpoints of adapters are whole models, with the adapters added for good.
    pub merged: bool,
}

impl RunFolder {
    /// A run in `folder` that keeps all checkpoints and saves its state every hundred steps.
    #[must_use]
    pub fn new(folder: &Path, files: ModelFiles) -> Self {
        Self { folder: folder.to_owned(), files, keep: None, state_every: 100, merged: false }
    }
}

/// What a run is to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    Continue,
    /// End here, with a checkpoint.
    Stop,
}

/// Somebody who watches a run.
pub trait Observer {
    /// After a run has been found to go on after `done` steps of `of`, 0 for a new one.
    ///
    /// # Errors
    /// Any error that ends the run.
    fn on_start(&mut self, _done: usize, _of: usize) -> Result<()> {
        Ok(())
    }

    /// When a saved state is damaged and the run goes on from the one before, or lines of metrics.jsonl are lost.
    ///
    /// # Errors
    /// Any error that ends the run.
    fn on_damaged(&mut self, _error: &Error) -> Result<()> {
        Ok(())
    }

    /// After every optimiser step.
    ///
    /// # Errors
    /// Any error that ends the run.
    fn on_step(&mut self, _step: &TrainStep) -> Result<Next> {
        Ok(Next::Continue)
    }

    /// After a checkpoint is on disk (where there is a folder). It may be called again for the same checkpoint when a
    /// run dies here and goes on.
    ///
    /// # Errors
    /// Any error that ends the run.
    fn on_checkpoint(&mut self, _checkpoint: &Checkpoint<'_>) -> Result<()> {
        Ok(())
    }
}

/// Nobody.
impl Observer for () {}

/// A model on its way.
#[derive(Debug)]
pub struct Checkpoint<'a> {
    /// Sequences seen: at least as many as were asked for, since steps end where they end.
    pub examples: usize,
    /// The numbers of the settings that this checkpoint is for; none at the end of a run that has no other reason.
    pub asked: Vec<usize>,
    /// Steps taken.
    pub step: usize,
    /// Loss of the last step.
    pub loss: f64,
    /// The model, with its adapters.
    pub decoder: &'a Decoder,
    /// Where it was saved.
    pub folder: Option<PathBuf>,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainOutcome {
    /// All its steps, those before an interruption included.
    pub steps: Vec<TrainStep>,
    /// Why it ended.
    pub ending: Ending,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// It took all its steps.
    Finished,
    /// The observer stopped it.
    Stopped,
}

impl Trainer {
    /// Trains on `data` as the settings say; with `run` on disk, going on where an earlier call in the same folder ended.
    ///
    /// # Errors
    /// [`Error::Argument`] for data without anything to learn or a sequence that the model cannot read,
    /// [`Error::Diverged`] with the step and its sequences if a number is none, [`Error::File`] for a folder of another
    /// run, [`Error::Write`] if the disk is full (what was written before stays), and what the observer returns.
    pub fn run(
        &mut self,
        data: &[Sequence],
        run: Option<&RunFolder>,
        observer: &mut dyn Observer,
    ) -> Result<TrainOutcome> {
        self.check_data(data)?;
        let mut order = Order::new(&self.settings, data.len());
        let mut fingerprint = String::new();
        let mut journal = None;
        let mut steps = Vec::new();
        if let Some(run) = run {
            fingerprint = state::fingerprint(&self.settings, data, self)?;
            state::restore(&run.folder, self, &fingerprint, &mut |error| observer.on_damaged(error))?;
            let (opened, earlier) =
                Journal::open(&run.folder, self.steps_taken(), &mut |error| observer.on_damaged(error))?;
            (journal, steps) = (Some(opened), earlier);
        }
        observer.on_start(self.steps_taken(), order.steps)?;
        let mut ending = Ending::Finished;
        // A run may have died between its last state and what its checkpoint is for.
        let mut due = self.steps_taken() > 0 && self.is_checkpoint(&order, self.steps_taken());
        loop {
            if due && let Some(last) = steps.last() {
                self.checkpoint(last, self.asked(&order, last.step), run, observer)?;
            }
            let done = self.steps_taken();
            if done >= order.steps || ending == Ending::Stopped {
                return Ok(TrainOutcome { steps, ending });
            }
            let step = self.next(data, &mut order)?;
            if let Some(journal) = &mut journal {
                journal.add(&step)?;
            }
            if observer.on_step(&step)? == Next::Stop && step.step < order.steps {
                ending = Ending::Stopped;
            }
            due = ending == Ending::Stopped || self.is_checkpoint(&order, step.step);
            if let Some(run) = run
                && (due || step.step.is_multiple_of(run.state_every.max(1)))
            {
                // A state stands by the steps before it.
                journal.iter_mut().try_for_each(Journal::sync)?;
                state::save(&run.folder, self, &fingerprint)?;
            }
            steps.push(step);
        }
    }

    fn next(&mut self, data: &[Sequence], order: &mut Order) -> Result<TrainStep> {
        let done = self.steps_taken();
        let places = order.step(done);
        let batch: Vec<&Sequence> = places.iter().map(|&place| &data[place]).collect();
        let rate = self.settings.schedule.rate(done, order.steps);
        let step = self.step(&batch, rate).map_err(|error| match error {
            Error::Diverged { step, what, .. } => {
                let mut numbers: Vec<String> = places.iter().take(8).map(|place| (place + 1).to_string()).collect();
                if places.len() > numbers.len() {
                    numbers.push(format!("and {} more", places.len() - numbers.len()));
                }
                Error::Diverged { step, what, batch: format!("its examples are {}", numbers.join(", ")) }
            }
            other => other,
        })?;
        Ok(TrainStep { of: order.steps, examples: order.seen_before(done + 1), ..step })
    }

    /// Whether a checkpoint falls to step `step` (from 1): its last sequence is the one asked for, or beyond it for the
    /// first time.
    fn is_checkpoint(&self, order: &Order, step: usize) -> bool {
        step == order.steps || !self.asked(order, step).is_empty()
    }

    /// The numbers of sequences that were asked for and are reached by step `step`.
    fn asked(&self, order: &Order, step: usize) -> Vec<usize> {
        let reached = order.seen_before(step - 1) + 1..=order.seen_before(step);
        self.settings.checkpoints.iter().copied().filter(|wanted| reached.contains(wanted)).collect()
    }

    fn checkpoint(
        &self,
        last: &TrainStep,
        asked: Vec<usize>,
        run: Option<&RunFolder>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let mut folder = None;
        if let Some(run) = run {
            let all = run.folder.join("checkpoints");
            let path = all.join(format!("examples-{:09}", last.examples));
            write::folder(&path, |folder| self.write(folder, &run.files, run.merged))?;
            if let Some(keep) = run.keep {
                forget(&all, keep.max(1))?;
            }
            folder = Some(path);
        }
        observer.on_checkpoint(&Checkpoint {
            examples: last.examples,
            asked,
            step: last.step,
            loss: last.loss,
            decoder: self.decoder(),
            folder,
        })
    }

    /// Fails early for what would fail late.
    fn check_data(&self, data: &[Sequence]) -> Result<()> {
        if data.is_empty() {
            return Err(Error::Argument("the training set is empty".to_owned()));
        }
        if let Some(place) = data.iter().position(|sequence| sequence.targets() == 0) {
            return Err(Error::Argument(format!("sequence {} of the training set has nothing to learn", place + 1)));
        }
        // The decoder itself says what it cannot read.
        if let Some(longest) = data.iter().max_by_key(|sequence| sequence.tokens.len()) {
            self.decoder().start(&[&longest.tokens[..longest.tokens.len() - 1]])?;
        }
        let vocab = self.decoder().config().vocab_size;
        let beyond = |sequence: &&Sequence| sequence.tokens.iter().any(|&token| token as usize >= vocab);
        match data.iter().find(beyond) {
            Some(_) => Err(Error::Argument(format!("the training set has tokens beyond the vocabulary of {vocab}"))),
            None => Ok(()),
        }
    }
}

/// Removes all but the last `keep` checkpoints.
fn forget(checkpoints: &Path, keep: usize) -> Result<()> {
    let entries = std::fs::read_dir(checkpoints).map_err(Error::read(checkpoints))?;
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("examples-"));
    let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(named).collect();
    folders.sort();
    for folder in folders.iter().rev().skip(keep) {
        disk::remove(folder).map_err(Error::write(folder))?;
    }
    Ok(())
}
