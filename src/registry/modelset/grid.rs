//! Anybody's tables as models × benchmarks, under one condition or two: what the agreement of benchmarks is asked of.
//!
//! Tables are read and joined as for a fit. Wide ones give a benchmark a column, long ones a row for every score. What is no
//! score is left out and named: means of other columns, standard errors, ranks, parts of a benchmark that is there itself.
//! Values are turned and scaled so that more is better everywhere and percentages are shares.
//!
//! ```
//! use onset::registry::modelset::{GridSettings, ScoreGrid};
//! use onset::registry::table::Table;
//! let text = b"Model,Family,MMLU,MMLU_stderr,Perplexity,Average\na,f,50,2,9.5,30\nb,g,60,2,8.5,40\n";
//! let table = Table::parse(text, "toys.csv".as_ref(), &[])?;
//! let grid = ScoreGrid::from_tables(&[table], &GridSettings::default())?;
//! let names: Vec<&str> = grid.benchmarks.iter().map(|b| b.name.as_str()).collect();
//! assert_eq!(names, ["MMLU", "Perplexity"]);
//! assert_eq!(grid.before.values, [[0.5, 0.6], [-9.5, -8.5]]);
//! assert_eq!(grid.before.stderr[0], [0.02, 0.02]);
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::chosen::LeftOut;
use super::columns_of_scores::{Columns, falls};
use super::grid_settings::{GridSettings, is_among, unknown};
use super::layout::{Layout, check_flags};
use super::records::{Cell, Record, Records};
use super::scores::{Condition, Match, Place, Role, condition, is_normalised, shortened, values, wanted};
use super::settings::{Amount, ClusterBy, ScoreScale};
use super::{chosen, facts, scale, setups};
use crate::registry::columns::{ADJUSTMENT, BENCHMARK, FAMILY, ITEMS, METRIC, VALUE};
use crate::registry::table::Table;
use crate::registry::{Benchmark, Flops, guesses_alike, meant_by};
use crate::{Error, Result};

/// Models × benchmarks.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreGrid {
    /// The rows: models with a score.
    pub models: Vec<GridModel>,
    /// The columns.
    pub benchmarks: Vec<GridBenchmark>,
    /// The scores before, or the only ones.
    pub before: GridScores,
    /// The scores after, of the same models and benchmarks.
    pub after: Option<GridScores>,
    /// What a reader should know about how the tables were understood.
    pub notes: Vec<String>,
    /// The tables.
    pub sources: Vec<String>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct GridModel {
    /// Its name.
    pub name: String,
    /// What it shares with the models it is not independent of; its own name where the tables do not say.
    pub cluster: String,
    /// The base model it was made from, or itself.
    pub base: String,
    /// Pretraining compute, where it was asked for and the tables say it.
    pub compute: Option<Flops>,
    /// Whether the settings mark it.
    pub marked: bool,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct GridBenchmark {
    /// Its name.
    pub name: String,
    /// Its metric, where the tables say.
    pub metric: Option<String>,
    /// Whether its values were turned round, less being better.
    pub falls: bool,
    /// The scale that its values were read on: never [`ScoreScale::Auto`]. Percentages were made shares.
    pub scale: ScoreScale,
    /// The benchmark that the name means, where onset knows it and a guess scores on the metric what it scores there.
    pub known: Option<&'static Benchmark>,
}

/// Scores under one condition; column by column, NaN where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct GridScores {
    /// What the condition is called.
    pub condition: String,
    /// The scores, more being better.
    pub values: Vec<Vec<f64>>,
    /// Their standard errors.
    pub stderr: Vec<Vec<f64>>,
    /// Numbers of items behind them.
    pub items: Vec<Vec<f64>>,
}

impl ScoreGrid {
    /// Joins the tables into one grid.
    ///
    /// # Errors
    /// Those of [`ModelSet::from_tables`](super::ModelSet::from_tables); [`Argument`](crate::Error::Argument) when a
    /// benchmark has several metrics and none is chosen, or a name that was given is in no table.
    pub fn from_tables(tables: &[Table], settings: &GridSettings) -> Result<Self> {
        assemble(tables, &vec![Role::Any; tables.len()], settings)
    }

