//! Which score is meant: a column of a wide table, or a benchmark, metric and condition of a long one.

use std::collections::BTreeSet;

use super::layout::{Layout, missing};
use super::settings::{ScoreScale, Settings};
use crate::registry::columns::{ADJUSTMENT, BENCHMARK, EPOCHS, EXAMPLES, METRIC, MODEL};
use crate::registry::names::did_you_mean;
use crate::registry::table::{Column, Table, fold};
use crate::registry::{Adjustment, BENCHMARKS, Benchmark, guesses_alike, meant_by};
use crate::{Error, Result};

/// Where the scores stand in one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// In these columns (score, score after adjustment), where the table has them, but for the rows that do not count.
    Wide(Option<usize>, Option<usize>, BTreeSet<usize>),
    /// In the rows that match.
    Long(Wanted),
    /// In any row but these, one score of many.
    Every(BTreeSet<usize>),
}

/// The rows of a long table that are meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    benchmark: String,
    metric: Option<String>,
    /// The condition of the score.
    plain: Option<Condition>,
    /// The condition of the score after adjustment.
    adjusted: Option<Condition>,
    /// Rows that match and do not count.
    pub(super) skip: BTreeSet<usize>,
}

/// An adjustment, its epochs and the task examples seen, as their cells read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Condition {
    pub(super) adjustment: Adjustment,
    epochs: String,
    pub(super) examples: String,
}

/// What one row of a long table is for this fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Score,
    Adjusted,
    /// Some score, of whichever benchmark.
    Any,
    Neither,
}

impl Place {
    /// The rows that do not count.
    pub(super) fn skip(&self) -> &BTreeSet<usize> {
        match self {
            Self::Wide(_, _, skip) | Self::Every(skip) => skip,
            Self::Long(wanted) => &wanted.skip,
        }
    }

    /// Leaves out these rows too.
    pub(super) fn leave_out(&mut self, rows: &BTreeSet<usize>) {
        match self {
            Self::Wide(_, _, skip) | Self::Every(skip) => skip.extend(rows),
            Self::Long(wanted) => wanted.skip.extend(rows),
        }
    }
}

