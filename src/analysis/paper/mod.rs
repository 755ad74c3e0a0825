//! The paper regenerated: its figures as data, its tables, and a verdict on every number it prints
//! (arXiv 2407.07890; STATISTICS §5, `paper` mode).

mod comparison;
mod emergence;
mod frontiers;
mod panel;
mod published_fit;
mod quantity;
mod recreate;
mod remarks;
mod scatter;
mod scores;
mod tables;
mod verdict;

use rayon::prelude::*;

pub use comparison::Built;
pub use published_fit::PublishedFit;
pub use quantity::Quantity;
pub use scores::{CUTOFF, Paper};
pub use tables::PaperTable;
pub use verdict::{Printed, agrees, printed};

use crate::analysis::figure::Figure;
use crate::error::{Error, Result};
use crate::registry::Published;

type FigureBuilder = fn(&Paper<'_>) -> Result<Built>;
type TableBuilder = fn(&Paper<'_>) -> Result<PaperTable>;

/// The figures by name, in the paper's order.
const FIGURES: [(&str, FigureBuilder); 15] = [
    ("main", comparison::main),
    ("language", comparison::language),
    ("gain", scatter::gain),
    ("recreate", recreate::recreate),
    ("reformulation", comparison::reformulation),
    ("metric", comparison::metric),
    ("brier", scatter::brier),
    ("pareto", frontiers::pareto),
    ("families", scatter::families_figure),
    ("emergence", emergence::emergence),
    ("loglinear", emergence::loglinear),
    ("finetuned_old_vs_new", scatter::finetuned_old_vs_new),
    ("saturation", scatter::saturation),
    ("leaderboard_v2", comparison::leaderboard_v2),
    ("mmlu_pro_four", comparison::mmlu_pro_four),
];

/// The tables by name.
const TABLES: [(&str, TableBuilder); 3] = [
    ("causal_direct", tables::causal_direct),
    ("causal_mediated", tables::causal_mediated),
    ("discriminator", tables::discriminator),
];

/// What to regenerate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reproduce {
    only: Vec<String>,
}

/// One row of the reproduction report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReproductionRow {
    /// The number as printed.
    pub printed: Printed,
    /// The number computed again by the published method, and from how many models and families.
    pub recomputed: Quantity,
    /// Whether it rounds to the printed digits.
    pub reproduced: bool,
    /// What a careful reader should know about it; never empty when it was not reproduced.
    pub note: String,
}

/// Everything that was regenerated.
#[derive(Debug, Clone, PartialEq)]
pub struct Reproduction {
    /// The figures, as data.
    pub figures: Vec<Figure>,
    /// The tables.
    pub tables: Vec<PaperTable>,
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
        let known: Vec<&str> = Self::names().collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(Error::Argument(format!(
                "unknown figure or table `{unknown}`; there are {}",
                known.join(", ")
            )));
        }
        self.only = names.to_vec();
        Ok(self)
    }

    /// Names of all figures and tables.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FIGURES.iter().map(|(name, _)| *name).chain(TABLES.iter().map(|(name, _)| *name))
    }

    /// Computes the figures, the tables and the report.
    ///
    /// # Errors
    /// When the tables lack a score a figure needs, or a fit is impossible.
    pub fn run(&self, data: &Published) -> Result<Reproduction> {
        let paper = Paper::new(data);
        let wanted = |name: &str| self.only.is_empty() || self.only.iter().any(|o| o == name);
        let built: Vec<Built> = FIGURES
            .par_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, build)| build(&paper).map_err(|e| within(name, &e)))
            .collect::<Result<_>>()?;
        let tables: Vec<PaperTable> = TABLES
            .par_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, build)| build(&paper).map_err(|e| within(name, &e)))
            .collect::<Result<_>>()?;
        let quantities: Vec<&Quantity> =
            built.iter().flat_map(|b| &b.quantities).chain(tables.iter().flat_map(|t| &t.quantities)).collect();
        let rows = report(&quantities, self.only.is_empty())?;
        let figures = built.into_iter().map(|b| b.figure).collect();
        Ok(Reproduction { figures, tables, rows, partial: !self.only.is_empty() })
    }
}

fn within(name: &str, error: &Error) -> Error {
    Error::Undetermined(format!("{name}: {error}"))
}

/// Joins the printed numbers with the recomputed ones, in the paper's order.
fn report(quantities: &[&Quantity], complete: bool) -> Result<Vec<ReproductionRow>> {
    let mut rows = Vec::new();
    for number in printed()? {
        let recomputed = quantities
            .iter()
            .find(|q| q.figure == number.figure && q.item == number.item && q.quantity == number.quantity);
        match recomputed {
            Some(recomputed) => {
                let reproduced = agrees(&number.text, recomputed.value);
                let note = remarks::remark(&number, recomputed, reproduced);
                rows.push(ReproductionRow { printed: number, recomputed: (*recomputed).clone(), reproduced, note });
            }
            None if complete => {
                return Err(Error::Undetermined(format!(
                    "nothing recomputes {}, {}, {}",
                    number.figure, number.item, number.quantity
                )));
            }
            None => {}
        }
    }
    Ok(rows)
}
