//! What of a table is read, and how.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::predictor::{PredictorKind, XScale};
use super::selection::Selection;
use crate::registry::table::{Reading, Unit};
use crate::registry::{DateOrder, Month};
use crate::serial::{serde_as_number_or_text, serde_as_text};
use crate::{Error, Result};

/// How tables become a [`ModelSet`](super::ModelSet). Every column that is left open is found by its name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Column of the models' names.
    pub model: Option<String>,
    /// Column of the families' names.
    pub family: Option<String>,
    /// Column of the numbers of parameters.
    pub params: Option<String>,
    /// Column of the numbers of parameters active per token, for mixtures of experts; compute then counts these.
    pub active_params: Option<String>,
    /// Column of the numbers of training tokens.
    pub tokens: Option<String>,
    /// Column of the pretraining compute.
    pub compute: Option<String>,
    /// Unit of the compute column; `None` reads it from the column's name.
    pub compute_unit: Option<Unit>,
    /// Unit of the columns of parameters, active ones included; `None` reads it from the columns' names.
    pub params_unit: Option<Unit>,
    /// Unit of the column of training tokens; `None` reads it from the column's name.
    pub tokens_unit: Option<Unit>,
    /// Whether compute, parameters and tokens may have any size, not only those of language models.
    pub any_size: bool,
    /// How files become tables.
    pub reading: Reading,
    /// Whether the day or the month stands first in dates where both could; `None` tells by the other dates of the column.
    pub dates: Option<DateOrder>,
    /// Column of the release dates.
    pub release: Option<String>,
    /// Column of the score (wide tables) or name of the benchmark (long tables).
    pub score: Option<String>,
    /// Metric of the score, in long tables; the benchmark's own when it is known.
    pub metric: Option<String>,
    /// Column of the score after adjustment (wide), or the condition it was observed under (long): `ADJUSTMENT`,
    /// `ADJUSTMENT:EPOCHS` or `ADJUSTMENT@EXAMPLES`.
    pub adjusted: Option<String>,
    /// On what scale scores are.
    pub score_scale: ScoreScale,
    /// Groups whose difference at equal compute is estimated, beside the one by release.
    pub groups: Vec<GroupBy>,
    /// The release month from which on a model belongs to the group under comparison.
    pub cutoff: Cutoff,
    /// Which models are not independent.
    pub cluster: ClusterBy,
    /// The predictor; compute when `None`.
    pub x: Option<PredictorKind>,
    /// Scale of the predictor; `None` for log10 of compute, parameters and tokens, linear for all else.
    pub x_scale: Option<XScale>,
    /// Standard deviation of log10 compute.
    pub compute_sd: Option<Amount>,
    /// Number of items behind each score; from the table's own column when `None`.
    pub items: Option<Amount>,
    /// What models are weighted by.
    pub weights: Option<WeightBy>,
    /// Which rows of long tables count, where a model was evaluated in several setups: those that all of these choose.
    pub only: Vec<Selection>,
    /// Models that are left out of the fit and predicted.
    pub holdout: Option<Selection>,
}

/// On what scale scores are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScoreScale {
    /// Shares if all are between 0 and 1, percent if all are between 0 and 100 and most above 1, an error otherwise.
    #[default]
    Auto,
    /// 0 to 1.
    Share,
    /// 0 to 100.
    Percent,
    /// Any finite number.
    Any,
}

/// From which release month on a model belongs to the group under comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cutoff {
    /// November 2023, as in arXiv 2407.07890, if every usable model has a release month and both groups have models.
    #[default]
    Auto,
    /// There is no group by release.
    None,
    /// This month; models without a release month are left out.
    From(Month),
}

/// Which models share data, code and people, so that their residuals are not independent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ClusterBy {
    /// Those of one family; a model without family stands alone.
    #[default]
    Family,
    /// None.
    Model,
    /// Those with the same value in this column.
    Column(String),
}

impl ClusterBy {
    /// What several clusters are called.
    pub(crate) fn plural(&self) -> String {
        match self {
            Self::Family => "families".to_owned(),
            Self::Model => "models".to_owned(),
            Self::Column(name) => format!("values of {name}"),
        }
    }
}

