//! The recipe of a run as data; everything else is as published.

use serde::{Deserialize, Serialize};

use super::adamw::AdamW;
use super::lora::Lora;
use super::schedule::{Schedule, Warmup};
use crate::error::{Error, Result};

/// Numbers of task examples after which the published runs were evaluated: 64 times their steps.
pub(crate) const PAPER_CHECKPOINTS: [usize; 15] = [
    640, 1_920, 6_400, 16_000, 32_000, 64_000, 128_000, 160_000, 192_000, 256_000, 320_000, 640_000, 960_000,
    1_280_000, 1_600_000,
];

/// How a model is trained. Settings that change a number are saved with a run, and a run resumes only with the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Sequences per optimiser step.
    pub batch: usize,
    /// When the run ends.
    pub length: Length,
    /// The learning rate.
    pub schedule: Schedule,
    /// The optimiser.
    pub optimiser: AdamW,
    /// Gradients longer than this, over all parameters together, are scaled down to it.
    pub clip: Option<f64>,
    /// Source of the order of the data and of new adapters.
    pub seed: u64,
    /// Whether each epoch has an order of its own; otherwise all have that of the data.
    pub shuffle: bool,
    /// Tokens of one forward pass: a step goes through its sequences in as many passes as that takes, shortest
    /// sequences first. Bounds memory.
    pub pass_tokens: usize,
    /// Whether activations inside layers are computed again on the way back instead of kept. Changes no number.
    pub recompute: bool,
    /// Small matrices that are trained instead of the model's own.
    pub lora: Option<Lora>,
    /// Numbers of sequences after which [`Observer::on_checkpoint`](super::Observer::on_checkpoint) is called; the end
    /// of the run always is one.
    pub checkpoints: Vec<usize>,
}

/// When a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Length {
    /// After the data were seen so often.
    Epochs(usize),
    /// After so many optimiser steps.
    Steps(usize),
}

impl Default for TrainSettings {
    fn default() -> Self {
        Self {
            batch: 64,
            length: Length::Epochs(1),
            schedule: Schedule::default(),
            optimiser: AdamW::default(),
            clip: Some(1.0),
            seed: 0,
            shuffle: true,
            pass_tokens: 2048,
            recompute: false,
            lora: None,
            checkpoints: PAPER_CHECKPOINTS.to_vec(),
        }
    }
}

impl TrainSettings {
    /// Fails for what cannot train anything.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |problem: String| Err(Error::Argument(problem));
        let Schedule { peak, floor, warmup, .. } = self.schedule;
        if !(peak > 0.0 && peak.is_finite()) {
            return refuse(format!("a learning rate of {peak} trains nothing: it must be above 0"));
        }
        if !(0.0..=1.0).contains(&floor) {
            return refuse(format!("the floor of the learning rate is {floor}: it is a share of the peak, 0 to 1"));
        }
        if let Warmup::Share(share) = warmup
            && !(0.0..=1.0).contains(&share)
        {
            return refuse(format!("the warm-up is {share}: it is a share of all steps, 0 to 1"));
        }
        if matches!(self.length, Length::Epochs(0) | Length::Steps(0)) {
            return refuse("a run of no steps trains nothing".to_owned());
        }
        if self.batch == 0 || self.pass_tokens == 0 {
            return refuse("a batch needs at least one sequence, and a forward pass at least one token".to_owned());
        }
        if let Some(clip) = self.clip.filter(|clip| !(*clip > 0.0)) {
            return refuse(format!("gradients cannot be clipped to a length of {clip}"));
        }
        if let Some(lora) = &self.lora {
            lora.check()?;
        }
        self.optimiser.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_back_and_what_is_left_out_is_as_published() {
        let settings = TrainSettings { batch: 8, lora: Some(Lora::default()), ..TrainSettings::default() };
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<TrainSettings>(&text).unwrap(), settings);
        let few = r#"{"batch": 8, "schedule": {"peak": 0.001}}"#;
        let schedule = Schedule { peak: 0.001, ..Schedule::default() };
        let expected = TrainSettings { batch: 8, schedule, ..TrainSettings::default() };
        assert_eq!(serde_json::from_str::<TrainSettings>(few).unwrap(), expected);
    }

    #[test]
    fn a_misspelt_setting_is_refused() {
        let error = serde_json::from_str::<TrainSettings>(r#"{"batsh": 8}"#).unwrap_err().to_string();
        assert!(error.contains("batsh"), "{error}");
    }
}
