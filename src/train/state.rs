//! What a run needs to go on as if it had never stopped: weights, moments, and how many steps were taken.
//!
//! A state is a folder `state/step-N` that appears complete or not at all; the one before it is removed afterwards. The
//! order of the data is a function of the settings and the step, so nothing else has to be kept. The fingerprint of
//! settings and data keeps a run from being continued with others.

use std::path::{Path, PathBuf};

use candle_core::DType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::checkpoint::write_json;
use super::sequence::Sequence;
use super::settings::TrainSettings;
use super::tensors::{read_tensors, write_tensors};
use super::trainer::Trainer;
use crate::error::{Error, Result};
use crate::registry::write;

/// What is written beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    version: String,
    step: usize,
    fingerprint: String,
}

/// Numbers of each tensor that tell one model from another.
const TELLING: usize = 64;

/// Hash of what determines the numbers of a run: settings, data, the model's config, and of the first weights names,
/// shapes and some values.
pub(super) fn fingerprint(settings: &TrainSettings, data: &[Sequence], trainer: &Trainer) -> Result<String> {
    // What changes no number may change between two parts of a run.
    let numbers = TrainSettings { recompute: false, checkpoints: Vec::new(), ..settings.clone() };
    let mut hash = Sha256::new();
    let text =
        serde_json::to_vec(&numbers).map_err(Error::encode("the settings of a run cannot be written as JSON"))?;
    hash.update(&text);
    for sequence in data {
        hash.update((sequence.tokens.len() as u64).to_le_bytes());
        hash.update((sequence.from as u64).to_le_bytes());
        sequence.tokens.iter().for_each(|token| hash.update(token.to_le_bytes()));
    }
    hash.update(format!("{:?}\n", trainer.decoder().config()));
    for (name, tensor) in trainer.trained().iter().chain(trainer.base()) {
        hash.update(format!("{name} {:?} {:?}\n", tensor.dims(), tensor.dtype()));
        let values = tensor.flatten_all()?.narrow(0, 0, TELLING.min(tensor.elem_count()))?;
        let values = values.to_dtype(DType::F32)?.to_vec1::<f32>()?;
        values.iter().for_each(|value| hash.update(value.to_le_bytes()));
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Saves the state of `trainer` below `folder`.
pub(super) fn save(folder: &Path, trainer: &Trainer, fingerprint: &str) -> Result<()> {
    let states = folder.join("state");
    let path = states.join(format!("step-{:09}", trainer.steps_taken()));
    let older = found(&states)?;
    // The same run makes the same bits: what is there need not be put at risk by being replaced.
    if older.iter().any(|(_, old)| *old == path) {
        return Ok(());
    }
    write::folder(&path, |path| {
        write_tensors(&path.join("weights.safetensors"), &trainer.trained())?;
        write_tensors(&path.join("moments.safetensors"), &trainer.moments()?)?;
        let header = Header {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            step: trainer.steps_taken(),
            fingerprint: fingerprint.to_owned(),
        };
        match serde_json::to_value(header) {
            Ok(Value::Object(header)) => write_json(&path.join("state.json"), &header),
            _ => Err(Error::File { path: path.join("state.json"), problem: "cannot be written as JSON".to_owned() }),
        }
    })?;
    for (_, old) in older {
        std::fs::remove_dir_all(&old).map_err(Error::write(&old))?;
    }
    Ok(())
}

/// Gives `trainer` the last state below `folder`; whether there was one. What a run that was killed while it saved left
/// half-written there is removed.
pub(super) fn restore(folder: &Path, trainer: &mut Trainer, fingerprint: &str) -> Result<bool> {
    write::sweep(&folder.join("state"));
    let Some((_, path)) = found(&folder.join("state"))?.into_iter().max() else { return Ok(false) };
    let header = path.join("state.json");
    let bytes = std::fs::read(&header).map_err(Error::read(&header))?;
    let state: Header =
        serde_json::from_slice(&bytes).map_err(Error::malformed(&header, "is not the state of a run"))?;
    if state.fingerprint != fingerprint {
        let problem = "belongs to a run with other settings, data or model; use another folder for this one";
        return Err(Error::File { path: header, problem: problem.to_owned() });
    }
    let weights = read_tensors(&path.join("weights.safetensors"))?;
    let moments = read_tensors(&path.join("moments.safetensors"))?;
    trainer.restore(state.step, &weights, &moments)?;
    Ok(true)
}

/// Complete states and their steps.
fn found(states: &Path) -> Result<Vec<(usize, PathBuf)>> {
    if !states.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(states).map_err(Error::read(states))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let step = |path: &Path| path.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok();
    Ok(paths.filter_map(|path| Some((step(&path)?, path))).collect())
}
