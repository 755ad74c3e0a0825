//! How a score was obtained, and where it is known from.
//!
//! Two scores of one model on one benchmark answer the same question only if they were obtained in the same [`Setup`].
//! A [`Provenance`] tells two runs of one setup apart: the later one may stand for both.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::serial::serde_as_text;
use crate::{Error, Result};

/// Everything about an evaluation that its score depends on, beside the model, the benchmark, the metric and the
/// [`Condition`](super::Condition). `None` where the source does not say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// Examples in the prompt.
    pub shots: Option<u32>,
    /// Branch, tag, commit or step of the model's weights.
    pub revision: Option<String>,
    /// Training tokens the weights had seen, for a checkpoint from within a training run.
    pub tokens_seen: Option<u64>,
    /// How the question is wrapped.
    pub prompt: PromptFormat,
    /// Adapter (such as LoRA) on top of the model's weights.
    pub adapter: Option<String>,
    /// How the weights are quantised, such as `8bit`, `gptq` or `Q4_K_M`.
    pub quantisation: Option<String>,
    /// Type of the weights' numbers, such as `bfloat16`.
    pub dtype: Option<String>,
    /// Settings of the run that change the answers and have no column of their own, such as
    /// `enable_thinking=False, gen_kwargs=temperature=0.7`.
    pub settings: Option<String>,
    /// The part of the items that was used; `None` for all of them.
    pub limit: Option<Limit>,
    /// The version of the task's definition, as the program counts it.
    pub task_version: Option<String>,
    /// The program that evaluated.
    pub harness: Option<String>,
    /// Its version.
    pub harness_version: Option<String>,
}

/// How a question is wrapped before the model sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromptFormat {
    /// Name or digest of the chat template; `None` for a plain prompt, or when the source does not say.
    pub chat_template: Option<String>,
    /// Digest of the system prompt.
    pub system_prompt: Option<String>,
    /// Whether the examples are turns of a conversation.
    pub multiturn: Option<bool>,
}

/// What tells two runs of one [`Setup`] apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Provenance {
    /// When the evaluation ran, as its file says.
    pub date: Option<Timestamp>,
    /// The file it was read from; empty when it was not read from one.
    pub source: String,
}

impl Provenance {
    /// Read from this file, which does not say when it was made.
    pub(crate) fn file(source: impl Into<String>) -> Self {
        Self { date: None, source: source.into() }
    }
}

/// A part of a benchmark's items: a number of items, or below 1 a share of them, as lm-evaluation-harness takes it.
#[derive(Debug, Clone, Copy)]
pub struct Limit(f64);

impl Limit {
    /// # Errors
    /// [`Error::Argument`] unless it is above zero, and a whole number from 1 on.
    pub fn new(limit: f64) -> Result<Self> {
        let whole_from_one = limit < 1.0 || limit.fract() == 0.0;
        if limit > 0.0 && limit.is_finite() && whole_from_one {
            Ok(Self(limit))
        } else {
            Err(Error::Argument(format!("`{limit}` is no limit: write a number of items, or a share of them below 1")))
        }
    }

    /// The number of items, or their share where it is below 1.
    pub(crate) fn get(self) -> f64 {
        self.0
    }

    /// How many of `total` items it leaves; a share is rounded up.
    pub(crate) fn of(self, total: usize) -> usize {
        let count = if self.0 < 1.0 { (total as f64 * self.0).ceil() } else { self.0 };
        total.min(count as usize)
    }
}

impl PartialEq for Limit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Limit {}

impl PartialOrd for Limit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Limit {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Hash for Limit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Limit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let limit = text.parse().map_err(|_| Error::Argument(format!("`{text}` is not a number")))?;
        Self::new(limit)
    }
}

/// A point in time to the microsecond, in UTC; ordered in time. The years 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(PrimitiveDateTime);

impl Timestamp {
    /// The time this many seconds after the beginning of 1970; `None` outside the years 0 to 9999.
    pub(crate) fn from_seconds(seconds: f64) -> Option<Self> {
        let microseconds = (seconds * 1e6).round();
        // 10^18 microseconds are 30,000 years.
        let nanoseconds = (microseconds.abs() < 1e18).then_some(microseconds as i128 * 1000)?;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
        (0..=9999).contains(&at.year()).then(|| Self(PrimitiveDateTime::new(at.date(), at.time())))
    }
}

