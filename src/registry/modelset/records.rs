//! The rows of all tables, joined by the models' names.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::chosen::LeftOut;
use super::dropped::{Dropped, Reason};
use super::layout::{Found, Layout, missing};
use super::scores::{Match, Place, Role};
use super::selection::UNSET;
use crate::registry::columns::{COMPUTE, HUB, ITEMS, LIMIT, MODEL, REVISION, TOKENS, TOKENS_SEEN, VALUE};
use crate::registry::names::{Partners, may_be_of_one_organisation, partners, split_organisation};
use crate::registry::table::{Column, Table, Unit, fold};
use crate::registry::{DateOrder, Month};
use crate::{Error, Result};

/// All models of all tables.
pub(super) struct Records<'t> {
    tables: &'t [Table],
    layouts: &'t [Layout],
    places: &'t [Place],
    pub(super) records: Vec<Record>,
    /// Per table the record of every row.
    pub(super) of_row: Vec<Vec<usize>>,
    /// Models of one table that were taken for those of another by names that are not the same: a sentence each.
    pub(super) joined: Vec<String>,
}

/// One model and the rows that speak of it.
pub(super) struct Record {
    pub(super) name: String,
    made_by: usize,
    hub: Option<String>,
    /// The name of the run, for a checkpoint of one.
    run: Option<String>,
    /// The record of the whole run, for a checkpoint of one.
    base: Option<usize>,
    rows: Vec<Row>,
}

impl Record {
    /// Where the first row that speaks of it stands: the file, and its line.
    pub(super) fn first_place(&self, tables: &[Table]) -> String {
        let Some(row) = self.rows.first() else { return String::new() };
        let table = &tables[row.table];
        format!("{}, line {}", table.path().display(), table.line(row.row))
    }

    /// Whether it is a state of a model from within its training.
    pub(super) fn is_checkpoint(&self) -> bool {
        self.run.is_some()
    }

    /// The model's name; for a checkpoint that of its run.
    pub(super) fn run(&self) -> &str {
        self.run.as_deref().unwrap_or(&self.name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    table: usize,
    row: usize,
    holds: Match,
}

/// One cell with a value, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Cell<'t> {
    found: Found,
    table: &'t Table,
    row: usize,
}

impl<'t> Cell<'t> {
    /// Its text.
    pub(super) fn text(&self) -> &'t str {
        self.table.at(self.row, self.found.index).unwrap_or_default()
    }

    /// The name of its column.
    pub(super) fn column_name(&self) -> &'t str {
        &self.table.names()[self.found.index]
    }

    /// The unit of its column.
    pub(super) fn unit(&self) -> Unit {
        self.found.unit
    }

    /// The numbers of its column, without their unit.
    pub(super) fn column_numbers(&self) -> Vec<f64> {
        (0..self.table.rows()).filter_map(|row| self.table.number_at(row, self.found.index).ok()).collect()
    }

    /// The cell in this row and column, if it has a value.
    pub(super) fn of(table: &'t Table, row: usize, column: usize) -> Option<Self> {
        (!table.is_missing(row, column)).then_some(Self { found: Found::at(column), table, row })
    }

    /// The row, as people count it in the file.
    pub(super) fn line(&self) -> usize {
        self.table.line(self.row)
    }

    /// The file and the row.
    pub(super) fn place(&self) -> String {
        format!("{}, row {}", self.table.path().display(), self.line())
    }

    /// An error at this cell.
    pub(super) fn error(&self, problem: String) -> Error {
        self.table.cell_error(self.row, self.column_name(), problem)
    }

    /// Its number.
    pub(super) fn number(&self) -> Result<f64> {
        self.table.number_at(self.row, self.found.index).map_err(|problem| self.error(problem))
    }

    /// Its size, above zero and in the column's unit.
    pub(super) fn size(&self) -> Result<f64> {
        self.table.size_at(self.row, self.found.index, self.found.unit).map_err(|problem| self.error(problem))
    }

    /// Its month.
    pub(super) fn month(&self) -> Result<Month> {
        Month::of_date_in(self.text(), self.found.dates).map_err(|error| self.error(error.to_string()))
    }
}

