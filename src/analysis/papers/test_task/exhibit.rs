//! The figures and tables of the paper, by name.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A figure or a table. Its text is also the name of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exhibit {
    /// Scores against compute before and after adjustment.
    Main,
    /// The same by the languages of the training data.
    Language,
    /// What adjustment adds to scores.
    Gain,
    /// The gap between groups made on purpose.
    Recreate,
    /// Cloze tasks asked as multiple choice.
    Reformulation,
    /// MMLU in two formats and by another metric.
    Metric,
    /// The Brier score.
    Brier,
    /// Frontiers of score against compute.
    Pareto,
    /// Three families.
    Families,
    /// Points of emergence after task examples.
    Emergence,
    /// Log-linear fits after task examples.
    Loglinear,
    /// Older models, fine-tuned, beside newer ones.
    FinetunedOldVsNew,
    /// Gains of the last checkpoints.
    Saturation,
    /// The benchmarks of the second leaderboard.
    LeaderboardV2,
    /// MMLU-Pro with four options.
    MmluProFour,
    /// Table of direct effects.
    CausalDirect,
    /// Table of mediated effects.
    CausalMediated,
    /// Table of telling older from newer models.
    Discriminator,
}

impl Exhibit {
    /// All of them: the figures in the paper's order, then the tables.
    pub(crate) const ALL: [Self; 18] = [
        Self::Main,
        Self::Language,
        Self::Gain,
        Self::Recreate,
        Self::Reformulation,
        Self::Metric,
        Self::Brier,
        Self::Pareto,
        Self::Families,
        Self::Emergence,
        Self::Loglinear,
        Self::FinetunedOldVsNew,
        Self::Saturation,
        Self::LeaderboardV2,
        Self::MmluProFour,
        Self::CausalDirect,
        Self::CausalMediated,
        Self::Discriminator,
    ];

    /// Whether it is a table; the others are drawn.
    #[must_use]
    pub(crate) fn is_table(self) -> bool {
        matches!(self, Self::CausalDirect | Self::CausalMediated | Self::Discriminator)
    }

    /// The text of its [`Display`](fmt::Display).
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Language => "language",
            Self::Gain => "gain",
            Self::Recreate => "recreate",
            Self::Reformulation => "reformulation",
            Self::Metric => "metric",
            Self::Brier => "brier",
            Self::Pareto => "pareto",
            Self::Families => "families",
            Self::Emergence => "emergence",
            Self::Loglinear => "loglinear",
            Self::FinetunedOldVsNew => "finetuned_old_vs_new",
            Self::Saturation => "saturation",
            Self::LeaderboardV2 => "leaderboard_v2",
            Self::MmluProFour => "mmlu_pro_four",
            Self::CausalDirect => "causal_direct",
            Self::CausalMediated => "causal_mediated",
            Self::Discriminator => "discriminator",
        }
    }
}

impl fmt::Display for Exhibit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Exhibit {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::Argument(format!("unknown figure or table `{text}`; there are {known}"))
        })
    }
}
