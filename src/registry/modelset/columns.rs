//! Which column holds what: by the name a flag gives, or by the names that tables in circulation use.
//!
//! Names are compared without case, spaces and punctuation, and without a unit in parentheses at the end, which is read:
//! `Model Size (B)` is params in units of 10⁹, `FLOPs (1E21)` compute in units of 10²¹.

use super::Settings;
use crate::registry::table::Table;
use crate::{Error, Result};

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Model,
    Family,
    Params,
    ActiveParams,
    Tokens,
    Compute,
    Release,
    Benchmark,
    Metric,
    Value,
    Adjustment,
    Epochs,
    Examples,
    Items,
}

/// Roles and the names their columns go by, folded; the first name that a table has is taken. The third and fourth of a
/// row are often those of the ObsScaling tables and of Epoch's table of models.
const ALIASES: [(Role, &[&str]); 14] = [
    (Role::Model, &["model", "modelname", "system", "name", "checkpoint"]),
    (Role::Family, &["family", "modelfamily"]),
    (Role::Params, &["params", "parameters", "modelsize", "nparams", "numparams", "numparameters", "size"]),
    (Role::ActiveParams, &["activeparams", "activeparameters", "activatedparams", "activatedparameters"]),
    (
        Role::Tokens,
        &[
            "tokens",
            "pretrainingdatasize",
            "trainingdatasetsize",
            "trainingtokens",
            "pretrainingtokens",
            "traintokens",
            "ntokens",
            "numtokens",
            "datasize",
        ],
    ),
    (
        Role::Compute,
        &["compute", "flops", "flop", "trainingcompute", "pretrainingcompute", "trainingflops", "pretrainingflops"],
    ),
    (Role::Release, &["release", "releasedate", "releasemonth", "publicationdate", "released", "published"]),
    (Role::Benchmark, &["benchmark", "task", "dataset"]),
    (Role::Metric, &["metric"]),
    (Role::Value, &["value", "score"]),
    (Role::Adjustment, &["adjustment"]),
    (Role::Epochs, &["epochs"]),
    (Role::Examples, &["examples"]),
    (Role::Items, &["items", "nitems", "numitems", "nsamples"]),
];

/// A column and what one unit of its numbers is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) index: usize,
    pub(super) unit: f64,
}

/// The columns of one table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    found: Vec<(Role, Found)>,
}

impl Layout {
    /// Finds the columns of `table`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a unit that is not known.
    pub(super) fn of(table: &Table, settings: &Settings) -> Result<Self> {
        let mut found = Vec::new();
        for (role, aliases) in ALIASES {
            let named = named_by_flag(role, settings);
            let index = match named {
                Some(name) => position(table, name),
                None => aliases
                    .iter()
                    .find_map(|alias| table.names().iter().position(|name| fold(split_unit(name).0) == *alias)),
            };
            if let Some(index) = index {
                found.push((role, Found { index, unit: unit(role, table, index, settings)? }));
            }
        }
        Ok(Self { found })
    }

    /// The column of this role.
    pub(super) fn get(&self, role: Role) -> Option<Found> {
        self.found.iter().find(|(of, _)| *of == role).map(|(_, found)| *found)
    }

    /// Whether one row is one score of one model, not all of them.
    pub(super) fn is_long(&self) -> bool {
        self.get(Role::Benchmark).is_some() && self.get(Role::Value).is_some()
    }

    /// Whether the column has a role other than that of a score.
    pub(super) fn is_taken(&self, index: usize) -> bool {
        self.found.iter().any(|(role, found)| *role != Role::Value && found.index == index)
    }
}

/// The name that a flag gives to the column of this role.
pub(super) fn named_by_flag(role: Role, settings: &Settings) -> Option<&str> {
    match role {
        Role::Model => settings.model.as_deref(),
        Role::Family => settings.family.as_deref(),
        Role::Params => settings.params.as_deref(),
        Role::ActiveParams => settings.active_params.as_deref(),
        Role::Tokens => settings.tokens.as_deref(),
        Role::Compute => settings.compute.as_deref(),
        Role::Release => settings.release.as_deref(),
        _ => None,
    }
}

/// Every column a flag names must be in one of the tables.
///
/// # Errors
/// [`Error::MissingColumn`].
pub(super) fn check_flags(tables: &[Table], settings: &Settings) -> Result<()> {
    ALIASES.iter().filter_map(|(role, _)| named_by_flag(*role, settings)).try_for_each(|name| {
        if tables.iter().any(|table| position(table, name).is_some()) { Ok(()) } else { Err(missing(tables, name)) }
    })
}

/// That no table has a column of this name.
pub(super) fn missing(tables: &[Table], name: &str) -> Error {
    let path = tables.first().map(|table| table.path().to_owned()).unwrap_or_default();
    let found = tables.iter().flat_map(Table::names).cloned().collect::<Vec<_>>().join(", ");
    Error::MissingColumn { path, column: name.to_owned(), found }
}