/// Finds the score in every table.
///
/// # Errors
/// When no table has it, or it stands for several things.
pub(super) fn locate(
    tables: &[Table],
    layouts: &[Layout],
    roles: &[Role],
    settings: &Settings,
) -> Result<(Score, Vec<Place>)> {
    let scored = |(at, _): &(usize, &Table)| roles[*at] != Role::Facts;
    let name = match &settings.score {
        Some(name) => name.clone(),
        None => guess(tables.iter().enumerate().filter(scored).map(|(at, table)| (table, &layouts[at])))?,
    };
    let mut places = Vec::with_capacity(tables.len());
    let mut found = Looked::default();
    for ((table, layout), role) in tables.iter().zip(layouts).zip(roles) {
        places.push(found.place(table, layout, *role, &name, settings)?);
    }
    let two_places = roles.contains(&Role::After);
    if !found.score {
        return Err(unknown_score(tables, layouts, &name));
    }
    if let Some(error) = only_adjusted(tables, layouts, &places) {
        return Err(error);
    }
    if two_places && !found.adjusted {
        return Err(Error::Argument(format!(
            "no table after adjustment has a score `{name}`; name its column by --adjusted"
        )));
    }
    if settings.adjusted.is_some() && !found.adjusted {
        return Err(missing(tables, settings.adjusted.as_deref().unwrap_or_default()));
    }
    let name = found.spelled.unwrap_or(name);
    let metric = found.metric;
    let alike = |(b, _): &(&'static Benchmark, bool)| metric.as_ref().is_none_or(|m| guesses_alike(b, m));
    // Some benchmarks are named after their metrics: `truthfulqa_mc1`.
    let with_metric = || {
        let bare = metric.as_ref()?.split(',').next()?;
        [format!("{name}_{bare}"), format!("{}_{bare}", name.trim_end_matches("_mc"))].iter().find_map(|n| meant_by(n))
    };
    let by_name = meant_by(&name).filter(alike);
    // What a guess scores may depend on the metric, and then the name alone does not say it.
    let open = by_name.is_none_or(|(benchmark, _)| benchmark.chance.actual.is_none());
    let meant = with_metric().filter(alike).filter(|_| open).or(by_name);
    let (benchmark, normalised) = meant.map_or((None, false), |(benchmark, normalised)| (Some(benchmark), normalised));
    // Beside a column `BBH Raw` a column `BBH` holds what a leaderboard made of it.
    let normalised = normalised || tables.iter().any(|table| is_normalised(table, &name));
    Ok((Score { name, metric, benchmark, normalised, normalised_beside: Vec::new(), scale: ScoreScale::Auto }, places))
}

/// That long tables have the score under adjustments only; `None` where some table has it otherwise.
fn only_adjusted(tables: &[Table], layouts: &[Layout], places: &[Place]) -> Option<Error> {
    let mut adjustments: BTreeSet<String> = BTreeSet::new();
    let mut name = None;
    for ((table, layout), place) in tables.iter().zip(layouts).zip(places) {
        match place {
            Place::Wide(None, None, _) | Place::Every(_) => {}
            Place::Wide(..) => return None,
            Place::Long(wanted) if wanted.plain.is_none() => return None,
            Place::Long(wanted) => {
                for row in 0..table.rows() {
                    match wanted.matches(table, layout, row) {
                        Match::Score => return None,
                        Match::Adjusted | Match::Any => {}
                        Match::Neither if wanted.is_of(table, layout, row) => {
                            adjustments.insert(condition(table, layout, row).spelled());
                        }
                        Match::Neither => {}
                    }
                }
                name = Some(&wanted.benchmark);
            }
        }
    }
    let listed = adjustments.into_iter().collect::<Vec<_>>().join(", ");
    (!listed.is_empty()).then(|| {
        Error::Argument(format!(
            "`{}` has scores under adjustments only ({listed}); an empty cell or `none` marks a score before adjustment, and \
             --before and --after take tables of one condition each",
            name.map_or("the score", String::as_str)
        ))
    })
}

/// What was found in the tables so far.
#[derive(Default)]
struct Looked {
    score: bool,
    adjusted: bool,
    spelled: Option<String>,
    metric: Option<String>,
}

impl Looked {
    /// Where the scores stand in one table.
    fn place(&mut self, table: &Table, layout: &Layout, role: Role, name: &str, settings: &Settings) -> Result<Place> {
        if role == Role::Facts {
            return Ok(Place::Wide(None, None, BTreeSet::new()));
        }
        let wide = table.position(name);
        if wide.is_none()
            && layout.is_long()
            && let Some(wanted) = wanted(table, layout, role, name, settings)?
        {
            self.score |= wanted.plain.is_some();
            self.adjusted |= wanted.adjusted.is_some();
            self.spelled.get_or_insert_with(|| wanted.benchmark.clone());
            self.metric = self.metric.take().or_else(|| wanted.metric.clone());
            return Ok(Place::Long(wanted));
        }
        let named = settings.adjusted.as_deref().and_then(|name| table.position(name));
        let (score, adjusted) = match role {
            Role::After => (None, named.or(wide)),
            Role::Before => (wide, None),
            Role::Any | Role::Facts => (wide, named),
        };
        self.score |= score.is_some();
        self.adjusted |= adjusted.is_some();
        if let Some(column) = score {
            self.spelled.get_or_insert_with(|| table.names()[column].clone());
        }
        Ok(Place::Wide(score, adjusted, BTreeSet::new()))
    }
}

impl Wanted {
    /// The metric, where the table says.
    pub(super) fn metric(&self) -> Option<&str> {
        self.metric.as_deref()
    }

    /// The benchmark, as the table has it.
    pub(super) fn benchmark(&self) -> &str {
        &self.benchmark
    }

    /// Whether the row is of the benchmark and the metric.
    pub(super) fn is_of(&self, table: &Table, layout: &Layout, row: usize) -> bool {
        let cell =
            |column: &Column| layout.get(column).and_then(|found| table.at(row, found.index)).unwrap_or_default();
        cell(&BENCHMARK) == self.benchmark && self.metric.as_ref().is_none_or(|metric| cell(&METRIC) == metric)
    }

    /// What the row is.
    pub(super) fn matches(&self, table: &Table, layout: &Layout, row: usize) -> Match {
        if !self.is_of(table, layout, row) || self.skip.contains(&row) {
            return Match::Neither;
        }
        let condition = condition(table, layout, row);
        if self.plain.as_ref() == Some(&condition) {
            Match::Score
        } else if self.adjusted.as_ref() == Some(&condition) {
            Match::Adjusted
        } else {
            Match::Neither
        }
    }
}

pub(super) fn condition(table: &Table, layout: &Layout, row: usize) -> Condition {
    let cell = |column: &Column| {
        layout.get(column).and_then(|found| table.at(row, found.index)).unwrap_or_default().to_owned()
    };
    Condition {
        // An empty cell is no adjustment either.
        adjustment: cell(&ADJUSTMENT).parse().unwrap_or_default(),
        epochs: cell(&EPOCHS),
        examples: cell(&EXAMPLES),
    }
}

/// The different texts of a column in the rows that `keep` keeps.
pub(super) fn values(table: &Table, column: usize, keep: impl Fn(usize) -> bool) -> BTreeSet<&str> {
    (0..table.rows()).filter(|row| keep(*row)).filter_map(|row| table.at(row, column)).collect()
}

/// The rows of this benchmark, if the long table has it.
pub(super) fn wanted(
    table: &Table,
    layout: &Layout,
    role: Role,
    name: &str,
    settings: &Settings,
) -> Result<Option<Wanted>> {
    let Some(column) = layout.get(&BENCHMARK).map(|found| found.index) else { return Ok(None) };
    let benchmarks = values(table, column, |_| true);
    let same = |b: &&&str| fold(b) == fold(name) || known(name).is_some_and(|known| known.id == **b);
    let Some(benchmark) = benchmarks.get(name).or_else(|| benchmarks.iter().find(same)).copied() else {
        return Ok(None);
    };
    let of_benchmark = |row: usize| table.at(row, column) == Some(benchmark);
    let metric = match layout.get(&METRIC) {
        Some(found) => Some(metric(&values(table, found.index, of_benchmark), benchmark, settings)?),
        None => None,
    };
    let metric_fits =
        |row: usize| layout.get(&METRIC).is_none_or(|found| table.at(row, found.index) == metric.as_deref());
    one_spelling(table, layout, &Spelled { benchmark, metric: metric.as_deref() })?;
    let conditions: BTreeSet<Condition> = (0..table.rows())
        .filter(|row| of_benchmark(*row) && metric_fits(*row))
        .map(|row| condition(table, layout, row))
        .collect();
    let adjusted: BTreeSet<Condition> = conditions.iter().filter(|c| **c != Condition::default()).cloned().collect();
    let named = settings.adjusted.as_deref().map(|text| adjustment(&adjusted, text, benchmark));
    let (plain, adjusted) = match role {
        // A table of one condition is what it was given as, whatever that condition is called.
        Role::Before if conditions.len() == 1 => (conditions.into_iter().next(), None),
        Role::After if conditions.len() == 1 => (None, conditions.into_iter().next()),
        Role::Before => (Some(Condition::default()), None),
        Role::After => match (named, adjusted.len()) {
            (Some(named), _) => (None, Some(named?)),
            (None, 1) => (None, adjusted.into_iter().next()),
            (None, _) => {
                let listed: Vec<String> = adjusted.iter().map(Condition::spelled).collect();
                return Err(Error::Argument(format!(
                    "{}: `{benchmark}` has several adjustments; choose one by --adjusted: {}",
                    table.path().display(),
                    listed.join(", ")
                )));
            }
        },
        Role::Any | Role::Facts => (Some(Condition::default()), named.transpose()?),
    };
    Ok(Some(Wanted { benchmark: benchmark.to_owned(), metric, plain, adjusted, skip: BTreeSet::new() }))
}

/// A benchmark and a metric as the rows have them that are read.
struct Spelled<'t> {
    benchmark: &'t str,
    metric: Option<&'t str>,
}

