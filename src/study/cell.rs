//! One (model, seed): the unit of work, of restarting and of locking.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::settings::{ModelSource, Study, StudyModel};
use crate::registry::Condition;

/// Folder of the cells in the study's.
pub(super) const CELLS: &str = "cells";

/// Folders in a cell's own.
pub(super) const EVALUATIONS: &str = "evaluations";
pub(super) const TRAINING: &str = "training";

/// One model with one seed: evaluated as it is, fine-tuned, and evaluated at every checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Name, unique in the study, and of its folder.
    pub name: String,
    /// The model.
    pub model: StudyModel,
    /// The seed of its adjustment.
    pub seed: u64,
    /// The conditions under which it is evaluated, in the order they are reached.
    pub conditions: Vec<Condition>,
    /// Its folder.
    pub folder: PathBuf,
}

impl Cell {
    /// The cells of a study, models first. A model as released is the same for every seed: the cell of the first one
    /// evaluates it. A model that is not fine-tuned has one cell.
    pub fn all(study: &Study) -> Vec<Self> {
        let mut cells = Vec::with_capacity(study.models.len() * study.seeds.len());
        for model in study.models.iter().filter(|model| model.source != ModelSource::Imported) {
            let recipe = study.adjustment.as_ref().filter(|_| model.adjust);
            for (index, &seed) in study.seeds.iter().enumerate() {
                let mut conditions = Vec::new();
                if index == 0 {
                    conditions.push(Condition::unadjusted());
                }
                if let Some(recipe) = recipe {
                    conditions.extend(recipe.conditions());
                }
                if conditions.is_empty() {
                    continue;
                }
                let name = format!("{}--seed{seed}", folder_name(&model.name));
                let folder = study.output.join(CELLS).join(&name);
                cells.push(Self { name, model: model.clone(), seed, conditions, folder });
            }
        }
        cells
    }

    /// The file with its results.
    pub(crate) fn results(&self) -> PathBuf {
        self.folder.join("results.json")
    }

    pub(super) fn failure(&self) -> PathBuf {
        self.folder.join("failed.json")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }
}

/// `name` as the name of a folder on any system.
pub(super) fn folder_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let folder: String = name.chars().map(plain).collect();
    // A name that begins with a dot is hidden, and two of them are the folder above.
    folder.strip_prefix('.').map_or(folder.clone(), |rest| format!("_{rest}"))
}

/// SHA-256 of parts, each with its length before it so that no two lists of parts read alike, in hexadecimal.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// Fingerprint of a file or of all files in and below a folder: names, sizes, and the content of the first and last
/// 64 KiB of each. Weights of many gigabytes are not read as a whole.
///
/// # Errors
/// What the file system says.
pub(crate) fn fingerprint(path: &Path) -> std::io::Result<String> {
    let mut files = Vec::new();
    list(path, path, &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for (name, file) in files {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        ends(&file, &mut hash)?;
    }
    Ok(hex(&hash.finalize()))
}

fn list(root: &Path, path: &Path, files: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        files.push((name, path.to_owned()));
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            list(root, &entry.path(), files)?;
        }
    }
    Ok(())
}

fn ends(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    const END: u64 = 1 << 16;
    let mut file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    hash.update(size.to_le_bytes());
    let mut bytes = Vec::new();
    if size <= 2 * END {
        file.read_to_end(&mut bytes)?;
    } else {
        file.by_ref().take(END).read_to_end(&mut bytes)?;
        file.seek(SeekFrom::Start(size - END))?;
        file.take(END).read_to_end(&mut bytes)?;
    }
    hash.update(&bytes);
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
