//! The numbers that the paper prints: what each is of, as values that code can ask.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::analysis::Phase;
use crate::analysis::papers::test_task::{Conclusion, agrees};
use crate::error::{Error, Result};
use crate::registry::table::{Column, Kind, Table};
use crate::stats::estimate::Estimate;

/// The printed numbers, as a table.
const PRINTED: &str = include_str!("../../../../data/train-before-test/published_numbers.csv");

const COLUMNS: &[Column] = &[
    Column::required("figure", Kind::Text, "figure of the paper"),
    Column::required("item", Kind::Text, "what of it"),
    Column::required("quantity", Kind::Text, "what is printed"),
    Column::required("published", Kind::Text, "the number as printed"),
    Column::optional("note", Kind::Text, "what is known about how it was printed"),
];

/// What a printed number is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// All pairs of benchmarks.
    Agreement(Phase),
    /// Pairs of benchmarks that agree more after.
    PairsAbove,
    /// NQ-Open with all other benchmarks.
    NqOpen(Phase),
    /// Perplexity with benchmarks.
    Perplexity(Against),
    /// Perplexity before with perplexity after.
    Corpus(Corpus),
    /// One of the first five components of all models.
    Component(Phase, u8),
    /// The first component of the Qwen models.
    Qwen(Phase),
}

/// Which perplexity stands against which scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Against {
    /// Before against before.
    Before,
    /// After against after.
    After,
    /// Before against after, base models.
    AcrossBase,
    /// Before against after, chat models.
    AcrossChat,
}

/// A corpus whose perplexity is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Corpus {
    /// Pages of an encyclopaedia.
    Wiki,
    /// Questions and answers.
    StackExchange,
    /// Papers.
    Arxiv,
}

impl Corpus {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Wiki, Self::StackExchange, Self::Arxiv];

    /// Its id in the tables.
    #[must_use]
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Wiki => "wiki_2025",
            Self::StackExchange => "stackexchange_2025",
            Self::Arxiv => "arxiv_2025",
        }
    }
}

/// How conditions are called in the paper.
pub(super) fn condition(phase: Phase) -> &'static str {
    match phase {
        Phase::Unadjusted => "direct",
        Phase::Adjusted => "train-before-test",
    }
}

impl Subject {
    fn all() -> Vec<Self> {
        let mut all = vec![Self::PairsAbove];
        for phase in Phase::BOTH {
            all.extend([Self::Agreement(phase), Self::NqOpen(phase), Self::Qwen(phase)]);
            all.extend((1..=5).map(|place| Self::Component(phase, place)));
        }
        let against = [Against::Before, Against::After, Against::AcrossBase, Against::AcrossChat];
        all.extend(against.map(Self::Perplexity));
        all.extend(Corpus::ALL.map(Self::Corpus));
        all
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = Phase::BOTH.map(condition);
        match self {
            Self::Agreement(phase) => f.write_str(condition(*phase)),
            Self::PairsAbove => f.write_str("pairs of benchmarks that agree more after"),
            Self::NqOpen(phase) => write!(f, "nq_open {}", condition(*phase)),
            Self::Perplexity(Against::Before) => write!(f, "{before} against {before}"),
            Self::Perplexity(Against::After) => write!(f, "{after} against {after}"),
            Self::Perplexity(Against::AcrossBase) => write!(f, "{before} against {after}, base models"),
            Self::Perplexity(Against::AcrossChat) => write!(f, "{before} against {after}, chat models"),
            Self::Corpus(corpus) => write!(f, "{} {before} against {after}", corpus.id()),
            Self::Component(phase, place) => write!(f, "{}, PC{place}", condition(*phase)),
            Self::Qwen(phase) => write!(f, "Qwen models {}, PC1", condition(*phase)),
        }
    }
}

impl FromStr for Subject {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::all().into_iter().find(|subject| subject.to_string() == text);
        found.ok_or_else(|| Error::Argument(format!("`{text}` is nothing that the paper prints a number of")))
    }
}

/// What a printed number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Printable {
    /// Mean of τ-b over pairs.
    MeanTau,
    /// Mean of Pearson's r over pairs.
    MeanPearson,
    /// Share of pairs.
    Share,
    /// One τ-b.
    Tau,
    /// One r.
    Pearson,
    /// Share of the variance.
    VarianceShare,
}

