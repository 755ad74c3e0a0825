//! What within a figure or a table a number is about: the panel or the row, as a value that code can ask.
//!
//! ```
//! use onset::analysis::Phase;
//! use onset::analysis::papers::test_task::{Item, ItemPart};
//! let item: Item = "mmlu adjusted".parse()?;
//! assert_eq!((item.benchmark.as_str(), &item.part), ("mmlu", &ItemPart::Phase(Phase::Adjusted)));
//! assert_eq!(item.to_string(), "mmlu adjusted");
//! # Ok::<(), onset::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;

use crate::analysis::Phase;
use crate::error::{Error, Result};
use crate::registry::Format;

/// A panel of a figure or a row of a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Id of the benchmark, without the name of the leaderboard it belongs to.
    pub benchmark: String,
    /// Which of the benchmark's panels or rows.
    pub part: ItemPart,
}

/// Which of a benchmark's panels or rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemPart {
    /// The only one.
    Whole,
    /// Scores as released or after adjustment.
    Phase(Phase),
    /// Half of the older models fine-tuned; `Adjusted` when all were after that.
    SomeFineTuned(Phase),
    /// The benchmark asked in this format.
    Asked(Format, Phase),
    /// After so many task examples.
    Examples(u64),
    /// Older against newer models, the older ones fine-tuned or not.
    OldVsNew {
        /// Whether the older models were fine-tuned.
        fine_tuned: bool,
    },
}

impl Item {
    /// This part of a benchmark.
    pub(super) fn new(benchmark: &str, part: ItemPart) -> Self {
        Self { benchmark: benchmark.to_owned(), part }
    }

    /// Whether the scores are those after adjustment.
    #[must_use]
    pub(crate) fn is_adjusted(&self) -> bool {
        matches!(
            self.part,
            ItemPart::Phase(Phase::Adjusted)
                | ItemPart::SomeFineTuned(Phase::Adjusted)
                | ItemPart::Asked(_, Phase::Adjusted)
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
            ItemPart::Whole => f.write_str(id),
            ItemPart::Phase(phase) => write!(f, "{id} {phase}"),
            ItemPart::SomeFineTuned(phase) => write!(f, "{id} {SOME}{}", after(phase)),
            ItemPart::Asked(format, phase) => write!(f, "{id} {}{}", format.words(), after(phase)),
            ItemPart::Examples(examples) => write!(f, "{id} {examples}{EXAMPLES}"),
            ItemPart::OldVsNew { fine_tuned } => write!(f, "{id} {}", if fine_tuned { FINE_TUNED } else { OLD_VS_NEW }),
        }
    }
}

impl FromStr for Item {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((id, rest)) = text.split_once(' ') else { return Ok(Self::new(text, ItemPart::Whole)) };
        let part = if let Ok(phase) = rest.parse() {
            ItemPart::Phase(phase)
        } else if let Some(examples) = rest.strip_suffix(EXAMPLES).and_then(|number| number.parse().ok()) {
            ItemPart::Examples(examples)
        } else {
            let (what, phase) = match rest.strip_suffix(ADJUSTED) {
                Some(what) => (what, Phase::Adjusted),
                None => (rest, Phase::Unadjusted),
            };
            let format = [Format::MultipleChoice, Format::Cloze].into_iter().find(|f| f.words() == what);
            match (what, format) {
                (_, Some(format)) => ItemPart::Asked(format, phase),
                (SOME, None) => ItemPart::SomeFineTuned(phase),
                (OLD_VS_NEW, None) => ItemPart::OldVsNew { fine_tuned: false },
                (FINE_TUNED, None) => ItemPart::OldVsNew { fine_tuned: true },
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
