//! `onset loss-then-score`: a score forecast by its loss, from small training runs.

use std::path::PathBuf;

use clap::Args;

use super::columns::{Cells, NameColumns, SizeColumns};
use super::figure::FigureOptions;
use super::fit::Format;
use super::output::print;
use super::save;
use crate::analysis::TrainingModels;
use crate::analysis::fit::Inputs;
use crate::analysis::loss_then_score::{LossThenScoreSettings, SizeAndData};
use crate::error::Result;
use crate::registry::destination;
use crate::registry::modelset::{ScoreScale, Selection, Settings};
use crate::registry::table::Unit;
use crate::registry::write;
use crate::report::loss_then_score;
use crate::stats::random::Seed;

/// Forecast a score in two steps from small training runs: the loss by parameters and tokens, then the score by the loss.
///
/// A table needs parameters, tokens seen (or compute), a loss and a score a row; it is read as `onset fit` reads tables, wide or
/// long. Rows of one model with a column `tokens_seen`, or of one value in a column `run`, are checkpoints of one training run.
/// Runs up to a compute, or those that are chosen, are trained on; the others are held out of both steps and forecast, and their
/// error is told. Intervals come from drawing runs and repeating both steps.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset loss-then-score runs.csv --score mmlu --loss mmlu_loss --target 13B@5T\n  \
                        onset loss-then-score data/olmo_ladder.csv --score mmlu --loss mmlu_loss --train 'kind = ladder' \\\n    \
                        --average 5 --out ladder\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which file, row and column).")]
pub(super) struct LossThenScoreArgs {
    /// Tables, or - for standard input.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,

    /// The score that is forecast: a column, or a benchmark in a long table.
    #[arg(long, value_name = "NAME")]
    score: String,

    /// The loss by which it is forecast: a column, or a benchmark in a long table.
    #[arg(long, value_name = "NAME", default_value = "loss")]
    loss: String,

    /// Metric of the score in a long table.
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,

    /// Metric of the loss in a long table.
    #[arg(long, value_name = "NAME")]
    loss_metric: Option<String>,

    /// Train on runs of at most so many FLOPs [default: on the three quarters with the least compute].
    #[arg(long, value_name = "FLOPS", allow_negative_numbers = true, group = "training")]
    at_most: Option<f64>,

    /// Train on the runs with 'COLUMN OP VALUE', such as 'kind = ladder'; may be repeated.
    #[arg(long, value_name = "SELECTION", group = "training")]
    train: Vec<Selection>,

    /// Train on every run.
    #[arg(long, group = "training")]
    all: bool,

    /// Forecast a model that is in no table: PARAMETERS@TOKENS, such as 13B@5T; may be repeated.
    #[arg(long, value_name = "N@D")]
    target: Vec<SizeAndData>,

    /// Which rows count: 'COLUMN OP VALUE', such as 'shots = 5'; may be repeated.
    #[arg(long = "where", value_name = "SELECTION")]
    only: Vec<Selection>,

    /// Take means of so many checkpoints: for the loss at the end of a run, and for every point of the second step.
    #[arg(long, value_name = "K", default_value_t = LossThenScoreSettings::default().average, help_heading = "Fit")]
    average: usize,

    /// Share of a run, from its beginning, that the second step leaves out.
    #[arg(long, value_name = "SHARE", default_value_t = LossThenScoreSettings::default().skip, help_heading = "Fit")]
    skip: f64,

    /// Score of a perfect model [default: 1, or 100 of percentages].
    #[arg(long, value_name = "LEVEL", help_heading = "Fit")]
    perfect: Option<f64>,

    /// Scale of the scores: share (0 to 1), percent (0 to 100), any, or auto to tell by their values.
    #[arg(long, value_name = "SCALE", default_value = "auto", help_heading = "Columns")]
    score_scale: ScoreScale,

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

    #[command(flatten)]
    cells: Cells,

    /// Resamples of runs behind every interval.
    #[arg(long, value_name = "N", default_value_t = LossThenScoreSettings::default().bootstrap, help_heading = "Fit")]
    bootstrap: usize,

    /// Level of all intervals, between 0.5 and 1.
    #[arg(long, value_name = "LEVEL", default_value_t = LossThenScoreSettings::default().level, help_heading = "Fit")]
    level: f64,

    /// Seed of the random draws.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Fit")]
    seed: u64,

    /// How the report is printed; csv is a row for every run.
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,

    /// Folder for the figure (loss_then_score.svg, loss_then_score.png, loss_then_score.pdf, loss_then_score.csv), report.json,
    /// forecasts.csv, parameters.csv and checkpoints.csv; created when it does not exist.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,

    #[command(flatten)]
    figure: FigureOptions,
}

/// Columns that the report for people may take.
const WIDTH: usize = 120;

pub(super) fn run(args: &LossThenScoreArgs) -> Result<()> {
    args.out.as_deref().map_or(Ok(()), destination::folder)?;
    let report = args.settings().run_on(&Inputs { tables: args.tables.clone(), ..Inputs::default() })?;
    if let Some(folder) = &args.out {
        write::set(folder, || save::loss_then_score(folder, &report, &args.figure))?;
    }
    print(match args.format {
        Format::Table => loss_then_score::terminal(&report, WIDTH).into_bytes(),
        Format::Json => report.to_json()?.into_bytes(),
        Format::Csv => loss_then_score::forecasts(&report).to_bytes()?,
    })
}

impl LossThenScoreArgs {
    fn settings(&self) -> LossThenScoreSettings {
        let training = match (self.at_most, self.all) {
            (Some(most), _) => TrainingModels::AtMost(most),
            (None, true) => TrainingModels::All,
            (None, false) if self.train.is_empty() => TrainingModels::Smaller,
            (None, false) => TrainingModels::Chosen(self.train.clone()),
        };
        LossThenScoreSettings {
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
                score: Some(self.score.clone()),
                metric: self.metric.clone(),
                score_scale: self.score_scale,
                only: self.only.clone(),
                ..Settings::default()
            },
            loss: self.loss.clone(),
            loss_metric: self.loss_metric.clone(),
            training,
            average: self.average,
            skip: self.skip,
            perfect: self.perfect,
            targets: self.target.clone(),
            bootstrap: self.bootstrap,
            level: self.level,
            seed: Seed(self.seed),
        }
    }
}
