//! `onset fit`: a curve with honest intervals for anybody's model set.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::columns::{Cells, NameColumns, SizeColumns};
use super::figure::{FigureOptions, Labels};
use super::output::print;
use super::{progress, save};
use crate::analysis::fit::{ChanceLevel, CurveChoice, FitReport, FitSettings, FitStep, FitTables, Inputs};
use crate::error::{Error, Result};
use crate::registry::modelset::{
    Amount, ClusterBy, Cutoff, GroupBy, ModelSet, PredictorKind, ScoreScale, Selection, Settings, WeightBy, XScale,
};
use crate::registry::table::Unit;
use crate::registry::{DateOrder, destination, write};
use crate::report::fit;
use crate::stats::covariance::Kind;
use crate::stats::random::Seed;

/// Fit a curve of score against compute to your own models.
///
/// Tables are CSV (with commas, semicolons or tabs), JSON (records or lines) or workbooks, wide (a column per score) or long
/// (columns benchmark, value and perhaps metric and adjustment); folders are results of lm-evaluation-harness. Several
/// tables are joined by the models' names. Columns are found by their usual names or named by flags, case and spaces aside.
/// Compute is the table's own figure or 6 x params x tokens; units are read from the columns' names, or given by flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset fit scores.csv --score MMLU\n  \
                        onset fit data/models.csv data/evaluations.csv --score mmlu --adjusted mmlu-aux:3\n  \
                        onset fit results/ models.csv --score gsm8k --format json\n  \
                        onset fit models.csv --score mmlu --before base/ --after adjusted/\n  \
                        onset fit scores.csv --score MMLU --score GSM8K\n  \
                        onset fit scores.csv --score MMLU --holdout 'compute > 1e23' --predict 1e25,1e26 --out fit\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which file, row and column).")]
pub(super) struct FitArgs {
    /// Tables, results of lm-evaluation-harness, or - for standard input.
    #[arg(required_unless_present = "before", value_name = "TABLE")]
    tables: Vec<PathBuf>,

    #[command(flatten)]
    places: TwoPlaces,

    #[command(flatten)]
    options: FitOptions,

    /// Fit the counts of right answers too, by likelihood: a logistic curve and a hinge between chance and a ceiling, with a
    /// family effect and over-dispersion. Needs the number of items.
    #[arg(long, help_heading = "Fit")]
    counts: bool,

    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,

    /// Folder for the figure (fit.svg, fit.png, fit.pdf, fit.csv), report.json, parameters.csv, predictions.csv and
    /// diagnostics.csv; created when it does not exist.
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,

    #[command(flatten)]
    labels: Labels,

    #[command(flatten)]
    figure: FigureOptions,
}

/// Scores before and after adjustment that stand in two places.
#[derive(Debug, Args)]
pub(super) struct TwoPlaces {
    /// Tables or results with the scores before adjustment, where those after it are somewhere else.
    #[arg(long, value_name = "PATH", num_args = 1.., requires = "after")]
    before: Vec<PathBuf>,

    /// Tables or results with the scores after adjustment; models are joined by name, and what has no partner is listed.
    #[arg(long, value_name = "PATH", num_args = 1.., requires = "before")]
    after: Vec<PathBuf>,
}

impl TwoPlaces {
    /// With the tables that stand in neither.
    pub(super) fn beside(&self, tables: &[PathBuf]) -> Inputs {
        Inputs { tables: tables.to_vec(), before: self.before.clone(), after: self.after.clone() }
    }
}

/// How tables are read and what is fitted: the flags of every command that fits.
#[derive(Debug, Args)]
pub(super) struct FitOptions {
    /// Column of the score, or benchmark in a long table; given several times, `onset fit` prints a row for each.
    #[arg(long, value_name = "NAME")]
    pub(super) score: Vec<String>,

    /// Metric of the benchmark in a long table.
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,

    /// Score after adjustment: a column, or in a long table ADJUSTMENT, ADJUSTMENT:EPOCHS or ADJUSTMENT@EXAMPLES. Both are
    /// fitted on the models that have both, and compared pairwise.
    #[arg(long, value_name = "NAME")]
    adjusted: Option<String>,

    /// Which rows of a long table count, where a model was evaluated in several setups: 'COLUMN OP VALUE', such as
    /// 'shots = 25' or 'chat_template = none'; may be repeated.
    #[arg(long = "where", value_name = "SELECTION")]
    only: Vec<Selection>,

    /// Scale of the scores: share (0 to 1), percent (0 to 100), any, or auto to tell by their values.
    #[arg(long, value_name = "SCALE", default_value = "auto")]
    score_scale: ScoreScale,

    #[command(flatten)]
    names: NameColumns,

    #[command(flatten)]
    sizes: SizeColumns,

    /// Column of the numbers of parameters active per token; compute then counts these.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    active_params: Option<String>,

    /// Column of the pretraining compute.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    compute: Option<String>,

    /// What one stands for in that column: 1e21, ZFLOP, PF-days, log10 [default: as its name says, else FLOPs].
    #[arg(long, value_name = "UNIT", help_heading = "Columns")]
    compute_unit: Option<Unit>,

