//! `onset lab`: the whole method where the truth is known.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::{Args, ValueEnum};

use super::figure::FigureOptions;
use super::output::{Format, print};
use super::{interrupt, progress, save};
use crate::error::{Error, Result};
use crate::lab::{Coverage, Experiment, LabEvent, LabPhase, LabReport, LabScores, Member, SEQUENCE, Suite, table};
use crate::registry::{destination, write};
use crate::report::{coverage, json, lab};
use crate::stats::random::Seed;
use crate::train::keep_freed_memory;

/// Train small language models of which it is known how much of the test's task they have seen, and analyse them.
///
/// Families of models that differ only in the share of test-task documents are pretrained from nothing on text about a
/// made-up world, tested in multiple-choice and cloze format, adjusted on the same task examples, and tested again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset lab --preset quick --out lab\n  \
                        onset lab --preset full --out lab-full --resume\n  \
                        onset lab --preset tiny --calibrate 50 --out calibration\n\n\
                        Exit codes: 0 success, 2 bad input or interrupted (repeat with --resume to go on).")]
pub(super) struct LabArgs {
    /// How many models, and how large.
    #[arg(long, value_enum, default_value_t = Preset::Quick)]
    preset: Preset,

    /// Seed of world, texts and weights.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Folder for tasks, models, records, tables and figures.
    #[arg(long, value_name = "DIR", default_value = "lab")]
    out: PathBuf,

    /// Take up an earlier run in the same folder: models that are done are not trained again.
    #[arg(long)]
    resume: bool,

    /// Models trained side by side; it changes no number [default: the number of processors].
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    /// How the estimates are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Instead: in so many worlds with another seed each, without and with a difference between the kinds of models,
    /// count how often the interval of the difference holds 0.
    #[arg(long, value_name = "WORLDS", default_value_t = 0, hide_default_value = true)]
    calibrate: u64,

    /// With --calibrate: all worlds, and all kinds of models in them, have the families of the preset. Without, every
    /// family of every kind has depth, heads, widths and tokens of its own, drawn anew in every world.
    #[arg(long, requires = "calibrate")]
    same_makes: bool,

    #[command(flatten)]
    figure: FigureOptions,
}

/// A suite of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// A few minutes on two processors.
    Quick,
    /// Less than an hour.
    Full,
    /// A fraction of a minute: worlds to be made many times over.
    Tiny,
}

pub(super) fn run(args: &LabArgs) -> Result<()> {
    let suite = suite(args)?;
    keep_freed_memory();
    let stop = interrupt::stop_flag("stopping; --resume goes on from here")?;
    let bar = progress::bar(0, "{msg:24!} {wide_bar} {percent:>3} %, {eta} left");
    let show = |done: u64, of: u64, name: &str| {
        bar.set_length(of);
        bar.set_position(done);
        bar.set_message(name.to_owned());
    };
    let world = |suite: &Suite, seed: Seed, folder: &Path| {
        let report = one(args, suite, seed, folder, &stop, &show);
        bar.finish_and_clear();
        report
    };
    print(match args.calibrate {
        0 => {
            let report = world(&suite, Seed(args.seed), &args.out)?;
            save_all(&report, args)?;
            match args.format {
                Format::Table => lab::terminal(&report, 80),
                Format::Json => json::text(&json::rows(&lab::csv(&report)))?,
            }
        }
        worlds => {
            let seeds = (0..worlds).map(|number| args.seed.wrapping_add(number));
            let below = |suite: &Suite, seed, folder: &Path| world(suite, seed, &args.out.join(folder));
            // Written as they come: what is known after an interruption stays known.
            let keep = |coverage: &Coverage| save_coverage(coverage, &args.out);
            let coverage = Coverage::of_worlds(seeds, &suite, args.same_makes, below, keep)?;
            match args.format {
                Format::Table => coverage::terminal(&coverage, 80),
                Format::Json => json::text(&json::rows(&coverage::counts(&coverage)))?,
            }
        }
    })
}

