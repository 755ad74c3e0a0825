//! The fine-tuning of a cell's model: what all ways of it share.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::harness::evaluation::Identity;
use crate::harness::runner::{EvaluatedModel, Limits, SamplingDefaults, ends};
use crate::lm::{Config, Decoder, Found, Placement, Tokenizer, Weights};
use crate::registry::disk;
use crate::study::settings::AdjustmentRecipe;
use crate::train::data::Example;
use crate::train::{
    AdamW, Encoding, Length, ModelFiles, Observer, RunFolder, Schedule, Sequence, TrainSettings, Trainer, Warmup,
};

/// Optimiser steps between two states from which a run can go on.
const STATE_EVERY: usize = 200;

/// What stays the same of a model while its weights change.
pub(super) struct Base {
    /// Where it is.
    path: PathBuf,
    placement: Placement,
    config: Config,
    pub(super) tokenizer: Tokenizer,
    pub(super) ends: Vec<u32>,
    pub(super) limits: Limits,
    pub(super) dtype: String,
    pub(super) device: String,
}

impl Base {
    /// Of the model at `path`.
    ///
    /// # Errors
    /// Those of [`Found::at`] and [`ends`]; [`Error::File`] for a model without tokenizer.
    pub(super) fn read(path: &Path, placement: &Placement) -> Result<Self> {
        let found = Found::at(path)?;
        let limits = Limits::within(BESIDE_WEIGHTS, &found, placement);
        let Found { config, tokenizer, .. } = found;
        let tokenizer = tokenizer.ok_or_else(|| Error::File {
            path: path.to_owned(),
            problem: "has no tokenizer beside its weights".into(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            placement: placement.clone(),
            config,
            tokenizer,
            ends: ends(path)?,
            limits,
            dtype: placement.dtype.as_str().to_owned(),
            device: format!("{:?}", placement.device.location()).to_lowercase(),
        })
    }

    /// Trains on `data` in `folder`, where an earlier run of the same goes on.
    ///
    /// A run that ended there has passed its checkpoints. Where `is_complete` says that one of them has left nothing all the
    /// same, the run begins again, once.
    ///
    /// # Errors
    /// Those of [`Weights::open`], [`Trainer::new`], [`Trainer::run`] and `observer`.
    pub(super) fn train<O: Observer>(
        &self,
        data: &[Sequence],
        settings: &TrainSettings,
        folder: &Path,
        observer: &mut O,
        is_complete: impl Fn(&O) -> bool,
    ) -> Result<()> {
        for again in [false, true] {
            if again {
                disk::remove(folder).map_err(Error::write(folder))?;
            }
            let tensors = Weights::open(&self.path, &self.placement.device, self.placement.dtype)?.all()?;
            let mut trainer = Trainer::new(self.config.clone(), &tensors, settings.clone())?;
            drop(tensors);
            let files = ModelFiles::read(&self.path)?;
            let on_disk = RunFolder { keep: Some(1), state_every: STATE_EVERY, ..RunFolder::new(folder, files) };
            trainer.run(data, Some(&on_disk), observer)?;
            if is_complete(observer) {
                break;
            }
        }
        Ok(())
    }

    /// The examples as sequences.
    ///
    /// # Errors
    /// Those of [`Encoding::encode`].
    pub(super) fn sequences(&self, recipe: &AdjustmentRecipe, examples: &[Example]) -> Result<Vec<Sequence>> {
        let encoding = Encoding { block: count(recipe.block), end: recipe.end_token, ..Encoding::default() };
        Ok(encoding.encode(&self.tokenizer, examples)?.sequences)
    }
}

/// A number of a study file as a length.
pub(super) fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The recipe as the trainer takes it.
pub(super) fn train_settings(recipe: &AdjustmentRecipe, seed: u64, checkpoints: Vec<usize>) -> TrainSettings {
    TrainSettings {
        batch: count(recipe.batch),
        length: Length::Epochs(count(recipe.epochs)),
        schedule: Schedule {
            peak: recipe.learning_rate,
            floor: recipe.floor,
            warmup: Warmup::Share(recipe.warmup),
            ..Schedule::default()
        },
        optimiser: AdamW { decay: recipe.weight_decay, ..AdamW::default() },
        seed,
        checkpoints,
        ..TrainSettings::default()
    }
}

/// Memory beside the weights that an evaluation stays within, in bytes. Scores do not depend on it.
pub(super) const BESIDE_WEIGHTS: usize = 1 << 30;

/// A checkpoint that is still being trained, as an evaluation sees it.
pub(super) fn checkpoint<'a>(
    decoder: &'a Decoder,
    loaded: &'a Base,
    identity: Identity,
    limits: &Limits,
) -> EvaluatedModel<'a, Decoder> {
    EvaluatedModel {
        model: decoder,
        tokenizer: &loaded.tokenizer,
        ends: loaded.ends.clone(),
        sampling: SamplingDefaults::default(),
        identity,
        limits: limits.clone(),
    }
}
