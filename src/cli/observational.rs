//! `onset observational`: a benchmark forecast from other benchmarks.

use std::path::PathBuf;

use clap::Args;

use super::columns::{Cells, NameColumns, SizeColumns};
use super::figure::FigureOptions;
use super::fit::Format;
use super::output::print;
use super::save;
use crate::analysis::TrainingModels;
use crate::analysis::fit::Inputs;
use crate::analysis::observational::{FamilyAtCompute, ObservationalSettings};
use crate::error::Result;
use crate::registry::destination;
use crate::registry::modelset::{ClusterBy, GridSettings, ScoreScale, Selection, Settings};
use crate::registry::table::Unit;
use crate::registry::write;
use crate::report::observational;
use crate::stats::random::Seed;

/// Forecast a benchmark from components of other benchmarks, from models that are there.
///
/// Tables are read as `onset agree` reads them, wide or long. The benchmark --score is left out of the components. Models up to a
/// compute, or those that are chosen, are trained on; the others are forecast, and their error is told beside that of the same
/// curve over compute alone. Intervals come from drawing families of training models.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset observational scores.csv --score bbh --at-most 1e23\n  \
                        onset observational data/obs_scaling_base.csv --score leaderboard_bbh --at-most 8.4e22 \\\n    \
                        --predict Llama-2@1e24 --out ahead\n  \
                        onset observational data/obs_scaling_agents.csv --score AgentBench --perfect 10 \\\n    \
                        --train 'AgentBench < 2.45' --floor --components 2\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which file, row and column).")]
pub(super) struct ObservationalArgs {
    /// Tables, results of lm-evaluation-harness, or - for standard input.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,

    /// The benchmark that is forecast: a column, or a name in a long table.
    #[arg(long, value_name = "NAME")]
    score: String,

    /// Benchmarks that the components come from [default: all but the one that is forecast]; may be repeated.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    from: Vec<String>,

    /// Train on models of at most so many FLOPs [default: on the three quarters with the least compute].
    #[arg(long, value_name = "FLOPS", allow_negative_numbers = true, group = "training")]
    at_most: Option<f64>,

    /// Train on the models with 'COLUMN OP VALUE', such as 'release < 2024-01'; may be repeated.
    #[arg(long, value_name = "SELECTION", group = "training")]
    train: Vec<Selection>,

    /// Train on every model with a score on the benchmark that is forecast.
    #[arg(long, group = "training")]
    all: bool,

    /// Forecast a family at so much compute, along the line of its models: FAMILY@FLOPS; may be repeated.
    #[arg(long, value_name = "FAMILY@FLOPS")]
    predict: Vec<FamilyAtCompute>,

    /// How many components.
    #[arg(long, value_name = "K", default_value_t = ObservationalSettings::default().components, help_heading = "Fit")]
    components: usize,

    /// Estimate the floor of the curve, within 0 and 0.2, instead of starting at chance.
    #[arg(long, help_heading = "Fit")]
    floor: bool,

    /// Score of a guess [default: that of the benchmark, where its name is known, else 0].
    #[arg(long, value_name = "LEVEL", help_heading = "Fit")]
    chance: Option<f64>,

    /// Score of a perfect model [default: 1, or 100 of percentages].
    #[arg(long, value_name = "LEVEL", help_heading = "Fit")]
    perfect: Option<f64>,

    /// Metrics of long tables: of several the first that a benchmark has counts.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    metric: Vec<String>,

    /// Which rows count: 'COLUMN OP VALUE', such as 'shots = 5'; may be repeated.
    #[arg(long = "where", value_name = "SELECTION")]
    only: Vec<Selection>,

    /// Scale of the scores: share (0 to 1), percent (0 to 100), any, or auto to tell by their values.
    #[arg(long, value_name = "SCALE", default_value = "auto", help_heading = "Columns")]
    score_scale: ScoreScale,

    /// Benchmarks or metrics of which more is better, whatever their names say.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', help_heading = "Columns")]
    rising: Vec<String>,

    #[command(flatten)]
    names: NameColumns,

    #[command(flatten)]
    sizes: SizeColumns,

    /// Column of the training compute [default: 6 · params · tokens where there is none].
    #[arg(long = "compute-column", value_name = "COLUMN", help_heading = "Columns")]
    compute_column: Option<String>,

    /// What one stands for in the column of compute: 1e21, ZFLOP, PF-days, log10 [default: as its name says, else FLOPs].
    #[arg(long, value_name = "UNIT", help_heading = "Columns")]
    compute_unit: Option<Unit>,

    /// Take parameters, tokens and compute of any size, also those that no language model has.
    #[arg(long, help_heading = "Columns")]
    any_size: bool,

    /// Which models are not independent: those of one family (family), none (model), or those alike in a column.
    #[arg(long, value_name = "COLUMN", default_value = "family", help_heading = "Columns")]
    cluster: ClusterBy,

    #[command(flatten)]
    cells: Cells,

    /// Resamples behind every interval.
    #[arg(long, value_name = "N", default_value_t = ObservationalSettings::default().bootstrap, help_heading = "Fit")]
    bootstrap: usize,

    /// Level of all intervals, between 0.5 and 1.
    #[arg(long, value_name = "LEVEL", default_value_t = ObservationalSettings::default().level, help_heading = "Fit")]
    level: f64,

    /// Seed of the random draws.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Fit")]
    seed: u64,

    /// How the report is printed; csv is a row for every model.
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,

    /// Folder for the figure (observational.svg, observational.png, observational.pdf, observational.csv), report.json,
    /// forecasts.csv, families.csv and components.csv; created when it does not exist.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,

    #[command(flatten)]
    figure: FigureOptions,
}

/// Columns that the report for people may take.
const WIDTH: usize = 120;

pub(super) fn run(args: &ObservationalArgs) -> Result<()> {
    args.out.as_deref().map_or(Ok(()), destination::folder)?;
    let report = args.settings().run_on(&Inputs { tables: args.tables.clone(), ..Inputs::default() })?;
    if let Some(folder) = &args.out {
        write::set(folder, || save::observational(folder, &report, &args.figure))?;
    }
    print(match args.format {
        Format::Table => observational::terminal(&report, WIDTH).into_bytes(),
        Format::Json => report.to_json()?.into_bytes(),
        Format::Csv => observational::forecasts(&report).to_bytes()?,
    })
}

impl ObservationalArgs {
    fn settings(&self) -> ObservationalSettings {
        let training = match (self.at_most, self.all) {
            (Some(most), _) => TrainingModels::AtMost(most),
            (None, true) => TrainingModels::All,
            (None, false) if self.train.is_empty() => TrainingModels::Smaller,
            (None, false) => TrainingModels::Chosen(self.train.clone()),
        };
        ObservationalSettings {
            tables: GridSettings {
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
                    score_scale: self.score_scale,
                    cluster: self.cluster.clone(),
                    only: self.only.clone(),
                    ..Settings::default()
                },
                scores: self.from.clone(),
                metrics: self.metric.clone(),
                rising: self.rising.clone(),
                ..GridSettings::default()
            },
            target: self.score.clone(),
            training,
            components: self.components,
            floor: self.floor,
            chance: self.chance,
            perfect: self.perfect,
            predict: self.predict.clone(),
            bootstrap: self.bootstrap,
            level: self.level,
            seed: Seed(self.seed),
        }
    }
}
