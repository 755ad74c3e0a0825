//! What the models of all files are called, once all of them are known.

use std::collections::{BTreeMap, BTreeSet};

use super::apart::{Shared, keep_apart, revisions};
use super::file::Evaluated;
use super::imported::Warning;
use super::progress::Progress;
use super::rename;
use super::settings::ImportSettings;
use crate::registry::names::may_be_of_one_organisation;
use crate::registry::{Adjustment, Known, Models, tokens_per_step};

/// The files with the names of their models in all rows, and what there is to say of these.
pub(super) struct Named {
    pub evaluated: Vec<Evaluated>,
    pub collisions: Vec<String>,
    pub notes: Vec<String>,
    pub params: BTreeMap<String, u64>,
}

/// Gives all rows their models' names and revisions. Files of models that are not registered are left out.
pub(super) fn assign(mut files: Vec<Evaluated>, settings: &ImportSettings, warnings: &mut Vec<Warning>) -> Named {
    let mut used = BTreeSet::new();
    if let Some(model) = &settings.model {
        for file in &mut files {
            file.subject.name.clone_from(model);
            (file.subject.place, file.subject.unsaid) = (None, None);
        }
    }
    let mut notes: Vec<String> = after_results(&files).into_iter().collect();
    notes.extend(revisions(&mut files));
    // Names that two models share are first told apart, so that each can be renamed.
    let shared = keep_apart(&mut files);
    let mut renamed = BTreeSet::new();
    let before: Vec<String> = files.iter().map(|file| file.subject.name.clone()).collect();
    for subject in files.iter_mut().map(|file| &mut file.subject) {
        let names = [subject.called.as_str(), subject.place.as_deref().unwrap_or_default(), subject.name.as_str()];
        if let Some((old, new)) = settings.rename.find(&names) {
            used.insert(old.to_owned());
            renamed.insert(std::mem::replace(&mut subject.name, new.to_owned()));
        }
    }
    let unnamed = |one: &&Shared| one.places.iter().any(|(_, longer)| !renamed.contains(longer));
    let mut collisions: Vec<String> = shared.iter().filter(unnamed).map(Shared::sentence).collect();
    collisions.extend(rename::keep_apart(&mut files, &before));
    for old in settings.rename.old().filter(|old| !used.contains(*old)) {
        warnings.push(Warning { what: old.to_owned(), why: "no model has this name, so it is not renamed".into() });
    }
    notes.extend(register(&mut files, settings.models.as_ref(), warnings, &mut collisions));
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

/// Says of which evaluations the model's name is that of their results' folder or file.
fn after_results(files: &[Evaluated]) -> Option<String> {
    let of = |file: &Evaluated| (file.subject.called.clone(), file.subject.name.clone());
    let named: BTreeSet<(String, String)> = files
        .iter()
        .filter(|file| file.subject.unsaid.is_some() && file.subject.called != file.subject.name)
        .map(of)
        .collect();
    let (called, name) = named.first()?;
    let more = if named.len() > 1 { format!(" (and {} more like it)", named.len() - 1) } else { String::new() };
    let what = if called.is_empty() {
        "an evaluation names no model".to_owned()
    } else {
        format!("`{called}` names no model")
    };
    Some(format!(
        "{what}, so it is called `{name}` after the folder or file of its results{more}; --rename gives another name"
    ))
}

/// Gives models their registered names, and leaves out those that have none. Models of two organisations are never taken
/// for one.
fn register(
    files: &mut Vec<Evaluated>,
    models: Option<&Models>,
    warnings: &mut Vec<Warning>,
    collisions: &mut Vec<String>,
) -> Vec<String> {
    let Some(models) = models else { return Vec::new() };
    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut taken: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter() {
        if let Known::As(model, _) = models.find(&file.subject.name) {
            taken.entry(&model.name).or_default().insert(file.subject.name.clone());
        }
    }
    taken.retain(|_, names| {
        let apart = |one: &String| names.iter().any(|other| !may_be_of_one_organisation(one, other));
        names.iter().any(apart)
    });
    for (model, names) in &taken {
        let names = names.iter().cloned().collect::<Vec<_>>().join("`, `");
        collisions.push(format!(
            "`{names}` would all be `{model}` of the table of models, and are of different organisations; each keeps its own name; \
             --rename says which is meant"
        ));
    }
    let mut joined = BTreeSet::new();
    files.retain_mut(|file| match models.find(&file.subject.name) {
        Known::As(model, exact) => {
            let several = taken.contains_key(model.name.as_str());
            if !exact && !several {
                joined.insert(format!("`{}` is taken for `{}` of the table of models", file.subject.name, model.name));
            }
            if exact || !several {
                file.subject.name.clone_from(&model.name);
            }
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

/// Gives checkpoints of a training run the tokens they had seen, and says of which these are not known, and why.
fn count_tokens(files: &mut [Evaluated], settings: &ImportSettings) -> Vec<String> {
    let (mut unknown, mut unsure, mut later) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut contradicted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for file in files {
        let Some(revision) = file.subject.revision.as_deref() else { continue };
        let progress = Progress::of(revision);
        let known = tokens_per_step(&file.subject.name).filter(|_| progress.branch);
        let count =
            |per_step: Option<u64>| per_step.zip(progress.step).and_then(|(tokens, step)| tokens.checked_mul(step));
        // What is published of the run, or its own name says, counts before a number given for all runs of a folder.
        let (said, given) = (count(known).or(progress.tokens), count(settings.tokens_per_step));
        // A name's own number is rounded.
        let exact = given.filter(|given| progress.tokens.is_none_or(|said| rounds_to(*given, said)));
        let tokens = count(known).or(exact).or(said);
        if let (Some(said), Some(given)) = (said, given)
            && !rounds_to(given, said)
        {
            let at = format!("{} at {revision}", file.subject.name);
            contradicted.entry(at).or_insert((said, given));
        }
        let trained = |row: &crate::registry::Observation| {
            row.condition.adjustment == Adjustment::None && row.setup.adapter.is_none()
        };
        for row in file.rows.iter_mut().filter(|row| trained(row)) {
            row.setup.tokens_seen = tokens;
            let at = || format!("{} at {revision}", row.model);
            match progress {
                Progress { unsure: true, .. } => _ = unsure.insert(at()),
                Progress { later: true, .. } => _ = later.insert(at()),
                Progress { step: Some(_), .. } if tokens.is_none() => _ = unknown.insert(at()),
                Progress { .. } => {}
            }
        }
    }
    let which = |of: &BTreeSet<String>| {
        let first = of.first()?.clone();
        Some(if of.len() == 1 { first } else { format!("{} checkpoints ({first}, …)", of.len()) })
    };
    let none_counted = "no tokens are counted; the column tokens_seen of the table takes them";
    let sentences = [
        which(&unknown)
            .map(|which| format!("nothing says how many training tokens {which} had seen; --tokens-per-step does")),
        which(&unsure).map(|which| format!("what the number counts is not sure in {which}, so {none_counted}")),
        which(&later).map(|which| format!("steps begin anew after pretraining, as in {which}, so {none_counted}")),
    ];
    let of_contradicted: BTreeSet<String> = contradicted.keys().cloned().collect();
    let contradiction = which(&of_contradicted).zip(contradicted.values().next()).map(|(which, (said, given))| {
        format!(
            "--tokens-per-step does not count in {which}: the run is known to have seen {said} tokens there, and not {given}"
        )
    });
    sentences.into_iter().flatten().chain(contradiction).collect()
}

/// Whether a number of tokens may be written as this one: names say `4B` for 4,194,304,000.
fn rounds_to(tokens: u64, written: u64) -> bool {
    tokens.abs_diff(written) as f64 <= 0.1 * written as f64
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
