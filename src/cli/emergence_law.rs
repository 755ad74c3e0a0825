//! `onset emergence-law`: where scores would emerge without fine-tuning, forecast from fine-tuned models.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::columns::{Cells, NameColumns, SizeColumns};
use super::figure::FigureOptions;
use super::fit::Format;
use super::output::print;
use super::save;
use crate::analysis::emergence_law::EmergenceLawSettings;
use crate::analysis::fit::Inputs;
use crate::error::Result;
use crate::registry::destination;
use crate::registry::modelset::{ClusterBy, Selection, Settings};
use crate::registry::table::Unit;
use crate::registry::write;
use crate::report::emergence_law;
use crate::stats::emergence_law::{EmergenceShift, GainBy};
use crate::stats::random::Seed;

/// Forecast the point of emergence without fine-tuning from models that were fine-tuned on more and more task examples.
///
/// A long table needs scores of every model without task examples and after several numbers of them (columns `adjustment` and
/// `examples`); it is read as `onset fit` reads tables. The law is fitted to all numbers of examples at once. Its forecast is
/// put beside the hinge of the scores without examples, with all models and without the largest.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset emergence-law data/models.csv data/evaluations.csv --score mmlu\n  \
                        onset emergence-law data/models.csv data/evaluations.csv --score gsm8k --where 'release < 2023-11'\n  \
                        onset emergence-law models.csv scores.csv --score quiz --chance 0.25 --at-most 1e22 --out forecast\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which file, row and column).")]
pub(super) struct EmergenceLawArgs {
    /// Tables, or - for standard input.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,

    /// Benchmark whose scores are read.
    #[arg(long, value_name = "NAME")]
    score: Option<String>,

    /// Metric of the score.
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,

    /// Adjustment whose numbers of examples count, where there are several.
    #[arg(long, value_name = "ADJUSTMENT")]
    adjusted: Option<String>,

    /// Score of a guess [default: that of the benchmark, where its name is known, else 0].
    #[arg(long, value_name = "LEVEL")]
    chance: Option<f64>,

    /// Which models and rows count: 'COLUMN OP VALUE', such as 'release < 2023-11'; may be repeated.
    #[arg(long = "where", value_name = "SELECTION")]
    only: Vec<Selection>,

    /// Repeat the forecast with models of at most so many FLOPs [default: without the largest quarter, and the larger half].
    #[arg(long, value_name = "FLOPS,...", value_delimiter = ',', allow_negative_numbers = true)]
    at_most: Vec<f64>,

    /// How the point of emergence moves: by ln(1 + D/D₀), or by a power of ln(1 + D).
    #[arg(long, value_enum, default_value_t, help_heading = "Fit")]
    form: Form,

    /// Whether the gain per decade may fall with examples, or is shared by all numbers of them.
    #[arg(long, value_enum, default_value_t, help_heading = "Fit")]
    gain: Gain,

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

    /// Which models are not independent: those of one family (family), none (model), or those alike in a column.
    #[arg(long, value_name = "COLUMN", default_value = "family", help_heading = "Columns")]
    cluster: ClusterBy,

    #[command(flatten)]
    cells: Cells,

    /// Resamples behind every interval.
    #[arg(long, value_name = "N", default_value_t = EmergenceLawSettings::default().bootstrap, help_heading = "Fit")]
    bootstrap: usize,

    /// Level of all intervals, between 0.5 and 1.
    #[arg(long, value_name = "LEVEL", default_value_t = EmergenceLawSettings::default().level, help_heading = "Fit")]
    level: f64,

    /// Seed of the random draws.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Fit")]
    seed: u64,

    /// How the report is printed; csv is a row for every estimate.
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,

    /// Folder for the figure (emergence_law.svg, emergence_law.png, emergence_law.pdf, emergence_law.csv), report.json,
    /// estimates.csv and points.csv; created when it does not exist.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,

    #[command(flatten)]
    figure: FigureOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Form {
    /// Not before about D₀ examples, then evenly in the logarithm of their number.
    #[default]
    Logarithm,
    /// A power of the logarithm, as Snell et al. (2024) have it.
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Gain {
    /// It may fall, to a quarter at most.
    #[default]
    Examples,
    /// The same for all, as Snell et al. (2024) have it.
    Shared,
}

/// Columns that the report for people may take.
const WIDTH: usize = 120;

pub(super) fn run(args: &EmergenceLawArgs) -> Result<()> {
    args.out.as_deref().map_or(Ok(()), destination::folder)?;
    let report = args.settings().run_on(&Inputs { tables: args.tables.clone(), ..Inputs::default() })?;
    if let Some(folder) = &args.out {
        write::set(folder, || save::emergence_law(folder, &report, &args.figure))?;
    }
    print(match args.format {
        Format::Table => emergence_law::terminal(&report, WIDTH).into_bytes(),
        Format::Json => report.to_json()?.into_bytes(),
        Format::Csv => emergence_law::estimates(&report).to_bytes()?,
    })
}

impl EmergenceLawArgs {
    fn settings(&self) -> EmergenceLawSettings {
        EmergenceLawSettings {
            tables: Settings {
                model: self.names.model.clone(),
                family: self.names.family.clone(),
                params: self.sizes.params.clone(),
                tokens: self.sizes.tokens.clone(),
                compute: self.compute_column.clone(),
                params_unit: self.sizes.params_unit,
                tokens_unit: self.sizes.tokens_unit,
                compute_unit: self.compute_unit,
                reading: self.cells.reading(),
                score: self.score.clone(),
                metric: self.metric.clone(),
                adjusted: self.adjusted.clone(),
                only: self.only.clone(),
                cluster: self.cluster.clone(),
                ..Settings::default()
            },
            chance: self.chance,
            form: match self.form {
                Form::Logarithm => EmergenceShift::Logarithm,
                Form::Power => EmergenceShift::Power,
            },
            gain: match self.gain {
                Gain::Examples => GainBy::Examples,
                Gain::Shared => GainBy::Shared,
            },
            at_most: self.at_most.clone(),
            bootstrap: self.bootstrap,
            level: self.level,
            seed: Seed(self.seed),
        }
    }
}