    /// The place of the benchmark of this name, case and signs aside.
    ///
    /// # Errors
    /// [`Argument`](crate::Error::Argument) when there is none.
    pub(crate) fn place_of(&self, name: &str) -> Result<usize> {
        let names: Vec<String> = self.benchmarks.iter().map(|benchmark| benchmark.name.clone()).collect();
        let is = |known: &String| is_among(known, std::slice::from_ref(&name.to_owned()));
        names.iter().position(is).ok_or_else(|| unknown(name, &names))
    }

    /// Joins scores before adjustment with those after it, and both with what other tables say of the models, as
    /// [`ModelSet::from_before_and_after`](super::ModelSet::from_before_and_after) does.
    ///
    /// # Errors
    /// As [`from_tables`](Self::from_tables), and those of that join.
    pub(crate) fn from_before_and_after(
        before: &[Table],
        after: &[Table],
        others: &[Table],
        settings: &GridSettings,
    ) -> Result<Self> {
        let tables = [before, after, others].concat();
        let roles = [vec![Role::Before; before.len()], vec![Role::After; after.len()], vec![Role::Facts; others.len()]];
        assemble(&tables, &roles.concat(), settings)
    }
}

/// One score and where it stands.
#[derive(Clone, Copy)]
struct Entry<'t> {
    value: f64,
    cell: Cell<'t>,
    stderr: f64,
    items: f64,
    table: usize,
}

/// The scores of one benchmark by record: before and after.
type Sides<'t> = [BTreeMap<usize, Entry<'t>>; 2];

fn assemble(tables: &[Table], roles: &[Role], settings: &GridSettings) -> Result<ScoreGrid> {
    let own = &settings.tables;
    check_flags(tables, own)?;
    let layouts = tables.iter().map(|table| Layout::of(table, own)).collect::<Result<Vec<_>>>()?;
    let mut notes = Vec::new();
    let columns = Columns::of(tables, &layouts, roles, settings, &mut notes)?;
    let two = own.adjusted.is_some() || roles.contains(&Role::After);
    let left_out = chosen::left_out(tables, &layouts, own, &mut notes)?;
    let mut every: Vec<Place> = layouts
        .iter()
        .zip(roles)
        .map(|(layout, role)| match layout.is_long() && *role != Role::Facts {
            true => Place::Every(BTreeSet::new()),
            false => Place::Wide(None, None, BTreeSet::new()),
        })
        .collect();
    every.iter_mut().zip(&left_out).for_each(|(place, rows)| rows.iter().for_each(|rows| place.leave_out(rows)));
    let (records, repeated, partners) = Records::join(tables, &layouts, &every, roles)?;
    let chosen = records.chosen(&left_out);
    one_case(&records.records, tables)?;
    let reader =
        Reader { tables, layouts: &layouts, roles, settings, records: &records, columns: &columns, left_out, chosen };
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut benchmarks, mut all) = (Vec::new(), Vec::new());
    let mut rows_repeated = repeated.len();
    for name in &columns.benchmarks {
        let (benchmark, sides) = reader.benchmark(name, &mut told, &mut rows_repeated)?;
        if sides.iter().any(|side| !side.is_empty()) {
            benchmarks.push(benchmark);
            all.push(sides);
        }
    }
    if all.iter().all(|sides| sides[0].is_empty()) {
        return Err(reader.no_scores());
    }
    for (note, of) in told {
        notes.push(format!("{note} ({})", shortened(&of)));
    }
    notes.extend(partners);
    notes.extend(records.joined.iter().cloned());
    if rows_repeated > 0 {
        notes.push(format!("{rows_repeated} rows are there twice with the same values; each counts once"));
    }
    let turned: Vec<String> = benchmarks.iter().filter(|b| b.falls).map(|b| b.name.clone()).collect();
    if !turned.is_empty() {
        notes.push(format!("less is better, so turned round: {}", turned.join(", ")));
    }
    if own.cluster == ClusterBy::Family && layouts.iter().all(|layout| layout.get(&FAMILY).is_none()) {
        notes.push("no column names the families: every model counts as independent".to_owned());
    }
    reader.grid(benchmarks, &all, two, notes)
}

