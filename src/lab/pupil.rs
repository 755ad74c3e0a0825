//! One model: pretrained, tested, adjusted, tested again.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::corpus;
use super::documents::SEQUENCE;
use super::exam::{CLOZE, MULTIPLE_CHOICE};
use super::record::{LabRecord, LabScore};
use super::suite::{Member, Suite};
use super::vocabulary::Vocabulary;
use super::world::World;
use crate::error::{Error, Result};
use crate::harness::evaluation::Identity;
use crate::harness::runner::{self, EvaluatedModel, EvaluationSettings, Limits, SamplingDefaults};
use crate::lm::{Config, Decoder, Tokenizer};
use crate::stats::random::Seed;
use crate::train::{
    AdamW, Checkpoint, Ending, Length, Next, Observer, Schedule, ScheduleShape as Fall, Sequence, TrainOutcome,
    TrainSettings, TrainStep, Trainer, Warmup, random_weights, save,
};

/// What a model is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LabPhase {
    /// It reads its text.
    Pretraining,
    /// It sees examples of the task.
    Adjustment,
}

/// What all models of an experiment share.
#[derive(Debug)]
pub(super) struct School<'a> {
    pub suite: &'a Suite,
    pub seed: Seed,
    pub world: World,
    pub vocabulary: Vocabulary,
    pub tokenizer: Tokenizer,
    /// Folder with the tasks.
    pub tasks: &'a Path,
    pub stop: Option<Arc<AtomicBool>>,
}

