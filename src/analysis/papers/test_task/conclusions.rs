//! The paper's conclusions after each number is computed as it should be: whether the conclusion stands, and
//! why the corrected number differs from the published one.

use std::fmt;
use std::str::FromStr;

use super::exhibit::Exhibit;
use super::item::Item;
use super::quantity::{PaperQuantity, Quantity, Remark};
use super::scores::{MMLU, known};
use super::verdict::{Printed, agrees};
use crate::analysis::words::{scientific, signed};
use crate::error::{Error, Result};
use crate::registry::Benchmark;
use crate::stats::estimate::Estimate;

/// The paper's test of a difference at 5 %.
const SIZE: f64 = 0.05;

/// Whether a conclusion drawn from a printed number survives the corrected analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Conclusion {
    /// The corrected analysis says the same.
    Stands,
    /// It says something else.
    Changes,
}

impl fmt::Display for Conclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stands => "stands",
            Self::Changes => "changes",
        })
    }
}

impl FromStr for Conclusion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "stands" => Ok(Self::Stands),
            "changes" => Ok(Self::Changes),
            other => Err(Error::Argument(format!("`{other}` is neither stands nor changes"))),
        }
    }
}

/// The conclusion, where the printed number carries one, and a sentence on the corrected number; empty when the two agree
/// in every printed digit and nothing is concluded.
pub(super) fn conclusion(printed: &Printed, paper: &Quantity, corrected: &Quantity) -> (Option<Conclusion>, String) {
    let (conclusion, mut sentences) = match printed.quantity {
        PaperQuantity::Theta | PaperQuantity::Psi | PaperQuantity::Phi => difference(paper, corrected),
        PaperQuantity::Emergence => emergence(&paper.estimate, &corrected.estimate),
        PaperQuantity::R2Uncentered => (None, vec![CENTRED.to_owned()]),
        PaperQuantity::PsiSe | PaperQuantity::PhiSe => (None, error(&paper.estimate, &corrected.estimate)),
        PaperQuantity::BalancedAccuracy => (None, guessing(&corrected.estimate)),
        PaperQuantity::R2 | PaperQuantity::Area | PaperQuantity::MeanOld | PaperQuantity::MeanNew => (None, Vec::new()),
    };
    if !corrected.estimate.value.is_some_and(|value| agrees(&printed.text, value)) {
        sentences.extend(causes(printed, paper));
    }
    sentences.extend(corrected.remark.as_ref().map(Remark::to_string));
    (conclusion, sentences.join(" "))
}

const CENTRED: &str = "The corrected R² is centred, comparable with that of a line: the uncentred one counts the distance \
                       from chance as explained.";

/// Two tests of the same difference.
fn difference(paper: &Quantity, corrected: &Quantity) -> (Option<Conclusion>, Vec<String>) {
    let (Some(p), Some(gap)) = (paper.estimate.p_value, corrected.estimate.excludes_zero()) else {
        return (None, vec!["The data do not determine an interval of the difference.".into()]);
    };
    let margin = corrected.margin.map_or_else(String::new, |m| {
        format!(" Not shown is not the same as none: differences up to ±{m:.3} are not excluded.")
    });
    let by_paper = if p < 0.001 { "published p < 0.001".to_owned() } else { format!("published p = {p:.3}") };
    match (p < SIZE, gap) {
        (true, true) => (Some(Conclusion::Stands), vec![format!("A gap in both analyses ({by_paper}).")]),
        (false, false) => (Some(Conclusion::Stands), vec![format!("No gap is shown in either analysis.{margin}")]),
        (true, false) => (
            Some(Conclusion::Changes),
            vec![format!(
                "The published test finds a gap ({by_paper}); with the break estimated and families as clusters the \
                 interval holds zero.{margin}"
            )],
        ),
        (false, true) => (
            Some(Conclusion::Changes),
            vec![format!("The published test finds no gap ({by_paper}); the corrected interval leaves out zero.")],
        ),
    }
}

/// Whether the published break lies where the data put it.
fn emergence(paper: &Estimate, corrected: &Estimate) -> (Option<Conclusion>, Vec<String>) {
    let Some(published) = paper.value else { return (None, Vec::new()) };
    if corrected.value.is_none() {
        return (
            Some(Conclusion::Changes),
            vec![format!("At {} the paper sees a point of emergence.", scientific(published, 1))],
        );
    }
    let (low, high) = (corrected.interval.low.unwrap_or(0.0), corrected.interval.high.unwrap_or(f64::INFINITY));
    if (low..=high).contains(&published) {
        (Some(Conclusion::Stands), vec!["The published break lies in the interval.".into()])
    } else {
        (Some(Conclusion::Changes), vec!["The published break lies outside the interval.".into()])
    }
}

fn error(paper: &Estimate, corrected: &Estimate) -> Vec<String> {
    match (paper.value, corrected.value) {
        (Some(classical), Some(clustered)) if classical > 0.0 => vec![format!(
            "Clustered by family (CR2) the standard error is {:.2} times the classical one.",
            clustered / classical
        )],
        _ => vec!["There is no clustered standard error.".into()],
    }
}

fn guessing(corrected: &Estimate) -> Vec<String> {
    match (corrected.interval.low, corrected.interval.high) {
        (Some(low), Some(high)) if low <= 50.0 && 50.0 <= high => {
            vec!["The interval holds 50, which is guessing.".into()]
        }
        (Some(_), Some(_)) => vec!["The interval leaves out 50, which is guessing.".into()],
        _ => Vec::new(),
    }
}

/// What the two readings do differently with this number.
fn causes(printed: &Printed, paper: &Quantity) -> Option<String> {
    let (figure, item) = (printed.figure, &printed.item);
    let mut causes = Vec::new();
    if item.benchmark == MMLU {
        causes.push("MMLU is weighted by items".to_owned());
    }
    let both = matches!(figure, Exhibit::CausalDirect | Exhibit::CausalMediated | Exhibit::Recreate);
    if both || item.is_adjusted() {
        causes.push("adjusted scores are taken as measured".to_owned());
    }
    if let Some(chance) = benchmark(figure, item).map(|b| &b.chance).filter(|c| c.corrected() != c.published) {
        causes.push(format!("chance is {} instead of {}", signed(chance.corrected(), 3), signed(chance.published, 3)));
    }
    if matches!(paper.remark, Some(Remark::StopsShort { .. })) {
        causes.push("the best fit is taken".to_owned());
    }
    match figure {
        Exhibit::Emergence => causes.push("the break is that of least squares on all older models".to_owned()),
        Exhibit::Discriminator => causes.push("whole families are left out in turn".to_owned()),
        Exhibit::Reformulation => causes.push("the printed value is a typed constant".to_owned()),
        _ => {}
    }
    (!causes.is_empty()).then(|| format!("The numbers differ because {}.", joined(&causes)))
}

fn joined(causes: &[String]) -> String {
    match causes {
        [head @ .., last] if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        _ => causes.concat(),
    }
}

/// The benchmark of a row.
fn benchmark(figure: Exhibit, item: &Item) -> Option<&'static Benchmark> {
    match figure {
        Exhibit::LeaderboardV2 => known(&format!("leaderboard_{}", item.benchmark)).ok(),
        _ => known(&item.benchmark).ok(),
    }
}
