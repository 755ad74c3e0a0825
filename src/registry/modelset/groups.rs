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

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use super::predictor::PredictorKind;
use super::quantity::{self, Quantity};
use super::records::{Cell, Named, Record, Records};
use super::selection::Selection;
use super::settings::{Cutoff, GroupBy, Settings};
use super::sizes::{self, Sizes};
use crate::registry::Month;
use crate::registry::columns::RELEASE;
use crate::registry::table::plain_number;
use crate::serial::serde_as_text;
use crate::{Error, Result};

/// From which month on a model counts as new where nothing else is said (arXiv 2407.07890).
const CUTOFF: Month = Month { year: 2023, month: 11 };

/// The numbers of days from 1982 to 2064 in a spreadsheet.
const DAYS: std::ops::RangeInclusive<f64> = 30_000.0..=60_000.0;

/// More words than this in a column are names, not groups.
const MOST_WORDS: usize = 8;

/// A group of models, by what they have in common. Its text is that of a selection, or the name of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Group {
    /// Models released in this month or later: `release >= 2023-11`.
    Release(Month),
    /// Models for which a selection holds: `language = en`.
    Selection(Selection),
    /// The models with 1 in a column of this name, compared with those with 0.
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
    /// Whether nobody asked for it.
    pub(super) by_default: bool,
    /// The models that a group of a column with words is compared with: those with its first word.
    base: Option<Group>,
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
    let by_default = settings.cutoff == Cutoff::Auto && settings.x != Some(PredictorKind::Release);
    let releases = if by_default { Releases::of(records, usable)? } else { Releases::read(records, usable) };
    match settings.cutoff {
        Cutoff::From(month) => {
            groups.push(GroupColumn::by_release(month, false));
            notes.extend(
                releases.one_sided(month).map(|sentence| format!("{sentence}, so there is nothing to compare")),
            );
        }
        Cutoff::Auto if by_default && releases.splits(CUTOFF) => groups.push(GroupColumn::by_release(CUTOFF, true)),
        Cutoff::Auto if by_default => notes.extend(releases.no_default()),
        Cutoff::Auto | Cutoff::None => {}
    }
    for by in &settings.groups {
        match by {
            GroupBy::Selection(selection) => {
                let quantity = usual(selection, records, settings)?;
                let rule = Rule::Selected(selection.clone(), quantity);
                groups.push(GroupColumn::asked(Group::Selection(selection.clone()), rule));
            }
            GroupBy::Column(name) => groups.extend(of_column(records, usable, name)?),
        }
    }
    Ok(groups)
}

/// The release months of the usable models.
struct Releases {
    /// Those that can be read, sorted.
    months: Vec<Month>,
    /// A cell that cannot be read: its column and its text.
    unread: Option<(String, String)>,
    models: usize,
}

impl Releases {
    /// All that can be read.
    fn read(records: &Records<'_>, usable: &[&Record]) -> Self {
        let month = |record: &&Record| quantity::release(records, record).ok().flatten();
        let mut months: Vec<Month> = usable.iter().filter_map(month).collect();
        months.sort_unstable();
        let unread = |record: &&Record| records.cell(record, &RELEASE).filter(|cell| cell.month().is_err());
        let unread = usable.iter().find_map(unread).map(|cell| (cell.column_name().to_owned(), cell.text().to_owned()));
        Self { months, unread, models: usable.len() }
    }

    /// The same where all are needed.
    ///
    /// # Errors
    /// A date of which day and month could change places.
    fn of(records: &Records<'_>, usable: &[&Record]) -> Result<Self> {
        let open = |record: &&Record| records.cell(record, &RELEASE).filter(Cell::has_open_date);
        match usable.iter().find_map(open) {
            Some(cell) => cell.month().map(|_| Self::read(records, usable)),
            None => Ok(Self::read(records, usable)),
        }
    }

    /// Whether every model has a month, and some but not all are new.
    fn splits(&self, cutoff: Month) -> bool {
        let new = self.newer(cutoff);
        self.months.len() == self.models && new > 0 && new < self.models
    }

    fn newer(&self, cutoff: Month) -> usize {
        self.months.iter().filter(|month| **month >= cutoff).count()
    }

    /// Why there is no group by release where nothing was said, and what helps; `None` for models without any date.
    fn no_default(&self) -> Option<String> {
        let without = self.models - self.months.len();
        if self.months.is_empty() {
            let (column, text) = self.unread.as_ref()?;
            let serial = text.parse::<f64>().is_ok_and(|number| DAYS.contains(&number));
            let help = match serial {
                true => "it is a spreadsheet's number of a day: format the column as dates, or write months as 2023-11",
                false => "write months as 2023-11",
            };
            return Some(format!(
                "no date in `{column}` can be read, such as `{text}`, so there is no group by release; {help}"
            ));
        }
        if without > 0 {
            let month = self.middle().unwrap_or(CUTOFF);
            return Some(format!(
                "{without} of {} models have no release month that can be read, so there is no group by release; \
                 `--cutoff {month}` makes one and leaves them out",
                self.models
            ));
        }
        self.one_sided(CUTOFF).map(|sentence| format!("{sentence}, so there is no group by release"))
    }

    /// That a month leaves all models on one side, and which months do not; `None` if it does not either.
    fn one_sided(&self, cutoff: Month) -> Option<String> {
        let new = self.newer(cutoff);
        let side = match (new, self.months.len()) {
            (_, 0) => return None,
            (0, _) => "before",
            (all, of) if all == of => "in or after",
            _ => return None,
        };
        let (first, last) = (self.months.first()?, self.months.last()?);
        let help = match (Month::of_count(first.count() + 1), self.middle()) {
            (Some(next), Some(middle)) if first < last => format!(
                " (`--cutoff {middle}` would compare {} older with {} newer ones; months from {next} to {last} leave models on \
                 both sides)",
                self.months.len() - self.newer(middle),
                self.newer(middle)
            ),
            _ => String::new(),
        };
        Some(format!("all models were released {side} {cutoff}{help}"))
    }

