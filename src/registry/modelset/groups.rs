//! Groups of models whose difference at equal predictor is estimated.
//!
//! ```
//! use onset::registry::modelset::Group;
//! let new: Group = "release >= 2023-11".parse()?;
//! assert!(matches!(new, Group::Release(month) if month.year == 2023));
//! assert!(matches!("language = en".parse()?, Group::Selection(_)));
//! assert_eq!("is_chat".parse::<Group>()?.to_string(), "is_chat");
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::predictor::{self, Quantity, Sizes};
use super::records::{Named, Record, Records};
use super::{Cutoff, GroupBy, PredictorKind, Selection, Settings};
use crate::registry::Month;
use crate::registry::table::plain_number;
use crate::serial::serde_as_text;
use crate::{Error, Result};

/// From which month on a model counts as new where nothing else is said (arXiv 2407.07890).
const CUTOFF: Month = Month { year: 2023, month: 11 };

/// More words than this in a column are names, not groups.
const MOST_WORDS: usize = 8;

/// A group of models, by what they have in common. Its text is that of a selection, or the name of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Group {
    /// Models released in this month or later: `release >= 2023-11`.
    Release(Month),
    /// Models for which a selection holds: `language = en`.
    Selection(Selection),
    /// All models, by the number in a column of this name.
    Column(String),
}

impl Group {
    /// The month from which on models belong to it, for a group by release.
    pub(crate) fn month(&self) -> Option<Month> {
        match self {
            Self::Release(month) => Some(*month),
            Self::Selection(_) | Self::Column(_) => None,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release(month) => write!(f, "{SINCE}{month}"),
            Self::Selection(selection) => selection.fmt(f),
            Self::Column(name) => f.write_str(name),
        }
    }
}

/// How a group by release begins, before its month.
const SINCE: &str = "release >= ";

impl FromStr for Group {
    type Err = Error;

    /// Reads what [`Display`](fmt::Display) writes. What is no selection is the name of a column.
    fn from_str(text: &str) -> Result<Self> {
        if let Some(month) = text.strip_prefix(SINCE).and_then(|month| month.parse().ok()) {
            return Ok(Self::Release(month));
        }
        Ok(text.parse().map_or_else(|_| Self::Column(text.to_owned()), Self::Selection))
    }
}

serde_as_text!(Group);

/// One column of the design.
pub(super) struct GroupColumn {
    pub(super) group: Group,
    rule: Rule,
}

enum Rule {
    From(Month),
    Number(Named),
    Word(Named, String),
    Selected(Selection, Quantity),
}

/// The groups that were asked for; `usable` are the models that can be fitted otherwise.
///
/// # Errors
/// A column that is not there, or that has too many or too few different words.
pub(super) fn all(
    records: &Records<'_>,
    usable: &[&Record],
    settings: &Settings,
    notes: &mut Vec<String>,
) -> Result<Vec<GroupColumn>> {
    let mut groups = Vec::new();
    let by_release = |month: Month| GroupColumn { group: Group::Release(month), rule: Rule::From(month) };
    match settings.cutoff {
        Cutoff::From(month) => groups.push(by_release(month)),
        Cutoff::Auto if settings.x != Some(PredictorKind::Release) && splits(records, usable) => {
            groups.push(by_release(CUTOFF));
        }
        Cutoff::Auto | Cutoff::None => {}
    }
    if let (Cutoff::Auto, Some(note)) = (settings.cutoff, undated(records, usable)) {
        notes.push(note);
    }
    for by in &settings.groups {
        match by {
            GroupBy::Selection(selection) => {
                let quantity = Quantity::named(&selection.column, records)?;
                let rule = Rule::Selected(selection.clone(), quantity);
                groups.push(GroupColumn { group: Group::Selection(selection.clone()), rule });
            }
            GroupBy::Column(name) => groups.extend(of_column(records, usable, name)?),
        }
    }
    Ok(groups)
}

