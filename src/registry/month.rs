//! Months, and the dates that people write.
//!
//! A date is read as its month: `2023-11`, `2023-11-05`, `2023/11/5`, `20231105`, `11/2023`, `5.11.2023`, `5 Nov 2023`,
//! `November 2023`, each with a time after it. Of `05/11/2023` the day may stand first or the month: such a date is read
//! only with a [`DateOrder`], which other dates of its column show or a person gives.
//!
//! ```
//! use onset::registry::Month;
//! assert_eq!(Month::of_date("18 Apr 2024")?, Month { year: 2024, month: 4 });
//! assert!(Month::of_date("04/05/2024").is_err());
//! # Ok::<(), onset::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;

use crate::serial::serde_as_text;
use crate::{Error, Result};

/// A month of a year; ordered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Year, four digits.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
}

/// Years in which a language model can have been released.
const YEARS: std::ops::RangeInclusive<u16> = 1950..=2100;

/// Whether the day or the month stands first in dates such as `01/04/2024`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// `18/04/2024`.
    DayFirst,
    /// `04/18/2024`.
    MonthFirst,
}

impl Month {
    /// Months since the beginning of year 0.
    pub(crate) fn count(self) -> i64 {
        i64::from(self.year) * 12 + i64::from(self.month) - 1
    }

    /// The month of this [`count`](Self::count); `None` outside the years 0 to 9999.
    pub(crate) fn of_count(count: i64) -> Option<Self> {
        let year = u16::try_from(count.div_euclid(12)).ok().filter(|year| *year <= 9999)?;
        Some(Self { year, month: u8::try_from(count.rem_euclid(12) + 1).ok()? })
    }

    /// The same as a number of years: 2023.5 for July 2023.
    pub(crate) fn years(self) -> f64 {
        f64::from(self.year) + f64::from(self.month - 1) / 12.0
    }

    /// The month of a date, as the module says.
    ///
    /// # Errors
    /// [`Error::Argument`] when it is no date, or one in which day and month cannot be told apart.
    pub fn of_date(text: &str) -> Result<Self> {
        Self::of_date_in(text, None)
    }

    /// The month of a date in a table whose dates are in this order.
    pub(crate) fn of_date_in(text: &str, order: Option<DateOrder>) -> Result<Self> {
        let text = text.trim();
        let found = Self::read(text, order)?;
        if YEARS.contains(&found.year) {
            return Ok(found);
        }
        Err(Error::Argument(format!(
            "`{text}` is in the year {}, not from {} to {}; write the month as 2023-11",
            found.year,
            YEARS.start(),
            YEARS.end()
        )))
    }

    fn read(text: &str, order: Option<DateOrder>) -> Result<Self> {
        match (Date::read(text).map_err(|problem| Error::Argument(format!("`{text}` {problem}")))?, order) {
            (Date::Month(month), _) => Ok(month),
            (Date::Either { day_first, .. }, Some(DateOrder::DayFirst)) => Ok(day_first),
            (Date::Either { month_first, .. }, Some(DateOrder::MonthFirst)) => Ok(month_first),
            (Date::Either { day_first, month_first }, None) => Err(Error::Argument(format!(
                "`{text}` may be in {day_first} or in {month_first}; say which by `--dates day-first` or \
                 `--dates month-first`, or write the date as {day_first}"
            ))),
        }
    }

    fn new(year: u16, month: u8) -> Option<Self> {
        (1..=12).contains(&month).then_some(Self { year, month })
    }
}

impl FromStr for Month {
    type Err = Error;