impl Printable {
    const ALL: [(Self, &'static str); 6] = [
        (Self::MeanTau, "mean_kendall_tau"),
        (Self::MeanPearson, "mean_pearson"),
        (Self::Share, "share"),
        (Self::Tau, "kendall_tau"),
        (Self::Pearson, "pearson"),
        (Self::VarianceShare, "variance_share"),
    ];
}

impl fmt::Display for Printable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(one, _)| one == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Printable {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(one, _)| *one);
        found.ok_or_else(|| Error::Argument(format!("`{text}` is no quantity of the paper")))
    }
}

/// A number as the paper prints it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PaperNumber {
    /// The figure, as the table of printed numbers calls it.
    pub figure: String,
    /// What it is about.
    pub subject: Subject,
    /// What it is.
    pub quantity: Printable,
    /// Digit for digit.
    pub text: String,
    /// How it was printed.
    pub note: Option<String>,
}

/// A number computed again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) subject: Subject,
    pub(super) quantity: Printable,
    /// By the published method; for shares of pairs, of rounded values.
    pub(super) value: f64,
    /// The same where every value is rounded to three digits before the mean, as printed means are.
    pub(super) rounded: Option<f64>,
    /// With an interval that holds for models of few makers.
    pub(super) corrected: Estimate,
    pub(super) models: usize,
    pub(super) makers: usize,
    /// Whether what the paper concludes from it stands.
    pub(super) conclusion: Option<Conclusion>,
    /// What the corrected number says.
    pub(super) why: String,
}

/// One row of the reproduction report.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberRow {
    /// The number as printed.
    pub(crate) printed: PaperNumber,
    /// Computed again by the published method.
    pub recomputed: f64,
    /// Whether it rounds to the printed digits.
    pub reproduced: bool,
    /// With its interval.
    pub corrected: Estimate,
    /// Models it is of.
    pub models: usize,
    /// Makers among them.
    pub makers: usize,
    /// Whether the conclusion drawn from it stands; `None` where none is drawn.
    pub(crate) conclusion: Option<Conclusion>,
    /// How it was printed.
    pub note: String,
    /// What the corrected number says.
    pub why: String,
}

/// Every number the paper prints, in its order.
///
/// # Errors
/// [`Error::Cell`] when a row of the embedded table cannot be used.
fn printed() -> Result<Vec<PaperNumber>> {
    let table = Table::parse(PRINTED.as_bytes(), Path::new("train-before-test/published_numbers.csv"), COLUMNS)?;
    (0..table.rows())
        .map(|row| {
            Ok(PaperNumber {
                figure: table.text(row, "figure")?.to_owned(),
                subject: table.parsed(row, "item")?,
                quantity: table.parsed(row, "quantity")?,
                text: table.text(row, "published")?.to_owned(),
                note: table.optional_text(row, "note").map(str::to_owned),
            })
        })
        .collect()
}

/// Joins printed numbers and recomputed ones.
pub(super) fn rows(found: &[Found]) -> Result<Vec<NumberRow>> {
    printed()?
        .into_iter()
        .map(|number| {
            let own = found.iter().find(|f| f.subject == number.subject && f.quantity == number.quantity);
            let own = own.ok_or_else(|| {
                let (figure, subject, quantity) = (&number.figure, &number.subject, &number.quantity);
                Error::Undetermined(format!("nothing recomputes {figure}, {subject}, {quantity}"))
            })?;
            let mut note = number.note.clone().unwrap_or_default();
            if let Some(rounded) = own.rounded {
                note.push_str(&format!(": {rounded:.6}"));
            }
            Ok(NumberRow {
                reproduced: agrees(&number.text, own.value) && own.rounded.is_none_or(|v| agrees(&number.text, v)),
                recomputed: own.value,
                corrected: own.corrected.clone(),
                models: own.models,
                makers: own.makers,
                conclusion: own.conclusion,
                note,
                why: own.why.clone(),
                printed: number,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printed_number_is_read_as_what_it_is_of() {
        let all = printed().expect("the embedded table is sound");
        assert_eq!(all.len(), 33);
        let first = &all[0];
        assert_eq!((first.subject, first.quantity), (Subject::Agreement(Phase::Unadjusted), Printable::MeanTau));
        assert!(all.iter().all(|number| number.text.parse::<f64>().is_ok()));
        assert!("PC9".parse::<Subject>().is_err());
    }
}
