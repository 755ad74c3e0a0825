//! What keeps evaluations apart that would share a model's name and may be of two models.
//!
//! Nothing is decided here by a date: where two evaluations may be of different models, both are kept under names of their
//! own, and the pair is listed.

use std::collections::{BTreeMap, BTreeSet};

use super::file::Evaluated;
use super::subject::shortest_ends;
use crate::registry::Condition;

/// A name that may be that of several models, and what these are called now.
pub(super) struct Shared {
    pub name: String,
    /// Where each is from, and its longer name.
    pub places: Vec<(String, String)>,
    /// What is shared, for the sentence about it.
    pub why: Why,
}

pub(super) enum Why {
    /// Two folders of models.
    Folders,
    /// Evaluations that do not say which model they are of.
    Unsaid,
    /// Two numbers of parameters.
    Sizes,
}

impl Shared {
    pub(super) fn sentence(&self) -> String {
        let (name, count) = (&self.name, self.places.len());
        let places: Vec<String> = self.places.iter().map(|(place, longer)| format!("{longer} ({place})")).collect();
        let longer: Vec<&str> = self.places.iter().map(|(_, longer)| longer.as_str()).collect();
        let what = match self.why {
            Why::Folders => format!("`{name}` is the name of {count} folders, kept apart as {}", places.join(", ")),
            Why::Unsaid => format!(
                "`{name}` may be {count} models: the evaluations do not say which they are of; kept apart as {}",
                longer.join(", ")
            ),
            Why::Sizes => format!("`{name}` has {count} numbers of parameters; kept apart as {}", places.join(", ")),
        };
        format!("{what}; --rename gives them names")
    }
}

/// Gives files that may be of different models different names, and says which names were shared.
pub(super) fn keep_apart(files: &mut [Evaluated]) -> Vec<Shared> {
    apart_by_file(files);
    let mut shared = by_place(files);
    shared.extend(by_size(files));
    shared
}

fn condition(file: &Evaluated) -> Condition {
    file.rows.first().map(|row| row.condition.clone()).unwrap_or_default()
}

fn adapter(file: &Evaluated) -> Option<String> {
    file.rows.first().and_then(|row| row.setup.adapter.clone())
}

/// Weights in folders that differ only in words that say nothing (`run/out`, `run/hf`), and commits of one branch, become
/// revisions. The sentences about the commits.
pub(super) fn revisions(files: &mut [Evaluated]) -> Vec<String> {
    let of = |file: &Evaluated| (file.subject.name.clone(), file.subject.place.clone(), condition(file), adapter(file));
    let mut within: BTreeMap<_, BTreeSet<Option<String>>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.subject.place.is_some()) {
        within.entry((of(file), file.subject.revision.clone())).or_default().insert(file.subject.within.clone());
    }
    for file in files.iter_mut() {
        let several = within.get(&(of(file), file.subject.revision.clone())).is_some_and(|all| all.len() > 1);
        if several && let Some(within) = &file.subject.within {
            file.subject.revision = Some(within.clone());
        }
    }
    let mut commits: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter() {
        if let Some(commit) = &file.subject.commit {
            commits.entry((of(file), file.subject.revision.clone())).or_default().insert(commit.clone());
        }
    }
    commits.retain(|_, all| all.len() > 1);
    let mut told = BTreeSet::new();
    for file in files {
        let key = (of(file), file.subject.revision.clone());
        if let (Some(commit), Some(all)) = (&file.subject.commit, commits.get(&key)) {
            told.insert((file.subject.name.clone(), all.len()));
            let branch = file.subject.revision.iter().map(|branch| format!("{branch}/"));
            file.subject.revision = Some(branch.chain([commit.clone()]).collect());
        }
    }
    let sentence = |(name, count)| {
        format!("`{name}` was evaluated at {count} commits of its weights; they are kept apart in the column revision")
    };
    told.into_iter().map(sentence).collect()
}

/// Of files that do not say which model they are of, those that scored the same task are of one model only if the scores
/// are copies: all of that folder are told apart by their files.
fn apart_by_file(files: &mut [Evaluated]) {
    type Place = (String, Condition, String, Option<String>);
    let place = |file: &Evaluated| -> Option<Place> {
        let subject = &file.subject;
        Some((subject.name.clone(), condition(file), subject.unsaid.as_ref()?.at.clone(), subject.revision.clone()))
    };
    let mut scores: BTreeMap<(Place, String, String, String), BTreeSet<String>> = BTreeMap::new();
    let mut several: BTreeSet<Place> = BTreeSet::new();
    for file in files.iter() {
        let Some(place) = place(file) else { continue };
        for row in &file.rows {
            let key = (place.clone(), row.benchmark.clone(), row.metric.to_string(), format!("{:?}", row.setup));
            let values = scores.entry(key).or_default();
            values.insert(format!("{} {:?}", row.value, row.items));
            if values.len() > 1 {
                several.insert(place.clone());
            }
        }
    }
    for file in files {
        if place(file).is_some_and(|place| several.contains(&place))
            && let Some(unsaid) = &mut file.subject.unsaid
        {
            unsaid.at.clone_from(&unsaid.file);
        }
    }
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// It has a name and no folder.
    Named,
    Folder(String),
    /// The evaluation does not say; this is the folder or the file of the results.
    Unsaid(String),
}

