//! Before and after every model is fine-tuned on the same task data.

use std::fmt;
use std::str::FromStr;

use crate::serial::serde_as_text;
use crate::{Error, Result};

/// Whether scores are as released or after adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// As released.
    Unadjusted,
    /// After every model was fine-tuned on the same task data.
    Adjusted,
}

impl Phase {
    /// Both, in order.
    pub(crate) const BOTH: [Self; 2] = [Self::Unadjusted, Self::Adjusted];

    /// The one of two that belongs to it.
    pub(crate) fn of<T>(self, unadjusted: T, adjusted: T) -> T {
        match self {
            Self::Unadjusted => unadjusted,
            Self::Adjusted => adjusted,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unadjusted => "unadjusted",
            Self::Adjusted => "adjusted",
        })
    }
}

impl FromStr for Phase {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::BOTH.into_iter().find(|phase| phase.to_string() == text);
        found.ok_or_else(|| Error::Argument(format!("`{text}` is neither unadjusted nor adjusted")))
    }
}

serde_as_text!(Phase);
