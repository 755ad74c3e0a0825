//! `onset study`: models × tasks × numbers of task examples × seeds, from one file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, print};
use crate::analysis::figure::Figure;
use crate::analysis::fit::{CurveChoice, FitReport, FitSettings, figure};
use crate::error::{Error, Result};
use crate::plot::{Theme, draw};
use crate::registry::modelset::{self, Cutoff};
use crate::registry::{Condition, benchmark, write};
use crate::report::csv::figure_data;
use crate::report::study::{self as report, FitAt, Progress};
use crate::report::{fit, json};
use crate::stats::random::Seed;
use crate::study::{self, Cell, Collected, EXAMPLE, Local, Plan, Real, Study, Work, slurm};

/// The tables that fits read.
const TABLES: [&str; 2] = ["evaluations.csv", "models.csv"];

/// Columns of what is printed.
const WIDTH: usize = 100;

/// Evaluate, fine-tune and evaluate a suite of models, on this machine or on Slurm, and fit what comes out.
///
/// A study is one file. Every model and seed is a cell of its own: finished cells are never run again, a killed study goes
/// on where it was, and two runs of one study share the work.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset study init study.toml\n  onset study plan study.toml\n  \
                        onset study run study.toml\n  onset study status study.toml\n  \
                        onset study collect study.toml\n  onset study report study.toml\n  \
                        onset study cancel study.toml")]
pub(super) struct StudyArgs {
    #[command(subcommand)]
    command: StudyCommand,

    /// How what came of it is printed.
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum StudyCommand {
    /// Write an example that explains itself.
    Init {
        /// The file to write.
        #[arg(default_value = "study.toml")]
        file: PathBuf,
    },
    /// Check a study and print its cells, what is done and what the rest will cost.
    Plan(StudyFile),
    /// Run what is not done, then collect and report.
    Run(RunArgs),
    /// Print how far it is.
    Status(StudyFile),
    /// Join the results of all cells, and imported ones, into tables.
    Collect(StudyFile),
    /// Fit and draw what was collected.
    Report(StudyFile),
    /// Take the study's jobs out of Slurm's queue.
    Cancel(StudyFile),
}

#[derive(Debug, Args)]
struct StudyFile {
    /// The study.
    #[arg(default_value = "study.toml")]
    file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset study run study.toml\n  onset study run study.toml --executor slurm\n\n\
                        Exit codes: 0 success, 1 cells failed, 2 bad input or an interruption.")]
struct RunArgs {
    /// The study.
    #[arg(default_value = "study.toml")]
    file: PathBuf,

    /// Where cells run.
    #[arg(long, value_enum, default_value_t = Executor::Local)]
    executor: Executor,

    /// Only this cell, without collecting; may be repeated.
    #[arg(long, value_name = "CELL")]
    only: Vec<String>,

    /// Cells side by side at most [default: as the study says].
    #[arg(long, value_name = "N")]
    cells: Option<usize>,

