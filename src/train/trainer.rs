//! A decoder whose weights are variables, and one step of changing them.
//!
//! The loss of a step is the mean over all learned tokens of its sequences, however many passes they take: each pass
//! divides by the number of learned tokens of the whole step, as the Trainer of the transformers library does since
//! 4.46. A sequence with more learned tokens counts more.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use candle_core::{DType, Tensor, Var};
use serde::{Deserialize, Serialize};

use super::adamw::{Moments, Update};
use super::checkpoint::{ModelFiles, fill, write_json};
use super::gradient::{Backward, norm};
use super::lora::{Pair, file_names};
use super::order::passes;
use super::sequence::Sequence;
use super::settings::TrainSettings;
use super::tensors::write_tensors;
use crate::error::{Error, Result};
use crate::lm::{Config, Decoder, Sums, Weights};

/// A model in training.
#[derive(Debug)]
pub struct Trainer {
    pub(super) settings: TrainSettings,
    /// The model as it is: the same memory, but nothing is remembered for gradients.
    decoder: Decoder,
    /// The model made of the variables.
    learning: Decoder,
    /// All tensors of the model without adapters.
    tensors: BTreeMap<String, Tensor>,
    /// Names, variables and moments of what is trained, side by side.
    names: Vec<String>,
    variables: Vec<Var>,
    moments: Vec<Moments>,
    pairs: Vec<Pair>,
    steps: usize,
}

/// What one optimiser step did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainStep {
    /// Its number, from 1.
    pub step: usize,
    /// Steps of the run; 0 where a step was taken outside of one.
    pub of: usize,
    /// Sequences seen up to and with this step.
    pub examples: usize,
    /// Tokens read.
    pub tokens: usize,
    /// Tokens learned.
    pub targets: usize,
    /// Mean loss of a learned token, in nats, before the step.
    pub loss: f64,
    /// Length of the gradient before it was clipped.
    pub gradient_norm: f64,
    /// The learning rate.
    pub rate: f64,
    /// Wall time.
    pub seconds: f64,
}