/// That no model has its score under another spelling of the same names, as `mmlu` beside `MMLU` or `acc` beside `acc,none`.
///
/// # Errors
/// [`Error::Cell`] at the first such score.
fn one_spelling(table: &Table, layout: &Layout, read: &Spelled<'_>) -> Result<()> {
    let (Some(names), Some(models)) = (layout.get(&BENCHMARK), layout.get(&MODEL)) else { return Ok(()) };
    let metrics = layout.get(&METRIC);
    let bare = |metric: &str| metric.strip_suffix(",none").unwrap_or(metric).to_lowercase();
    let (mut counted, mut others): (BTreeSet<&str>, Vec<usize>) = Default::default();
    for row in 0..table.rows() {
        let (Some(name), Some(model)) = (table.at(row, names.index), table.at(row, models.index)) else { continue };
        let metric = metrics.and_then(|found| table.at(row, found.index));
        if name == read.benchmark && (metrics.is_none() || metric == read.metric) {
            counted.insert(model);
        } else if fold(name) == fold(read.benchmark) && metric.map(bare) == read.metric.map(bare) {
            others.push(row);
        }
    }
    let lost =
        others.into_iter().find(|row| table.at(*row, models.index).is_some_and(|model| !counted.contains(model)));
    let Some(row) = lost else { return Ok(()) };
    let (column, here, read) = match table.at(row, names.index) {
        Some(name) if name != read.benchmark => (names, name, read.benchmark),
        _ => {
            let Some(metrics) = metrics else { return Ok(()) };
            (metrics, table.at(row, metrics.index).unwrap_or_default(), read.metric.unwrap_or_default())
        }
    };
    let problem =
        format!("it is `{here}` here and `{read}` in other rows; write it one way, or its scores do not count");
    Err(table.cell_error(row, &table.names()[column.index], problem))
}