    /// With Slurm: submit and return; `onset study status` and `report` show the rest.
    #[arg(long)]
    detach: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Executor {
    /// This machine.
    Local,
    /// A Slurm cluster, as the table [slurm] of the study says.
    Slurm,
}

pub(super) fn run(args: &StudyArgs) -> Result<()> {
    let format = args.format;
    match &args.command {
        StudyCommand::Init { file } => init(file),
        StudyCommand::Plan(args) => {
            let study = Study::read(&args.file)?;
            let work = Real::new(&study);
            let plan = Plan::new(&study, &work)?.with_costs(&study, &work)?;
            print(match format {
                Format::Table => report::plan(&plan, WIDTH),
                Format::Json => json::text(&report::plan_json(&plan, &BTreeMap::new()))?,
            })
        }
        StudyCommand::Run(args) => {
            let study = Study::read(&args.file)?;
            let work = Real::new(&study);
            match args.executor {
                Executor::Local => run_here(args, &study, &work, format),
                Executor::Slurm => run_on_slurm(args, &study, &work, format),
            }
        }
        StudyCommand::Status(args) => {
            let study = Study::read(&args.file)?;
            let plan = Plan::new(&study, &Real::new(&study))?;
            // Only a study that was submitted has anything in a queue.
            let submitted = study.output.join("slurm").exists();
            let queued = if submitted { slurm::in_flight(&study)? } else { BTreeMap::new() };
            print(match format {
                Format::Table => report::status(&plan, &queued, WIDTH),
                Format::Json => json::text(&report::plan_json(&plan, &queued))?,
            })
        }
        StudyCommand::Collect(args) => {
            let study = Study::read(&args.file)?;
            let collected = collect(&study, &Real::new(&study))?;
            match format {
                Format::Table => Ok(()),
                Format::Json => print(json::text(&serde_json::json!({
                    "scores": collected.observations.len(), "of_seeds": collected.replicates.len(),
                    "unfinished": collected.unfinished, "warnings": collected.warnings,
                    "tables": study.output.join("tables"),
                }))?),
            }
        }
        StudyCommand::Report(args) => {
            let study = Study::read(&args.file)?;
            let collected = collect(&study, &Real::new(&study))?;
            fit_and_draw(&study, &collected, format)
        }
        StudyCommand::Cancel(args) => {
            let jobs = slurm::cancel(&Study::read(&args.file)?)?;
            match jobs.is_empty() {
                _ if format == Format::Json => print(json::text(&serde_json::json!({ "cancelled": jobs }))?)?,
                true => eprintln!("onset: nothing of the study is in the queue"),
                false => eprintln!("onset: cancelled {}", jobs.join(", ")),
            }
            Ok(())
        }
    }
}

fn init(file: &Path) -> Result<()> {
    if file.exists() {
        return Err(Error::File { path: file.to_owned(), problem: "is there already and is not overwritten".into() });
    }
    write::bytes(file, EXAMPLE.as_bytes())?;
    eprintln!("onset: {} written; edit it, then `onset study plan {}`", file.display(), file.display());
    Ok(())
}

fn run_here(args: &RunArgs, study: &Study, work: &Real, format: Format) -> Result<()> {
    let stop = interruptible()?;
    let plan = Plan::new(study, work)?;
    let mut settings = Local { only: args.only.clone(), ..Local::of(study) };
    settings.cells = args.cells.unwrap_or(settings.cells).max(1);
    let outcome = {
        let progress = Progress::new(plan.unfinished().count());
        study::run(study, work, &plan, &settings, &stop, &progress)?
    };
    eprintln!("onset: {}", report::outcome(&outcome));
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    if args.only.is_empty() && outcome.failed.len() < plan.cells.len() {
        let collected = collect(study, work)?;
        fit_and_draw(study, &collected, format)?;
    }
    match outcome.failed.first() {
        None => Ok(()),
        Some((cell, why)) => {
            let failed = outcome.failed.len();
            Err(Error::CheckFailed(format!("{failed} cells failed, the first of them {cell}: {why}")))
        }
    }
}

fn run_on_slurm(args: &RunArgs, study: &Study, work: &Real, format: Format) -> Result<()> {
    let plan = Plan::new(study, work)?;
    let queued = slurm::in_flight(study)?;
    let meant = |cell: &&Cell| args.only.is_empty() || args.only.contains(&cell.name);
    let unfinished = plan.unfinished().map(|planned| &planned.cell).filter(meant);
    let cells: Vec<&Cell> = unfinished.filter(|cell| !queued.contains_key(&cell.name)).collect();
    if cells.is_empty() && queued.is_empty() {
        eprintln!("onset: all cells are done");
        let collected = collect(study, work)?;
        return fit_and_draw(study, &collected, format);
    }
    let submissions = slurm::submit(study, &cells)?;
    for submission in &submissions {
        eprintln!("onset: job {} submitted with {} cells", submission.job, submission.cells.len());
    }
    if !queued.is_empty() {
        eprintln!("onset: {} cells are in the queue already", queued.len());
    }
    if args.detach {
        return Ok(());
    }
    let stop = interruptible()?;
    let mut last = BTreeMap::new();
    let followed = slurm::follow(study, work, submissions, &stop, &mut |states| {
        if *states != last {
            let line: Vec<String> = states.iter().map(|(state, n)| format!("{n} {}", state.to_lowercase())).collect();
            eprintln!("onset: {}", if line.is_empty() { "nothing in the queue".into() } else { line.join(", ") });
            last.clone_from(states);
        }
    })?;
    eprintln!("onset: {}", report::followed(&followed));
    if followed.left > 0 {
        eprintln!("onset: the jobs go on; `onset study cancel` ends them");
        return Ok(());
    }
    let collected = collect(study, work)?;
    fit_and_draw(study, &collected, format)?;
    match followed.failed.len() {
        0 => Ok(()),
        failed => Err(Error::CheckFailed(format!("{failed} cells failed"))),
    }
}

/// A flag that the first interruption raises; the second ends the program at once, which loses nothing that is finished.
fn interruptible() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    let handler = move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("onset: stopping; once more to stop at once");
    };
    ctrlc::set_handler(handler).map_err(|error| Error::Argument(format!("interruptions cannot be heard: {error}")))?;
    Ok(stop)
}

fn collect(study: &Study, work: &dyn Work) -> Result<Collected> {
    let collected = study::collect(study, &Plan::new(study, work)?)?;
    let tables = study.output.join("tables");
    eprintln!("onset: {}; tables in {}", report::collected(&collected), tables.display());
    Ok(collected)
}

/// Fits every benchmark under every condition, and writes and draws what comes out.
fn fit_and_draw(study: &Study, collected: &Collected, format: Format) -> Result<()> {
    let folder = study.output.join("report");
    let fits = fits(study, collected)?;
    let table = report::fits_csv(&fits);
    write::bytes(&folder.join("fits.csv"), &table.to_bytes()?)?;
    let figures: Vec<Figure> = [report::emergence(&fits), report::trajectories(&fits)].into_iter().flatten().collect();
    figures.iter().try_for_each(|figure| save(&folder, figure))?;
    // What a page needs beyond the plotted numbers: names of axes, colours, marks.
    write::bytes(&folder.join("figures.json"), json::text(&figures)?.as_bytes())?;
    // The last condition of each benchmark has both its fits, before and after.
    for (at, fit) in fits.iter().enumerate() {
        let last = fits.get(at + 1).is_none_or(|next| (&next.benchmark, &next.metric) != (&fit.benchmark, &fit.metric));
        if let (true, Ok(found)) = (last, &fit.fit) {
            save_fit(&folder.join(folder_name(&fit.benchmark)), found)?;
        }
    }
    eprintln!("onset: figures and tables in {}", folder.display());
    print(match format {
        Format::Table => report::trajectory(&fits, WIDTH),
        Format::Json => json::text(&json::rows(&table))?,
    })
}

fn folder_name(benchmark: &str) -> String {
    benchmark.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect()
}

fn fits(study: &Study, collected: &Collected) -> Result<Vec<FitAt>> {
    let tables = study.output.join("tables");
    let paths = TABLES.map(|name| tables.join(name));
    let compute: BTreeMap<&str, f64> =
        study.models.iter().map(|model| (model.name.as_str(), 6.0 * model.params * model.tokens)).collect();
    let mut found = Vec::new();
    for (benchmark, metric) in scores(study, collected)? {
        let of_benchmark = |condition: &Condition| {
            collected.observations.iter().any(|o| o.benchmark == benchmark && o.condition == *condition)
        };
        let mut conditions: Vec<Condition> = collected.observations.iter().map(|o| o.condition.clone()).collect();
        conditions.sort_by_key(|condition| (condition.adjustment.clone(), condition.examples));
        conditions.dedup();
        for condition in conditions.into_iter().filter(of_benchmark) {
            let points = FitAt::points_of(&collected.observations, &benchmark, &metric, &condition, |model| {
                compute.get(model).copied()
            });
            if points.is_empty() {
                continue;
            }
            let spread = collected.spread.iter().find(|spread| {
                spread.benchmark == benchmark && spread.metric.to_string() == metric && spread.condition == condition
            });
            let seeds = spread.and_then(|s| Some((s.within?, s.replicates as f64 / s.models as f64)));
            let fit = match fit_settings(study, &benchmark, &metric, &condition)?.run(&paths) {
                Ok(mut report) => {
                    // The same study gives the same bytes wherever it is.
                    report.tables = TABLES.map(|name| format!("tables/{name}")).to_vec();
                    Ok(Box::new(report))
                }
                // Too few models and the like are results of a study too; its own files being unreadable is not.
                Err(error @ (Error::Read { .. } | Error::Write { .. })) => return Err(error),
                Err(error) => Err(error.to_string()),
            };
            found.push(FitAt { benchmark: benchmark.clone(), metric: metric.clone(), condition, points, fit, seeds });
        }
    }
    Ok(found)
}

fn fit_settings(study: &Study, score: &str, metric: &str, condition: &Condition) -> Result<FitSettings> {
    let settings = &study.fit;
    Ok(FitSettings {
        tables: modelset::Settings {
            score: Some(score.to_owned()),
            metric: Some(metric.to_owned()),
            adjusted: condition.examples.map(|examples| format!("{}@{examples}", condition.adjustment)),
            cutoff: settings.cutoff.parse::<Cutoff>()?,
            ..modelset::Settings::default()
        },
        curve: settings.curve.parse::<CurveChoice>()?,
        chance: settings.chance.parse()?,
        bootstrap: settings.bootstrap,
        seed: Seed(settings.seed),
        ..FitSettings::default()
    })
}

/// Benchmarks to fit, each with its metric: the study's, the benchmark's own, or the first.
fn scores(study: &Study, collected: &Collected) -> Result<Vec<(String, String)>> {
    let mut metrics: Vec<(String, Vec<String>)> = Vec::new();
    for observation in &collected.observations {
        let metric = observation.metric.to_string();
        match metrics.iter_mut().find(|(name, _)| *name == observation.benchmark) {
            Some((_, known)) if known.contains(&metric) => {}
            Some((_, known)) => known.push(metric),
            None => metrics.push((observation.benchmark.clone(), vec![metric])),
        }
    }
    if let Some(absent) = study.fit.benchmarks.iter().find(|name| !metrics.iter().any(|(known, _)| known == *name)) {
        let known: Vec<&str> = metrics.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Error::Argument(format!("`{absent}` was not evaluated; there are {}", known.join(", "))));
    }
    let meant = |name: &String| study.fit.benchmarks.is_empty() || study.fit.benchmarks.contains(name);
    let choose = |(name, known): (String, Vec<String>)| {
        let usual = benchmark(&name).map(|benchmark| benchmark.score.to_string());
        let wanted = study.fit.metrics.get(&name).cloned().or(usual);
        let same =
            |metric: &&String| wanted.as_ref().is_some_and(|w| *metric == w || metric.split(',').next() == Some(w));
        let metric = known.iter().find(same).or(known.first()).cloned()?;
        Some((name, metric))
    };
    Ok(metrics.into_iter().filter(|(name, _)| meant(name)).filter_map(choose).collect())
}

fn save_fit(folder: &Path, report: &FitReport) -> Result<()> {
    save(folder, &figure(report))?;
    write::bytes(&folder.join("report.json"), fit::json(report)?.as_bytes())?;
    write::bytes(&folder.join("parameters.csv"), &fit::parameters(report).to_bytes()?)?;
    write::bytes(&folder.join("predictions.csv"), &fit::predictions(report).to_bytes()?)?;
    write::bytes(&folder.join("diagnostics.csv"), &fit::diagnostics(report).to_bytes()?)
}

fn save(folder: &Path, figure: &Figure) -> Result<()> {
    let drawing = draw(figure, &Theme::default())?;
    let path = |ending: &str| folder.join(format!("{}.{ending}", figure.name));
    write::bytes(&path("svg"), drawing.svg().as_bytes())?;
    write::bytes(&path("png"), &drawing.png()?)?;
    write::bytes(&path("pdf"), &drawing.pdf()?)?;
    write::bytes(&path("csv"), &figure_data(figure).to_bytes()?)
}