/// How a group is made.
#[derive(Debug, Clone, PartialEq)]
pub enum GroupBy {
    /// A column: numbers enter as they are, `yes`/`no` and `true`/`false` as 1 and 0, and of k words all but the first
    /// in alphabetical order get a group each.
    Column(String),
    /// 1 where the selection holds, 0 elsewhere.
    Selection(Selection),
}

/// What models are weighted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightBy {
    /// The noise that their numbers of items imply, as a fit finds it.
    Items,
    /// The numbers in this column: inverse variances up to a factor.
    Column(String),
}

/// A number for all models, or a column of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Amount {
    /// The same for all.
    Number(f64),
    /// One per model.
    Column(String),
}

impl fmt::Display for ScoreScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Share => "share",
            Self::Percent => "percent",
            Self::Any => "any",
        })
    }
}

impl FromStr for ScoreScale {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "share" => Ok(Self::Share),
            "percent" => Ok(Self::Percent),
            "any" => Ok(Self::Any),
            other => Err(Error::Argument(format!("unknown scale `{other}`: auto, share, percent and any are known"))),
        }
    }
}

impl ScoreScale {
    /// The score of a perfect model, where scores are shares of something.
    pub(crate) fn perfect(self) -> Option<f64> {
        self.range().map(|(_, most)| most)
    }

    /// Smallest and largest value, where the scale has ends.
    pub(crate) fn range(self) -> Option<(f64, f64)> {
        match self {
            Self::Share => Some((0.0, 1.0)),
            Self::Percent => Some((0.0, 100.0)),
            Self::Auto | Self::Any => None,
        }
    }
}

impl fmt::Display for Cutoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::None => f.write_str("none"),
            Self::From(month) => month.fmt(f),
        }
    }
}

impl FromStr for Cutoff {
    type Err = Error;

    /// Reads `auto`, `none` or a month.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            month => month.parse().map(Self::From).map_err(|_| {
                Error::Argument(format!("`{text}` is not a month, auto or none; write a month as 2023-11"))
            }),
        }
    }
}

impl fmt::Display for ClusterBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Family => "family",
            Self::Model => "model",
            Self::Column(name) => name,
        })
    }
}

impl FromStr for ClusterBy {
    type Err = Error;

    /// Reads `family`, `model` (or `none`), or else the name of a column.
    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "family" => Self::Family,
            "model" | "none" => Self::Model,
            column => Self::Column(column.to_owned()),
        })
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(name) => f.write_str(name),
            Self::Selection(selection) => selection.fmt(f),
        }
    }
}

impl FromStr for GroupBy {
    type Err = Error;

    /// Reads a selection (`params > 1e10`, `language = en`) or, without any of its signs, the name of a column.
    fn from_str(text: &str) -> Result<Self> {
        if text.contains(['<', '>', '=']) {
            text.parse().map(Self::Selection)
        } else {
            Ok(Self::Column(text.to_owned()))
        }
    }
}

impl fmt::Display for WeightBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Items => "items",
            Self::Column(name) => name,
        })
    }
}

impl FromStr for WeightBy {
    type Err = Error;

    /// Reads `items` or the name of a column.
    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "items" => Self::Items,
            column => Self::Column(column.to_owned()),
        })
    }
}

impl Amount {
    /// The number, where it is the same for all models.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Column(_) => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Column(name) => f.write_str(name),
        }
    }
}

impl FromStr for Amount {
    type Err = Error;

    /// Reads a number or the name of a column.
    fn from_str(text: &str) -> Result<Self> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() && number >= 0.0 => Ok(Self::Number(number)),
            Ok(number) => Err(Error::Argument(format!("{number} is negative or not finite"))),
            Err(_) => Ok(Self::Column(text.to_owned())),
        }
    }
}

serde_as_text!(ScoreScale, Cutoff, ClusterBy, GroupBy, WeightBy);
serde_as_number_or_text!(Amount);
