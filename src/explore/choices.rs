//! What can be chosen on the page: scores and what they are compared with, months, families, curves, standard errors.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Question, Stage};
use crate::analysis::fit::{CurveChoice, FitReport, FitSettings};
use crate::registry::modelset::{Cutoff, Group, ModelSet, Settings};
use crate::registry::table::Table;
use crate::registry::{Adjustment, Month, benchmark};
use crate::stats::covariance::Kind;

/// Fewer models than this with a score are not offered as one.
const FEWEST_MODELS: usize = 5;

/// Columns of a wide table that are tried as scores, at most.
const MOST_COLUMNS: usize = 60;

/// Names of columns that hold something else than a score, without case, spaces and punctuation.
const NO_SCORES: [&str; 12] = [
    "params",
    "parameters",
    "activeparams",
    "tokens",
    "compute",
    "flops",
    "items",
    "weight",
    "weights",
    "release",
    "year",
    "size",
];

/// Everything the page's controls offer, and where they stand at first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choices {
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
pub struct ScoreChoice {
    /// As `--score` takes it.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it can be compared with, as `--adjusted` takes it.
    pub adjusted: Vec<String>,
}

impl Choices {
    pub(super) fn of(tables: &[Table], settings: &FitSettings, set: &ModelSet, report: &FitReport) -> Self {
        let months: BTreeSet<_> = set.rows.iter().filter_map(|row| row.release).collect();
        let families: BTreeSet<&str> = set.rows.iter().map(|row| row.family.as_str()).collect();
        let mut scores = long_scores(tables);
        scores.extend(wide_scores(tables, &settings.tables));
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

/// Names without case, spaces and punctuation.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The first column of one of these names.
fn column<'t>(table: &'t Table, names: &[&str]) -> Option<&'t str> {
    names.iter().find_map(|name| table.names().iter().find(|own| fold(own) == *name)).map(String::as_str)
}

/// Benchmarks of long tables with the conditions under which enough models were observed.
fn long_scores(tables: &[Table]) -> Vec<ScoreChoice> {
    let mut found: BTreeMap<String, BTreeMap<String, BTreeSet<&str>>> = BTreeMap::new();
    for table in tables {
        let Some(benchmark) = column(table, &["benchmark", "task"]) else { continue };
        let (Some(model), Some(_)) = (column(table, &["model", "modelname"]), column(table, &["value", "score"]))
        else {
            continue;
        };
        let [adjustment, epochs, examples] =
            ["adjustment", "epochs", "examples"].map(|name| column(table, &[name]).unwrap_or(name));
        for row in 0..table.rows() {
            let cell = |name: &str| table.optional_text(row, name).unwrap_or_default();
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
fn wide_scores(tables: &[Table], settings: &Settings) -> Vec<ScoreChoice> {
    let wide = tables.iter().filter(|table| column(table, &["benchmark", "task"]).is_none());
    let names = wide.flat_map(|table| table.names()).filter(|name| !NO_SCORES.contains(&fold(name).as_str()));
    let usable = |name: &&String| {
        let settings = Settings {
            score: Some((*name).clone()),
            adjusted: None,
            metric: None,
            holdout: None,
            groups: Vec::new(),
            ..settings.clone()
        };
        ModelSet::from_tables(tables, &settings).is_ok_and(|set| set.rows.len() >= FEWEST_MODELS)
    };
    let scores: Vec<&String> = names.take(MOST_COLUMNS).filter(usable).collect();
    let others = |name: &String| scores.iter().filter(|other| **other != name).map(|other| (*other).clone()).collect();
    scores
        .iter()
        .map(|name| ScoreChoice { name: (*name).clone(), title: (*name).clone(), adjusted: others(name) })
        .collect()
}
