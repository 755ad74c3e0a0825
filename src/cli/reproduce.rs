//! `onset reproduce`: the paper's figures and tables from the tables in the repository.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::output::{Format, print};
use super::save;
use crate::analysis::papers::test_task::{PaperTable, Reading, Regenerated, Reproduce, published, published_from};
use crate::error::Result;
use crate::registry::write;
use crate::report::{json, reproduction};

/// Regenerate every figure and table of the paper and compare every published number.
///
/// Writes each figure as NAME.svg, NAME.png and NAME.pdf with NAME.csv holding exactly the plotted data, each table as
/// NAME.csv, and reproduction.csv with one row for every number the paper prints: as printed, recomputed by the published
/// method, and corrected, with its interval. Corrected figures and tables are in the folder `corrected`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  onset reproduce\n  onset reproduce --only main,emergence --out my-figures\n  onset reproduce --mode corrected --out corrected-figures\n  onset reproduce --format json > verdicts.json\n\n\
                  Exit codes: 0 success, 2 bad input (one line says which file, row and column)."
)]
pub(super) struct ReproduceArgs {
    /// Folder the files are written to; created when it does not exist.
    #[arg(long, value_name = "DIR", default_value = "figures")]
    out: PathBuf,

    /// Only these figures and tables, by name; the report then covers their numbers only.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,

    /// Which figures and tables are written; the report always has both readings.
    #[arg(long, value_enum, default_value_t = Mode::Both)]
    mode: Mode,

    /// How the verdicts are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Folder with models.csv, evaluations.csv and the MMLU tables, in place of the ones inside the program.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Which readings of the data are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// As published, to the last digit.
    Paper,
    /// Item-weighted, with true chance levels, exact fits and intervals that hold.
    Corrected,
    /// Both; the corrected ones in the folder `corrected`.
    Both,
}

pub(super) fn run(args: &ReproduceArgs) -> Result<()> {
    let settings = Reproduce::new().only(&args.only)?;
    let data = match &args.data {
        Some(folder) => published_from(folder)?,
        None => published()?,
    };
    let result = settings.run(&data)?;

    let beside = args.out.join(Reading::Corrected.name());
    let written: Vec<(&Regenerated, &Path)> = match args.mode {
        Mode::Paper => vec![(&result.paper, &args.out)],
        Mode::Corrected => vec![(&result.corrected, &args.out)],
        Mode::Both => vec![(&result.paper, &args.out), (&result.corrected, &beside)],
    };
    let figures = || written.iter().flat_map(|(one, out)| one.figures.iter().map(move |figure| (figure, *out)));
    figures().par_bridge().try_for_each(|(figure, out)| save::figure(out, figure))?;
    for (one, out) in &written {
        one.tables.iter().try_for_each(|table| save_table(table, out))?;
    }
    // A part of the report under the whole report's name would pass for it.
    let report = if result.partial { "reproduction-partial.csv" } else { "reproduction.csv" };
    let verdicts = reproduction::csv(&result.rows);
    write::bytes(&args.out.join(report), &verdicts.to_bytes()?)?;
    print(match args.format {
        Format::Table => reproduction::terminal(&result, 80),
        Format::Json => json::text(&json::rows(&verdicts))?,
    })
}

fn save_table(table: &PaperTable, out: &Path) -> Result<()> {
    write::bytes(&out.join(format!("{}.csv", table.name)), &reproduction::table_csv(table).to_bytes()?)
}
