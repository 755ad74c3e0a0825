//! The rows of all tables, joined by the models' names.

use std::collections::{HashMap, HashSet};

use super::layout::{Layout, missing};
use super::scores::{Match, Place};
use super::{Dropped, Reason, setups};
use crate::registry::columns::{COMPUTE, HUB, ITEMS, MODEL, TOKENS, TOKENS_SEEN, VALUE};
use crate::registry::table::{Column, Table, fold};
use crate::{Error, Result};

/// All models of all tables.
pub(super) struct Records<'t> {
    tables: &'t [Table],
    layouts: &'t [Layout],
    places: &'t [Place],
    pub(super) records: Vec<Record>,
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
    unit: f64,
    table: &'t Table,
    row: usize,
    column: usize,
}

impl<'t> Cell<'t> {
    /// Its text.
    pub(super) fn text(&self) -> &'t str {
        self.table.at(self.row, self.column).unwrap_or_default()
    }

    /// An error at this cell.
    pub(super) fn error(&self, problem: String) -> Error {
        self.table.cell_error(self.row, &self.table.names()[self.column], problem)
    }

    /// Its number.
    pub(super) fn number(&self) -> Result<f64> {
        self.table.number_at(self.row, self.column).map_err(|problem| self.error(problem))
    }

    /// Its number, above zero and multiplied by the column's unit.
    pub(super) fn size(&self) -> Result<f64> {
        self.table.size_at(self.row, self.column, self.unit).map_err(|problem| self.error(problem))
    }
}

/// A column that is named by a flag, in every table that has it.
pub(super) struct Named(Vec<Option<usize>>);

impl<'t> Records<'t> {
    /// Joins the tables. Rows that are there twice are reported in the second place.
    ///
    /// # Errors
    /// A row without name, or a model that stands twice in one table with different values.
    pub(super) fn join(
        tables: &'t [Table],
        layouts: &'t [Layout],
        places: &'t [Place],
    ) -> Result<(Self, Vec<Dropped>)> {
        let mut joined = Self { tables, layouts, places, records: Vec::new(), joined: Vec::new() };
        let (mut by_name, mut by_key, mut dropped) = (HashMap::new(), HashMap::new(), Vec::new());
        for (table, contents) in tables.iter().enumerate() {
            let hub = contents.find(&HUB);
            let shared = joined.shared_keys(table, hub)?;
            for row in 0..contents.rows() {
                let run = joined.name(table, row)?;
                let state = setups::checkpoint(contents, row);
                let name = state.as_ref().map_or_else(|| run.clone(), |state| format!("{run}@{state}"));
                let hub = hub.and_then(|column| contents.at(row, column)).filter(|_| state.is_none());
                let keys = keys(&name, hub);
                let made_here = |joined: &Self, at: usize| joined.records[at].made_by == table;
                let found = by_name.get(&name).copied().or_else(|| {
                    let own = keys.iter().filter(|key| !shared.contains(*key));
                    own.filter_map(|key| by_key.get(key).copied().flatten()).find(|at| !made_here(&joined, *at))
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
                by_name.insert(name, at);
                if joined.add(at, table, row)? {
                    dropped.push(Dropped { model: joined.records[at].name.clone(), reason: Reason::Repeated });
                }
            }
        }
        joined.find_runs(&by_name, &by_key);
        Ok((joined, dropped))
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

    /// Whether checkpoints of this model are among the records.
    pub(super) fn has_checkpoints(&self, record: &Record) -> bool {
        self.records.iter().any(|other| other.base.is_some_and(|base| std::ptr::eq(&self.records[base], record)))
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
                Some(name) => Ok(name.to_owned()),
                None => Err(here.cell_error(row, &here.names()[found.index], "the model has no name".into())),
            },
            None if self.tables.len() == 1 => Ok(format!("row {}", here.line(row))),
            None => Err(missing(std::slice::from_ref(here), "model")),
        }
    }

    /// Adds a row to the model `at`; `true` when the same row is there already.
    fn add(&mut self, at: usize, table: usize, row: usize) -> Result<bool> {
        let (here, layout) = (&self.tables[table], &self.layouts[table]);
        let name = self.records[at].name.clone();
        let holds = match &self.places[table] {
            Place::Wide(..) => Match::Score,
            Place::Long(wanted) => wanted.matches(here, layout, row),
        };
        let rows = &mut self.records[at].rows;
        if let Some(first) = rows.iter().find(|r| r.table == table && r.holds == holds) {
            // Of the other benchmarks of a long table one row is enough to know that the model is there.
            if holds == Match::Neither {
                return Ok(false);
            }
            let same = (0..here.names().len()).all(|column| here.at(first.row, column) == here.at(row, column));
            if same {
                return Ok(true);
            }
            let column = layout.get(&MODEL).map_or("model", |found| here.names()[found.index].as_str());
            let problem = format!("`{name}` is already in row {} with other values", here.line(first.row));
            return Err(here.cell_error(row, column, problem));
        }
        rows.push(Row { table, row, holds });
        Ok(false)
    }

    /// The first cell of this column with a value.
    pub(super) fn cell(&self, record: &Record, wanted: &Column) -> Option<Cell<'t>> {
        if record.run.is_some() && wanted.name == TOKENS.name {
            return record.rows.iter().find_map(|r| self.at(r, self.tables[r.table].find(&TOKENS_SEEN)?, 1.0));
        }
        if record.run.is_some() && wanted.name == COMPUTE.name {
            // What the tables say is that of the whole run.
            return None;
        }
        let own = |r: &Row| record.rows.iter().any(|row| row == r);
        self.rows_of(record).find_map(|r| {
            // Numbers of items belong to the one benchmark.
            if wanted.name == ITEMS.name && (r.holds != Match::Score || !own(r)) {
                return None;
            }
            let found = self.layouts[r.table].get(wanted)?;
            self.at(r, found.index, found.unit)
        })
    }

    /// The cell with the score, or with the score after adjustment.
    pub(super) fn score(&self, record: &Record, adjusted: bool) -> Option<Cell<'t>> {
        record.rows.iter().find_map(|r| match &self.places[r.table] {
            Place::Wide(score, after) => self.at(r, if adjusted { *after } else { *score }?, 1.0),
            Place::Long(_) => {
                let wanted = if adjusted { Match::Adjusted } else { Match::Score };
                let value = self.layouts[r.table].get(&VALUE).filter(|_| r.holds == wanted)?;
                self.at(r, value.index, 1.0)
            }
        })
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
        self.rows_of(record).find_map(|r| self.at(r, named.0[r.table]?, 1.0))
    }

    fn at(&self, r: &Row, column: usize, unit: f64) -> Option<Cell<'t>> {
        let table = &self.tables[r.table];
        (!table.is_missing(r.row, column)).then_some(Cell { unit, table, row: r.row, column })
    }
}

/// What the names of one model have in common in different tables: no organisation, case or punctuation, except between
/// digits. Its place on a hub gives another.
fn keys(name: &str, hub: Option<&str>) -> Vec<String> {
    let last = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or(name);
        fold(name.rsplit("__").next().unwrap_or(name))
    };
    let mut keys: Vec<String> = [Some(name), hub].into_iter().flatten().map(last).collect();
    keys.retain(|key| !key.is_empty());
    keys.dedup();
    keys
}
