//! The paper regenerated: its figures as data, its tables, and a verdict on every number it prints
//! (arXiv 2407.07890), in two readings: as published to the last digit, and corrected, with intervals that hold for
//! models that come in families. What the corrected reading does to each conclusion stands beside the number.

mod built;
mod comparison;
mod conclusions;
mod emergence;
mod exhibit;
mod frontiers;
mod gaps;
mod group_fit;
mod intervals;
mod item;
mod panel;
mod published;
mod published_fit;
mod quantity;
mod recreate;
mod remarks;
mod scatter;
mod scores;
mod tables;
#[cfg(test)]
mod tests;
mod verdict;

use rayon::prelude::*;

pub(crate) use built::Built;
pub use conclusions::Conclusion;
pub use exhibit::Exhibit;
pub use gaps::GapTest;
pub use item::{Item, ItemPart};
pub use published::{MmluMean, Published, published, published_from};
#[cfg(test)]
pub(crate) use published_fit::PublishedFit;
pub use quantity::Remark;
pub use quantity::{PaperQuantity, Quantity};
pub(crate) use scores::Paper;
pub use scores::Reading;
pub use tables::PaperTable;
pub(crate) use verdict::Agreement;
pub use verdict::Printed;
pub(crate) use verdict::agrees;
pub(crate) use verdict::printed;

use crate::analysis::figure::Figure;
use crate::error::{Error, Result};

type FigureBuilder = fn(&Paper<'_>) -> Result<Built>;
type TableBuilder = fn(&Paper<'_>) -> Result<PaperTable>;

/// The figures by name, in the paper's order.
const FIGURES: [(Exhibit, FigureBuilder); 15] = [
    (Exhibit::Main, comparison::main),
    (Exhibit::Language, comparison::language),
    (Exhibit::Gain, scatter::gain),
    (Exhibit::Recreate, recreate::recreate),
    (Exhibit::Reformulation, comparison::reformulation),
    (Exhibit::Metric, comparison::metric),
    (Exhibit::Brier, scatter::brier),
    (Exhibit::Pareto, frontiers::pareto),
    (Exhibit::Families, scatter::families_figure),
    (Exhibit::Emergence, emergence::emergence),
    (Exhibit::Loglinear, emergence::loglinear),
    (Exhibit::FinetunedOldVsNew, scatter::finetuned_old_vs_new),
    (Exhibit::Saturation, scatter::saturation),
    (Exhibit::LeaderboardV2, comparison::leaderboard_v2),
    (Exhibit::MmluProFour, comparison::mmlu_pro_four),
];

/// The tables by name.
const TABLES: [(Exhibit, TableBuilder); 3] = [
    (Exhibit::CausalDirect, tables::causal_direct),
    (Exhibit::CausalMediated, tables::causal_mediated),
    (Exhibit::Discriminator, tables::discriminator),
];

/// What to regenerate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reproduce {
    only: Vec<Exhibit>,
}

/// One row of the reproduction report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReproductionRow {
    /// The number as printed.
    pub printed: Printed,
    /// The number computed again by the published method, and from how many models and families.
    pub recomputed: Quantity,
    /// The number computed as it should be.
    pub corrected: Quantity,
    /// Whether the recomputed number rounds to the printed digits.
    pub reproduced: bool,
    /// What a careful reader should know about it; never empty when it was not reproduced.
    pub note: String,
    /// Whether the conclusion drawn from it survives; `None` where none is drawn.
    pub conclusion: Option<Conclusion>,
    /// The test of a gap, where the number is one, allowing for all the others.
    pub gap: Option<GapTest>,
    /// What the corrected number says and why it differs.
    pub why: String,
}

/// Figures and tables in one reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Regenerated {
    /// How the data were read.
    pub reading: Reading,
    /// The figures, as data.
    pub figures: Vec<Figure>,
    /// The tables.
    pub tables: Vec<PaperTable>,
}

/// Everything that was regenerated.
#[derive(Debug, Clone, PartialEq)]
pub struct Reproduction {
    /// As the paper computes it.
    pub paper: Regenerated,
    /// As it should be computed.
    pub corrected: Regenerated,
    /// One row for every printed number of the figures and tables above.
    pub rows: Vec<ReproductionRow>,
    /// Whether figures or tables were left out on request.
    pub partial: bool,
}

impl Reproduce {
    /// Everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only the figures and tables of these names; an empty list means all.
    ///
    /// # Errors
    /// [`Error::Argument`] for a name that does not exist; it lists those that do.
    pub fn only(mut self, names: &[String]) -> Result<Self> {
        self.only = names.iter().map(|name| name.parse()).collect::<Result<_>>()?;
        Ok(self)
    }

