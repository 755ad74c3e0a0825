//! Names of curves, verdicts, outcomes and covariances: written and read.

use std::fmt;
use std::str::FromStr;

use super::covariance::Kind;
use super::curves::Curve;
use super::hinge::Outcome;
use super::selection::Verdict;
use crate::serial::serde_as_text;
use crate::{Error, Result};

impl Kind {
    /// All kinds, from the plainest to the most careful.
    pub const ALL: [Self; 10] = [
        Self::Classical,
        Self::Hc0,
        Self::Hc1,
        Self::Hc2,
        Self::Hc3,
        Self::Cr0,
        Self::Cr1,
        Self::Cr1s,
        Self::Cr2,
        Self::Cr3,
    ];
}

impl Outcome {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Break => "break",
            Self::NoBreak => "no_break",
            Self::Flat => "flat",
        }
    }
}

macro_rules! named {
    ($($type:ty: $what:literal, $all:expr);+ $(;)?) => { $(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let all = $all;
                all.iter().copied().find(|one| one.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
                    let known: Vec<String> = all.iter().map(|one| one.name().to_lowercase()).collect();
                    Error::Argument(format!(concat!("unknown ", $what, " `{}`: {} are known"), text, known.join(", ")))
                })
            }
        }

        serde_as_text!($type);
    )+ };
}

named! {
    Curve: "curve", Self::ALL;
    Verdict: "verdict", [Self::Abrupt, Self::Gradual, Self::None];
    Outcome: "outcome", [Self::Break, Self::NoBreak, Self::Flat];
    Kind: "covariance", Self::ALL;
}