impl fmt::Display for Timestamp {
    /// `2024-04-18`, `2024-04-18T09:30:00Z` or `2024-04-18T09:30:00.250000Z`: no more than there is to say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date(), self.0.time());
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())?;
        if time == Time::MIDNIGHT {
            return Ok(());
        }
        write!(f, "T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        match time.microsecond() {
            0 => f.write_str("Z"),
            microsecond => write!(f, ".{microsecond:06}Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads what is displayed, and any other time of ISO 8601: `2024-04-18 09:30`, `2024-04-18T11:30:00+02:00`. A time
    /// without an offset is taken as UTC.
    fn from_str(text: &str) -> Result<Self> {
        parse(text.trim()).map(Self).ok_or_else(|| {
            Error::Argument(format!("`{text}` is not a date; write it as 2024-04-18 or 2024-04-18T09:30:00Z"))
        })
    }
}

fn parse(text: &str) -> Option<PrimitiveDateTime> {
    let number = |text: Option<&str>, digits: usize| {
        let text = text.filter(|text| text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))?;
        text.parse::<u16>().ok()
    };
    let small = |text: Option<&str>| number(text, 2).and_then(|n| u8::try_from(n).ok());
    let (date, time) = (text.get(..10)?, text.get(10..)?);
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (number(parts.next(), 4)?, small(parts.next())?, small(parts.next())?);
    let date = Date::from_calendar_date(year.into(), Month::try_from(month).ok()?, day).ok()?;
    if time.is_empty() {
        return Some(PrimitiveDateTime::new(date, Time::MIDNIGHT));
    }
    let time = time.strip_prefix(['T', ' '])?;
    let (clock, offset) = match time.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => match time.rfind(['+', '-']) {
            Some(at) => {
                let offset = time.get(at + 1..)?;
                let (hours, minutes) = (small(offset.get(..2))?, small(offset.get(offset.len().checked_sub(2)?..))?);
                let minutes = i64::from(hours) * 60 + i64::from(minutes);
                (&time[..at], if time.as_bytes()[at] == b'-' { -minutes } else { minutes })
            }
            None => (time, 0),
        },
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.splitn(3, ':');
    let (hour, minute) = (small(parts.next())?, small(parts.next())?);
    let second = match parts.next() {
        Some(second) => small(Some(second))?,
        None => 0,
    };
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let microsecond: u32 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let time = Time::from_hms_micro(hour, minute, second, microsecond).ok()?;
    PrimitiveDateTime::new(date, time).checked_sub(time::Duration::minutes(offset))
}

serde_as_text!(Limit, Timestamp);

#[cfg(test)]
mod tests {
    use super::{Limit, Timestamp};

    #[test]
    fn a_date_is_displayed_as_it_is_read() {
        for text in ["2024-04-18", "2024-04-18T09:30:00Z", "1999-12-31T23:59:59.000250Z"] {
            assert_eq!(text.parse::<Timestamp>().map(|time| time.to_string()).expect("a date"), text);
        }
    }

    #[test]
    fn times_with_an_offset_are_those_of_utc() {
        let read = |text: &str| text.parse::<Timestamp>().map(|time| time.to_string()).ok();
        let wanted = Some("2024-04-18T22:30:00Z".to_owned());
        let spelled = ["2024-04-19T00:30:00+02:00", "2024-04-18 22:30", "2024-04-18T17:30:00.000-0500"];
        assert_eq!(spelled.map(read), [wanted.clone(), wanted.clone(), wanted]);
        assert_eq!(["2024-13-01", "18/04/2024", "2024-04-18T25:00", "2024-04-18T", ""].map(read), [const { None }; 5]);
    }

    #[test]
    fn seconds_since_1970_are_dates() {
        let shown = |seconds: f64| Timestamp::from_seconds(seconds).map(|time| time.to_string());
        assert_eq!(shown(1_713_432_600.25).as_deref(), Some("2024-04-18T09:30:00.250000Z"));
        assert_eq!([f64::NAN, f64::INFINITY, 1e15].map(shown), [const { None }; 3]);
    }

    #[test]
    fn a_limit_is_a_number_of_items_or_a_share_below_one() {
        assert_eq!(["10", "0.5"].map(|text| text.parse::<Limit>().map(Limit::get).ok()), [Some(10.0), Some(0.5)]);
        assert!(["0", "-1", "1.5", "inf", "all"].iter().all(|text| text.parse::<Limit>().is_err()));
    }
}
