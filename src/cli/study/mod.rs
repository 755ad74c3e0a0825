//! `onset study`: models × tasks × numbers of task examples × seeds, from one file.

mod progress;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::{Args, Subcommand};

use self::progress::Progress;
use super::figure::{FigureOptions, Labels};
use super::output::{Format, print};
use super::{interrupt, save};
use crate::analysis::figure::Figure;
use crate::analysis::fit::Names;
use crate::error::{Error, Result};
use crate::registry::{destination, write};
use crate::report::json;
use crate::report::study as report;
use crate::study::figures::{emergence, trajectories};
use crate::study::{self, Cells, Collected, EXAMPLE, ExecutorKind, Plan, Real, Study, StudyOutcome, Task, Work};
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
        /// The file to write, or - for standard output.
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
    Report(ReportArgs),
    /// Take the study's jobs out of the queues they are in.
    Cancel(StudyFile),
}

#[derive(Debug, Args)]
struct StudyFile {
    /// The study.
    #[arg(default_value = "study.toml")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct ReportArgs {
    #[command(flatten)]
    study: StudyFile,

    #[command(flatten)]
    labels: Labels,

    #[command(flatten)]
    figure: FigureOptions,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset study run study.toml\n  onset study run study.toml --executor slurm\n\n\
                        Exit codes: 0 success, 1 cells failed, 2 bad input or an interruption.")]
struct RunArgs {
    /// The study.
    #[arg(default_value = "study.toml")]
    file: PathBuf,

    /// Where cells run: local (this machine), slurm (a cluster) or command (any queue); the study's tables [slurm] and
    /// [command] say how.
    #[arg(long, value_name = "EXECUTOR", default_value_t)]
    executor: ExecutorKind,

    /// Only this cell, without collecting; may be repeated.
    #[arg(long, value_name = "CELL")]
    only: Vec<String>,

    /// Cells side by side at most [default: as the study says].
    #[arg(long, value_name = "N")]
    cells: Option<usize>,

    /// Where cells run behind a queue: submit and return; `onset study status` and `report` show the rest.
    #[arg(long)]
    detach: bool,

    #[command(flatten)]
    labels: Labels,