impl Cell<'_> {
    /// Whether it is a date of which day and month could change places.
    pub(super) fn has_open_date(&self) -> bool {
        let read = |order| Month::of_date_in(self.text(), order).is_ok();
        !read(self.found.dates) && read(Some(DateOrder::DayFirst)) && read(Some(DateOrder::MonthFirst))
    }
}

/// A column that is named by a flag, in every table that has it.
pub(super) struct Named(Vec<Option<usize>>);

impl<'t> Records<'t> {
    /// Joins the tables. Rows that are there twice are reported in the second place, what was joined before and after
    /// adjustment in the third.
    ///
    /// # Errors
    /// A row without name, a model that stands twice in one table with different values, or two models after adjustment
    /// for one before.
    pub(super) fn join(
        tables: &'t [Table],
        layouts: &'t [Layout],
        places: &'t [Place],
        roles: &[Role],
    ) -> Result<(Self, Vec<Dropped>, Vec<String>)> {
        let mut joined = Self { tables, layouts, places, records: Vec::new(), of_row: Vec::new(), joined: Vec::new() };
        let (mut by_name, mut by_key, mut dropped) = (HashMap::new(), HashMap::new(), Vec::new());
        let mut by_full: HashMap<String, Option<usize>> = HashMap::new();
        let (partners, notes) = joined.partners(roles)?;
        for (table, contents) in tables.iter().enumerate() {
            let hub = contents.find(&HUB).map(|(column, _)| column);
            let shared = joined.shared_keys(table, hub)?;
            joined.of_row.push(Vec::with_capacity(contents.rows()));
            for row in 0..contents.rows() {
                let written = joined.name(table, row)?;
                let partner = partners.of.get(&written).filter(|_| roles[table] == Role::After);
                let run = partner.unwrap_or(&written).clone();
                let state = checkpoint(contents, row);
                let name = state.as_ref().map_or_else(|| run.clone(), |state| format!("{run}@{state}"));
                let hub = hub.and_then(|column| contents.at(row, column)).filter(|_| state.is_none());
                let keys = keys(&name, hub);
                let full = full_names(&name, hub);
                let made_here = |joined: &Self, at: usize| joined.records[at].made_by == table;
                let by_organisation = || {
                    let mut known = full.iter().filter_map(|full| by_full.get(full).copied().flatten());
                    known.find(|at| !made_here(&joined, *at))
                };
                let found = by_name.get(&name).copied().or_else(by_organisation).or_else(|| {
                    let known = |key: &String| by_key.get(key).copied().flatten();
                    let fits = |at: &usize| {
                        !made_here(&joined, *at) && may_be_of_one_organisation(&joined.records[*at].name, &name)
                    };
                    keys.iter().filter(|key| !shared.contains(*key)).filter_map(known).find(fits)
                });
                let at = found.unwrap_or(joined.records.len());
                if found.is_none() {
                    let (hub, run) = (hub.map(str::to_owned), state.map(|_| run));
                    joined.records.push(Record {
                        name: name.clone(),
                        made_by: table,
                        hub,
                        run,
                        base: None,
                        rows: vec![],
                    });
                } else if !by_name.contains_key(&name) {
                    joined.tell(&name, hub, at, table);
                }
                // Two models that share a key are told apart by their full names only.
                for key in keys {
                    by_key.entry(key).and_modify(|e| *e = e.filter(|known| *known == at)).or_insert(Some(at));
                }
                for full in full {
                    by_full.entry(full).and_modify(|e| *e = e.filter(|known| *known == at)).or_insert(Some(at));
                }
                by_name.insert(name, at);
                joined.of_row[table].push(at);
                if joined.add(at, table, row)? {
                    dropped.push(Dropped { model: joined.records[at].name.clone(), reason: Reason::Repeated });
                }
            }
        }
        joined.find_runs(&by_name, &by_key);
        Ok((joined, dropped, notes))
    }

