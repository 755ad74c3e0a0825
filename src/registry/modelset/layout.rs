//! Which column holds what: by the name a flag gives, or else by the names that are known for it.

use super::settings::Settings;
use crate::registry::DateOrder;
use crate::registry::columns::{
    ACTIVE_PARAMS, ADJUSTMENT, BENCHMARK, COMPUTE, EPOCHS, EXAMPLES, FAMILY, ITEMS, METRIC, MODEL, PARAMS, RELEASE,
    TOKENS, VALUE,
};
use crate::registry::names::did_you_mean;
use crate::registry::table::{Column, Kind, Stated, Table, Unit, fold};
use crate::{Error, Result};

/// The columns that mean something to a fit.
const COLUMNS: [&Column; 14] = [
    &MODEL,
    &FAMILY,
    &PARAMS,
    &ACTIVE_PARAMS,
    &TOKENS,
    &COMPUTE,
    &RELEASE,
    &BENCHMARK,
    &METRIC,
    &VALUE,
    &ADJUSTMENT,
    &EPOCHS,
    &EXAMPLES,
    &ITEMS,
];

/// A column, the unit of its numbers and the order of its dates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) index: usize,
    pub(super) unit: Unit,
    pub(super) dates: Option<DateOrder>,
}

impl Found {
    /// A column whose numbers are what they are.
    pub(super) fn at(index: usize) -> Self {
        Self { index, unit: Unit::ONE, dates: None }
    }
}

/// The columns of one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    found: Vec<(&'static Column, Found)>,
}

impl Layout {
    /// Finds the columns of `table`.
    ///
    /// # Errors
    /// [`Error::File`] for a unit that is not known.
    pub(super) fn of(table: &Table, settings: &Settings) -> Result<Self> {
        let mut places = Vec::new();
        for column in COLUMNS {
            let place = match named_by_flag(column, settings) {
                Some(name) => table.position(name).map(|index| (index, table.stated_unit(index))),
                None => table.find(column),
            };
            places.extend(place.map(|(index, stated)| (column, index, stated)));
        }
        let mut found = Vec::new();
        for (column, index, stated) in &places {
            // `Params (active)` is no column of params in an unknown unit.
            let is_other = matches!(stated, Stated::Unknown(_))
                && places.iter().any(|(_, other, unit)| other == index && *unit == Stated::Nothing);
            let is_flag = column.name == ACTIVE_PARAMS.name
                && *stated == Stated::Nothing
                && named_by_flag(column, settings).is_none()
                && ["active", "activated"].contains(&fold(&table.names()[*index]).as_str());
            if is_other || is_flag {
                continue;
            }
            let dates = match settings.dates {
                None if column.kind == Kind::Month => table.date_order(*index)?,
                given => given,
            };
            found.push((*column, Found { index: *index, unit: unit(column, table, *index, stated, settings)?, dates }));
        }
        Ok(Self { found })
    }

    /// Where the column is.
    pub(super) fn get(&self, column: &Column) -> Option<Found> {
        self.found.iter().find(|(of, _)| of.name == column.name).map(|(_, found)| *found)
    }

    /// Whether one row is one score of one model, not all of them.
    pub(super) fn is_long(&self) -> bool {
        self.get(&BENCHMARK).is_some() && self.get(&VALUE).is_some()
    }

    /// Whether the column of this position means something other than a score.
    pub(super) fn is_taken(&self, index: usize) -> bool {
        self.found.iter().any(|(column, found)| column.name != VALUE.name && found.index == index)
    }
}

/// The name that a flag gives to the column.
fn named_by_flag<'s>(column: &Column, settings: &'s Settings) -> Option<&'s str> {
    let flags = [
        (&MODEL, &settings.model),
        (&FAMILY, &settings.family),
        (&PARAMS, &settings.params),
        (&ACTIVE_PARAMS, &settings.active_params),
        (&TOKENS, &settings.tokens),
        (&COMPUTE, &settings.compute),
        (&RELEASE, &settings.release),
    ];
    flags.into_iter().find(|(of, _)| of.name == column.name).and_then(|(_, flag)| flag.as_deref())
}