    /// Take compute, parameters and tokens of any size, also those that no language model has.
    #[arg(long, help_heading = "Columns")]
    any_size: bool,

    #[command(flatten)]
    cells: Cells,

    /// Order of dates such as 01/04/2024, day-first or month-first [default: as other dates of the column show].
    #[arg(long, value_name = "ORDER", help_heading = "Columns")]
    dates: Option<DateOrder>,

    /// Column of the release dates.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    release: Option<String>,

    /// Number of items behind each score, or a column of them.
    #[arg(long, value_name = "N|COLUMN", help_heading = "Columns")]
    items: Option<Amount>,

    /// Column of weights, or `items` to weigh models by the noise of their items.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    weights: Option<WeightBy>,

    /// Predictor instead of compute: params, active_params, tokens, release or any column.
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    x: Option<PredictorKind>,

    /// Scale of the predictor, linear or log10 [default: log10 for compute, params and tokens, linear for all else].
    #[arg(long, value_name = "SCALE", help_heading = "Columns")]
    x_scale: Option<XScale>,

    /// Month from which on models are compared with the older ones, or none [default: 2023-11 if all have a release date].
    #[arg(long, value_name = "MONTH", default_value = "auto", hide_default_value = true, help_heading = "Groups")]
    cutoff: Cutoff,

    /// A further group: a column, or a selection such as 'language = en' or 'params > 1e10'; may be repeated.
    #[arg(long, value_name = "GROUP", help_heading = "Groups")]
    group: Vec<GroupBy>,

    /// Which models are not independent: those of one family, none (model), or those alike in a column.
    #[arg(long, value_name = "COLUMN", default_value = "family", help_heading = "Groups")]
    cluster: ClusterBy,

    /// Curve: hinge, linear, segmented, logistic, richards, plateau, or all of them compared; broken_1 or broken_2, a power
    /// law with one or two breaks, which only `every` compares with the others.
    #[arg(long, value_name = "CURVE", default_value = "all", help_heading = "Fit")]
    curve: CurveChoice,

    /// Score of a guess, or `free` to estimate it [default: the benchmark's if known, else 0].
    #[arg(
        long,
        value_name = "SCORE",
        default_value = "known",
        hide_default_value = true,
        allow_negative_numbers = true,
        help_heading = "Fit"
    )]
    chance: ChanceLevel,

    /// Score that the curves with a ceiling end at, instead of an estimated one.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, help_heading = "Fit")]
    ceiling: Option<f64>,

    /// Standard errors: classical, hc0 to hc3, cr0, cr1, cr1s, cr2 or cr3.
    #[arg(long, value_name = "KIND", default_value_t = FitSettings::default().covariance, help_heading = "Fit")]
    covariance: Kind,

    /// Replicates of every bootstrap.
    #[arg(long, value_name = "N", default_value_t = FitSettings::default().bootstrap, help_heading = "Fit")]
    bootstrap: usize,

    /// Level of all intervals, between 0.5 and 1.
    #[arg(long, value_name = "LEVEL", default_value_t = FitSettings::default().level, help_heading = "Fit")]
    level: f64,

    /// Largest difference between groups that would not matter, in units of the score.
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, help_heading = "Fit")]
    margin: Option<f64>,

    /// Standard deviation of log10 compute, or a column of them.
    #[arg(long, value_name = "SD|COLUMN", help_heading = "Fit")]
    compute_sd: Option<Amount>,

    /// Seed of the random draws.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Fit")]
    seed: u64,

    /// Values of the predictor to predict scores at.
    #[arg(long, value_name = "X,...", value_delimiter = ',', allow_negative_numbers = true, help_heading = "Forecast")]
    predict: Vec<f64>,

    /// Models to leave out and predict: 'COLUMN OP VALUE', such as 'compute > 1e23' or 'release >= 2024-01'.
    #[arg(long, value_name = "SELECTION", help_heading = "Forecast")]
    holdout: Option<Selection>,
}

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// Everything, as docs/formats.md describes it.
    Json,
    /// The estimates, one per row.
    Csv,
}

pub(super) fn run(args: &FitArgs) -> Result<()> {
    args.out.as_deref().map_or(Ok(()), destination::folder)?;
    let inputs = args.places.beside(&args.tables);
    if args.options.score.len() > 1 {
        return several(args, &inputs);
    }
    let settings = args.settings();
    let set = FitTables::read(&inputs, &settings.tables.reading)?.models(&settings.tables)?;
    let report = watched(&settings, &set)?;
    if let Some(folder) = &args.out {
        write::set(folder, || save::fit(folder, &report, args.labels.names(), &args.figure))?;
    }
    print(match args.format {
        Format::Table => fit::terminal(&report, 80).into_bytes(),
        Format::Json => report.to_json()?.into_bytes(),
        Format::Csv => fit::parameters(&report).to_bytes()?,
    })
}

/// A fit whose time is told before it begins, and whose steps are shown meanwhile, where it takes long.
pub(super) fn watched(settings: &FitSettings, set: &ModelSet) -> Result<FitReport> {
    let Some(time) = settings.forecast(set).filter(|time| *time >= LONG) else { return settings.fit(set) };
    announce(set, 1, time);
    shown(settings, set)
}