    /// The month that divides the models most evenly.
    fn middle(&self) -> Option<Month> {
        let first = self.months.first()?;
        let uneven = |month: &&Month| (2 * self.newer(**month)).abs_diff(self.months.len());
        self.months.iter().filter(|month| *month > first).min_by_key(uneven).copied()
    }
}

fn of_column(records: &Records<'_>, usable: &[&Record], name: &str) -> Result<Vec<GroupColumn>> {
    let named = records.named(name)?;
    let cells: Vec<&str> = usable.iter().filter_map(|r| records.cell_of(r, &named)).map(|cell| cell.text()).collect();
    if cells.iter().all(|cell| number(cell).is_some()) {
        let others: BTreeSet<&str> =
            cells.iter().filter(|cell| number(cell).is_some_and(|n| n != 0.0 && n != 1.0)).copied().collect();
        if let Some(other) = others.last() {
            return Err(Error::Argument(format!(
                "column `{name}` tells groups by 0 and 1, and holds {other}; choose a group as --group '{name} = {other}' or \
                 --group '{name} >= {other}'"
            )));
        }
        return Ok(vec![GroupColumn::asked(Group::Column(name.to_owned()), Rule::Number(named))]);
    }
    let empty = usable.len() - cells.len();
    let words: BTreeSet<&str> = cells.into_iter().collect();
    if let (Some(only), 1) = (words.first(), words.len()) {
        let help = match empty {
            0 => "all models have it, so there is nothing to compare".to_owned(),
            _ => format!(
                "{empty} models have an empty cell, which belongs to no group: write a word for them too, such as `no`"
            ),
        };
        return Err(Error::Argument(format!("column `{name}` has one word only, `{only}`; {help}")));
    }
    let mut spellings: HashMap<String, &str> = HashMap::new();
    for word in &words {
        if let Some(other) = spellings.insert(word.to_lowercase(), word) {
            return Err(Error::Argument(format!(
                "column `{name}` has `{other}` and `{word}`, which would be two groups; write them alike, or choose one as \
                 --group '{name} = {word}', where case does not count"
            )));
        }
    }
    if words.len() > MOST_WORDS {
        return Err(Error::Argument(format!(
            "column `{name}` has {} different words, which makes too many groups; choose one as --group '{name} = WORD'",
            words.len()
        )));
    }
    let group = |word: &str| Group::Selection(Selection::of_word(name, word));
    let base = words.first().map(|word| group(word));
    words
        .into_iter()
        .skip(1)
        .map(|word| {
            let rule = Rule::Word(records.named(name)?, word.to_owned());
            Ok(GroupColumn { base: base.clone(), ..GroupColumn::asked(group(word), rule) })
        })
        .collect()
}

/// What all groups are compared with, where that has a name of its own.
pub(super) fn base(groups: &[GroupColumn]) -> Option<Group> {
    let first = groups.first()?.base.clone()?;
    groups.iter().all(|group| group.base.as_ref() == Some(&first)).then_some(first)
}

/// The number of a cell, with `yes` and `true` as 1, `no` and `false` as 0.
fn number(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "t" | "y" => Some(1.0),
        "false" | "no" | "f" | "n" => Some(0.0),
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
    fn asked(group: Group, rule: Rule) -> Self {
        Self { group, rule, by_default: false, base: None }
    }

    fn by_release(month: Month, by_default: bool) -> Self {
        Self { group: Group::Release(month), rule: Rule::From(month), by_default, base: None }
    }

    /// The value of one model.
    ///
    /// # Errors
    /// A cell that cannot be understood.
    pub(super) fn value(&self, records: &Records<'_>, record: &Record, sizes: &Sizes) -> Result<Value> {
        let indicator = |holds: bool| Value::Is(f64::from(u8::from(holds)));
        Ok(match &self.rule {
            Rule::From(month) => match quantity::release(records, record)? {
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
                None => Value::Missing(selection.column().to_owned()),
            },
        })
    }
}

/// The quantity that a selection compares.
///
/// # Errors
/// [`MissingColumn`](Error::MissingColumn); [`Argument`](Error::Argument) for a size that no language model has, such as
/// `params > 30`.
pub(super) fn usual(selection: &Selection, records: &Records<'_>, settings: &Settings) -> Result<Quantity> {
    selection.check_size(settings)?;
    Quantity::of(&selection.column().parse()?, records)
}

impl Selection {
    /// That it compares a size with one that some language model has.
    ///
    /// # Errors
    /// [`Argument`](Error::Argument).
    pub(super) fn check_size(&self, settings: &Settings) -> Result<()> {
        let kind: PredictorKind = self.column().parse()?;
        let problem = self.number().and_then(|size| sizes::unusual(&kind, size)).filter(|_| !settings.any_size);
        match problem {
            Some(problem) => Err(Error::Argument(format!(
                "`{self}` compares whole sizes: {problem}; write the size out, as in `{} > 3e10`, or take it as it is by \
                 --any-size",
                self.column()
            ))),
            None => Ok(()),
        }
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
    let Some(cell) = quantity.cell(records, record) else { return Ok(None) };
    let month = match quantity {
        Quantity::Release => Some(cell.month()?),
        _ => None,
    };
    selection.holds(cell.text(), number, month).map(Some).map_err(|problem| cell.error(problem))
}
