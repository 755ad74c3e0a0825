//! What can be chosen on the page: scores and what they are compared with, months, families, curves, standard errors.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::question::{Question, Stage};
use crate::analysis::fit::{CurveChoice, FitReport, FitSettings, FitTables};
use crate::registry::columns::{
    ACTIVE_PARAMS, ADJUSTMENT, BENCHMARK, COMPUTE, EPOCHS, EXAMPLES, ITEMS, MODEL, PARAMS, RELEASE, TOKENS, VALUE,
};
use crate::registry::modelset::{Cutoff, Group, ModelSet, Settings};
use crate::registry::table::{Column, Table, fold};
use crate::registry::{Adjustment, Month, benchmark};
use crate::stats::covariance::Kind;

/// Fewer models than this with a score are not offered as one.
const FEWEST_MODELS: usize = 5;

/// Columns of a wide table that are tried as scores, at most.
const MOST_COLUMNS: usize = 60;

/// Columns that may hold numbers and are no scores, and names of others, without case, spaces and punctuation: sizes and
/// settings of models, of their training and of their evaluation, and what lists of models have besides.
const NO_SCORES: [&Column; 6] = [&PARAMS, &ACTIVE_PARAMS, &TOKENS, &COMPUTE, &ITEMS, &RELEASE];
#[rustfmt::skip]
const NO_SCORES_EITHER: [&str; 54] = [
    "weight", "weights", "year", "month", "day", "index", "id", "rank", "row",
    "layers", "nlayers", "numlayers", "numhiddenlayers", "depth", "width", "heads", "nheads", "numheads",
    "numattentionheads", "hidden", "hiddensize", "dmodel", "dim", "experts", "numexperts", "vocab", "vocabsize",
    "context", "contextlength", "contextwindow", "ctx", "maxlength", "seqlen",
    "batch", "batchsize", "lr", "learningrate", "step", "steps", "epoch", "epochs", "seed", "gpus", "gpuhours",
    "shots", "nshot", "numfewshot", "fewshot", "limit",
    "price", "cost", "downloads", "likes", "co2cost",
];

/// Everything the page's controls offer, and where they stand at first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Choices {
    /// The question that the page answers when it is opened.
    pub settings: Question,
    /// The scores.
    pub scores: Vec<ScoreChoice>,
    /// Release months of models, without the first, from which on all models would be new.
    pub cutoffs: Vec<Month>,
    /// Families, in alphabetical order.
    pub families: Vec<String>,
    /// Curves.
    pub curves: Vec<CurveChoice>,
    /// Kinds of standard errors.
    pub covariances: Vec<Kind>,
}

/// A score of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ScoreChoice {
    /// As `--score` takes it.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it can be compared with, as `--adjusted` takes it.
    pub adjusted: Vec<String>,
}

impl Choices {
    pub(super) fn of(tables: &FitTables, settings: &FitSettings, set: &ModelSet, report: &FitReport) -> Self {
        let months: BTreeSet<_> = set.rows.iter().filter_map(|row| row.release).collect();
        let families: BTreeSet<&str> = set.rows.iter().map(|row| row.family.as_str()).collect();
        let two_places = !tables.after.is_empty();
        let mut scores = long_scores(if two_places { &tables.before } else { &tables.tables });
        scores.extend(wide_scores(tables, &settings.tables));
        if two_places {
            let after: Vec<String> = report.adjusted_score.iter().cloned().collect();
            scores.iter_mut().for_each(|score| score.adjusted.clone_from(&after));
        }
        if !scores.iter().any(|score| score.name == report.score) {
            let adjusted = report.adjusted_score.iter().cloned().collect();
            scores.insert(0, ScoreChoice { name: report.score.clone(), title: report.score_name.clone(), adjusted });
        }
        let cutoff = set.groups.iter().find_map(Group::month);
        Self {
            settings: Question {
                stage: Stage::Full,
                score: report.score.clone(),
                adjusted: report.adjusted_score.clone(),
                cutoff: cutoff.map_or(Cutoff::None, Cutoff::From),
                without: Vec::new(),
                chance: settings.chance,
                curve: settings.curve,
                covariance: settings.covariance,
            },
            scores,
            cutoffs: cutoffs(&months, cutoff),
            families: families.into_iter().map(str::to_owned).collect(),
            curves: CurveChoice::every().collect(),
            covariances: Kind::ALL.into_iter().rev().filter(|kind| *kind != Kind::Cr1s).collect(),
        }
    }
}

