//! A model's training against reference numbers beside it.
//!
//! `reference.json` holds, under `finetune`, the hyper-parameters of some AdamW steps on rows of `input_ids` in
//! `reference.safetensors`, and the loss and the gradient's length before each of them.

use std::path::Path;

use candle_core::DType;
use serde_json::Value;

use super::adamw::AdamW;
use super::schedule::{Schedule, ScheduleShape, Warmup};
use super::sequence::Sequence;
use super::settings::{Length, TrainSettings};
use super::tensors::read_tensors;
use super::trainer::Trainer;
use crate::error::{Error, Result};
use crate::lm::{Config, Finding, Placement, Weights};

/// Largest difference of a loss or a gradient's length, relative to it.
const ALLOWED: f64 = 1e-3;

/// Trains the model in `folder` as its reference was trained and compares every step.
///
/// # Errors
/// Those of loading and training the model, and [`Error::File`] for a reference that is incomplete.
pub(crate) fn check_training(folder: &Path, placement: &Placement) -> Result<Vec<Finding>> {
    let path = folder.join("reference.json");
    let text = std::fs::read(&path).map_err(Error::read(&path))?;
    let incomplete = |what: &str| Error::File { path: path.clone(), problem: format!("has no usable `{what}`") };
    let json: Value = serde_json::from_slice(&text).map_err(Error::malformed(&path, "is not JSON"))?;
    let reference = json.get("finetune").ok_or_else(|| incomplete("finetune"))?;
    let settings = settings(&reference["hyperparameters"]).ok_or_else(|| incomplete("finetune.hyperparameters"))?;
    let numbers = |name: &str| -> Result<Vec<f64>> {
        let list = reference[name].as_array().ok_or_else(|| incomplete(name))?;
        Ok(list.iter().filter_map(Value::as_f64).collect())
    };
    let (losses, norms) = (numbers("loss_before_step")?, numbers("grad_norm")?);
    let prompt = json["prompt_tokens"].as_u64().ok_or_else(|| incomplete("prompt_tokens"))? as usize;
    let tensors = read_tensors(&folder.join("reference.safetensors"))?;
    let ids = tensors.get("input_ids").ok_or_else(|| incomplete("input_ids"))?.to_dtype(DType::U32)?;
    let rows = ids.to_vec2::<u32>()?;
    let rows: Vec<Sequence> = rows.into_iter().map(|tokens| Sequence { tokens, from: prompt }).collect();
    let batch: Vec<&Sequence> = rows.iter().collect();
    let weights = Weights::open(folder, &placement.device, placement.dtype)?.all()?;
    let mut trainer = Trainer::new(Config::read(folder)?, &weights, settings.clone())?;
    let (mut loss, mut norm) = (0f64, 0f64);
    let relative = |ours: f64, theirs: f64| (ours - theirs).abs() / theirs.abs();
    for (number, (expected_loss, expected_norm)) in losses.iter().zip(&norms).enumerate() {
        let step = trainer.step(&batch, settings.schedule.rate(number, losses.len()))?;
        loss = loss.max(relative(step.loss, *expected_loss));
        norm = norm.max(relative(step.gradient_norm, *expected_norm));
    }
    let finding = |what: &str, difference| Finding {
        what: format!("{what} of {} AdamW steps, relative", losses.len()),
        difference,
        allowed: ALLOWED,
    };
    Ok(vec![finding("loss", loss), finding("gradient length", norm)])
}

fn settings(given: &Value) -> Option<TrainSettings> {
    let number = |name: &str| given.get(name)?.as_f64();
    let schedule = Schedule {
        peak: number("lr")?,
        floor: number("min_lr_ratio")?,
        warmup: Warmup::Steps(number("warmup_steps")? as usize),
        shape: ScheduleShape::Cosine,
    };
    let optimiser = AdamW {
        beta1: given["betas"].get(0)?.as_f64()?,
        beta2: given["betas"].get(1)?.as_f64()?,
        eps: number("eps")?,
        decay: number("weight_decay")?,
        decay_vectors: true,
    };
    let length = Length::Steps(number("steps")? as usize);
    Some(TrainSettings {
        length,
        schedule,
        optimiser,
        clip: Some(number("max_grad_norm")?),
        ..TrainSettings::default()
    })
}
