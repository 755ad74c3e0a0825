//! `onset report`: what onset found, as one HTML file to look into and to pass on.

use std::path::PathBuf;

use clap::Args;

use super::fit::{FitOptions, TwoPlaces, watched};
use super::output::{Format, print};
use crate::error::{Error, Result};
use crate::explore;
use crate::registry::{destination, write};
use crate::report::json;

/// Write what was found as one HTML file: words, interactive figures, tables, methods and provenance.
///
/// INPUT is a folder that `onset fit --out`, `onset agree --out`, `onset reproduce`, `onset study` or `onset lab` wrote, the JSON of
/// `onset fit --format json`, or tables as `onset fit` reads them, which are then fitted with the flags below. The file
/// loads nothing from the network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset report figures --out paper.html\n  \
                        onset report fit-folder --out report.html\n  \
                        onset report figures/train-before-test --out second-paper.html\n  \
                        onset report my-study --out study.html\n  \
                        onset report lab --out lab.html\n  \
                        onset report scores.csv --score MMLU --out report.html\n  \
                        onset report data/models.csv data/evaluations.csv --score mmlu --adjusted mmlu-aux:3 --out mmlu.html\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which file, row and column).")]
pub(super) struct ReportArgs {
    /// A folder or JSON file that onset wrote, or tables to fit.
    #[arg(required_unless_present = "before", value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    /// The file to write, or - for standard output.
    #[arg(long, value_name = "FILE", default_value = "report.html", help_heading = "Output")]
    out: PathBuf,

    /// How the page's name and size are printed.
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    format: Format,

    #[command(flatten)]
    places: TwoPlaces,

    #[command(flatten)]
    options: FitOptions,
}

pub(super) fn run(args: &ReportArgs) -> Result<()> {
    destination::file(&args.out)?;
    let is_printed = write::is_stdout(&args.out);
    if is_printed && args.format == Format::Json {
        return Err(Error::Argument(
            "--out - and --format json would both write to standard output; choose one".into(),
        ));
    }
    let page =
        explore::open_by(&args.places.beside(&args.inputs), &args.options.of_one_score()?, &watched)?.to_html()?;
    write::bytes(&args.out, page.as_bytes())?;
    if is_printed {
        return Ok(());
    }
    print(match args.format {
        Format::Table => format!("{} ({:.1} MB)\n", args.out.display(), page.len() as f64 / 1e6),
        Format::Json => json::text(&serde_json::json!({ "page": args.out, "bytes": page.len() }))?,
    })
}