    /// Which names after adjustment belong to which before, and what a reader should know about it.
    ///
    /// # Errors
    /// When two names belong to one, or no name to any.
    fn partners(&self, roles: &[Role]) -> Result<(Partners, Vec<String>)> {
        let names = |role: Role| -> Result<BTreeSet<String>> {
            let mut names = BTreeSet::new();
            for table in (0..self.tables.len()).filter(|table| roles[*table] == role) {
                for row in (0..self.tables[table].rows()).filter(|row| self.holds(table, *row) != Match::Neither) {
                    names.insert(self.name(table, row)?);
                }
            }
            Ok(names)
        };
        if !roles.contains(&Role::After) {
            return Ok((Partners::default(), Vec::new()));
        }
        let (before, after) = (names(Role::Before)?, names(Role::After)?);
        let found = partners(before.iter().map(String::as_str), after.iter().map(String::as_str));
        if let Some((name, several)) = found.several.first() {
            return Err(Error::Argument(format!(
                "several models after adjustment belong to `{name}`: {}; keep one of them",
                several.join(", ")
            )));
        }
        if found.of.is_empty() {
            let first = |names: &BTreeSet<String>| names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::Argument(format!(
                "no model after adjustment ({}) has the name of one before ({}); call them alike, as in `NAME-adjusted`",
                first(&after),
                first(&before)
            )));
        }
        let inexact = found.of.iter().filter(|(name, partner)| name != partner);
        let mut notes: Vec<String> =
            inexact.map(|(name, partner)| format!("`{name}` after adjustment is taken for `{partner}`")).collect();
        for (names, without) in [(&found.only_before, "after adjustment"), (&found.only_after, "before adjustment")] {
            if !names.is_empty() {
                notes.push(format!("without a partner {without}: {}", names.join(", ")));
            }
        }
        Ok((found, notes))
    }

    /// What several models of one table have in common, and so tells none of them from another.
    fn shared_keys(&self, table: usize, hub: Option<usize>) -> Result<HashSet<String>> {
        let (mut first, mut shared) = (HashMap::new(), HashSet::new());
        for row in 0..self.tables[table].rows() {
            let name = self.name(table, row)?;
            for key in keys(&name, hub.and_then(|column| self.tables[table].at(row, column))) {
                if first.entry(key.clone()).or_insert_with(|| name.clone()) != &name {
                    shared.insert(key);
                }
            }
        }
        Ok(shared)
    }

    /// Says that `name` of a table is taken for a model of another, unless one is exactly the other's name or hub name.
    fn tell(&mut self, name: &str, hub: Option<&str>, at: usize, table: usize) {
        let known = &self.records[at];
        if known.hub.as_deref() != Some(name) && hub != Some(known.name.as_str()) {
            let (here, there) = (self.tables[table].path().display(), self.tables[known.made_by].path().display());
            self.joined.push(format!("`{name}` in {here} is taken for `{}` in {there}", known.name));
        }
    }

    /// Finds what the tables say of the runs that checkpoints belong to.
    fn find_runs(&mut self, by_name: &HashMap<String, usize>, by_key: &HashMap<String, Option<usize>>) {
        let mut told = HashSet::new();
        for at in 0..self.records.len() {
            let Some(run) = self.records[at].run.clone() else { continue };
            let exact = by_name.get(&run).copied();
            let base = exact.or_else(|| keys(&run, None).iter().find_map(|key| by_key.get(key).copied().flatten()));
            let Some(base) = base.filter(|base| *base != at && self.records[*base].run.is_none()) else { continue };
            self.records[at].base = Some(base);
            if exact.is_none() && told.insert(run.clone()) {
                self.tell(&run, None, base, self.records[at].made_by);
            }
        }
    }

    /// That several tables have no model in common, and what their models are called; `None` when some do.
    pub(super) fn nothing_in_common(&self) -> Option<String> {
        let of = |table: usize| move |record: &&Record| record.rows.iter().any(|row| row.table == table);
        let is_shared = |record: &Record| record.rows.iter().any(|row| row.table != record.rows[0].table);
        if self.tables.len() < 2 || self.records.iter().any(is_shared) {
            return None;
        }
        let names = |table: usize| {
            let names: Vec<&str> = self.records.iter().filter(of(table)).take(3).map(|r| r.name.as_str()).collect();
            format!("{} has `{}`", self.tables[table].path().display(), names.join("`, `"))
        };
        Some((0..self.tables.len()).map(names).collect::<Vec<_>>().join(", "))
    }

    /// Whether checkpoints of this model are among the records.
    pub(super) fn has_checkpoints(&self, record: &Record) -> bool {
        self.records.iter().any(|other| other.base.is_some_and(|base| std::ptr::eq(&self.records[base], record)))
    }

    /// For every record whether `--where` leaves a row of it, or says nothing of it; `left_out` is what it leaves out of each
    /// table.
    pub(super) fn chosen(&self, left_out: &LeftOut) -> Vec<bool> {
        // Per record: whether a selection speaks of it, and whether one keeps it.
        let mut rows = vec![(false, false); self.records.len()];
        for (of_row, skipped) in self.of_row.iter().zip(left_out) {
            let Some(skipped) = skipped else { continue };
            for (row, at) in of_row.iter().enumerate() {
                rows[*at].0 = true;
                rows[*at].1 |= !skipped.contains(&row);
            }
        }
        let of = |at: usize| match self.records[at].base.map(|base| rows[base]) {
            Some((said, kept)) => (rows[at].0 || said, rows[at].1 || kept),
            None => rows[at],
        };
        (0..rows.len()).map(|at| matches!(of(at), (false, _) | (_, true))).collect()
    }

    /// The rows that speak of a record: its own, and for a checkpoint those of its run.
    fn rows_of<'r>(&'r self, record: &'r Record) -> impl Iterator<Item = &'r Row> {
        let base = record.base.map(|base| self.records[base].rows.as_slice()).unwrap_or_default();
        record.rows.iter().chain(base)
    }

    /// The model's name; `row N` in a single table without names.
    fn name(&self, table: usize, row: usize) -> Result<String> {
        let here = &self.tables[table];
        match self.layouts[table].get(&MODEL) {
            Some(found) => match here.at(row, found.index) {
                Some(name) if SUMMARIES.contains(&name.to_lowercase().as_str()) => Err(here.cell_error(
                    row,
                    &here.names()[found.index],
                    format!("`{name}` is called like a summary of the other rows; delete the row, or give the model another name"),
                )),
                Some(name) => Ok(without_tags(name)),
                None => Err(here.cell_error(row, &here.names()[found.index], "the model has no name".into())),
            },
            None if self.tables.len() == 1 => Ok(format!("row {}", here.line(row))),
            None => Err(missing(std::slice::from_ref(here), "model")),
        }
    }

    /// What the row is for this fit.
    fn holds(&self, table: usize, row: usize) -> Match {
        match &self.places[table] {
            place if place.skip().contains(&row) => Match::Neither,
            Place::Wide(..) => Match::Score,
            Place::Long(wanted) => wanted.matches(&self.tables[table], &self.layouts[table], row),
            Place::Every(_) => Match::Any,
        }
    }

    /// Adds a row to the model `at`; `true` when the same row is there already.
    fn add(&mut self, at: usize, table: usize, row: usize) -> Result<bool> {
        let (here, layout) = (&self.tables[table], &self.layouts[table]);
        let name = self.records[at].name.clone();
        let holds = self.holds(table, row);
        if let Some(first) = self.records[at].rows.iter().find(|r| r.table == table && r.holds == holds) {
            // Of the other benchmarks of a long table one row is enough to know that the model is there.
            if matches!(holds, Match::Neither | Match::Any) {
                return Ok(false);
            }
            let same = (0..here.names().len()).all(|column| here.at(first.row, column) == here.at(row, column));
            if same {
                return Ok(true);
            }
            let column = layout.get(&MODEL).map_or("model", |found| here.names()[found.index].as_str());
            let mut problem = format!("`{name}` is already in row {} with other values", here.line(first.row));
            if here.find(&REVISION).is_some() && here.find(&TOKENS_SEEN).is_none() {
                problem.push_str(
                    "; checkpoints of one run are points of their own where a column `tokens_seen` says how many tokens each had seen",
                );
            } else if let Some((name, value)) = self.tells_apart(table, first.row, row) {
                problem.push_str(&format!(
                    "; the two differ in `{name}`: --where '{name} = {value}' keeps one, or call the models differently"
                ));
            } else {
                problem.push_str("; delete one of the rows, or call them differently");
            }
            return Err(here.cell_error(row, column, problem));
        }
        self.records[at].rows.push(Row { table, row, holds });
        Ok(false)
    }

    /// The column in which two rows of a long table differ, but for what was measured, and what the second has there.
    fn tells_apart(&self, table: usize, one: usize, other: usize) -> Option<(&'t str, &'t str)> {
        let (here, layout) = (&self.tables[table], &self.layouts[table]);
        let value = layout.get(&VALUE).filter(|_| layout.is_long())?;
        let measured = |column: usize| {
            let folded = fold(&here.names()[column]);
            column == value.index || ["stderr", "error", "items", "date", "source"].iter().any(|of| folded.contains(of))
        };
        let differs = |column: &usize| !measured(*column) && here.at(one, *column) != here.at(other, *column);
        let column = (0..here.names().len()).find(differs)?;
        Some((here.names()[column].as_str(), here.at(other, column).unwrap_or(UNSET)))
    }

    /// The first cell of this column with a value.
    pub(super) fn cell(&self, record: &Record, wanted: &Column) -> Option<Cell<'t>> {
        self.cells(record, wanted).first().copied()
    }

    /// The cells of this column with a value, those that count first.
    pub(super) fn cells(&self, record: &Record, wanted: &Column) -> Vec<Cell<'t>> {
        if record.run.is_some() && wanted.name == TOKENS.name {
            let seen = |r: &Row| self.at(r, Found::at(self.tables[r.table].find(&TOKENS_SEEN)?.0));
            return record.rows.iter().filter_map(seen).collect();
        }
        if record.run.is_some() && wanted.name == COMPUTE.name {
            // What the tables say is that of the whole run.
            return Vec::new();
        }
        let own = |r: &Row| record.rows.iter().any(|row| row == r);
        let cell = |r: &Row| {
            // Numbers of items belong to the one benchmark.
            if wanted.name == ITEMS.name && (r.holds != Match::Score || !own(r)) {
                return None;
            }
            let found = self.layouts[r.table].get(wanted)?;
            self.at(r, found)
        };
        self.rows_of(record).filter_map(cell).collect()
    }

    /// The cell with the score, or with the score after adjustment.
    pub(super) fn score(&self, record: &Record, adjusted: bool) -> Option<Cell<'t>> {
        self.scores(record, adjusted).next()
    }

    /// The cells with the score, or with the score after adjustment, the one that counts first.
    pub(super) fn scores<'r>(&'r self, record: &'r Record, adjusted: bool) -> impl Iterator<Item = Cell<'t>> + 'r {
        record.rows.iter().filter_map(move |r| match &self.places[r.table] {
            Place::Wide(..) if r.holds == Match::Neither => None,
            Place::Wide(score, after, _) => self.at(r, Found::at(if adjusted { *after } else { *score }?)),
            Place::Long(_) => {
                let wanted = if adjusted { Match::Adjusted } else { Match::Score };
                let value = self.layouts[r.table].get(&VALUE).filter(|_| r.holds == wanted)?;
                self.at(r, value)
            }
            Place::Every(_) => None,
        })
    }

    /// For a checkpoint the training tokens of its whole run, where a table says them.
    pub(super) fn tokens_of_run(&self, record: &Record) -> Option<Cell<'t>> {
        let whole = &self.records[record.base?];
        whole.rows.iter().find_map(|row| self.at(row, self.layouts[row.table].get(&TOKENS)?))
    }

    /// The part of the items that the score was measured on: their number, or below 1 their share.
    ///
    /// # Errors
    /// A cell that is no number above 0.
    pub(super) fn limit(&self, record: &Record) -> Result<Option<f64>> {
        let cells = record.rows.iter().filter(|row| row.holds == Match::Score).filter_map(|row| {
            let (column, _) = self.tables[row.table].find(&LIMIT)?;
            self.at(row, Found::at(column))
        });
        cells.map(|cell| cell.size()).next().transpose()
    }

    /// The column of this name.
    ///
    /// # Errors
    /// [`Error::MissingColumn`].
    pub(super) fn named(&self, name: &str) -> Result<Named> {
        let positions: Vec<Option<usize>> = self.tables.iter().map(|table| table.position(name)).collect();
        if positions.iter().all(Option::is_none) { Err(missing(self.tables, name)) } else { Ok(Named(positions)) }
    }

    /// The first cell of this column with a value.
    pub(super) fn cell_of(&self, record: &Record, named: &Named) -> Option<Cell<'t>> {
        self.rows_of(record).find_map(|r| self.at(r, Found::at(named.0[r.table]?)))
    }

    fn at(&self, r: &Row, found: Found) -> Option<Cell<'t>> {
        let table = &self.tables[r.table];
        (!table.is_missing(r.row, found.index)).then_some(Cell { found, table, row: r.row })
    }
}