/// A fit whose steps are shown.
fn shown(settings: &FitSettings, set: &ModelSet) -> Result<FitReport> {
    let bar = progress::bar(STEPS, "{spinner} {elapsed} {bar:20} {wide_msg}");
    bar.enable_steady_tick(TICK);
    let report = settings.fit_and_tell(set, &|step| {
        bar.inc(1);
        bar.set_message(match step {
            FitStep::Compare => "fitting and comparing the curves",
            FitStep::Rise => "testing for a rise",
            FitStep::Hinge => "bounding the hinge and testing it",
            FitStep::Lead => "bounding the curve that leads, trying other cut-offs",
            FitStep::Ceiling => "looking for a break before the ceiling",
            FitStep::Bands => "drawing bands, looking for influential models",
        });
    });
    bar.finish_and_clear();
    report
}

/// Says how long fits of so many scores take.
fn announce(set: &ModelSet, scores: usize, time: Duration) {
    let minutes = time.as_secs().div_ceil(60);
    let (count, unit) = if minutes > 2 { (minutes, "minutes") } else { (time.as_secs(), "seconds") };
    let what = if scores == 1 { "the fit takes".to_owned() } else { format!("the fits of {scores} scores take") };
    complain!("onset: {} models: {what} about {count} {unit}", set.rows.len());
}

/// A fit that is worth telling how long it takes.
const LONG: Duration = Duration::from_secs(10);
/// Steps of the fit of one score.
const STEPS: u64 = 7;
/// Time between two pictures of the bar.
const TICK: Duration = Duration::from_millis(200);

/// Fits several scores and prints a row for each.
fn several(args: &FitArgs, inputs: &Inputs) -> Result<()> {
    let (settings, scores) = (args.settings(), &args.options.score);
    let tables = FitTables::read(inputs, &settings.tables.reading)?;
    let mut fit: &dyn Fn(&FitSettings, &ModelSet) -> Result<FitReport> = &FitSettings::fit;
    // What keeps the first score from being read is told with the others.
    if let Ok(set) = tables.models(&settings.tables) {
        let time = settings.forecast(&set).map(|time| time.saturating_mul(scores.len() as u32));
        if let Some(time) = time.filter(|time| *time >= LONG) {
            announce(&set, scores.len(), time);
            fit = &shown;
        }
    }
    let fits = settings.fit_each_by(&tables, scores, fit)?;
    if let Some(folder) = &args.out {
        write::set(folder, || save::fits(folder, &fits, args.labels.names(), &args.figure))?;
    }
    print(match args.format {
        Format::Table => fit::several_terminal(&fits, 80).into_bytes(),
        Format::Json => fits.to_json()?.into_bytes(),
        Format::Csv => fit::several_csv(&fits).to_bytes()?,
    })
}

impl FitArgs {
    /// The flags as settings.
    pub(super) fn settings(&self) -> FitSettings {
        FitSettings { counts: self.counts, ..self.options.settings() }
    }

    /// The scores that were asked for.
    pub(super) fn scores(&self) -> &[String] {
        &self.options.score
    }
}

impl FitOptions {
    /// The flags as settings of a command that shows one score.
    pub(super) fn of_one_score(&self) -> Result<FitSettings> {
        match self.score[..] {
            [] | [_] => Ok(self.settings()),
            _ => Err(Error::Argument(
                "this command shows one score: give --score once; `onset fit` takes several".into(),
            )),
        }
    }

    /// The flags as settings of the library; of several scores the first.
    pub(super) fn settings(&self) -> FitSettings {
        FitSettings {
            tables: Settings {
                model: self.names.model.clone(),
                family: self.names.family.clone(),
                params: self.sizes.params.clone(),
                active_params: self.active_params.clone(),
                tokens: self.sizes.tokens.clone(),
                compute: self.compute.clone(),
                compute_unit: self.compute_unit,
                params_unit: self.sizes.params_unit,
                tokens_unit: self.sizes.tokens_unit,
                any_size: self.any_size,
                reading: self.cells.reading(),
                dates: self.dates,
                release: self.release.clone(),
                score: self.score.first().cloned(),
                metric: self.metric.clone(),
                adjusted: self.adjusted.clone(),
                score_scale: self.score_scale,
                groups: self.group.clone(),
                cutoff: self.cutoff,
                cluster: self.cluster.clone(),
                x: self.x.clone(),
                x_scale: self.x_scale,
                compute_sd: self.compute_sd.clone(),
                items: self.items.clone(),
                weights: self.weights.clone(),
                only: self.only.clone(),
                holdout: self.holdout.clone(),
            },
            curve: self.curve,
            chance: self.chance,
            ceiling: self.ceiling,
            covariance: self.covariance,
            bootstrap: self.bootstrap,
            level: self.level,
            margin: self.margin,
            seed: Seed(self.seed),
            predict: self.predict.clone(),
            leave_out: true,
            counts: false,
        }
    }
}
