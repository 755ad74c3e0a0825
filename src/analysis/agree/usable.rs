//! Which benchmarks and models of a grid can be compared.

use super::report::LeftOutBenchmark;
use crate::registry::modelset::ScoreGrid;
use crate::{Error, Result};

/// Fewer models do not tell how benchmarks agree.
pub(super) const FEWEST: usize = 8;

/// The cells that are compared: with two conditions those that have a score under both.
pub(super) struct Usable {
    /// Places of the benchmarks in the grid.
    pub(super) benchmarks: Vec<usize>,
    /// Places of the models.
    pub(super) models: Vec<usize>,
    pub(super) left_out: Vec<LeftOutBenchmark>,
    /// Scores that have no partner under the other condition.
    pub(super) unpaired: usize,
    /// Per condition, benchmark and model.
    pub(super) columns: Vec<Vec<Vec<f64>>>,
}

impl Usable {
    /// # Errors
    /// When too few models or benchmarks are left.
    pub(super) fn of(grid: &ScoreGrid) -> Result<Self> {
        let all = grid.models.len();
        if all < FEWEST {
            return Err(Error::NotEnoughModels { have: all, need: FEWEST }.with_help(
                "with fewer, rank correlations are mostly chance: join further tables or results of more models",
            ));
        }
        let sides: Vec<&Vec<Vec<f64>>> =
            std::iter::once(&grid.before).chain(&grid.after).map(|side| &side.values).collect();
        let there = |k: usize, i: usize| sides.iter().all(|side| !side[k][i].is_nan());
        let mut unpaired = 0;
        for k in 0..grid.benchmarks.len() {
            unpaired += (0..all).filter(|&i| !there(k, i) && sides.iter().any(|side| !side[k][i].is_nan())).count();
        }
        let (mut benchmarks, mut left_out) = (Vec::new(), Vec::new());
        for (k, benchmark) in grid.benchmarks.iter().enumerate() {
            let scored: Vec<usize> = (0..all).filter(|&i| there(k, i)).collect();
            let flat = |side: &&Vec<Vec<f64>>| scored.iter().all(|&i| side[k][i] == side[k][scored[0]]);
            let reason = match scored.len() {
                0 if sides.len() == 2 => "no model has a score before and after".to_owned(),
                1 => "one model has a score".to_owned(),
                n if n < FEWEST => format!("{n} models have a score, fewer than {FEWEST}"),
                _ if sides.iter().any(flat) => "every model has the same score".to_owned(),
                _ => {
                    benchmarks.push(k);
                    continue;
                }
            };
            left_out.push(LeftOutBenchmark { name: benchmark.name.clone(), reason });
        }
        if benchmarks.len() < 2 {
            return Err(too_few(grid, benchmarks.len(), &left_out));
        }
        let models: Vec<usize> = (0..all).filter(|&i| benchmarks.iter().any(|&k| there(k, i))).collect();
        if models.len() < FEWEST {
            return Err(Error::NotEnoughModels { have: models.len(), need: FEWEST });
        }
        let clusters = |i: &usize| &grid.models[*i].cluster;
        let first = clusters(&models[0]);
        if models.iter().all(|i| clusters(i) == first) {
            return Err(Error::Undetermined(format!(
                "all {} models are of one family (`{first}`): how sure their agreement is cannot be told from one family; \
                 `--cluster COLUMN` groups them by another column, `--cluster model` takes every model as independent",
                models.len()
            )));
        }
        let cell = |side: &[Vec<f64>], k: usize, i: usize| if there(k, i) { side[k][i] } else { f64::NAN };
        let column = |side: &[Vec<f64>], k: usize| models.iter().map(|&i| cell(side, k, i)).collect::<Vec<f64>>();
        let columns = sides.iter().map(|side| benchmarks.iter().map(|&k| column(side, k)).collect()).collect();
        Ok(Self { columns, benchmarks, models, left_out, unpaired })
    }
}

fn too_few(grid: &ScoreGrid, usable: usize, left_out: &[LeftOutBenchmark]) -> Error {
    let reasons: Vec<String> = left_out.iter().take(4).map(|one| format!("`{}`: {}", one.name, one.reason)).collect();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
    let have = match usable {
        0 => "no benchmark".to_owned(),
        _ => "only one benchmark".to_owned(),
    };
    let names: Vec<&str> = grid.benchmarks.iter().take(6).map(|benchmark| benchmark.name.as_str()).collect();
    Error::Undetermined(format!(
        "agreement needs at least two benchmarks, and {have} can be compared{why}; the tables have {}",
        if names.is_empty() { "none".into() } else { names.join(", ") }
    ))
    .with_help("join a table with another benchmark, or name columns by --score")
}
