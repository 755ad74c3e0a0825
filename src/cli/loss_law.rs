//! `onset loss-law`: how loss falls with size and data, and the best size for a budget.

use std::path::PathBuf;

use clap::Args;

use super::columns::{Cells, NameColumns, SizeColumns};
use super::figure::FigureOptions;
use super::fit::Format;
use super::output::print;
use super::save;
use crate::analysis::fit::Inputs;
use crate::analysis::loss_law::LossLawSettings;
use crate::error::Result;
use crate::registry::destination;
use crate::registry::modelset::{ClusterBy, Selection, Settings};
use crate::registry::table::Unit;
use crate::registry::write;
use crate::report::loss_law;
use crate::stats::loss_law::Robust;
use crate::stats::random::Seed;

/// Fit L = E + A/N^α + B/D^β to losses of models by parameters and training tokens, and say which size is best for a budget.
///
/// A table needs parameters, tokens (or compute) and a loss a row; it is read as `onset fit` reads tables, wide or long, with
/// the same units and refusals. Every start of Hoffmann et al. (2022) is tried and the best one followed to its minimum.
/// Intervals come from drawing runs: points that are alike in the column `run`, checkpoints of one run (column
/// `tokens_seen`), or families; a table with none of these counts every point as independent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset loss-law data/chinchilla.csv\n  \
                        onset loss-law data/chinchilla.csv --compute 1e23,1e24 --out law\n  \
                        onset loss-law sweep.csv --loss val_loss --params-unit M --tokens-unit B --cluster run\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which file, row and column).")]
pub(super) struct LossLawArgs {
    /// Tables, or - for standard input.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,

    /// Budgets in FLOPs for which the best size is given [default: three powers of ten from the largest point on].
    #[arg(long, value_name = "FLOPS,...", value_delimiter = ',', allow_negative_numbers = true)]
    compute: Vec<f64>,

    /// Column of the losses, or benchmark in a long table.
    #[arg(long, value_name = "NAME", default_value = "loss")]
    loss: String,

    /// Metric of the loss in a long table.
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,

    /// Which rows of a long table count: 'COLUMN OP VALUE', such as 'shots = 0'; may be repeated.
    #[arg(long = "where", value_name = "SELECTION")]
    only: Vec<Selection>,

    #[command(flatten)]
    names: NameColumns,

    #[command(flatten)]
    sizes: SizeColumns,

    /// Column of the training compute, from which tokens follow where a row has none.
    #[arg(long = "compute-column", value_name = "COLUMN", help_heading = "Columns")]
    compute_column: Option<String>,

    /// What one stands for in the column of compute: 1e21, ZFLOP, PF-days, log10 [default: as its name says, else FLOPs].
    #[arg(long, value_name = "UNIT", help_heading = "Columns")]
    compute_unit: Option<Unit>,

    /// Take parameters, tokens and compute of any size, also those that no language model has.
    #[arg(long, help_heading = "Columns")]
    any_size: bool,

    /// Which points are not independent: those of one run or family (family), none (model), or those alike in a column.
    #[arg(long, value_name = "COLUMN", default_value = "family", help_heading = "Columns")]
    cluster: ClusterBy,

    #[command(flatten)]
    cells: Cells,

    /// Size of a residual of ln L up to which its square counts, and beyond which its size does.
    #[arg(long, value_name = "DELTA", default_value_t = 1e-3, help_heading = "Fit")]
    delta: f64,

    /// Count residuals of ln L by their size, instead of the Huber loss.
    #[arg(long, conflicts_with = "delta", help_heading = "Fit")]
    absolute: bool,

    /// Resamples behind every interval.
    #[arg(long, value_name = "N", default_value_t = LossLawSettings::default().bootstrap, help_heading = "Fit")]
    bootstrap: usize,

    /// Level of all intervals, between 0.5 and 1.
    #[arg(long, value_name = "LEVEL", default_value_t = LossLawSettings::default().level, help_heading = "Fit")]
    level: f64,

    /// Seed of the random draws.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Fit")]
    seed: u64,

    /// How the report is printed; csv is a row for every estimate.
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,

    /// Folder for the figure (loss_law.svg, loss_law.png, loss_law.pdf, loss_law.csv), report.json, estimates.csv and
    /// points.csv; created when it does not exist.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,

    #[command(flatten)]
    figure: FigureOptions,
}

/// Columns that the report for people may take.
const WIDTH: usize = 120;

pub(super) fn run(args: &LossLawArgs) -> Result<()> {
    args.out.as_deref().map_or(Ok(()), destination::folder)?;
    let report = args.settings().run_on(&Inputs { tables: args.tables.clone(), ..Inputs::default() })?;
    if let Some(folder) = &args.out {
        write::set(folder, || save::loss_law(folder, &report, &args.figure))?;
    }
    print(match args.format {
        Format::Table => loss_law::terminal(&report, WIDTH).into_bytes(),
        Format::Json => report.to_json()?.into_bytes(),
        Format::Csv => loss_law::estimates(&report).to_bytes()?,
    })
}

impl LossLawArgs {
    fn settings(&self) -> LossLawSettings {
        LossLawSettings {
            tables: Settings {
                model: self.names.model.clone(),
                family: self.names.family.clone(),
                params: self.sizes.params.clone(),
                tokens: self.sizes.tokens.clone(),
                compute: self.compute_column.clone(),
                params_unit: self.sizes.params_unit,
                tokens_unit: self.sizes.tokens_unit,
                compute_unit: self.compute_unit,
                any_size: self.any_size,
                reading: self.cells.reading(),
                score: Some(self.loss.clone()),
                metric: self.metric.clone(),
                only: self.only.clone(),
                cluster: self.cluster.clone(),
                ..Settings::default()
            },
            robust: if self.absolute { Robust::LeastAbsolute } else { Robust::Huber(self.delta) },
            compute: self.compute.clone(),
            bootstrap: self.bootstrap,
            level: self.level,
            seed: Seed(self.seed),
        }
    }
}