    #[command(flatten)]
    figure: FigureOptions,
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
            run_cells(args, study, &work, format)
        }
        StudyCommand::Status(args) => {
            let study = Study::read(&args.file)?;
            let plan = Plan::new(&study, &Real::new(&study))?;
            let queued = queued(&study)?;
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
            let study = Study::read(&args.study.file)?;
            let collected = collect(&study, &Real::new(&study))?;
            fit_and_draw(&study, &collected, format, (args.labels.names(), &args.figure))
        }
        StudyCommand::Cancel(args) => {
            let study = Study::read(&args.file)?;
            let mut jobs = Vec::new();
            for executor in ExecutorKind::used(&study) {
                jobs.extend(executor.queue().map(|queue| queue.cancel()).transpose()?.unwrap_or_default());
            }
            match jobs.is_empty() {
                _ if format == Format::Json => print(json::text(&serde_json::json!({ "cancelled": jobs }))?)?,
                true => complain!("onset: nothing of the study is in the queue"),
                false => complain!("onset: cancelled {}", jobs.join(", ")),
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
    destination::file(file)?;
    write::bytes(file, EXAMPLE.as_bytes())?;
    if write::is_stdout(file) {
        return Ok(());
    }
    complain!("onset: {} written; edit it, then `onset study plan {}`", file.display(), file.display());
    Ok(())
}

fn run_cells(args: &RunArgs, mut study: Study, work: &Real, format: Format) -> Result<()> {
    destination::folder(&study.output)?;
    study.run.cells = args.cells.map(|cells| cells.max(1)).or(study.run.cells);
    let study = &study;
    let cells = Cells { study, work, only: &args.only };
    let executor = args.executor.executor(study);
    let plan = cells.plan()?;
    let progress = Progress::new(plan.unfinished().count());
    if args.detach {
        let Some(queue) = executor.queue() else {
            return Err(Error::Argument(
                "--detach is for cells behind a queue, such as those of --executor slurm".into(),
            ));
        };
        if study::submit(queue, &cells, &progress)?.is_empty() {
            complain!("onset: every cell is done or in the queue already");
        }
        return Ok(());
    }
    keep_freed_memory();
    let stop = interrupt::stop_flag("stopping")?;
    let outcome = executor.run(&cells, &stop, &progress)?;
    drop(progress);
    complain!("onset: {}", report::outcome(&outcome));
    if executor.queue().is_some() && outcome.left > 0 {
        complain!("onset: the jobs go on; `onset study cancel` ends them");
        return Ok(());
    }
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    if args.only.is_empty() && outcome.failed.len() < plan.cells.len() {
        let collected = collect(study, work)?;
        fit_and_draw(study, &collected, format, (args.labels.names(), &args.figure))?;
    }
    failures(&outcome)
}

fn failures(outcome: &StudyOutcome) -> Result<()> {
    match outcome.failed.first() {
        None => Ok(()),
        Some((cell, why)) => {
            let failed = outcome.failed.len();
            Err(Error::CheckFailed(format!("{failed} cells failed, the first of them {cell}: {why}")))
        }
    }
}

/// The cells of the study that are in a queue, with the queue's name. Only those it was ever submitted to are asked.
fn queued(study: &Study) -> Result<BTreeMap<String, (&'static str, Task)>> {
    let mut cells = BTreeMap::new();
    for executor in ExecutorKind::used(study) {
        let Some(queue) = executor.queue() else { continue };
        cells.extend(queue.in_flight()?.into_iter().map(|(cell, task)| (cell, (queue.name(), task))));
    }
    Ok(cells)
}

fn collect(study: &Study, work: &dyn Work) -> Result<Collected> {
    destination::folder(&study.output)?;
    let collected = study::collect(study, &Plan::new(study, work)?)?;
    collected.write(study)?;
    complain!("onset: {}", report::collected(&collected, &study.output.join("tables")));
    Ok(collected)
}

/// Fits every benchmark under every condition, and writes and draws what comes out.
fn fit_and_draw(
    study: &Study,
    collected: &Collected,
    format: Format,
    (names, look): (Names, &FigureOptions),
) -> Result<()> {
    let folder = study.output.join("report");
    let fits = study::fits(study, collected)?;
    let table = report::fits_csv(&fits);
    write::set(&folder, || {
        write::bytes(&folder.join("fits.csv"), &table.to_bytes()?)?;
        let figures: Vec<Figure> = [emergence(&fits), trajectories(&fits)].into_iter().flatten().collect();
        figures.iter().try_for_each(|figure| save::styled(&folder, figure.clone(), look))?;
        // What a page needs beyond the plotted numbers: names of axes, colours, marks.
        write::bytes(&folder.join("figures.json"), json::text(&figures)?.as_bytes())?;
        let mut folders = BTreeSet::new();
        // The last condition of each benchmark has both its fits, before and after.
        for (at, fit) in fits.iter().enumerate() {
            let last =
                fits.get(at + 1).is_none_or(|next| (&next.benchmark, &next.metric) != (&fit.benchmark, &fit.metric));
            if let (true, Ok(found)) = (last, &fit.fit) {
                save::fit(&folder.join(own_folder(&mut folders, &fit.benchmark)), found, names, look)?;
            }
        }
        Ok(())
    })?;
    complain!("onset: figures and tables in {}", folder.display());
    print(match format {
        Format::Table => report::trajectory(&fits, WIDTH),
        Format::Json => json::text(&json::rows(&table))?,
    })
}

/// A folder's name for a fit of this benchmark that no fit before has, on any file system: `arc`, `arc-2` for its second
/// metric or for a benchmark of almost the same name.
fn own_folder(taken: &mut BTreeSet<String>, benchmark: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let name: String = benchmark.chars().map(plain).collect();
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| taken.insert(name.to_lowercase())).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_of_similar_names_have_folders_of_their_own() {
        let mut taken = BTreeSet::new();
        let folders = ["arc:easy", "arc/easy", "ARC_easy", "arc-easy"].map(|name| own_folder(&mut taken, name));
        assert_eq!(folders, ["arc_easy", "arc_easy-2", "ARC_easy-3", "arc-easy"]);
    }
}
