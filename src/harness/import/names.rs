//! What the models of all files are called, once all of them are known.

use std::collections::{BTreeMap, BTreeSet};

use super::file::Evaluated;
use super::imported::Warning;
use super::settings::ImportSettings;
use super::subject::{Progress, shortest_ends};
use crate::registry::{Adjustment, Condition, Known, Models, tokens_per_step};

/// The files with the names of their models in all rows, and what there is to say of these.
pub(super) struct Named {
    pub evaluated: Vec<Evaluated>,
    pub collisions: Vec<String>,
    pub notes: Vec<String>,
    pub params: BTreeMap<String, u64>,
}

/// Gives all rows their models' names and revisions. Files of models that are not registered are left out.
pub(super) fn assign(mut files: Vec<Evaluated>, settings: &ImportSettings, warnings: &mut Vec<Warning>) -> Named {
    let mut collisions = Vec::new();
    let mut used = BTreeSet::new();
    if let Some(model) = &settings.model {
        for file in &mut files {
            file.subject.name.clone_from(model);
            file.subject.place = None;
        }
    }
    // Names that two folders share are first told apart, so that each can be renamed.
    let shared = keep_apart(&mut files);
    let mut renamed = BTreeSet::new();
    for subject in files.iter_mut().map(|file| &mut file.subject) {
        let names = [subject.called.as_str(), subject.place.as_deref().unwrap_or_default(), subject.name.as_str()];
        if let Some((old, new)) = settings.rename.find(&names) {
            used.insert(old.to_owned());
            renamed.insert(std::mem::replace(&mut subject.name, new.to_owned()));
        }
    }
    for (name, places) in shared {
        if places.iter().any(|(_, longer)| !renamed.contains(longer)) {
            let places: Vec<String> = places.iter().map(|(place, longer)| format!("{longer} ({place})")).collect();
            let what = format!("`{name}` is the name of {} folders, kept apart as {}", places.len(), places.join(", "));
            collisions.push(format!("{what}; --rename gives them names"));
        }
    }
    for old in settings.rename.old().filter(|old| !used.contains(*old)) {
        warnings.push(Warning { what: old.to_owned(), why: "no model has this name, so it is not renamed".into() });
    }
    let mut notes = register(&mut files, settings.models.as_ref(), warnings);
    for file in &mut files {
        for row in &mut file.rows {
            row.model.clone_from(&file.subject.name);
            row.setup.revision.clone_from(&file.subject.revision);
        }
    }
    notes.extend(count_tokens(&mut files, settings));
    let params = if settings.models.is_some() { BTreeMap::new() } else { params(&files) };
    Named { evaluated: files, collisions, notes, params }
}

/// The models in different folders that would share a name, by that name: their folders and the longer names they now have.
fn keep_apart(files: &mut [Evaluated]) -> BTreeMap<String, Vec<(String, String)>> {
    // An adjusted model may well be in a folder of its own and have the name of what it was adjusted from.
    let mut places: BTreeMap<(String, Condition), BTreeSet<String>> = BTreeMap::new();
    for file in files.iter() {
        if let Some(place) = &file.subject.place {
            places.entry((file.subject.name.clone(), condition(file))).or_default().insert(place.clone());
        }
    }
    places.retain(|_, places| places.len() > 1);
    let mut shared: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for ((name, _), places) in &places {
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        for (place, longer) in places.iter().zip(shortest_ends(&places)) {
            let known = shared.entry(name.clone()).or_default();
            if !known.iter().any(|(at, _)| at == place) {
                known.push(((*place).to_owned(), longer));
            }
        }
    }
    for file in files {
        let key = (file.subject.name.clone(), condition(file));
        let longer = places.get(&key).and_then(|_| {
            let (_, longer) = shared.get(&key.0)?.iter().find(|(at, _)| Some(at) == file.subject.place.as_ref())?;
            Some(longer.clone())
        });
        if let Some(longer) = longer {
            file.subject.name = longer;
        }
    }
    shared
}

fn condition(file: &Evaluated) -> Condition {
    file.rows.first().map(|row| row.condition.clone()).unwrap_or_default()
}

/// Gives models their registered names, and leaves out those that have none.
fn register(files: &mut Vec<Evaluated>, models: Option<&Models>, warnings: &mut Vec<Warning>) -> Vec<String> {
    let Some(models) = models else { return Vec::new() };
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut joined = BTreeSet::new();
    files.retain_mut(|file| match models.find(&file.subject.name) {
        Known::As(model, exact) => {
            if !exact {
                joined.insert(format!("`{}` is taken for `{}` of the table of models", file.subject.name, model.name));
            }
            file.subject.name.clone_from(&model.name);
            true
        }
        Known::No => {
            *unknown.entry(file.subject.name.clone()).or_default() += 1;
            false
        }
    });
    for (model, count) in unknown {
        let files = if count == 1 { "1 file" } else { &format!("{count} files") };
        let why = format!("not in the table of models, so its compute is not known; {files} left out");
        warnings.push(Warning { what: model, why });
    }
    joined.into_iter().collect()
}

/// Gives checkpoints of a training run the tokens they had seen, and says of which these are not known.
fn count_tokens(files: &mut [Evaluated], settings: &ImportSettings) -> Option<String> {
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    for file in files {
        let Some(revision) = file.subject.revision.as_deref() else { continue };
        let progress = Progress::of(revision);
        let Some(step) = progress.step else { continue };
        let published = || tokens_per_step(&file.subject.name).filter(|_| progress.branch);
        let per_step = settings.tokens_per_step.or_else(published);
        let tokens = per_step.and_then(|tokens| tokens.checked_mul(step)).or(progress.tokens);
        let trained = |row: &crate::registry::Observation| {
            row.condition.adjustment == Adjustment::None && row.setup.adapter.is_none()
        };
        for row in file.rows.iter_mut().filter(|row| trained(row)) {
            row.setup.tokens_seen = tokens;
            if tokens.is_none() {
                unknown.insert(format!("{} at {revision}", row.model));
            }
        }
    }
    let first = unknown.first()?;
    let all = unknown.len();
    let which = if all == 1 { first.clone() } else { format!("{all} checkpoints ({first}, …)") };
    Some(format!("nothing says how many training tokens {which} had seen; --tokens-per-step does"))
}

/// The numbers of parameters of these models; none where files differ.
fn params(files: &[Evaluated]) -> BTreeMap<String, u64> {
    let mut known: BTreeMap<&str, Option<u64>> = BTreeMap::new();
    for file in files {
        let (Some(params), Some(row)) = (file.params, file.rows.first()) else { continue };
        let told = known.entry(&row.model).or_insert(Some(params));
        *told = told.filter(|told| *told == params);
    }
    known.into_iter().filter_map(|(model, params)| Some((model.to_owned(), params?))).collect()
}