impl Trainer {
    /// Prepares to train the model of `config` and `tensors` (by the names of its file), on their device and in their
    /// dtype; half precision is trained with moments and a copy of the weights in single precision.
    ///
    /// # Errors
    /// [`Error::Argument`] for settings that cannot train anything, and those of [`Decoder::new`].
    pub fn new(config: Config, tensors: &HashMap<String, Tensor>, settings: TrainSettings) -> Result<Self> {
        settings.check()?;
        let Some(first) = tensors.values().next() else {
            return Err(Error::Argument("a model without weights cannot be trained".to_owned()));
        };
        let (device, dtype) = (first.device().clone(), first.dtype());
        if let Some(lora) = &settings.lora {
            let tensors: BTreeMap<_, _> = tensors.iter().map(|(name, t)| (name.clone(), t.detach())).collect();
            let pairs = lora.pairs(&config, &tensors, settings.seed, &device, dtype)?;
            let held = tensors.iter().map(|(name, t)| (name.clone(), t.clone())).collect();
            let of = |tracked| -> Result<Decoder> {
                let weights = Weights::from_tensors(&held, &device, dtype);
                Decoder::new(config.clone(), &weights.with_adapters(lora.adapters(&pairs, tracked)))
            };
            let decoders = [of(false)?, of(true)?];
            let (mut names, mut variables) = (Vec::new(), Vec::new());
            for pair in &pairs {
                let (down, up) = file_names(&pair.module);
                names.extend([down, up]);
                variables.extend([pair.down.clone(), pair.up.clone()]);
            }
            return Self::assembled(settings, decoders, tensors, names, variables, pairs);
        }
        let mut variables = BTreeMap::new();
        for (name, tensor) in tensors {
            variables.insert(name.clone(), Var::from_tensor(&tensor.detach())?);
        }
        let held = variables.iter().map(|(name, variable)| (name.clone(), variable.as_tensor().clone())).collect();
        let weights = Weights::from_tensors(&held, &device, dtype);
        let learning = Decoder::new(config.clone(), &weights)?;
        // A tied head that is stored all the same is not a parameter.
        let taken = weights.taken();
        variables.retain(|name, _| taken.contains(name));
        let tensors: BTreeMap<_, _> =
            variables.iter().map(|(name, variable)| (name.clone(), variable.as_detached_tensor())).collect();
        let held = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.clone())).collect();
        let decoder = Decoder::new(config, &Weights::from_tensors(&held, &device, dtype))?;
        let (names, variables) = variables.into_iter().unzip();
        Self::assembled(settings, [decoder, learning], tensors, names, variables, Vec::new())
    }

    fn assembled(
        settings: TrainSettings,
        [decoder, learning]: [Decoder; 2],
        tensors: BTreeMap<String, Tensor>,
        names: Vec<String>,
        variables: Vec<Var>,
        pairs: Vec<Pair>,
    ) -> Result<Self> {
        let moments = variables.iter().map(Moments::new).collect::<Result<_>>()?;
        Ok(Self { settings, decoder, learning, tensors, names, variables, moments, pairs, steps: 0 })
    }

    /// The model as it is now; it changes with every step.
    #[must_use]
    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// Optimiser steps taken.
    #[must_use]
    pub(crate) fn steps_taken(&self) -> usize {
        self.steps
    }

    /// Numbers that are trained.
    #[must_use]
    pub fn trainable(&self) -> usize {
        self.variables.iter().map(|variable| variable.elem_count()).sum()
    }

    /// Copies of what is trained, by name: the model's tensors, or its adapters.
    #[must_use]
    pub(crate) fn trained(&self) -> BTreeMap<String, Tensor> {
        let tensor = |variable: &Var| variable.as_detached_tensor();
        self.names.iter().cloned().zip(self.variables.iter().map(tensor)).collect()
    }

    /// The tensors of the model without adapters.
    pub(super) fn base(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// The model's tensors as they are now, adapters added for good.
    ///
    /// # Errors
    /// [`Error::Backend`] if there is no memory.
    pub(crate) fn tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        let Some(lora) = &self.settings.lora else {
            return self.tensors.iter().map(|(name, t)| Ok((name.clone(), t.detach()))).collect();
        };
        let adapters = self.trained().into_iter().collect();
        let config = lora.config(self.decoder.config(), &self.pairs, "");
        let tensors = self.tensors.iter().map(|(name, t)| (name.clone(), t.clone())).collect();
        Ok(super::lora::merge(self.decoder.config(), &tensors, &adapters, &config)?.into_iter().collect())
    }

    /// One optimiser step with the learning rate `rate` on exactly these sequences.
    ///
    /// # Errors
    /// [`Error::Argument`] for a batch that has nothing to learn, or a sequence that the model cannot read;
    /// [`Error::Diverged`] if the loss or the gradient is not a number, and [`Error::Backend`] if a trained parameter gets
    /// no gradient: the weights are then those before the step.
    pub fn step(&mut self, batch: &[&Sequence], rate: f64) -> Result<TrainStep> {
        let started = Instant::now();
        let targets: usize = batch.iter().map(|sequence| sequence.targets()).sum();
        if targets == 0 || batch.iter().any(|sequence| sequence.tokens.len() < 2) {
            return Err(Error::Argument("a batch needs sequences of at least two tokens, and one to learn".to_owned()));
        }
        let mut sums = Sums::default();
        let mut loss = 0.0;
        let backward = Backward {
            decoder: &self.learning,
            trainable: self.trainable(),
            recompute: self.settings.recompute,
            share: 1.0 / targets as f64,
        };
        for places in passes(batch, self.settings.pass_tokens) {
            let pass: Vec<&Sequence> = places.iter().map(|&place| batch[place]).collect();
            loss += backward.run(&pass, &mut sums)?;
        }
        let loss = loss / targets as f64;
        let step = self.steps + 1;
        let diverged = |what: String| Err(Error::Diverged { step, what, batch: format!("{} sequences", batch.len()) });
        if !loss.is_finite() {
            return diverged(format!("the loss is {loss}"));
        }
        let mut gradients = Vec::with_capacity(self.variables.len());
        for (name, variable) in self.names.iter().zip(&self.variables) {
            gradients.push(match sums.take(variable) {
                Some(sum) => sum.into_tensor(variable.shape())?,
                None if self.decoder.config().may_rest(name) => {
                    Tensor::zeros(variable.shape(), DType::F32, variable.device())?
                }
                None => return Err(Error::backend(format!("the parameter `{name}` gets no gradient"))),
            });
        }
        let norm = norm(&gradients)?;
        if !norm.is_finite() {
            return diverged(format!("the loss is {loss:.4}, but the gradient's length is {norm}"));
        }
        // As torch clips: the small number keeps the division in range.
        let scale = self.settings.clip.map_or(1.0, |clip| (clip / (norm + 1e-6)).min(1.0));
        let update = Update { optimiser: self.settings.optimiser, rate, step, scale };
        for ((variable, moments), gradient) in self.variables.iter().zip(&mut self.moments).zip(&gradients) {
            update.apply(variable, gradient, moments)?;
        }
        self.steps = step;
        Ok(TrainStep {
            step,
            of: 0,
            examples: batch.len(),
            tokens: batch.iter().map(|sequence| sequence.tokens.len()).sum(),
            targets,
            loss,
            gradient_norm: norm,
            rate,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Writes what was trained into a folder that is there: a model, or adapters in the layout of the PEFT library.
    pub(super) fn write(&self, folder: &std::path::Path, files: &ModelFiles, merged: bool) -> Result<()> {
        match &self.settings.lora {
            Some(lora) if !merged => {
                write_tensors(&folder.join("adapter_model.safetensors"), &self.trained())?;
                let base = files.base.to_string_lossy();
                let config = lora.config(self.decoder.config(), &self.pairs, &base);
                write_json(&folder.join("adapter_config.json"), &config)?;
                files.write_tokenizer(folder)
            }
            _ => fill(folder, files, &self.tensors()?),
        }
    }

    /// What the optimiser remembers, by names that [`Trainer::restore`] understands.
    pub(super) fn moments(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut saved = BTreeMap::new();
        for ((name, variable), moments) in self.names.iter().zip(&self.variables).zip(&self.moments) {
            for (ending, tensor) in moments.saved(variable.dims())? {
                saved.insert(format!("{name}.{ending}"), tensor);
            }
        }
        Ok(saved)
    }

    /// Goes back to a saved state.
    pub(super) fn restore(
        &mut self,
        step: usize,
        weights: &BTreeMap<String, Tensor>,
        moments: &BTreeMap<String, Tensor>,
    ) -> Result<()> {
        let find = |tensors: &BTreeMap<String, Tensor>, name: &str, shape: &[usize]| match tensors.get(name) {
            Some(tensor) if tensor.dims() == shape => Ok(tensor.clone()),
            _ => Err(Error::Argument(format!("the saved state has no tensor `{name}` of shape {shape:?}"))),
        };
        for ((name, variable), held) in self.names.iter().zip(&self.variables).zip(&mut self.moments) {
            let weight = find(weights, name, variable.dims())?.to_device(variable.device())?;
            variable.set(&weight.to_dtype(variable.dtype())?)?;
            held.restore(|ending| {
                find(moments, &format!("{name}.{ending}"), variable.dims())?.to_dtype(DType::F32).map_err(Error::from)
            })?;
        }
        self.steps = step;
        Ok(())
    }
}