impl Place {
    fn folder(&self) -> Option<&str> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Named | Self::Unsaid(_) => None,
        }
    }

    fn results(&self) -> Option<&str> {
        match self {
            Self::Unsaid(results) => Some(results),
            Self::Named | Self::Folder(_) => None,
        }
    }
}

fn place(file: &Evaluated) -> Place {
    match (&file.subject.unsaid, &file.subject.place) {
        (Some(results), _) => Place::Unsaid(results.at.clone()),
        (None, Some(folder)) => Place::Folder(folder.clone()),
        (None, None) => Place::Named,
    }
}

fn by_place(files: &mut [Evaluated]) -> Vec<Shared> {
    // An adjusted model may well be in a folder of its own and have the name of what it was adjusted from.
    let mut places: BTreeMap<(String, Condition), BTreeSet<Place>> = BTreeMap::new();
    for file in files.iter() {
        places.entry((file.subject.name.clone(), condition(file))).or_default().insert(place(file));
    }
    places.retain(|_, places| {
        // A name and one folder of that name are taken for one model; what does not say its model never is.
        let folders = places.iter().filter(|place| matches!(place, Place::Folder(_))).count();
        let unsaid = places.iter().any(|place| matches!(place, Place::Unsaid(_)));
        folders > 1 || (unsaid && places.len() > 1)
    });
    let mut longer: BTreeMap<(String, Place), String> = BTreeMap::new();
    for ((name, _), places) in &places {
        let folders: Vec<&str> = places.iter().filter_map(Place::folder).collect();
        let results: Vec<&str> = places.iter().filter_map(Place::results).collect();
        let mut ends = shortest_ends(&folders).into_iter();
        let mut of_results = shortest_ends(&results).into_iter();
        for place in places {
            let own = match place {
                Place::Named => name.clone(),
                Place::Folder(_) => ends.next().filter(|_| folders.len() > 1).unwrap_or_else(|| name.clone()),
                Place::Unsaid(at) => format!("{name} ({})", of_results.next().as_ref().unwrap_or(at)),
            };
            longer.entry((name.clone(), place.clone())).or_insert(own);
        }
    }
    let mut shared: BTreeMap<String, Shared> = BTreeMap::new();
    for ((name, place), longer) in &longer {
        let entry = shared.entry(name.clone()).or_insert_with(|| Shared {
            name: name.clone(),
            places: Vec::new(),
            why: Why::Folders,
        });
        let at = match place {
            Place::Named => name,
            Place::Folder(folder) => folder,
            Place::Unsaid(results) => {
                entry.why = Why::Unsaid;
                results
            }
        };
        entry.places.push((at.clone(), longer.clone()));
    }
    for file in files {
        let key = (file.subject.name.clone(), condition(file));
        if !places.contains_key(&key) {
            continue;
        }
        let place = place(file);
        if let Some(longer) = longer.get(&(key.0, place.clone())) {
            rename(file, longer, matches!(place, Place::Unsaid(_)));
        }
    }
    shared.into_values().collect()
}

/// Models of one name whose evaluations count different numbers of parameters.
fn by_size(files: &mut [Evaluated]) -> Vec<Shared> {
    type Of = (String, Condition, Option<String>);
    let of = |file: &Evaluated| -> Of { (file.subject.name.clone(), condition(file), adapter(file)) };
    let mut sizes: BTreeMap<Of, BTreeMap<u64, String>> = BTreeMap::new();
    for file in files.iter() {
        if let (Some(params), Some(row)) = (file.params, file.rows.first()) {
            let sizes = sizes.entry(of(file)).or_default();
            sizes.entry(params).or_insert_with(|| row.provenance.source.clone());
        }
    }
    sizes.retain(|_, sizes| sizes.len() > 1);
    for file in files.iter_mut() {
        if let Some(params) = file.params.filter(|_| sizes.contains_key(&of(file))) {
            let longer = sized(&file.subject.name, params);
            rename(file, &longer, true);
        }
    }
    let shared = sizes.into_iter().map(|((name, ..), sizes)| Shared {
        places: sizes.into_iter().map(|(params, source)| (source, sized(&name, params))).collect(),
        name,
        why: Why::Sizes,
    });
    shared.collect()
}

fn sized(name: &str, params: u64) -> String {
    format!("{name} ({params} parameters)")
}

/// Gives a file's model a longer name; `only` it tells the model from others, and what it was called does not.
fn rename(file: &mut Evaluated, longer: &str, only: bool) {
    longer.clone_into(&mut file.subject.name);
    if only {
        longer.clone_into(&mut file.subject.called);
        file.subject.place = None;
    }
}