fn metric(found: &BTreeSet<&str>, benchmark: &str, settings: &Settings) -> Result<String> {
    let listed = || found.iter().copied().collect::<Vec<_>>().join(", ");
    if let Some(name) = &settings.metric {
        let same = |m: &&&str| m.split(',').next() == Some(name.as_str());
        let metric = found.get(name.as_str()).or_else(|| found.iter().find(same));
        let filtered: Vec<&str> = found.iter().filter(|m| same(m)).copied().collect();
        if !found.contains(name.as_str()) && filtered.len() > 1 {
            return Err(Error::Argument(format!(
                "`{benchmark}` has `{name}` by several answer filters; choose one by --metric: {}",
                filtered.join("; ")
            )));
        }
        return metric.map(|m| (*m).to_owned()).ok_or_else(|| {
            Error::Argument(format!("`{benchmark}` has no metric `{name}`; its metrics are: {}", listed()))
        });
    }
    let usual = known(benchmark).map(|b| b.score.to_string());
    match usual.filter(|usual| found.contains(usual.as_str())) {
        Some(usual) => Ok(usual),
        None if found.len() == 1 => Ok(listed()),
        None => {
            Err(Error::Argument(format!("`{benchmark}` has several metrics; choose one by --metric: {}", listed())))
        }
    }
}

/// Whether the metric that is the benchmark's score is among these.
pub(super) fn has_usual_metric(benchmark: &str, found: &BTreeSet<&str>) -> bool {
    known(benchmark).is_some_and(|known| found.contains(known.score.to_string().as_str()))
}

/// Reads `ADJUSTMENT`, `ADJUSTMENT:EPOCHS` or `ADJUSTMENT@EXAMPLES` as one of the conditions in the table.
fn adjustment(conditions: &BTreeSet<Condition>, text: &str, benchmark: &str) -> Result<Condition> {
    let matching: Vec<&Condition> = conditions.iter().filter(|c| c.spelled() == text).collect();
    let matching = if matching.is_empty() {
        conditions.iter().filter(|c| c.adjustment.to_string() == text).collect()
    } else {
        matching
    };
    let listed = |of: &[&Condition]| of.iter().map(|c| c.spelled()).collect::<Vec<_>>().join(", ");
    match matching[..] {
        [one] => Ok(one.clone()),
        [] if conditions.is_empty() => {
            Err(Error::Argument(format!("the table has no score of `{benchmark}` after adjustment")))
        }
        [] => {
            let all: Vec<&Condition> = conditions.iter().collect();
            Err(Error::Argument(format!("`{benchmark}` has no adjustment `{text}`; there are: {}", listed(&all))))
        }
        _ => Err(Error::Argument(format!(
            "`{benchmark}` has several adjustments `{text}`; choose: {}",
            listed(&matching)
        ))),
    }
}