/// The column of this name: as written, or else without case, spaces and punctuation, or else without its unit.
pub(super) fn position(table: &Table, name: &str) -> Option<usize> {
    let names = table.names();
    let wanted = fold(name);
    names
        .iter()
        .position(|n| n == name)
        .or_else(|| names.iter().position(|n| fold(n) == wanted))
        .or_else(|| names.iter().position(|n| fold(split_unit(n).0) == wanted))
}

/// Letters and digits only, lower case.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A name and the unit in parentheses at its end.
fn split_unit(name: &str) -> (&str, Option<&str>) {
    let name = name.trim();
    match name.strip_suffix(')').and_then(|inner| inner.rsplit_once('(')) {
        Some((base, unit)) => (base.trim_end(), Some(unit.trim())),
        None => (name, None),
    }
}

/// Words in parentheses that say what is counted, not in which unit.
const NEUTRAL: [&str; 11] =
    ["flop", "flops", "fp", "total", "datapoints", "gradients", "tokens", "parameters", "params", "count", "n"];

fn unit(role: Role, table: &Table, index: usize, settings: &Settings) -> Result<f64> {
    if role == Role::Compute
        && let Some(unit) = settings.compute_unit
    {
        return Ok(unit);
    }
    if !matches!(role, Role::Params | Role::ActiveParams | Role::Tokens | Role::Compute) {
        return Ok(1.0);
    }
    let name = &table.names()[index];
    let Some(unit) = split_unit(name).1 else { return Ok(1.0) };
    parse_unit(unit).ok_or_else(|| {
        let flag = if role == Role::Compute { "; give it by --compute-unit" } else { "" };
        Error::File {
            path: table.path().to_owned(),
            problem: format!("the unit of column `{name}` is not known{flag}"),
        }
    })
}

/// What one unit is: a number (`1E21`), a power of a thousand (`B`, `trillions`), FLOPs with or without a prefix, or
/// days at 10¹⁵ FLOPs per second.
pub(super) fn parse_unit(text: &str) -> Option<f64> {
    let folded = text.trim().to_lowercase();
    let first = folded.split_whitespace().next().unwrap_or_default();
    if let Some(number) = super::cells::plain_number(first).filter(|n| *n > 0.0) {
        return Some(number);
    }
    if NEUTRAL.contains(&first) {
        return Some(1.0);
    }
    match first {
        "k" | "thousand" | "thousands" => Some(1e3),
        "m" | "million" | "millions" => Some(1e6),
        "b" | "bn" | "billion" | "billions" => Some(1e9),
        "t" | "tn" | "trillion" | "trillions" => Some(1e12),
        "gflop" | "gflops" => Some(1e9),
        "tflop" | "tflops" => Some(1e12),
        "pflop" | "pflops" => Some(1e15),
        "eflop" | "eflops" => Some(1e18),
        "zflop" | "zflops" => Some(1e21),
        "yflop" | "yflops" => Some(1e24),
        "pf-days" | "pf-day" | "pfs-days" | "pfs-day" => Some(8.64e19),
        _ => None,
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
        let column = |role| found.get(role).map(|f| (f.index, f.unit));
        assert_eq!(column(Role::Model), Some((0, 1.0)));
        assert_eq!(column(Role::Family), Some((1, 1.0)));
        assert_eq!(column(Role::Params), Some((2, 1e9)));
        assert_eq!(column(Role::Tokens), Some((3, 1e12)));
        assert_eq!(column(Role::Compute), Some((4, 1e21)));
        assert!(!found.is_long() && !found.is_taken(5));
    }

    #[test]
    fn tables_in_the_layout_of_epoch_are_understood() {
        let found = layout("Model,Publication date,Parameters,Training compute (FLOP),Training dataset size (total)");
        let column = |role| found.get(role).map(|f| (f.index, f.unit));
        assert_eq!(column(Role::Release), Some((1, 1.0)));
        assert_eq!(column(Role::Params), Some((2, 1.0)));
        assert_eq!(column(Role::Compute), Some((3, 1.0)));
        assert_eq!(column(Role::Tokens), Some((4, 1.0)));
    }

    #[test]
    fn a_unit_that_is_not_known_is_not_guessed() {
        let table = Table::parse(b"model,compute (GPU-hours)\na,1\n", "t.csv".as_ref(), &[]).expect("a table");
        let error = Layout::of(&table, &Settings::default()).expect_err("GPU-hours are no FLOPs").to_string();
        assert!(error.contains("compute (GPU-hours)") && error.contains("--compute-unit"), "{error}");
        let settings = Settings { compute_unit: Some(1e15), ..Settings::default() };
        assert_eq!(Layout::of(&table, &settings).expect("given").get(Role::Compute).map(|f| f.unit), Some(1e15));
    }
}