    /// Names of all figures and tables.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Exhibit::ALL.into_iter().map(Exhibit::name)
    }

    /// Computes the figures, the tables and the report, in both readings.
    ///
    /// # Errors
    /// When the tables lack a score a figure needs, or a fit is impossible.
    pub fn run(&self, data: &Published) -> Result<Reproduction> {
        let (paper, corrected) =
            rayon::join(|| self.read(data, Reading::Published), || self.read(data, Reading::Corrected));
        let ((paper, published), (corrected, better)) = (paper?, corrected?);
        let rows = report(&published, &better, self.only.is_empty())?;
        Ok(Reproduction { paper, corrected, rows, partial: !self.only.is_empty() })
    }

    fn read(&self, data: &Published, reading: Reading) -> Result<(Regenerated, Vec<Quantity>)> {
        let paper = Paper::new(data).read_as(reading);
        let wanted = |exhibit: &Exhibit| self.only.is_empty() || self.only.contains(exhibit);
        let (built, tables): (Result<Vec<Built>>, Result<Vec<PaperTable>>) = rayon::join(
            || {
                let wanted = FIGURES.par_iter().filter(|(name, _)| wanted(name));
                wanted.map(|(name, build)| build(&paper).map_err(|error| error.within(name))).collect()
            },
            || {
                let wanted = TABLES.par_iter().filter(|(name, _)| wanted(name));
                wanted.map(|(name, build)| build(&paper).map_err(|error| error.within(name))).collect()
            },
        );
        let (built, tables) = (built?, tables?);
        let of_figures = built.iter().flat_map(|b| &b.quantities);
        let quantities = of_figures.chain(tables.iter().flat_map(|t| &t.quantities)).cloned().collect();
        let figures = built.into_iter().map(|b| captioned(b.figure, reading)).collect();
        Ok((Regenerated { reading, figures, tables }, quantities))
    }
}

/// The figure with its reading in its caption and on it, and with what its marks mean.
fn captioned(mut figure: Figure, reading: Reading) -> Figure {
    let notes = || figure.panels.iter().flat_map(|panel| &panel.notes);
    let has = |quantity: PaperQuantity| notes().any(|note| note.quantity == quantity.name());
    let theta = has(PaperQuantity::Theta);
    // The interval of a point of emergence is too long for brackets.
    let brackets = notes().any(|note| note.low.is_some() && note.quantity != PaperQuantity::Emergence.name());
    let mut sentences = Vec::new();
    match reading {
        Reading::Published => {
            sentences.push("As published.");
            if theta {
                sentences.push("θ\u{302} in bold: p < 0.05 with the point of emergence taken as known.");
            }
            if has(PaperQuantity::R2Uncentered) {
                sentences.push("R² is uncentred.");
            }
        }
        Reading::Corrected => {
            figure.caption.push_str(CORRECTED);
            sentences.push("Corrected.");
            if brackets {
                sentences.push("[low, high]: 95 % interval.");
            }
            if theta {
                sentences.push("θ\u{302} in bold: its interval leaves out zero.");
            }
            if has(PaperQuantity::Emergence) {
                sentences.push("Below cₑ: its 95 % interval.");
            }
        }
    }
    if !figure.footer.is_empty() {
        sentences.push(&figure.footer);
    }
    figure.footer = sentences.join(" ");
    figure.with_every_mark_in_the_legend("95 % band")
}

const CORRECTED: &str = " Corrected: MMLU weighted by items, adjusted scores as measured, chance as it follows from the \
                         tasks, exact fits; in brackets 95 % intervals with families as clusters.";

/// Joins the printed numbers with the recomputed ones, in the paper's order.
fn report(published: &[Quantity], corrected: &[Quantity], complete: bool) -> Result<Vec<ReproductionRow>> {
    let mut rows = Vec::new();
    for number in printed()? {
        let find = |quantities: &[Quantity]| {
            let same =
                |q: &&Quantity| q.figure == number.figure && q.item == number.item && q.quantity == number.quantity;
            quantities.iter().find(same).cloned()
        };
        match (find(published), find(corrected)) {
            (Some(recomputed), Some(corrected)) => {
                let reproduced = recomputed.estimate.value.is_some_and(|value| agrees(&number.text, value));
                let note = remarks::remark(&number, &recomputed, reproduced);
                let (conclusion, why) = conclusions::conclusion(&number, &recomputed, &corrected);
                rows.push(ReproductionRow {
                    printed: number,
                    recomputed,
                    corrected,
                    reproduced,
                    note,
                    conclusion,
                    gap: None,
                    why,
                });
            }
            _ if complete => {
                return Err(Error::Undetermined(format!(
                    "nothing recomputes {}, {}, {}",
                    number.figure, number.item, number.quantity
                )));
            }
            _ => {}
        }
    }
    let both: Vec<(&Quantity, &Quantity)> = rows.iter().map(|row| (&row.recomputed, &row.corrected)).collect();
    let tests = gaps::gap_tests(&both, complete)?;
    for (row, test) in rows.iter_mut().zip(tests) {
        row.gap = test;
    }
    Ok(rows)
}