    /// Reads `2023-11`.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::Argument(format!("`{text}` is not a month; write it as 2023-11"));
        let (year, month) = text.split_once('-').ok_or_else(bad)?;
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(bad());
        }
        Self::new(year.parse().map_err(|_| bad())?, month.parse().map_err(|_| bad())?).ok_or_else(bad)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl DateOrder {
    /// The order that a date shows by itself: one of its numbers is above 12, or points separate them.
    pub(crate) fn shown_by(text: &str) -> Option<Self> {
        let (parts, separator) = numbers(without_time(text.trim()))?;
        match parts[..] {
            [(first, _), (second, _), (_, 4)] if first > 12 && (1..=12).contains(&second) => Some(Self::DayFirst),
            [(first, _), (second, _), (_, 4)] if second > 12 && (1..=12).contains(&first) => Some(Self::MonthFirst),
            [(..), (..), (_, 4)] if separator == '.' => Some(Self::DayFirst),
            _ => None,
        }
    }
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayFirst => "day-first",
            Self::MonthFirst => "month-first",
        })
    }
}

impl FromStr for DateOrder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "day-first" => Ok(Self::DayFirst),
            "month-first" => Ok(Self::MonthFirst),
            other => {
                Err(Error::Argument(format!("unknown order of dates `{other}`: day-first and month-first are known")))
            }
        }
    }
}

serde_as_text!(Month, DateOrder);

/// What a date says.
#[derive(Debug, PartialEq, Eq)]
enum Date {
    Month(Month),
    Either { day_first: Month, month_first: Month },
}

/// The beginnings of the months' English names, which tell them apart.
const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The rest of those names.
const REST: [&str; 12] = ["uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"];

const NO_DATE: &str = "is not a month; write it as 2023-11 or 2023-11-05";

impl Date {
    /// Reads a date.
    ///
    /// # Errors
    /// What is wrong with it, to follow the date.
    fn read(text: &str) -> Result<Self, String> {
        let text = without_time(text);
        let month = |month: Option<Month>| month.map(Self::Month).ok_or_else(|| NO_DATE.to_owned());
        let Some((parts, separator)) = numbers(text) else { return month(named(text)) };
        let day = |day: u64| (1..=31).contains(&day);
        match parts[..] {
            [(all, digits)] => month(compact(all, digits)),
            // A spreadsheet makes 2023.1 of 2023.10, and 2023.5 may be the middle of the year.
            [(year, 4), (_, 1)] if separator == '.' => Err(format!(
                "may have lost a zero at its end, or be a part of a year; write the month as {year}-10 or {year}-01"
            )),
            [(year, 4), (number, 1..=2)] | [(number, 1..=2), (year, 4)] => month(of(year, number)),
            [(year, 4), (number, 1..=2), (last, 1..=2)] if day(last) => {
                month(of(year, number).filter(|_| last <= days(year, number)))
            }
            [(first, 1..=2), (second, 1..=2), (year, 4)] if day(first) && day(second) => {
                match (of(year, second), of(year, first)) {
                    (Some(day_first), _) if separator == '.' => Ok(Self::Month(day_first)),
                    (_, _) if separator == '.' => month(None),
                    (Some(day_first), Some(month_first)) if day_first != month_first => {
                        Ok(Self::Either { day_first, month_first })
                    }
                    (day_first, month_first) => month(day_first.or(month_first)),
                }
            }
            [(_, 1..=2), (_, 1..=2), (_, 2)] => Err("has a year of two digits; write it as 2023-11-05".to_owned()),
            _ => month(None),
        }
    }
}

/// How many days this month has.
fn days(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The month of this number in this year.
fn of(year: u64, month: u64) -> Option<Month> {
    Month::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?)
}

/// `202311`, `20231105`, or the milliseconds since the beginning of 1970 that pandas writes.
fn compact(number: u64, digits: usize) -> Option<Month> {
    let year_of = |year: u64| (1900..2100).contains(&year).then_some(year);
    match digits {
        6 => of(year_of(number / 100)?, number % 100),
        8 => of(year_of(number / 10_000)?, number / 100 % 100).filter(|_| (1..=31).contains(&(number % 100))),
        12 | 13 => {
            let date = time::OffsetDateTime::from_unix_timestamp(i64::try_from(number / 1000).ok()?).ok()?;
            of(year_of(u64::try_from(date.year()).ok()?)?, u8::from(date.month()).into())
        }
        _ => None,
    }
}