/// The models of the preset, where the folder is new or is to be taken up.
fn suite(args: &LabArgs) -> Result<Suite> {
    destination::folder(&args.out)?;
    if !args.resume && ["records", "none"].iter().any(|name| args.out.join(name).exists()) {
        let problem = "holds models of an earlier run; add --resume to take it up, or name another folder";
        return Err(Error::File { path: args.out.clone(), problem: problem.to_owned() });
    }
    Ok(match args.preset {
        Preset::Quick => Suite::quick(),
        Preset::Full => Suite::full(),
        Preset::Tiny => Suite::tiny(),
    })
}

/// What is done, all there is, and the model in hand.
pub(super) type Told<'a> = &'a (dyn Fn(u64, u64, &str) + Sync);

/// One world of the seed that was asked for, with its tables and figures.
pub(super) fn world(args: &LabArgs, stop: &Arc<AtomicBool>, told: Told<'_>) -> Result<LabReport> {
    if args.calibrate != 0 {
        return Err(Error::Argument("a calibration makes many worlds; it is asked of the program".into()));
    }
    let report = one(args, &suite(args)?, Seed(args.seed), &args.out, stop, told)?;
    save_all(&report, args)?;
    Ok(report)
}

/// Trains, tests and fits one world.
fn one(
    args: &LabArgs,
    suite: &Suite,
    seed: Seed,
    out: &Path,
    stop: &Arc<AtomicBool>,
    told: Told<'_>,
) -> Result<LabReport> {
    let _held = write::hold(out)?;
    let workers = args.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let experiment = Experiment::new(suite.clone(), seed, out).workers(workers).stop(Arc::clone(stop));
    experiment.claim()?;
    let progress = Progress { suite, done: AtomicU64::new(0), of: AtomicU64::new(0), told };
    let models = experiment.run(&|event| progress.advance(event))?;
    let path = out.join("observations.csv");
    write::bytes(&path, table(&models).as_bytes())?;
    LabReport::of(&LabScores::of_models(&models, &path))
}

/// Counts multiplications in thousands: a step of a large model takes longer.
struct Progress<'a> {
    suite: &'a Suite,
    done: AtomicU64,
    of: AtomicU64,
    told: Told<'a>,
}

impl Progress<'_> {
    fn advance(&self, event: LabEvent<'_>) {
        let examples = self.suite.examples.last().copied().unwrap_or_default();
        let work = |member: &Member, sequences: usize| (member.parameters * sequences * SEQUENCE / 1000) as u64;
        match event {
            LabEvent::Begin(members) => {
                self.of.store(members.iter().map(|m| work(m, m.sequences + examples)).sum(), Ordering::Relaxed);
            }
            LabEvent::Known(member) => self.add(work(member, member.sequences + examples), &member.name),
            LabEvent::Step { member, phase } => {
                let batch = match phase {
                    LabPhase::Pretraining => self.suite.recipe.batch,
                    LabPhase::Adjustment => self.suite.recipe.adjustment_batch,
                };
                self.add(work(member, batch), &member.name);
            }
            LabEvent::Done => {}
        }
    }

    fn add(&self, work: u64, name: &str) {
        let done = self.done.fetch_add(work, Ordering::Relaxed) + work;
        (self.told)(done, self.of.load(Ordering::Relaxed), name);
    }
}

fn save_all(report: &LabReport, args: &LabArgs) -> Result<()> {
    let out = &args.out;
    write::set(out, || {
        write::bytes(&out.join("summary.csv"), &lab::csv(report).to_bytes()?)?;
        write::bytes(&out.join("agreement.csv"), &lab::agreement(report).to_bytes()?)?;
        let folder = out.join("figures");
        report.figures().into_iter().try_for_each(|figure| save::styled(&folder, figure, &args.figure))
    })
}

fn save_coverage(coverage: &Coverage, out: &Path) -> Result<()> {
    write::bytes(&out.join("calibration.csv"), &coverage::estimates(coverage).to_bytes()?)?;
    write::bytes(&out.join("coverage.csv"), &coverage::counts(coverage).to_bytes()?)
}
