//! The rows of all tables, joined by the models' names.

use std::collections::{BTreeSet, HashMap};

use super::layout::{Found, Layout, missing};
use super::scores::{Match, Place};
use super::{Dropped, Reason, Role};
use crate::registry::columns::{HUB, ITEMS, MODEL, VALUE};
use crate::registry::names::{Partners, key, may_be_of_one_organisation, partners, split_organisation};
use crate::registry::table::{Column, Table};
use crate::registry::{DateOrder, Month};
use crate::{Error, Result};

/// All models of all tables.
pub(super) struct Records<'t> {
    tables: &'t [Table],
    layouts: &'t [Layout],
    places: &'t [Place],
    pub(super) records: Vec<Record>,
}

/// One model and the rows that speak of it.
pub(super) struct Record {
    pub(super) name: String,
    made_by: usize,
    rows: Vec<Row>,
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

    /// The numbers of its column, without their unit.
    pub(super) fn column_numbers(&self) -> Vec<f64> {
        (0..self.table.rows()).filter_map(|row| self.table.number_at(row, self.found.index).ok()).collect()
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
    /// Joins the tables. Rows that are there twice are reported in the second place, joins of names that are not equal and
    /// names without a partner in the third.
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
        let mut joined = Self { tables, layouts, places, records: Vec::new() };
        let (mut by_name, mut by_key, mut dropped) = (HashMap::new(), HashMap::new(), Vec::new());
        let (partners, mut notes) = joined.partners(roles)?;
        for (table, contents) in tables.iter().enumerate() {
            let hub = contents.find(&HUB).map(|(column, _)| column);
            for row in 0..contents.rows() {
                let written = joined.name(table, row)?;
                let partner = partners.of.get(&written).filter(|_| roles[table] == Role::After);
                let name = partner.unwrap_or(&written).clone();
                let keys = keys(&name, hub.and_then(|column| contents.at(row, column)));
                let made_here = |joined: &Self, at: usize| joined.records[at].made_by == table;
                let found = by_name.get(&name).copied().or_else(|| {
                    let known = |key: &String| by_key.get(key).copied().flatten();
                    let fits = |at: &usize| {
                        !made_here(&joined, *at) && may_be_of_one_organisation(&joined.records[*at].name, &name)
                    };
                    keys.iter().find_map(known).filter(fits)
                });
                let at = found.unwrap_or(joined.records.len());
                match found {
                    None => joined.records.push(Record { name: name.clone(), made_by: table, rows: Vec::new() }),
                    Some(at) if !by_name.contains_key(&name) => {
                        let known = &joined.records[at].name;
                        notes.push(format!("`{name}` of {} is taken for `{known}`", contents.path().display()));
                    }
                    Some(_) => {}
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

    /// What the row is for this fit.
    fn holds(&self, table: usize, row: usize) -> Match {
        match &self.places[table] {
            Place::Wide(..) => Match::Score,
            Place::Long(wanted) => wanted.matches(&self.tables[table], &self.layouts[table], row),
        }
    }

    /// Adds a row to the model `at`; `true` when the same row is there already.
    fn add(&mut self, at: usize, table: usize, row: usize) -> Result<bool> {
        let (here, layout) = (&self.tables[table], &self.layouts[table]);
        let name = self.records[at].name.clone();
        let holds = self.holds(table, row);
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
        record.rows.iter().find_map(|r| {
            // Numbers of items belong to the one benchmark.
            if wanted.name == ITEMS.name && r.holds != Match::Score {
                return None;
            }
            let found = self.layouts[r.table].get(wanted)?;
            self.at(r, found)
        })
    }

    /// The cell with the score, or with the score after adjustment.
    pub(super) fn score(&self, record: &Record, adjusted: bool) -> Option<Cell<'t>> {
        record.rows.iter().find_map(|r| match &self.places[r.table] {
            Place::Wide(score, after) => self.at(r, Found::at(if adjusted { *after } else { *score }?)),
            Place::Long(_) => {
                let wanted = if adjusted { Match::Adjusted } else { Match::Score };
                let value = self.layouts[r.table].get(&VALUE).filter(|_| r.holds == wanted)?;
                self.at(r, value)
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
        record.rows.iter().find_map(|r| self.at(r, Found::at(named.0[r.table]?)))
    }

    fn at(&self, r: &Row, found: Found) -> Option<Cell<'t>> {
        let table = &self.tables[r.table];
        (!table.is_missing(r.row, found.index)).then_some(Cell { found, table, row: r.row })
    }
}

/// What the names of one model have in common in different tables: no organisation, case or signs. Its place on a hub
/// gives another.
fn keys(name: &str, hub: Option<&str>) -> Vec<String> {
    let names = [Some(name), hub].into_iter().flatten();
    let mut keys: Vec<String> = names.map(|name| key(split_organisation(name).1)).collect();
    keys.retain(|key| !key.is_empty());
    keys.dedup();
    keys
}
