//! What the names of folders say of the results in them.

use std::path::{Component, Path};

use super::settings::ImportSettings;
use crate::registry::{Adjustment, Condition};

/// The condition: what the settings give, and for the rest what the folders say:
/// `mmluaux` and `gsm8kaux` (or `mmlu-aux`, `gsm8k-aux`) name the adjustment; `e3` or `e1+2` directly above it the
/// epochs; `step_<n>` the checkpoint after n steps of [`ImportSettings::batch`] examples of the adjustment. Without an
/// adjustment a step is one of the model's own training, and no part of the condition.
pub(in crate::harness) fn condition(path: &Path, settings: &ImportSettings) -> Condition {
    let folders = folders(path);
    let named = folders.iter().rposition(|folder| adjustment(folder).is_some());
    let adjustment =
        settings.adjustment.clone().or_else(|| named.and_then(|at| adjustment(folders[at]))).unwrap_or_default();
    let above = named.and_then(|at| at.checked_sub(1)).and_then(|at| epochs(folders[at]));
    let step = folders.last().and_then(|folder| step_folder(folder)).filter(|_| adjustment != Adjustment::None);
    let examples = settings.examples.or_else(|| step.and_then(|step| step.checked_mul(settings.batch)));
    Condition { adjustment, epochs: settings.epochs.clone().or(above.map(str::to_owned)), examples }
}

/// The folders of a path, the outermost first.
pub(in crate::harness) fn folders(path: &Path) -> Vec<&str> {
    let mut names: Vec<&str> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_str().unwrap_or_default()),
            _ => None,
        })
        .collect();
    names.pop();
    names
}

fn adjustment(folder: &str) -> Option<Adjustment> {
    match folder {
        "mmluaux" | "mmlu-aux" => Some(Adjustment::MmluAux),
        "gsm8kaux" | "gsm8k-aux" => Some(Adjustment::Gsm8kAux),
        _ => None,
    }
}

/// `e3` is three epochs, `e1+2` one and then two more.
fn epochs(folder: &str) -> Option<&str> {
    let count = folder.strip_prefix('e')?;
    count.split('+').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())).then_some(count)
}

/// The number in `step_<n>`.
pub(in crate::harness) fn step_folder(folder: &str) -> Option<u64> {
    folder.strip_prefix("step_")?.parse().ok()
}

/// Whether a name says a number of examples and nothing else: `25shot`, `5-shot`, `0_shots`.
pub(in crate::harness) fn is_shots(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < name.len() && ["shot", "shots"].contains(&rest.trim_start_matches(['-', '_']))
}
