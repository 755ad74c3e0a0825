//! What within a figure or a table a number is about: the panel or the row, as a value that code can ask.
//!
//! ```
//! use onset::analysis::Phase;
//! use onset::analysis::papers::test_task::{Item, Part};
//! let item: Item = "mmlu adjusted".parse()?;
//! assert_eq!((item.benchmark.as_str(), &item.part), ("mmlu", &Part::Phase(Phase::Adjusted)));
//! assert_eq!(item.to_string(), "mmlu adjusted");
//! # Ok::<(), onset::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;

use crate::analysis::Phase;
use crate::error::{Error, Result};

/// A panel of a figure or a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Id of the benchmark, without the name of the leaderboard it belongs to.
    pub benchmark: String,
    /// Which of the benchmark's panels or rows.
    pub part: Part,
}

/// Which of a benchmark's panels or rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The only one.
    Whole,
    /// Scores as released or after adjustment.
    Phase(Phase),
    /// Half of the older models fine-tuned; `Adjusted` when all were after that.
    SomeFineTuned(Phase),
    /// The benchmark asked in this format.
    Asked(AnswerFormat, Phase),
    /// After so many task examples.
    Examples(u64),
    /// Older against newer models, the older ones fine-tuned or not.
    OldVsNew {
        /// Whether the older models were fine-tuned.
        fine_tuned: bool,
    },
}

/// How a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerFormat {
    /// The options stand in the prompt, the answer is a letter.
    MultipleChoice,
    /// The options are texts that continue the prompt.
    Cloze,
}

impl AnswerFormat {
    /// The text of its [`Display`](fmt::Display).
    fn name(self) -> &'static str {
        match self {
            Self::MultipleChoice => "multiple choice",
            Self::Cloze => "cloze",
        }
    }
}

impl fmt::Display for AnswerFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Item {
    /// This part of a benchmark.
    pub(super) fn new(benchmark: &str, part: Part) -> Self {
        Self { benchmark: benchmark.to_owned(), part }
    }

    /// Whether the scores are those after adjustment.
    #[must_use]
    pub fn is_adjusted(&self) -> bool {
        matches!(
            self.part,
            Part::Phase(Phase::Adjusted) | Part::SomeFineTuned(Phase::Adjusted) | Part::Asked(_, Phase::Adjusted)
        )
    }
}

const SOME: &str = "some models fine-tuned";
const ADJUSTED: &str = ", adjusted";
const EXAMPLES: &str = " task examples";
const OLD_VS_NEW: &str = "old vs new";
const FINE_TUNED: &str = "fine-tuned old vs new";

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |phase: Phase| if phase == Phase::Adjusted { ADJUSTED } else { "" };
        let id = &self.benchmark;
        match self.part {
            Part::Whole => f.write_str(id),
            Part::Phase(phase) => write!(f, "{id} {phase}"),
            Part::SomeFineTuned(phase) => write!(f, "{id} {SOME}{}", after(phase)),
            Part::Asked(format, phase) => write!(f, "{id} {format}{}", after(phase)),
            Part::Examples(examples) => write!(f, "{id} {examples}{EXAMPLES}"),
            Part::OldVsNew { fine_tuned } => write!(f, "{id} {}", if fine_tuned { FINE_TUNED } else { OLD_VS_NEW }),
        }
    }
}

impl FromStr for Item {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((id, rest)) = text.split_once(' ') else { return Ok(Self::new(text, Part::Whole)) };
        let part = if let Ok(phase) = rest.parse() {
            Part::Phase(phase)
        } else if let Some(examples) = rest.strip_suffix(EXAMPLES).and_then(|number| number.parse().ok()) {
            Part::Examples(examples)
        } else {
            let (what, phase) = match rest.strip_suffix(ADJUSTED) {
                Some(what) => (what, Phase::Adjusted),
                None => (rest, Phase::Unadjusted),
            };
            let format = [AnswerFormat::MultipleChoice, AnswerFormat::Cloze].into_iter().find(|f| f.name() == what);
            match (what, format) {
                (_, Some(format)) => Part::Asked(format, phase),
                (SOME, None) => Part::SomeFineTuned(phase),
                (OLD_VS_NEW, None) => Part::OldVsNew { fine_tuned: false },
                (FINE_TUNED, None) => Part::OldVsNew { fine_tuned: true },
                _ => return Err(Error::Argument(format!("`{text}` is no panel of a figure and no row of a table"))),
            }
        };
        Ok(Self::new(id, part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_read_as_it_is_written() {
        for text in [
            "mmlu",
            "mmlu unadjusted",
            "gsm8k adjusted",
            "mmlu some models fine-tuned",
            "mmlu some models fine-tuned, adjusted",
            "arc_challenge multiple choice, adjusted",
            "mmlu cloze",
            "gsm8k 1600000 task examples",
            "mmlu old vs new",
            "gsm8k fine-tuned old vs new",
        ] {
            assert_eq!(text.parse::<Item>().expect("an item").to_string(), text);
        }
        assert!("mmlu sideways".parse::<Item>().is_err());
    }
}
