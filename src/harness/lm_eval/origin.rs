//! Which model a results file belongs to, and under what condition it was evaluated, from names of file and folders.

use std::path::{Component, Path};

use super::file::{ModelArgs, ResultsFile};
use super::settings::ImportSettings;
use crate::registry::{Adjustment, Condition};

/// Name of the model, in the first of these that applies:
///
/// 1. the one given in the settings;
/// 2. `<model>-<task>.json`, where the file has that task or group (its name has no dash);
/// 3. `<model>/step_<n>/<task>.json`;
/// 4. what the file records: `model_name`, then `config.model_args`; a path counts by its last folder that is no
///    `step_<n>`;
/// 5. the folder `<organisation>__<model>` the file is in;
/// 6. the file's own name.
pub(super) fn model(file: &ResultsFile<'_>, path: &Path, settings: &ImportSettings) -> String {
    if let Some(model) = &settings.model {
        return model.clone();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let has = |task: &str| {
        let scored = file.results.as_ref().is_some_and(|results| results.get(task).is_some());
        scored || file.group_subtasks.as_ref().is_some_and(|groups| groups.get(task).is_some())
    };
    if let Some((model, task)) = stem.rsplit_once('-')
        && !model.is_empty()
        && has(task)
    {
        return model.to_owned();
    }
    let folders = folders(path);
    if let [.., model, step] = folders.as_slice()
        && step_number(step).is_some()
    {
        return (*model).to_owned();
    }
    let recorded = file.model_name.as_ref().map(|name| name.0.as_ref());
    let loaded = file.config.as_ref().and_then(|config| config.model_args.as_ref()).and_then(ModelArgs::model);
    if let Some(name) = recorded.or(loaded).map(str::trim).filter(|name| !name.is_empty()) {
        return plain_name(name);
    }
    match folders.last().and_then(|folder| folder.split_once("__")) {
        Some((organisation, model)) => format!("{organisation}/{model}"),
        None => stem.into_owned(),
    }
}

/// The condition: what the settings give, and for the rest what the folders say:
/// `mmluaux` and `gsm8kaux` (or `mmlu-aux`, `gsm8k-aux`) name the adjustment; `e3` or `e1+2` directly above it the
/// epochs; `step_<n>` the checkpoint after n steps of [`ImportSettings::batch`] examples.
///
/// # Errors
/// A sentence, when there is a checkpoint but nothing says what it was trained on.
pub(in crate::harness) fn condition(path: &Path, settings: &ImportSettings) -> Result<Condition, String> {
    let folders = folders(path);
    let named = folders.iter().rposition(|folder| adjustment(folder).is_some());
    let adjustment =
        settings.adjustment.clone().or_else(|| named.and_then(|at| adjustment(folders[at]))).unwrap_or_default();
    let above = named.and_then(|at| at.checked_sub(1)).and_then(|at| epochs(folders[at]));
    let step = folders.last().and_then(|folder| step_number(folder));
    if step.is_some() && adjustment == Adjustment::None {
        return Err("a checkpoint, but nothing says what it was fine-tuned on (give --adjustment)".into());
    }
    let examples = settings.examples.or_else(|| step.and_then(|step| step.checked_mul(settings.batch)));
    Ok(Condition { adjustment, epochs: settings.epochs.clone().or(above.map(str::to_owned)), examples })
}

fn folders(path: &Path) -> Vec<&str> {
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

fn step_number(folder: &str) -> Option<u64> {
    folder.strip_prefix("step_")?.parse().ok()
}

/// A hub name stays as it is (`meta-llama/Llama-2-7b-hf`); a path becomes its last folder that is no `step_<n>`.
fn plain_name(name: &str) -> String {
    let parts: Vec<&str> = name.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    let is_hub_name = parts.len() == 2 && !name.starts_with(['/', '.', '~']) && !name.ends_with('/');
    if is_hub_name && step_number(parts[1]).is_none() {
        return name.to_owned();
    }
    parts
        .iter()
        .rev()
        .find(|part| step_number(part).is_none())
        .map_or_else(|| name.to_owned(), |part| (*part).to_owned())
}