impl Condition {
    /// Whether it is what `--adjusted` names.
    pub(super) fn is_called(&self, text: &str) -> bool {
        self.spelled() == text || self.adjustment.to_string() == text
    }

    pub(super) fn spelled(&self) -> String {
        let mut text = self.adjustment.to_string();
        if !self.epochs.is_empty() {
            text = format!("{text}:{}", self.epochs);
        }
        if !self.examples.is_empty() {
            text = format!("{text}@{}", self.examples);
        }
        text
    }
}

/// The published benchmark of this id or printed name.
fn known(name: &str) -> Option<&'static Benchmark> {
    let same = |b: &&Benchmark| b.id == name || fold(&b.id) == fold(name) || fold(&b.name) == fold(name);
    BENCHMARKS.iter().find(same)
}

/// The score when no one names it: the only benchmark of a long table, or the only column that can be meant.
fn guess<'t>(tables: impl Iterator<Item = (&'t Table, &'t Layout)>) -> Result<String> {
    let candidates = candidates(tables);
    let usual = ["score", "accuracy", "acc"];
    if let Some(name) = candidates.iter().find(|name| usual.contains(&fold(name).as_str())) {
        return Ok(name.clone());
    }
    match &candidates[..] {
        [one] => Ok(one.clone()),
        [] => Err(Error::Argument("no column of the tables can be a score; name it by --score".into())),
        _ => Err(Error::Argument(format!("which score? choose by --score: {}", shortened(&candidates)))),
    }
}

/// Benchmarks of long tables and number columns without another role of wide ones.
fn candidates<'t>(tables: impl Iterator<Item = (&'t Table, &'t Layout)>) -> Vec<String> {
    let mut found = Vec::new();
    for (table, layout) in tables {
        match layout.get(&BENCHMARK).filter(|_| layout.is_long()) {
            Some(column) => found.extend(values(table, column.index, |_| true).into_iter().map(str::to_owned)),
            None => found.extend(
                table
                    .names()
                    .iter()
                    .enumerate()
                    .filter(|(k, _)| !layout.is_taken(*k) && is_number(table, *k))
                    .map(|(_, n)| n.clone()),
            ),
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|name| seen.insert(name.clone()));
    found
}

/// Whether most cells with a value are numbers: of a column of scores, one that is none is told by who reads it.
pub(super) fn is_number(table: &Table, column: usize) -> bool {
    let filled = (0..table.rows()).filter(|&row| !table.is_missing(row, column));
    let (numbers, others): (Vec<usize>, Vec<usize>) = filled.partition(|&row| table.number_at(row, column).is_ok());
    numbers.len() > others.len()
}

fn unknown_score(tables: &[Table], layouts: &[Layout], name: &str) -> Error {
    let candidates = candidates(tables.iter().zip(layouts));
    if let Some(table) = tables.iter().find(|table| table.names().len() == 1) {
        return Error::File {
            path: table.path().to_owned(),
            problem: "it has one column only; separate its cells by commas, semicolons or tabs".to_owned(),
        };
    }
    if candidates.is_empty() {
        let columns: Vec<String> = tables.iter().flat_map(Table::names).cloned().collect();
        let objects = |table: &Table, column: usize| {
            (0..table.rows()).find_map(|row| table.at(row, column)).is_some_and(|text| text.starts_with('{'))
        };
        let nested = tables.iter().find_map(|table| {
            (0..table.names().len()).find(|column| objects(table, *column)).map(|column| &table.names()[column])
        });
        let help = match nested {
            Some(column) => {
                format!("`{column}` holds objects: write their members as columns (`pandas.json_normalize`)")
            }
            None => format!("the columns are: {}", shortened(&columns)),
        };
        return Error::Argument(format!("no table has a score `{name}`, nor any column of numbers; {help}"));
    }
    let part = |candidate: &&String| fold(candidate).starts_with(&fold(name)) && candidate.len() > name.len();
    let parts = candidates.iter().filter(part).count();
    if known(name).is_some() && parts > 1 {
        return Error::Argument(format!(
            "no table has a score `{name}`, but there are {parts} of its parts ({}); add a row or a column with their mean",
            shortened(&candidates.iter().filter(part).take(3).cloned().collect::<Vec<_>>())
        ));
    }
    let each: Vec<&str> = name.split(',').map(str::trim).collect();
    if each.len() > 1 && each.iter().all(|one| candidates.iter().any(|candidate| candidate == one)) {
        let options: Vec<String> = each.iter().map(|one| format!("--score '{one}'")).collect();
        let options = options.join(" ");
        return Error::Argument(format!(
            "no table has a score `{name}`; several scores are named one by one: {options}"
        ));
    }
    // A name that several columns have in common is among these, not near to one of them.
    let error = Error::Argument(format!("no table has a score `{name}`; there are: {}", shortened(&candidates)));
    match did_you_mean(name, candidates.iter().map(String::as_str)) {
        Some(question) => error.with_help(question),
        None => error,
    }
}