/// Two names that differ in case only are one model spelled two ways.
fn one_case(records: &[Record], tables: &[Table]) -> Result<()> {
    let mut spelled: HashMap<String, &Record> = HashMap::new();
    for record in records {
        let first = *spelled.entry(record.name.to_lowercase()).or_insert(record);
        if first.name != record.name {
            return Err(Error::Argument(format!(
                "one model is spelled `{}` ({}) and `{}` ({}); spell it one way, or, where results are read, write them into \
                 one table with `onset import` and give one name to both with --rename",
                first.name,
                first.first_place(tables),
                record.name,
                record.first_place(tables)
            )));
        }
    }
    Ok(())
}

struct Reader<'s, 't> {
    tables: &'t [Table],
    layouts: &'t [Layout],
    roles: &'s [Role],
    settings: &'s GridSettings,
    records: &'s Records<'t>,
    columns: &'s Columns,
    /// The rows of each table that do not count.
    left_out: LeftOut,
    /// Whether each record counts.
    chosen: Vec<bool>,
}

impl<'t> Reader<'_, 't> {
    /// The scores of one benchmark.
    fn benchmark(
        &self,
        name: &str,
        told: &mut BTreeMap<String, Vec<String>>,
        repeated: &mut usize,
    ) -> Result<(GridBenchmark, Sides<'t>)> {
        let mut metric = None;
        let mut places = Vec::with_capacity(self.tables.len());
        let mut own = self.settings.tables.clone();
        for (at, (table, layout)) in self.tables.iter().zip(self.layouts).enumerate() {
            let long = self.columns.long_name(at, name);
            let place = match long {
                Some(benchmark) => {
                    own.metric = self.metric(table, layout, benchmark)?;
                    own.adjusted = self.adjusted(table, layout, benchmark);
                    match wanted(table, layout, self.roles[at], benchmark, &own)? {
                        Some(found) => {
                            metric = metric.or_else(|| found.metric().map(str::to_owned));
                            Place::Long(found)
                        }
                        None => Place::Wide(None, None, BTreeSet::new()),
                    }
                }
                None => {
                    let [score, adjusted] = self.columns.wide_columns(at, name);
                    match self.roles[at] {
                        Role::After => Place::Wide(None, adjusted.or(score), BTreeSet::new()),
                        Role::Before | Role::Any | Role::Facts => Place::Wide(score, adjusted, BTreeSet::new()),
                    }
                }
            };
            places.push(place);
        }
        for note in setups::settle(self.tables, self.layouts, &mut places, &self.left_out)? {
            told.entry(note).or_default().push(name.to_owned());
        }
        let mut sides: Sides<'t> = Default::default();
        for (at, place) in places.iter().enumerate() {
            *repeated += self.fill(at, place, name, &mut sides)?;
        }
        let falls = falls(name, metric.as_deref(), self.settings);
        let scale = self.scale(&sides, falls, name, told)?;
        if scale == ScoreScale::Percent {
            sides.iter_mut().flat_map(BTreeMap::values_mut).for_each(|entry| {
                entry.value /= 100.0;
                entry.stderr /= 100.0;
            });
        }
        if falls {
            sides.iter_mut().flat_map(BTreeMap::values_mut).for_each(|entry| entry.value = -entry.value);
        }
        let alike = |benchmark: &Benchmark| metric.as_ref().is_none_or(|metric| guesses_alike(benchmark, metric));
        // Of scores that are normalised the noise is not that of shares of items.
        let shares = self.tables.iter().all(|table| !is_normalised(table, name));
        let known = meant_by(name).filter(|(known, normalised)| shares && !normalised && alike(known));
        let known = known.map(|(known, _)| known);
        Ok((GridBenchmark { name: name.to_owned(), metric, falls, scale, known }, sides))
    }

    /// The metric to be read, where a benchmark has several; its own is left to the reader of scores.
    fn metric(&self, table: &Table, layout: &Layout, benchmark: &str) -> Result<Option<String>> {
        let (Some(names), Some(metric)) = (layout.get(&BENCHMARK), layout.get(&METRIC)) else { return Ok(None) };
        let found = values(table, metric.index, |row| table.at(row, names.index) == Some(benchmark));
        let plain = |metric: &str| metric.split(',').next().unwrap_or(metric).to_owned();
        let has = |wanted: &String| found.iter().find(|m| *m == wanted || plain(m) == *wanted);
        if let Some(chosen) = self.settings.metrics.iter().find_map(has) {
            return Ok(Some((*chosen).to_owned()));
        }
        if found.len() < 2 || super::scores::has_usual_metric(benchmark, &found) {
            return Ok(None);
        }
        let listed = found.iter().map(|metric| plain(metric)).collect::<Vec<_>>().join(",");
        Err(Error::Argument(format!(
            "`{benchmark}` has several metrics; --metric {listed} takes the first of these that a benchmark has"
        )))
    }

    /// The condition after, if this benchmark has it.
    fn adjusted(&self, table: &Table, layout: &Layout, benchmark: &str) -> Option<String> {
        let (asked, names) = (self.settings.tables.adjusted.as_ref()?, layout.get(&BENCHMARK)?);
        let mut rows = (0..table.rows()).filter(|row| table.at(*row, names.index) == Some(benchmark));
        rows.any(|row| condition(table, layout, row).is_called(asked)).then(|| asked.clone())
    }

    /// Adds the scores of one table, and counts the rows that are there twice. Of several tables the first counts.
    fn fill(&self, at: usize, place: &Place, name: &str, sides: &mut Sides<'t>) -> Result<usize> {
        let (table, of_row) = (&self.tables[at], &self.records.of_row[at]);
        let mut repeated = 0;
        let mut put = |side: usize, row: usize, cell: Cell<'t>, stderr: f64, items: f64| -> Result<()> {
            if !self.chosen[of_row[row]] {
                return Ok(());
            }
            let entry = Entry { value: cell.number()?, cell, stderr, items, table: at };
            match sides[side].get(&of_row[row]) {
                None => {
                    sides[side].insert(of_row[row], entry);
                }
                Some(first) if first.table != at => {}
                Some(first) if first.value == entry.value => repeated += 1,
                Some(first) => {
                    return Err(cell.error(format!(
                        "`{}` has {} on {name} here and {} in row {}; keep one of them",
                        self.records.records[of_row[row]].name,
                        entry.value,
                        first.value,
                        first.cell.line()
                    )));
                }
            }
            Ok(())
        };
        let number = |row: usize, column: Option<usize>| -> Result<f64> {
            column.and_then(|column| Cell::of(table, row, column)).map_or(Ok(f64::NAN), |cell| cell.number())
        };
        match place {
            Place::Wide(score, adjusted, skip) => {
                for (side, column) in [score, adjusted].into_iter().enumerate() {
                    let Some(column) = *column else { continue };
                    let stderr = self.columns.error_of(at, column);
                    let mut seen = BTreeSet::new();
                    let counts = |row: &usize| !skip.contains(row) && seen.insert(of_row[*row]);
                    for row in (0..table.rows()).filter(counts) {
                        if let Some(cell) = Cell::of(table, row, column) {
                            put(side, row, cell, number(row, stderr)?, f64::NAN)?;
                        }
                    }
                }
            }
            Place::Long(wanted) => {
                let layout = &self.layouts[at];
                let Some(value) = layout.get(&VALUE) else { return Ok(0) };
                let (stderr, items) = (self.columns.long_error(at), layout.get(&ITEMS).map(|found| found.index));
                for row in 0..table.rows() {
                    let side = match wanted.matches(table, layout, row) {
                        Match::Score => 0,
                        Match::Adjusted => 1,
                        Match::Any | Match::Neither => continue,
                    };
                    if let Some(cell) = Cell::of(table, row, value.index) {
                        put(side, row, cell, number(row, stderr)?, number(row, items)?)?;
                    }
                }
            }
            Place::Every(_) => {}
        }
        Ok(repeated)
    }

    /// On what scale the scores are, and that all of them are on it.
    fn scale(
        &self,
        sides: &Sides<'t>,
        falls: bool,
        name: &str,
        told: &mut BTreeMap<String, Vec<String>>,
    ) -> Result<ScoreScale> {
        let cells = |side: &BTreeMap<usize, Entry<'t>>| -> Vec<(f64, Cell<'t>)> {
            side.values().map(|entry| (entry.value, entry.cell)).collect()
        };
        let [before, after] = [cells(&sides[0]), cells(&sides[1])];
        let asked = match is_among(name, &self.settings.any_scale) {
            true => ScoreScale::Any,
            false => self.settings.tables.score_scale,
        };
        let outside = |(value, _): &(f64, Cell<'t>)| !(0.0..=100.0).contains(value);
        if asked == ScoreScale::Any || falls || (asked == ScoreScale::Auto && before.iter().any(outside)) {
            return Ok(ScoreScale::Any);
        }
        let first = if before.is_empty() { &after } else { &before };
        let found = scale::check(first, asked)?;
        scale::check_alike(&after, found)?;
        let values = before.iter().chain(&after).map(|(value, _)| *value);
        if let Some(note) = scale::small_among_percentages(values).filter(|_| found == ScoreScale::Percent) {
            told.entry(note).or_default().push(name.to_owned());
        }
        Ok(found)
    }

    /// Why there is nothing to compare.
    fn no_scores(&self) -> Error {
        let mut conditions: BTreeSet<Condition> = BTreeSet::new();
        for (table, layout) in self.tables.iter().zip(self.layouts) {
            if layout.is_long() && layout.get(&ADJUSTMENT).is_some() {
                conditions.extend((0..table.rows()).map(|row| condition(table, layout, row)));
            }
        }
        let listed = conditions.iter().map(Condition::spelled).collect::<Vec<_>>().join(", ");
        Error::Argument(match conditions.is_empty() {
            true => "the tables hold no score of any benchmark; --score names columns".into(),
            false => {
                format!("no score is without adjustment; the conditions are {listed}: keep one of them in the table")
            }
        })
    }

    /// What the models have in common.
    fn model(&self, record: &Record) -> Result<GridModel> {
        let family = || self.records.cell(record, &FAMILY).map_or(record.run(), |cell| cell.text()).to_owned();
        let column = |name: &str| -> Option<String> {
            let named = self.records.named(name).ok()?;
            self.records.cell_of(record, &named).map(|cell| cell.text().to_owned())
        };
        let cluster = match &self.settings.tables.cluster {
            ClusterBy::Family => family(),
            ClusterBy::Model => record.name.clone(),
            ClusterBy::Column(name) => {
                self.records.named(name)?;
                column(name).unwrap_or_else(|| record.name.clone())
            }
        };
        let base = match self.settings.tables.cluster {
            ClusterBy::Model => record.name.clone(),
            ClusterBy::Family | ClusterBy::Column(_) => column(BASE).unwrap_or_else(|| record.run().to_owned()),
        };
        let facts = facts::of(self.records, record, self.settings)?;
        Ok(GridModel { name: record.name.clone(), cluster, base, compute: facts.compute, marked: facts.marked })
    }

    fn grid(
        &self,
        benchmarks: Vec<GridBenchmark>,
        all: &[Sides<'t>],
        two: bool,
        notes: Vec<String>,
    ) -> Result<ScoreGrid> {
        let scored: BTreeSet<usize> = all.iter().flatten().flat_map(|side| side.keys().copied()).collect();
        let models = scored.iter().map(|at| self.model(&self.records.records[*at])).collect::<Result<Vec<_>>>()?;
        let given = match &self.settings.tables.items {
            Some(Amount::Number(items)) => Some(*items),
            Some(Amount::Column(name)) => {
                let problem = format!("--items {name}: a number of items is a number, the same for every benchmark");
                return Err(Error::Argument(problem));
            }
            None => None,
        };
        let side = |k: usize, condition: &str| {
            let column = |of: &dyn Fn(&Entry<'t>) -> f64| -> Vec<Vec<f64>> {
                let one = |sides: &Sides<'t>| scored.iter().map(|at| sides[k].get(at).map_or(f64::NAN, of)).collect();
                all.iter().map(one).collect()
            };
            let items = |entry: &Entry<'t>| if entry.items.is_nan() { given.unwrap_or(f64::NAN) } else { entry.items };
            GridScores {
                condition: condition.to_owned(),
                values: column(&|entry| entry.value),
                stderr: column(&|entry| entry.stderr),
                items: column(&items),
            }
        };
        let after = self.settings.tables.adjusted.as_deref().unwrap_or("after");
        Ok(ScoreGrid {
            models,
            benchmarks,
            before: side(0, if two { "before" } else { "scores" }),
            after: two.then(|| side(1, after)),
            notes,
            sources: self.tables.iter().map(|table| table.path().display().to_string()).collect(),
        })
    }
}

/// Column of the base model that a chat model was made from.
const BASE: &str = "base_model";
