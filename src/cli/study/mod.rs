//! `onset study`: models × tasks × numbers of task examples × seeds, from one file.

mod progress;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::{Args, Subcommand, ValueEnum};

use self::progress::Progress;
use super::output::{Format, print};
use super::{interrupt, save};
use crate::analysis::figure::Figure;
use crate::error::{Error, Result};
use crate::registry::write;
use crate::report::json;
use crate::report::study as report;
use crate::study::figures::{emergence, trajectories};
use crate::study::{self, Cell, Collected, EXAMPLE, Local, Plan, Real, Study, Work, slurm};
use crate::train::keep_freed_memory;

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

    /// How the result is printed.
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
            let (study, work) = checked(&args.file, &[])?;
            let plan = Plan::new(&study, &work)?.with_costs(&study, &work)?;
            print(match format {
                Format::Table => report::plan(&plan, WIDTH),
                Format::Json => json::text(&report::plan_json(&plan, &BTreeMap::new()))?,
            })
        }
        StudyCommand::Run(args) => {
            let (study, work) = checked(&args.file, &args.only)?;
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

/// The study with all that it names looked at; only what the cells `only` need where there are any.
fn checked(file: &Path, only: &[String]) -> Result<(Study, Real)> {
    let work = std::cell::OnceCell::new();
    let study = Study::read_and(file, &|study| work.get_or_init(|| Real::new(study)).problems(only))?;
    let work = work.into_inner().unwrap_or_else(|| Real::new(&study));
    Ok((study, work))
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
    keep_freed_memory();
    let stop = interrupt::stop_flag("stopping")?;
    let plan = Plan::of(study, work, &args.only)?;
    let mut settings = Local::of(study);
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
    let plan = Plan::of(study, work, &args.only)?;
    let queued = slurm::in_flight(study)?;
    let unfinished = plan.unfinished().map(|planned| &planned.cell);
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
    let stop = interrupt::stop_flag("stopping")?;
    let mut last = BTreeMap::new();
    let followed = slurm::follow(study, work, &args.only, submissions, &stop, &mut |states| {
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
    if followed.done > 0 {
        let collected = collect(study, work)?;
        fit_and_draw(study, &collected, format)?;
    }
    match followed.failed.len() {
        0 => Ok(()),
        failed => Err(Error::CheckFailed(format!("{failed} cells failed"))),
    }
}

fn collect(study: &Study, work: &dyn Work) -> Result<Collected> {
    let collected = study::collect(study, &Plan::new(study, work)?)?;
    eprintln!("onset: {}", report::collected(&collected, &study.output.join("tables")));
    Ok(collected)
}

/// Fits every benchmark under every condition, and writes and draws what comes out.
fn fit_and_draw(study: &Study, collected: &Collected, format: Format) -> Result<()> {
    let folder = study.output.join("report");
    let fits = study::fits(study, collected)?;
    let table = report::fits_csv(&fits);
    write::bytes(&folder.join("fits.csv"), &table.to_bytes()?)?;
    let figures: Vec<Figure> = [emergence(&fits), trajectories(&fits)].into_iter().flatten().collect();
    figures.iter().try_for_each(|figure| save::figure(&folder, figure))?;
    // What a page needs beyond the plotted numbers: names of axes, colours, marks.
    write::bytes(&folder.join("figures.json"), json::text(&figures)?.as_bytes())?;
    // The last condition of each benchmark has both its fits, before and after.
    for (at, fit) in fits.iter().enumerate() {
        let last = fits.get(at + 1).is_none_or(|next| (&next.benchmark, &next.metric) != (&fit.benchmark, &fit.metric));
        if let (true, Ok(found)) = (last, &fit.fit) {
            save::fit(&folder.join(folder_name(&fit.benchmark)), found)?;
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