/// The date without the time after it: what stands before a word with a colon.
fn without_time(text: &str) -> &str {
    let Some(colon) = text.find(':') else {
        return text
            .split_once('T')
            .filter(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
            .map_or(text, |(date, _)| date);
    };
    text[..colon].rfind([' ', 'T', 't']).map_or(text, |at| text[..at].trim_end_matches([' ', ',']))
}

/// The numbers of a date, each with its digits, and what stands between them; `None` when it is not made of numbers.
fn numbers(text: &str) -> Option<(Vec<(u64, usize)>, char)> {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).unwrap_or('-');
    if !matches!(separator, '-' | '/' | '.') {
        return None;
    }
    let part = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok().map(|number| (number, part.len()))).flatten()
    };
    text.split(separator).map(part).collect::<Option<Vec<_>>>().map(|parts| (parts, separator))
}

/// `Apr 2024`, `18 April 2024`, `Apr 18, 2024`, `18-Apr-2024`.
fn named(text: &str) -> Option<Month> {
    let (mut month, mut year, mut day) = (None, None, false);
    for word in text.split([' ', '-', '/', '.', ',']).filter(|word| !word.is_empty()) {
        let digits = word.bytes().all(|b| b.is_ascii_digit());
        let number = || word.parse::<u64>().ok();
        if digits && word.len() == 4 && year.is_none() {
            year = number();
        } else if digits && word.len() <= 2 && !day && number().is_some_and(|day| (1..=31).contains(&day)) {
            day = true;
        } else if month.is_none() {
            month = Some(month_named(word)?);
        } else {
            return None;
        }
    }
    of(year?, month?)
}

/// The number of the month of this name, which may be cut after three letters.
fn month_named(word: &str) -> Option<u64> {
    let word = word.to_lowercase();
    let begins = NAMES
        .iter()
        .zip(REST)
        .position(|(name, rest)| word.strip_prefix(name).is_some_and(|after| rest.starts_with(after)));
    begins.and_then(|at| u64::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::{DateOrder, Month};

    #[test]
    fn a_date_is_read_as_its_month() {
        let read = |text: &str| Month::of_date(text).ok();
        let november = "2023-11".parse().ok();
        let dates = [
            "2023-11",
            "2023-11-05",
            "2023/11/05",
            "2023-11-5",
            "2023-11-05 12:00",
            "2023-11-05T12:00:00Z",
            "2023.11.05",
            "11/2023",
            "25/11/2023",
            "11/25/2023",
            "11/11/2023",
            "05.11.2023",
            "25-11-2023",
            "Nov 2023",
            "nov. 2023",
            "November 2023",
            "5 November 2023",
            "Nov 5, 2023",
            "05-Nov-2023",
            "2023 Nov 5",
            "202311",
            "20231105",
            "1699142400000",
            "05.11.2023 09:30",
        ];
        for date in dates {
            assert_eq!(read(date), november, "{date}");
        }
        let none = [
            "2023",
            "2023-13",
            "05/11/2023",
            "2023-11x",
            "Novem 5",
            "Nov",
            "Nov-23",
            "5/11/23",
            "31/31/2023",
            "45000",
            "2023.1",
            "2023.5",
        ];
        for date in none {
            assert_eq!(read(date), None, "{date}");
        }
    }

    #[test]
    fn a_date_whose_order_is_open_is_read_in_the_order_given_and_refused_without() {
        let read = |order| Month::of_date_in("01/04/2024", order).map(|month| month.to_string());
        assert_eq!(read(Some(DateOrder::DayFirst)).ok().as_deref(), Some("2024-04"));
        assert_eq!(read(Some(DateOrder::MonthFirst)).ok().as_deref(), Some("2024-01"));
        let said = read(None).expect_err("either").to_string();
        assert!(said.contains("2024-04") && said.contains("2024-01") && said.contains("--dates day-first"), "{said}");
        let shown = ["18/04/2024", "04/18/2024", "01.04.2024", "01/04/2024", "2024-04-18"].map(DateOrder::shown_by);
        let (day, month) = (Some(DateOrder::DayFirst), Some(DateOrder::MonthFirst));
        assert_eq!(shown, [day, month, day, None, None]);
    }
}