impl School<'_> {
    /// Trains and tests a model, leaves its weights in `folder` and tells `watch` of every step: phase, steps done, steps
    /// in all.
    pub(crate) fn teach(
        &self,
        member: &Member,
        fingerprint: String,
        folder: &Path,
        watch: &dyn Fn(LabPhase, usize, usize),
    ) -> Result<LabRecord> {
        let config = self.vocabulary.config(&member.shape)?;
        let own = self.seed.stream(&format!("lab weights {}", member.name), 0).bits();
        let weights = random_weights(&config, self.suite.recipe.spread, own)?;
        let text = corpus::pretraining(&self.world, &self.vocabulary, self.suite, member, self.seed)?;
        let mut trainer = Trainer::new(config.clone(), &weights, self.pretraining(member))?;
        let outcome = self.run(
            &mut trainer,
            &text,
            &mut Lesson { phase: LabPhase::Pretraining, watch, after: None, school: self },
        )?;
        let mut record = LabRecord {
            model: member.name.clone(),
            fingerprint,
            loss: last_tenth(&outcome),
            adjustment_loss: None,
            scores: self.test(trainer.decoder(), 0)?,
        };
        let tensors = trainer.tensors()?;
        save(folder, &self.vocabulary.files(&member.shape), &tensors)?;
        self.adjust(config, tensors.into_iter().collect(), member, watch, &mut record)?;
        Ok(record)
    }

    fn adjust(
        &self,
        config: Config,
        weights: HashMap<String, Tensor>,
        member: &Member,
        watch: &dyn Fn(LabPhase, usize, usize),
        record: &mut LabRecord,
    ) -> Result<()> {
        let Some(&most) = self.suite.examples.last() else { return Ok(()) };
        let examples = corpus::adjustment(&self.world, &self.vocabulary, most, self.seed)?;
        let mut trainer = Trainer::new(config, &weights, self.adjustment(member))?;
        let after = Some(&mut record.scores);
        let mut lesson = Lesson { phase: LabPhase::Adjustment, watch, after, school: self };
        let outcome = self.run(&mut trainer, &examples, &mut lesson)?;
        record.adjustment_loss = Some(last_tenth(&outcome));
        Ok(())
    }

    fn run(&self, trainer: &mut Trainer, data: &[Sequence], lesson: &mut Lesson<'_>) -> Result<TrainOutcome> {
        let outcome = trainer.run(data, None, lesson)?;
        match outcome.ending {
            Ending::Finished => Ok(outcome),
            Ending::Stopped => Err(Error::Interrupted),
        }
    }

    fn pretraining(&self, member: &Member) -> TrainSettings {
        let recipe = &self.suite.recipe;
        TrainSettings {
            batch: recipe.batch,
            checkpoints: Vec::new(),
            ..self.settings(recipe.rate, recipe.batch, member, 0.1, Warmup::Share(0.05))
        }
    }

    fn adjustment(&self, member: &Member) -> TrainSettings {
        let recipe = &self.suite.recipe;
        TrainSettings {
            batch: recipe.adjustment_batch,
            checkpoints: self.suite.examples.clone(),
            ..self.settings(recipe.adjustment_rate, recipe.adjustment_batch, member, 0.0, Warmup::Share(0.02))
        }
    }

    fn settings(&self, rate: f64, batch: usize, member: &Member, decay: f64, warmup: Warmup) -> TrainSettings {
        // Wider models want smaller steps; half-way between no change and the inverse that Yang et al. (2022,
        // arXiv 2203.03466) derive for hidden matrices suits tables, which are a large part of small models.
        let peak = rate * (32.0 / member.shape.width as f64).sqrt();
        TrainSettings {
            length: Length::Epochs(1),
            schedule: Schedule { peak, floor: 0.05, warmup, shape: Fall::Cosine },
            optimiser: AdamW { beta2: 0.98, decay, ..AdamW::default() },
            // The text is in random order already.
            shuffle: false,
            pass_tokens: batch * SEQUENCE,
            ..TrainSettings::default()
        }
    }

    fn test(&self, decoder: &Decoder, examples: usize) -> Result<Vec<LabScore>> {
        let identity = Identity {
            name: "lab".to_owned(),
            dtype: Some("f32".to_owned()),
            device: "cpu".to_owned(),
            ..Identity::default()
        };
        let subject = EvaluatedModel {
            model: decoder,
            tokenizer: &self.tokenizer,
            ends: Vec::new(),
            sampling: SamplingDefaults::default(),
            identity,
            limits: Limits::default(),
        };
        let settings = EvaluationSettings {
            tasks: vec![MULTIPLE_CHOICE.to_owned(), CLOZE.to_owned()],
            definitions: vec![self.tasks.to_owned()],
            stop: self.stop.clone(),
            ..EvaluationSettings::default()
        };
        let evaluation = runner::evaluate(&subject, &settings, &mut |_| {})?;
        let mut scores = Vec::new();
        for task in evaluation.tasks {
            let Some(metric) = task.metrics.iter().find(|metric| metric.name == "acc") else { continue };
            scores.push(LabScore { task: task.name, examples, value: metric.value, items: metric.n });
        }
        Ok(scores)
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// Tells of steps, and tests at checkpoints where there are scores to add to.
struct Lesson<'a> {
    phase: LabPhase,
    watch: &'a dyn Fn(LabPhase, usize, usize),
    after: Option<&'a mut Vec<LabScore>>,
    school: &'a School<'a>,
}

impl Observer for Lesson<'_> {
    fn on_step(&mut self, step: &TrainStep) -> Result<Next> {
        (self.watch)(self.phase, step.step, step.of);
        Ok(if self.school.stopped() { Next::Stop } else { Next::Continue })
    }

    fn on_checkpoint(&mut self, checkpoint: &Checkpoint<'_>) -> Result<()> {
        if let Some(scores) = &mut self.after
            && !self.school.stopped()
        {
            scores.extend(self.school.test(checkpoint.decoder, checkpoint.examples)?);
        }
        Ok(())
    }
}

/// Mean loss over the last tenth of a run.
fn last_tenth(outcome: &TrainOutcome) -> f64 {
    let steps = &outcome.steps;
    let last = &steps[steps.len() - steps.len().div_ceil(10)..];
    last.iter().map(|step| step.loss).sum::<f64>() / last.len().max(1) as f64
}