/// Every column a flag names must be in one of the tables.
///
/// # Errors
/// [`Error::MissingColumn`].
pub(super) fn check_flags(tables: &[Table], settings: &Settings) -> Result<()> {
    COLUMNS.iter().filter_map(|column| named_by_flag(column, settings)).try_for_each(|name| {
        if tables.iter().any(|table| table.position(name).is_some()) { Ok(()) } else { Err(missing(tables, name)) }
    })
}

/// That no table has a column of this name.
pub(super) fn missing(tables: &[Table], name: &str) -> Error {
    let path = tables.first().map(|table| table.path().to_owned()).unwrap_or_default();
    let names: Vec<&str> = tables.iter().flat_map(Table::names).map(String::as_str).collect();
    let error = Error::MissingColumn { path, column: name.to_owned(), found: names.join(", ") };
    match did_you_mean(name, names) {
        Some(question) => error.with_help(question),
        None => error,
    }
}

/// The flag that gives the unit of a column, and the unit it gave.
pub(super) fn unit_flag(column: &Column, settings: &Settings) -> Option<(&'static str, Option<Unit>)> {
    let flags = [
        (&COMPUTE, "--compute-unit", settings.compute_unit),
        (&PARAMS, "--params-unit", settings.params_unit),
        (&ACTIVE_PARAMS, "--params-unit", settings.params_unit),
        (&TOKENS, "--tokens-unit", settings.tokens_unit),
    ];
    flags.into_iter().find(|(of, ..)| of.name == column.name).map(|(_, flag, given)| (flag, given))
}

fn unit(column: &Column, table: &Table, index: usize, stated: &Stated, settings: &Settings) -> Result<Unit> {
    match unit_flag(column, settings) {
        Some((_, Some(given))) => Ok(given),
        Some((flag, None)) => table.known_unit(index, stated).map_err(|e| e.with_help(format!("give it by {flag}"))),
        None => Ok(Unit::ONE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(header: &str) -> Layout {
        let row = header.replace(|c: char| c != ',', "");
        let row: String = row.chars().map(|_| "1,").collect::<String>() + "1";
        let table = Table::parse(format!("{header}\n{row}\n").as_bytes(), "t.csv".as_ref(), &[]).expect("a table");
        Layout::of(&table, &Settings::default()).expect("known units")
    }

    #[test]
    fn tables_in_the_layout_of_obsscaling_are_understood() {
        let found = layout("Model,Model Family,Model Size (B),Pretraining Data Size (T),FLOPs (1E21),MMLU");
        let column = |column| found.get(column).map(|f| (f.index, f.unit.apply(1.0)));
        assert_eq!(column(&MODEL), Some((0, 1.0)));
        assert_eq!(column(&FAMILY), Some((1, 1.0)));
        assert_eq!(column(&PARAMS), Some((2, 1e9)));
        assert_eq!(column(&TOKENS), Some((3, 1e12)));
        assert_eq!(column(&COMPUTE), Some((4, 1e21)));
        assert!(!found.is_long() && !found.is_taken(5));
    }

    #[test]
    fn tables_in_the_layout_of_epoch_are_understood() {
        let found = layout("Model,Publication date,Parameters,Training compute (FLOP),Training dataset size (total)");
        let column = |column| found.get(column).map(|f| (f.index, f.unit.apply(1.0)));
        assert_eq!(column(&RELEASE), Some((1, 1.0)));
        assert_eq!(column(&PARAMS), Some((2, 1.0)));
        assert_eq!(column(&COMPUTE), Some((3, 1.0)));
        assert_eq!(column(&TOKENS), Some((4, 1.0)));
    }

    #[test]
    fn a_unit_that_is_not_known_is_not_guessed() {
        let table = Table::parse(b"model,compute (GPU-hours)\na,1\n", "t.csv".as_ref(), &[]).expect("a table");
        let error = Layout::of(&table, &Settings::default()).expect_err("GPU-hours are no FLOPs").to_string();
        assert!(error.contains("compute (GPU-hours)") && error.contains("--compute-unit"), "{error}");
        let unit = "1e15".parse().expect("a unit");
        let settings = Settings { compute_unit: Some(unit), ..Settings::default() };
        assert_eq!(Layout::of(&table, &settings).expect("given").get(&COMPUTE).map(|f| f.unit), Some(unit));
    }
}