/// Every month from the second release to the last one, so that a slider moves evenly in time, and the month in use.
fn cutoffs(months: &BTreeSet<Month>, used: Option<Month>) -> Vec<Month> {
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return Vec::new() };
    let mut all: BTreeSet<Month> = (first.count() + 1..=last.count()).filter_map(Month::of_count).collect();
    all.extend(used);
    all.into_iter().collect()
}

/// Where a table has a column.
fn place(table: &Table, column: &Column) -> Option<usize> {
    table.find(column).map(|(at, _)| at)
}

/// Benchmarks of long tables with the conditions under which enough models were observed.
fn long_scores(tables: &[Table]) -> Vec<ScoreChoice> {
    let mut found: BTreeMap<String, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
    for table in tables {
        let [benchmark, model, value] = [&BENCHMARK, &MODEL, &VALUE].map(|column| place(table, column));
        if benchmark.is_none() || model.is_none() || value.is_none() {
            continue;
        }
        let [adjustment, epochs, examples] = [&ADJUSTMENT, &EPOCHS, &EXAMPLES].map(|column| place(table, column));
        for row in 0..table.rows() {
            let cell = |column: Option<usize>| column.and_then(|column| table.at(row, column)).unwrap_or_default();
            let mut condition = cell(adjustment).to_owned();
            // An empty cell is no adjustment either.
            if condition.parse().unwrap_or(Adjustment::None) == Adjustment::None {
                condition.clear();
            } else {
                for (sign, part) in [(':', cell(epochs)), ('@', cell(examples))] {
                    if !part.is_empty() {
                        condition.push(sign);
                        condition.push_str(part);
                    }
                }
            }
            let of_benchmark = found.entry(cell(benchmark).to_owned()).or_default();
            of_benchmark.entry(condition).or_default().insert(cell(model));
        }
    }
    let enough = |models: &BTreeSet<&str>| models.len() >= FEWEST_MODELS;
    let mut scores: Vec<ScoreChoice> = found
        .into_iter()
        .filter(|(_, conditions)| conditions.get("").is_some_and(enough))
        .map(|(name, conditions)| ScoreChoice {
            title: benchmark(&name).map_or_else(|| name.clone(), |known| known.name.to_string()),
            adjusted: conditions.into_iter().filter(|(c, m)| !c.is_empty() && enough(m)).map(|(c, _)| c).collect(),
            name,
        })
        .collect();
    // Whole benchmarks first, their parts after them.
    scores.sort_by_key(|score| benchmark(&score.name).is_none());
    scores
}

/// Columns of wide tables that can be fitted as scores, each comparable with every other.
fn wide_scores(tables: &FitTables, settings: &Settings) -> Vec<ScoreChoice> {
    let scored = if tables.after.is_empty() { &tables.tables } else { &tables.before };
    let wide = scored.iter().filter(|table| table.find(&BENCHMARK).is_none());
    let names = wide.flat_map(|table| {
        let taken = NO_SCORES.map(|column| place(table, column));
        let no_score = |name: &String| NO_SCORES_EITHER.contains(&fold(name).as_str());
        let names = table.names().iter().enumerate();
        names.filter(move |(at, name)| !taken.contains(&Some(*at)) && !no_score(name)).map(|(_, name)| name)
    });
    let usable = |name: &&String| {
        let settings = Settings {
            score: Some((*name).clone()),
            adjusted: None,
            metric: None,
            holdout: None,
            groups: Vec::new(),
            ..settings.clone()
        };
        tables.models(&settings).is_ok_and(|set| set.rows.len() >= FEWEST_MODELS)
    };
    let scores: Vec<&String> = names.take(MOST_COLUMNS).filter(usable).collect();
    let others = |name: &String| scores.iter().filter(|other| **other != name).map(|other| (*other).clone()).collect();
    scores
        .iter()
        .map(|name| ScoreChoice { name: (*name).clone(), title: (*name).clone(), adjusted: others(name) })
        .collect()
}