/// Says so when some models have a release month and others do not, and there is no group by release for that reason.
fn undated(records: &Records<'_>, usable: &[&Record]) -> Option<String> {
    let dated = usable.iter().filter(|record| matches!(predictor::release(records, record), Ok(Some(_)))).count();
    let without = usable.len() - dated;
    (dated > 0 && without > 0).then(|| {
        format!(
            "{without} of {} models have no release month that can be read, so there is no group by release; \
             `--cutoff {CUTOFF}` makes one and leaves them out",
            usable.len()
        )
    })
}

/// Whether every model has a month, and some but not all are new.
fn splits(records: &Records<'_>, usable: &[&Record]) -> bool {
    let months: Option<Vec<Month>> =
        usable.iter().map(|record| predictor::release(records, record).ok().flatten()).collect();
    months.is_some_and(|months| {
        let new = months.iter().filter(|month| **month >= CUTOFF).count();
        new > 0 && new < months.len()
    })
}

fn of_column(records: &Records<'_>, usable: &[&Record], name: &str) -> Result<Vec<GroupColumn>> {
    let named = records.named(name)?;
    let cells: Vec<&str> = usable.iter().filter_map(|r| records.cell_of(r, &named)).map(|cell| cell.text()).collect();
    if cells.iter().all(|cell| number(cell).is_some()) {
        return Ok(vec![GroupColumn { group: Group::Column(name.to_owned()), rule: Rule::Number(named) }]);
    }
    let words: BTreeSet<&str> = cells.into_iter().collect();
    if words.len() > MOST_WORDS {
        return Err(Error::Argument(format!(
            "column `{name}` has {} different words, which makes too many groups; choose one as --group '{name} = WORD'",
            words.len()
        )));
    }
    words
        .into_iter()
        .skip(1)
        .map(|word| {
            let rule = Rule::Word(records.named(name)?, word.to_owned());
            Ok(GroupColumn { group: Group::Selection(Selection::of_word(name, word)), rule })
        })
        .collect()
}

/// The number of a cell, with `yes` and `true` as 1, `no` and `false` as 0.
fn number(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(1.0),
        "false" | "no" => Some(0.0),
        _ => plain_number(text),
    }
}

/// What a model's group value is, or why it has none.
pub(super) enum Value {
    Is(f64),
    NoRelease,
    Missing(String),
}

impl GroupColumn {
    /// The value of one model.
    ///
    /// # Errors
    /// A cell that cannot be understood.
    pub(super) fn value(&self, records: &Records<'_>, record: &Record, sizes: &Sizes) -> Result<Value> {
        let indicator = |holds: bool| Value::Is(f64::from(u8::from(holds)));
        Ok(match &self.rule {
            Rule::From(month) => match predictor::release(records, record)? {
                Some(release) => indicator(release >= *month),
                None => Value::NoRelease,
            },
            Rule::Number(named) => match records.cell_of(record, named) {
                Some(cell) => Value::Is(number(cell.text()).ok_or_else(|| {
                    cell.error(format!("`{}` is not a number, as the other values of the group are", cell.text()))
                })?),
                None => Value::Missing(self.group.to_string()),
            },
            Rule::Word(named, word) => match records.cell_of(record, named) {
                Some(cell) => indicator(cell.text() == word),
                None => Value::Missing(self.group.to_string()),
            },
            Rule::Selected(selection, quantity) => match selected(selection, quantity, records, record, sizes)? {
                Some(holds) => indicator(holds),
                None => Value::Missing(selection.column.clone()),
            },
        })
    }
}

/// Whether a model is chosen; `None` when it has no value in the column.
///
/// # Errors
/// A cell that cannot be compared.
pub(super) fn selected(
    selection: &Selection,
    quantity: &Quantity,
    records: &Records<'_>,
    record: &Record,
    sizes: &Sizes,
) -> Result<Option<bool>> {
    let number = match quantity {
        Quantity::Release | Quantity::Other(_) => None,
        known => known.value(records, record, sizes)?,
    };
    match (quantity.cell(records, record), number) {
        (Some(cell), number) => selection.holds(cell.text(), number).map(Some).map_err(|problem| cell.error(problem)),
        (None, _) => Ok(None),
    }
}
