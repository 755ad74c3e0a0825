//! What a run needs to go on as if it had never stopped: weights, moments, and how many steps were taken.
//!
//! A state is a folder `state/step-N` that appears complete or not at all. The last [`KEPT`] stay: each carries the SHA-256
//! of its files, and one that is damaged is left for the one before. The order of the data is a function of the settings and the step, so nothing else has to be kept. The fingerprint of
//! settings and data keeps a run from being continued with others.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::checkpoint::write_json;
use super::sequence::Sequence;
use super::settings::TrainSettings;
use super::tensors::{read_tensors, write_tensors};
use super::trainer::Trainer;
use crate::error::{Error, Result};
use crate::registry::{disk, write};

/// What is written beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    version: String,
    step: usize,
    fingerprint: String,
    /// SHA-256 of the files; none in states of earlier versions, which are believed.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// SHA-256 of all the above.
    #[serde(default)]
    sum: String,
}

impl Header {
    fn sum(&self) -> String {
        let Self { version, step, fingerprint, files, .. } = self;
        digest(format!("{version}\n{step}\n{fingerprint}\n{files:?}").as_bytes())
    }
}

/// States that stay: the last, and the one before it should the last be damaged.
const KEPT: usize = 2;

const HEADER: &str = "state.json";
const WEIGHTS: &str = "weights.safetensors";
const MOMENTS: &str = "moments.safetensors";

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of a file, read piece by piece.
fn digest_of(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut file = disk::reading(path, || std::fs::File::open(path)).map_err(Error::read(path))?;
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).map_err(Error::read(path))? {
            0 => break,
            count => hash.update(&piece[..count]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
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
        write_tensors(&path.join(WEIGHTS), &trainer.trained())?;
        write_tensors(&path.join(MOMENTS), &trainer.moments()?)?;
        let digests = [WEIGHTS, MOMENTS].map(|name| Ok((name.to_owned(), digest_of(&path.join(name))?)));
        let mut header = Header {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            step: trainer.steps_taken(),
            fingerprint: fingerprint.to_owned(),
            files: digests.into_iter().collect::<Result<_>>()?,
            sum: String::new(),
        };
        header.sum = header.sum();
        match serde_json::to_value(header) {
            Ok(Value::Object(header)) => write_json(&path.join(HEADER), &header),
            _ => Err(Error::File { path: path.join(HEADER), problem: "cannot be written as JSON".to_owned() }),
        }
    })?;
    let mut older = older;
    older.sort();
    for (_, old) in older.iter().rev().skip(KEPT - 1) {
        disk::remove(old).map_err(Error::write(old))?;
    }
    Ok(())
}

/// Gives `trainer` the last state below `folder` that is whole; `damaged` is told of each that is not. Whether there was
/// one. What a run that was killed while it saved left half-written there is removed.
pub(super) fn restore(
    folder: &Path,
    trainer: &mut Trainer,
    fingerprint: &str,
    damaged: &mut dyn FnMut(&Error) -> Result<()>,
) -> Result<bool> {
    let states = folder.join("state");
    write::sweep(&states);
    let mut found = found(&states)?;
    found.sort();
    let (mut broken, mut first): (Vec<(PathBuf, Error)>, Option<Error>) = (Vec::new(), None);
    for (step, path) in found.iter().rev().cloned() {
        let loaded = match load(&path, step, fingerprint)? {
            Ok((weights, moments)) => trainer.restore(step, &weights, &moments),
            Err(error) => Err(error),
        };
        match loaded {
            Ok(()) => {
                for (path, error) in broken {
                    damaged(&error)?;
                    disk::remove(&path).map_err(Error::write(&path))?;
                }
                // A run that was stopped between its last state and the removal of the oldest one.
                let whole = found.iter().rev().filter(|(_, path)| path.is_dir());
                for (_, old) in whole.skip(KEPT) {
                    disk::remove(old).map_err(Error::write(old))?;
                }
                return Ok(true);
            }
            Err(error) => {
                first.get_or_insert_with(|| error.clone());
                broken.push((path, error));
            }
        }
    }
    match first {
        None => Ok(false),
        Some(error) => Err(Error::Helped {
            source: error.into(),
            help: format!("no state is whole: remove {} to begin anew", states.display()),
        }),
    }
}

type Tensors = BTreeMap<String, Tensor>;

/// The numbers of a state, or what is wrong with it. The outer error is a state of another run.
fn load(path: &Path, step: usize, fingerprint: &str) -> Result<Result<(Tensors, Tensors)>> {
    let at = path.join(HEADER);
    let damaged = |file: &str| Error::File { path: path.join(file), problem: "is damaged".to_owned() };
    let header = disk::read(&at).map_err(Error::read(&at)).and_then(|bytes| {
        serde_json::from_slice::<Header>(&bytes).map_err(Error::malformed(&at, "is not the state of a run"))
    });
    let header = match header {
        Ok(header) => header,
        Err(error) => return Ok(Err(error)),
    };
    if header.step != step || (!header.sum.is_empty() && header.sum != header.sum()) {
        return Ok(Err(damaged(HEADER)));
    }
    if header.fingerprint != fingerprint {
        let problem = "belongs to a run with other settings, data or model; use another folder for this one";
        return Err(Error::File { path: at, problem: problem.to_owned() });
    }
    Ok(header
        .files
        .iter()
        .try_for_each(|(name, sum)| if digest_of(&path.join(name))? == *sum { Ok(()) } else { Err(damaged(name)) })
        .and_then(|()| Ok((read_tensors(&path.join(WEIGHTS))?, read_tensors(&path.join(MOMENTS))?))))
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

/// Reads any bytes as a state: a line of JSON, and what both files of numbers hold. `folder` is filled with them.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any(folder: &Path, bytes: &[u8]) -> bool {
    let states = folder.join("state");
    let path = states.join("step-000000001");
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let numbers = bytes.get(end + 1..).unwrap_or_default();
    std::fs::create_dir_all(&path).expect("made");
    for (name, content) in [(HEADER, &bytes[..end]), (WEIGHTS, numbers), (MOMENTS, numbers)] {
        std::fs::write(path.join(name), content).expect("written");
    }
    let listed = found(&states).expect("listed");
    assert_eq!(listed, [(1, path.clone())]);
    matches!(load(&path, 1, "f"), Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_state_is_read_or_refused_and_a_changed_byte_of_one_with_checksums_is_found() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/state");
        let folder = tempfile::tempdir().expect("a folder");
        let mut count = 0;
        for entry in std::fs::read_dir(&corpus).expect("a folder") {
            let entry = entry.expect("an entry");
            let whole = std::fs::read(entry.path()).expect("there");
            let sealed = entry.file_name() == "whole";
            assert_eq!(read_any(folder.path(), &whole), entry.file_name() != "shape", "{entry:?}");
            for at in 0..whole.len() {
                let _ = read_any(folder.path(), &whole[..at]);
                for value in [0, 0xff, whole[at] ^ 1, b'9'] {
                    let mut changed = whole.clone();
                    changed[at] = value;
                    let read = read_any(folder.path(), &changed);
                    // White space and the names of entries in JSON carry no checksum.
                    let end = whole.iter().position(|byte| *byte == b'\n').expect("a line");
                    assert!(!(sealed && read && at > end && changed != whole), "byte {at}");
                }
            }
            count += 1;
        }
        assert!(count >= 3, "{count} files");
    }
}
