//! `onset agree`: whether benchmarks rank models alike, for anybody's table.

use std::path::PathBuf;

use clap::Args;

use super::columns::{Cells, NameColumns};
use super::figure::FigureOptions;
use super::fit::{Format, TwoPlaces};
use super::output::print;
use super::save;
use crate::analysis::agree::AgreeSettings;
use crate::error::Result;
use crate::registry::destination;
use crate::registry::modelset::{Amount, ClusterBy, GridSettings, ScoreScale, Selection, Settings};
use crate::registry::write;
use crate::report::agree;
use crate::stats::random::Seed;

/// Say whether benchmarks rank your models alike, how sure that is, and what adjustment changes about it.
///
/// Tables are read as `onset fit` reads them: wide (a column per benchmark) or long (columns benchmark, value and perhaps
/// metric, stderr, items and adjustment), or folders with results of lm-evaluation-harness. Every pair of benchmarks gets
/// Kendall's tau-b with an interval for models that come in families; where items or standard errors are known, noise
/// ceilings and the ranks that noise leaves. Empty cells are left out pair by pair. Metrics of which less is better are
/// turned round.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset agree scores.csv\n  onset agree results/ models.csv --out agree\n  \
                        onset agree models.csv --before base/ --after adjusted/\n  \
                        onset agree data/train-before-test/evaluations.csv data/train-before-test/models.csv \\\n    \
                        --adjusted train-before-test --cluster maker\n  \
                        onset agree scores.csv --score MMLU --score GSM8K --score ARC --format csv\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which file, row and column).")]
pub(super) struct AgreeArgs {
    /// Tables, results of lm-evaluation-harness, or - for standard input.
    #[arg(required_unless_present = "before", value_name = "TABLE")]
    tables: Vec<PathBuf>,

    #[command(flatten)]
    places: TwoPlaces,

    /// A benchmark that is compared: a column, or a name in a long table; may be repeated [default: all].
    #[arg(long, value_name = "NAME")]
    score: Vec<String>,

    /// Metrics of long tables: of several the first that a benchmark has counts.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    metric: Vec<String>,

    /// The scores after adjustment, in the same table: in a long one ADJUSTMENT, ADJUSTMENT:EPOCHS or ADJUSTMENT@EXAMPLES,
    /// in a wide one the end of the names of its columns.
    #[arg(long, value_name = "NAME", conflicts_with = "after")]
    adjusted: Option<String>,

    /// Which rows of a long table count: 'COLUMN OP VALUE', such as 'shots = 25'; may be repeated.
    #[arg(long = "where", value_name = "SELECTION")]
    only: Vec<Selection>,

    /// Scale of the scores: share (0 to 1), percent (0 to 100), any, or auto to tell by their values.
    #[arg(long, value_name = "SCALE", default_value = "auto")]
    score_scale: ScoreScale,

    /// Benchmarks or metrics of which less is better, beside perplexity, loss, Brier score and their like.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    falling: Vec<String>,

    /// Benchmarks or metrics of which more is better, whatever their names say.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    rising: Vec<String>,

    /// Number of items behind each score, where the tables do not say.
    #[arg(long, value_name = "N", help_heading = "Columns")]
    items: Option<Amount>,

    #[command(flatten)]
    names: NameColumns,

    /// Which models are not independent: those of one family, none (model), or those alike in a column.
    #[arg(long, value_name = "COLUMN", default_value = "family", help_heading = "Columns")]
    cluster: ClusterBy,

    #[command(flatten)]
    cells: Cells,

    /// Resamples behind every interval.
    #[arg(long, value_name = "N", default_value_t = AgreeSettings::default().resamples, help_heading = "Intervals")]
    bootstrap: usize,

    /// Level of all intervals, between 0.5 and 1.
    #[arg(long, value_name = "LEVEL", default_value_t = AgreeSettings::default().level, help_heading = "Intervals")]
    level: f64,

    /// Seed of the random draws.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Intervals")]
    seed: u64,

    /// How the report is printed; csv is a row for every pair of benchmarks.
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,

    /// Folder for the figure (agreement.svg, agreement.png, agreement.pdf, agreement.csv), report.json, pairs.csv,
    /// benchmarks.csv, ranks.csv and summary.csv; created when it does not exist. `onset report` makes a page of it.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,

    #[command(flatten)]
    figure: FigureOptions,
}

/// Columns that the report for people may take.
const WIDTH: usize = 100;

pub(super) fn run(args: &AgreeArgs) -> Result<()> {
    args.out.as_deref().map_or(Ok(()), destination::folder)?;
    let report = args.settings().run_on(&args.places.beside(&args.tables))?;
    if let Some(folder) = &args.out {
        write::set(folder, || save::agreement(folder, &report, &args.figure))?;
    }
    print(match args.format {
        Format::Table => agree::terminal(&report, WIDTH).into_bytes(),
        Format::Json => report.to_json()?.into_bytes(),
        Format::Csv => agree::pairs(&report).to_bytes()?,
    })
}

impl AgreeArgs {
    pub(super) fn settings(&self) -> AgreeSettings {
        AgreeSettings {
            tables: GridSettings {
                tables: Settings {
                    model: self.names.model.clone(),
                    family: self.names.family.clone(),
                    reading: self.cells.reading(),
                    adjusted: self.adjusted.clone(),
                    score_scale: self.score_scale,
                    cluster: self.cluster.clone(),
                    items: self.items.clone(),
                    only: self.only.clone(),
                    ..Settings::default()
                },
                scores: self.score.clone(),
                metrics: self.metric.clone(),
                falling: self.falling.clone(),
                rising: self.rising.clone(),
                ..GridSettings::default()
            },
            resamples: self.bootstrap,
            level: self.level,
            seed: Seed(self.seed),
        }
    }
}