/// Whether a table has the raw scores beside this column, and they are not the same on another scale.
pub(super) fn is_normalised(table: &Table, name: &str) -> bool {
    let raw = format!("{}raw", fold(name));
    let Some(raw) = table.names().iter().position(|other| fold(other) == raw) else { return false };
    let Some(own) = table.position(name) else { return true };
    let pair = |row: usize| Some((table.number_at(row, own).ok()?, table.number_at(row, raw).ok()?));
    let pairs: Vec<(f64, f64)> = (0..table.rows()).filter_map(pair).collect();
    let same = |scale: f64| pairs.iter().all(|(own, raw)| (own - scale * raw).abs() <= 0.01 * own.abs().max(0.01));
    pairs.is_empty() || ![1.0, 100.0, 0.01].into_iter().any(same)
}

/// The other columns that hold scores mostly below what a guess scores, as those of a leaderboard do that are normalised to
/// chance 0: this score may be one of them. None for a column that is called raw.
pub(super) fn normalised_beside(tables: &[Table], score: &Score) -> Vec<String> {
    let implied = score.benchmark.and_then(|known| known.chance.actual).is_some_and(|level| level > 0.0);
    if !implied || score.normalised || fold(&score.name).ends_with("raw") {
        return Vec::new();
    }
    let is_below = |table: &Table, column: usize| {
        let name = &table.names()[column];
        let Some((known, false)) = meant_by(name).filter(|_| fold(name) != fold(&score.name)) else { return false };
        let Some(level) = known.chance.actual.filter(|level| *level > 0.0) else { return false };
        let numbers: Vec<f64> = (0..table.rows()).filter_map(|row| table.number_at(row, column).ok()).collect();
        let percent = 2 * numbers.iter().filter(|number| **number > 1.0).count() > numbers.len();
        // Three fifths of a guess is far below for any number of items.
        let far_below = 0.6 * level * if percent { 100.0 } else { 1.0 };
        2 * numbers.iter().filter(|number| **number < far_below).count() > numbers.len()
    };
    let of_table = |table: &Table| -> Vec<String> {
        let columns = (0..table.names().len()).filter(|column| is_below(table, *column));
        columns.map(|column| table.names()[column].clone()).collect()
    };
    tables.iter().filter(|table| table.position(&score.name).is_some()).flat_map(of_table).collect()
}

/// The first names of a long list.
pub(crate) fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 24;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Whatever it holds.
    Any,
    /// Scores before adjustment.
    Before,
    /// Scores after adjustment.
    After,
    /// What is known of the models beside their scores.
    Facts,
}

/// What a score is.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The column's or benchmark's name, as the table writes it.
    pub name: String,
    /// The metric, in long tables that say.
    pub metric: Option<String>,
    /// The benchmark that the name means, if onset knows it and a guess scores on the metric what it scores there.
    pub benchmark: Option<&'static Benchmark>,
    /// Whether the name, or one beside it, says that scores are normalised so that a guess scores 0.
    pub normalised: bool,
    /// Other columns of its table whose scores are mostly far below a guess, as those normalised to chance 0 are.
    pub normalised_beside: Vec<String>,
    /// Its scale: never [`ScoreScale::Auto`].
    pub scale: ScoreScale,
}
