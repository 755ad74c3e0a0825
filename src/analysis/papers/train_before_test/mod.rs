//! The second paper regenerated and questioned: "Train-before-Test Harmonizes Language Model Rankings" (arXiv 2507.05195),
//! 61 models on 24 benchmarks before and after each was fine-tuned on every benchmark's training set. Its figures as data,
//! every number it prints recomputed by its method and with an interval that holds for models of few makers, and what a
//! careful reader asks of it.

mod agreement;
mod components;
mod curves;
mod data;
mod emergence;
mod findings;
mod maps;
mod number;
mod perplexity;
mod ranks;
mod shares;
#[cfg(test)]
mod tests;

pub(crate) use data::MODELS;
pub(crate) use data::tables_from;
pub use data::{Tables, table_text, tables};
pub(crate) use findings::Finding;
pub(crate) use number::Against;
pub(crate) use number::Corpus;
pub use number::NumberRow;
#[cfg(test)]
pub(crate) use number::Printable;
#[cfg(test)]
pub(crate) use number::Subject;

use crate::analysis::Phase;
use crate::analysis::figure::Figure;
use crate::error::{Error, Result};
use crate::stats::multiplicity::{Adjusted, adjusted};
use agreement::Harmony;
use components::Factors;
use emergence::Emergence;
use perplexity::Losses;

/// Names of the figures, in the order in which they are made.
pub(crate) const FIGURES: [&str; 9] = [
    "agreement",
    "categories",
    "benchmarks",
    "perplexity",
    "corpora",
    "components",
    "compute",
    "ranks",
    "each_benchmark",
];

/// Everything that was regenerated.
#[derive(Debug, Clone, PartialEq)]
pub struct Harmonised {
    /// The figures, as data.
    pub figures: Vec<Figure>,
    /// One row for every number that the paper prints.
    pub rows: Vec<NumberRow>,
    /// What a careful reader asks.
    pub(crate) findings: Vec<Finding>,
    /// Every benchmark against compute.
    pub(crate) curves: Vec<CurveRow>,
}

/// One benchmark's curve under one condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CurveRow {
    /// The benchmark.
    pub benchmark: String,
    /// Before or after.
    pub phase: Phase,
    /// How scores rise.
    pub verdict: crate::stats::selection::Verdict,
    /// The curve that the verdict is about.
    pub selected: crate::stats::curves::Curve,
    /// How much compute explains by the hinge.
    pub r_squared: crate::stats::estimate::Estimate,
    /// log10 FLOPs of the point of emergence.
    pub emergence: crate::stats::estimate::Estimate,
    /// Chat models less base models at equal compute.
    pub chat: crate::stats::estimate::Estimate,
    /// R² after minus before; the same in both rows of a benchmark.
    pub gained: crate::stats::estimate::Estimate,
    /// The p-value of what was gained among those of all benchmarks.
    pub gained_test: Option<Adjusted>,
    /// The p-value of chat models under this condition among those of all benchmarks.
    pub chat_test: Option<Adjusted>,
    /// Each maker less all others at equal compute.
    pub makers: Vec<(String, crate::stats::estimate::Estimate)>,
}

/// Computes figures, numbers and findings.
///
/// # Errors
/// When the tables lack a score, or a fit is impossible.
pub fn run(tables: &Tables) -> Result<Harmonised> {
    let models = tables.all();
    let qwen = tables.those(|model| model.maker == "Qwen");
    let all = Harmony::of(tables, &models)?;
    let ceilings = [all.ceilings[0].as_slice(), all.ceilings[1].as_slice()];
    let of_qwen = [Phase::Unadjusted, Phase::Adjusted].map(|phase| agreement::ceilings(tables, phase, &qwen));
    let [qwen_before, qwen_after] = of_qwen;
    let (qwen_before, qwen_after) = (qwen_before?, qwen_after?);
    let factors = Factors::of(tables, &models, ceilings, all.shares())?;
    let qwen_factors = Factors::of(tables, &qwen, [&qwen_before, &qwen_after], Factors::shares(tables, &qwen)?)?;
    let scores = |k: usize| factors.principal[k].scores.first().map(Vec::as_slice).ok_or_else(no_component);
    let first = [emergence::complete(scores(0)?)?, emergence::complete(scores(1)?)?];
    let emergence = Emergence::of(tables, first)?;
    let against = [Against::Before, Against::After, Against::AcrossBase, Against::AcrossChat];
    let losses = against.map(|against| Losses::of(tables, against)).into_iter().collect::<Result<Vec<_>>>()?;

    let mut found = all.numbers(tables)?;
    for losses in &losses {
        found.extend(losses.numbers()?);
    }
    for corpus in Corpus::ALL {
        found.extend(perplexity::own(tables, corpus)?);
    }
    found.extend(factors.numbers()?);
    found.extend(qwen_factors.of_qwen()?);
    let figures = vec![
        maps::agreement(tables, &all),
        maps::categories(tables, &all),
        shares::benchmarks(tables, &all),
        maps::perplexity(tables, &losses),
        curves::corpora(tables)?,
        shares::components(&factors, &qwen_factors),
        curves::compute(tables, &emergence),
        ranks::ranks(tables)?,
        curves::each_benchmark(tables, &emergence),
    ];
    Ok(Harmonised {
        rows: number::rows(&found)?,
        findings: findings::findings(tables, &all, &factors, &emergence)?,
        curves: curve_rows(&emergence)?,
        figures,
    })
}

/// A row for every benchmark and condition. The first component is no benchmark, and its p-values no part of theirs.
fn curve_rows(emergence: &Emergence) -> Result<Vec<CurveRow>> {
    let tests = |of: &dyn Fn(&emergence::Compared) -> Option<f64>| {
        adjusted(&emergence.benchmarks.iter().map(of).collect::<Vec<_>>())
    };
    let gained = tests(&|one| one.r_squared.p_value)?;
    let chat = Phase::BOTH.map(|phase| tests(&|one| one.phase(phase).chat.p_value));
    let [before, after] = chat;
    let chat = [before?, after?];
    let every = emergence.benchmarks.iter().chain([&emergence.component]).enumerate();
    let row = |at: usize, one: &emergence::Compared, phase: Phase| {
        let own = one.phase(phase);
        CurveRow {
            benchmark: one.name.clone(),
            phase,
            verdict: own.verdict,
            selected: own.selected,
            r_squared: own.r_squared.clone(),
            emergence: own.emergence.clone(),
            chat: own.chat.clone(),
            gained: one.r_squared.clone(),
            gained_test: gained.get(at).copied().flatten(),
            chat_test: chat[phase.of(0, 1)].get(at).copied().flatten(),
            makers: own.makers.clone(),
        }
    };
    Ok(every.flat_map(|(at, one)| Phase::BOTH.map(|phase| row(at, one, phase))).collect())
}

fn no_component() -> Error {
    Error::Undetermined("the scores have no component".into())
}
