//! What to fit, and how far to go.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::registry::modelset;
use crate::serial::{serde_as_number_or_text, serde_as_text};
use crate::stats::covariance::Kind;
use crate::stats::curves::Curve;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// Settings of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// How tables are read.
    pub tables: modelset::Settings,
    /// The curve or curves.
    pub curve: CurveChoice,
    /// What a guess scores, on the scale of the scores.
    pub chance: ChanceLevel,
    /// The level that scores end at, on the scale of the scores; `None` to estimate it, for the curves that have one.
    pub ceiling: Option<f64>,
    /// How standard errors are estimated.
    pub covariance: Kind,
    /// Replicates of every bootstrap.
    pub bootstrap: usize,
    /// Level of the intervals, between 0.5 and 1.
    pub level: f64,
    /// Largest difference between groups that would not matter, on the scale of the scores.
    pub margin: Option<f64>,
    /// Where every random draw comes from.
    pub seed: Seed,
    /// Values of the predictor, in its own unit, to predict scores at.
    pub predict: Vec<f64>,
    /// Whether every curve is fitted again without each model and without each family, to see how well it predicts them.
    pub leave_out: bool,
    /// Whether the counts of right answers are fitted too, by likelihood.
    pub counts: bool,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            tables: modelset::Settings::default(),
            curve: CurveChoice::All,
            chance: ChanceLevel::Known,
            ceiling: None,
            covariance: Kind::Cr2,
            bootstrap: 9_999,
            level: LEVEL,
            margin: None,
            seed: Seed(0),
            predict: Vec::new(),
            leave_out: true,
            counts: false,
        }
    }
}

/// Level of the intervals where nothing else is said, and of the tests.
pub(super) const LEVEL: f64 = 0.95;

/// Which curves are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CurveChoice {
    /// Every curve, compared; the one that describes the data best leads the report, with the hinge beside it.
    #[default]
    All,
    /// The same, and the curves that are otherwise fitted only by name: broken power laws.
    Every,
    /// One of them, compared with a constant level only.
    One(Curve),
}

/// What a guess scores.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ChanceLevel {
    /// The level of the benchmark if onset knows it, 0 otherwise.
    #[default]
    Known,
    /// This level.
    Given(f64),
    /// Estimated.
    Free,
}

impl CurveChoice {
    pub(super) fn curves(self) -> Vec<Curve> {
        match self {
            Self::All => Curve::rising().collect(),
            Self::Every => Curve::named().collect(),
            Self::One(curve) => vec![curve],
        }
    }

    /// All curves, then each of them alone.
    pub(crate) fn every() -> impl Iterator<Item = Self> {
        std::iter::once(Self::All).chain(Self::All.curves().into_iter().map(Self::One))
    }

    /// The curve asked for, where one is.
    pub(super) fn one(self) -> Option<Curve> {
        match self {
            Self::All | Self::Every => None,
            Self::One(curve) => Some(curve),
        }
    }

    /// Whether several curves are compared, so that the data choose which one leads.
    pub(super) fn is_open(self) -> bool {
        self.one().is_none()
    }
}

impl fmt::Display for CurveChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Every => f.write_str("every"),
            Self::One(curve) => curve.fmt(f),
        }
    }
}

impl FromStr for CurveChoice {
    type Err = Error;

    /// Reads `all`, `every` or the name of a curve.
    fn from_str(text: &str) -> Result<Self> {
        let one = match text {
            "all" => Some(Self::All),
            "every" => Some(Self::Every),
            one => one.parse().ok().filter(|curve| Self::Every.curves().contains(curve)).map(Self::One),
        };
        one.ok_or_else(|| {
            let known: Vec<&str> = Curve::named().map(Curve::name).collect();
            Error::Argument(format!("unknown curve `{text}`: {}, all and every are known", known.join(", ")))
        })
    }
}

impl ChanceLevel {
    /// The level, where it is given.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Given(level) => Some(*level),
            Self::Known | Self::Free => None,
        }
    }
}

impl fmt::Display for ChanceLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known => f.write_str("known"),
            Self::Free => f.write_str("free"),
            Self::Given(level) => level.fmt(f),
        }
    }
}

impl FromStr for ChanceLevel {
    type Err = Error;

    /// Reads `known`, `free` or a number.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "known" => Ok(Self::Known),
            "free" => Ok(Self::Free),
            number => match number.parse::<f64>() {
                Ok(level) if level.is_finite() => Ok(Self::Given(level)),
                _ => Err(Error::Argument(format!("chance is `{text}`: write a number, `known` or `free`"))),
            },
        }
    }
}

serde_as_text!(CurveChoice);
serde_as_number_or_text!(ChanceLevel);