/// A name without the link around it that leaderboards write: `<a href="…">org/name</a>`.
fn without_tags(name: &str) -> String {
    let inner = name.strip_prefix("<a ").and_then(|rest| rest.split_once('>')).map(|(_, inner)| inner);
    let text = inner.and_then(|inner| inner.split_once("</a>")).map(|(text, _)| text.trim());
    text.filter(|text| !text.is_empty() && !text.contains('<')).unwrap_or(name).to_owned()
}

/// What people and programs call a row that sums up the others.
const SUMMARIES: [&str; 16] = [
    "average", "avg", "avg.", "mean", "total", "sum", "median", "std", "stdev", "sd", "min", "max", "count", "25%",
    "50%", "75%",
];

/// What the names of one model have in common in different tables: no organisation, case or punctuation, except between
/// digits. Its place on a hub gives another.
fn keys(name: &str, hub: Option<&str>) -> Vec<String> {
    let names = [Some(name), hub].into_iter().flatten();
    let mut keys: Vec<String> = names.map(|name| fold(split_organisation(name).1)).collect();
    keys.retain(|key| !key.is_empty());
    keys.dedup();
    keys
}

/// Names with their organisation, case aside.
fn full_names(name: &str, hub: Option<&str>) -> Vec<String> {
    let mut names: Vec<String> = [Some(name), hub].into_iter().flatten().map(str::to_lowercase).collect();
    names.retain(|name| name.contains('/'));
    names.dedup();
    names
}

/// A checkpoint's name within its run, for a row that says how many training tokens its weights had seen.
pub(super) fn checkpoint(table: &Table, row: usize) -> Option<String> {
    let seen = table.find(&TOKENS_SEEN).map(|(at, _)| at).filter(|column| !table.is_missing(row, *column))?;
    let revision = table.find(&REVISION).and_then(|(column, _)| table.at(row, column));
    revision.or_else(|| table.at(row, seen)).map(str::to_owned)
}
