//! `onset reproduce`: the figures, tables and numbers of two papers from the tables in the repository.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rayon::prelude::*;

use super::output::{Format, print};
use super::save;
use crate::analysis::figure::Figure;
use crate::analysis::papers::test_task::{
    PaperTable, Reading, Regenerated, Reproduce, Reproduction, published, published_from,
};
use crate::analysis::papers::train_before_test::{self as second, Harmonised};
use crate::error::{Error, Result};
use crate::registry::{destination, write};
use crate::report::csv::CsvTable;
use crate::report::{harmony, json, reproduction};

/// Regenerate every figure and table of two papers and compare every published number.
///
/// `test-task` is "Training on the Test Task Confounds Evaluation and Emergence" (arXiv 2407.07890), `train-before-test` is
/// "Train-before-Test Harmonizes Language Model Rankings" (arXiv 2507.05195). Without a name both are made.
///
/// Writes each figure as NAME.svg, NAME.png and NAME.pdf with NAME.csv holding exactly the plotted data, each table as
/// NAME.csv, and reproduction.csv with one row for every number the paper prints: as printed, recomputed by the published
/// method, and corrected, with its interval. Corrected figures and tables of the first paper are in the folder `corrected`,
/// everything of the second in the folder `train-before-test`, with findings.csv and curves.csv.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  onset reproduce\n  onset reproduce train-before-test\n  onset reproduce --only main,emergence --out my-figures\n  onset reproduce test-task --mode corrected --out corrected-figures\n  onset reproduce --format json > verdicts.json\n\n\
                  Exit codes: 0 success, 2 bad input (one line says which file, row and column)."
)]
pub(super) struct ReproduceArgs {
    /// The paper; both when none is named.
    #[arg(value_enum, value_name = "PAPER")]
    paper: Option<Name>,

    /// Folder the files are written to; created when it does not exist.
    #[arg(long, value_name = "DIR", default_value = "figures")]
    out: PathBuf,

    /// Only these figures and tables, by name; the report of the first paper then covers their numbers only.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,

    /// Which figures and tables of the first paper are written; the report always has both readings.
    #[arg(long, value_enum, default_value_t = Mode::Both)]
    mode: Mode,

    /// How the verdicts are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Folder with models.csv, evaluations.csv and the MMLU tables, in place of the ones inside the program; the second
    /// paper's tables in its folder train-before-test.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Which paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Training on the test task confounds evaluation and emergence.
    TestTask,
    /// Train-before-test harmonizes language model rankings.
    TrainBeforeTest,
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

/// The folder of the second paper, below that of the tables and below that of the figures.
const SECOND: &str = "train-before-test";
const FIRST: &str = "test-task";

pub(super) fn run(args: &ReproduceArgs) -> Result<()> {
    let wanted = Wanted::of(args)?;
    destination::folder(&args.out)?;
    // Both are computed before anything is written.
    let (first, second) = rayon::join(
        || wanted.first.as_ref().map(|settings| first(args, settings)).transpose(),
        || wanted.second.as_ref().map(|figures| harmonised(args, figures)).transpose(),
    );
    let (first, second) = (first?, second?);
    if let Some(folder) = args.data.as_ref().filter(|_| wanted.without_tables) {
        complain!("onset: {} has no folder {SECOND}: the second paper is left out", folder.display());
    }
    let mut text = String::new();
    let verdicts = write::set(&args.out, || save_all(args, first.as_ref(), second.as_ref(), &mut text))?;
    print(match args.format {
        Format::Table => text,
        Format::Json => json::text(&verdicts)?,
    })
}

/// Writes what was made of both papers, says it in `text`, and returns the verdicts.
fn save_all(
    args: &ReproduceArgs,
    first: Option<&Reproduction>,
    second: Option<&Harmonised>,
    text: &mut String,
) -> Result<Vec<serde_json::Value>> {
    let mut verdicts = Vec::new();
    if let Some(result) = first {
        verdicts.extend(of_paper(FIRST, save_first(args, result)?));
        text.push_str(&reproduction::terminal(result, 80));
    }
    if let Some(result) = second {
        verdicts.extend(of_paper(SECOND, save_second(args, result)?));
        if first.is_some() {
            text.push('\n');
        }
        text.push_str(&harmony::terminal(result, 80));
    }
    Ok(verdicts)
}

/// Verdicts as objects that name their paper.
fn of_paper(paper: &str, verdicts: CsvTable) -> Vec<serde_json::Value> {
    let serde_json::Value::Array(mut rows) = json::rows(&verdicts) else { return Vec::new() };
    rows.iter_mut().filter_map(serde_json::Value::as_object_mut).for_each(|row| {
        row.insert("paper_name".into(), paper.into());
    });
    rows
}

/// What was asked for of each paper.
struct Wanted {
    first: Option<Reproduce>,
    /// Names of figures; all when empty.
    second: Option<Vec<String>>,
    /// The second paper would be made if the folder of the tables had its own.
    without_tables: bool,
}

impl Wanted {
    fn of(args: &ReproduceArgs) -> Result<Self> {
        let is_second = |name: &&String| second::FIGURES.contains(&name.as_str());
        let (of_second, of_first): (Vec<&String>, Vec<&String>) = args.only.iter().partition(is_second);
        let owned = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<String>>();
        let (of_second, of_first) = (owned(of_second), owned(of_first));
        let named = |paper: Name| args.paper.is_none_or(|wanted| wanted == paper);
        let asked = |names: &[String]| args.only.is_empty() || !names.is_empty();
        if let (Some(Name::TrainBeforeTest), Some(name)) = (args.paper, of_first.first()) {
            let known = second::FIGURES.join(", ");
            return Err(Error::Argument(format!("{SECOND} has no figure `{name}`; there are {known}")));
        }
        if let (Some(Name::TestTask), Some(name)) = (args.paper, of_second.first()) {
            return Err(Error::Argument(format!("`{name}` is a figure of {SECOND}, which was not asked for")));
        }
        // A folder of tables that holds those of the first paper only is no mistake unless the second was named.
        let has_tables = args.data.as_ref().is_none_or(|folder| folder.join(SECOND).is_dir());
        let second = named(Name::TrainBeforeTest) && asked(&of_second);
        let needed = args.paper.is_some() || !of_second.is_empty();
        Ok(Self {
            without_tables: second && !needed && !has_tables,
            first: (named(Name::TestTask) && asked(&of_first)).then(|| Reproduce::new().only(&of_first)).transpose()?,
            second: (second && (needed || has_tables)).then_some(of_second),
        })
    }
}

fn first(args: &ReproduceArgs, settings: &Reproduce) -> Result<Reproduction> {
    let data = match &args.data {
        Some(folder) => published_from(folder)?,
        None => published()?,
    };
    settings.run(&data)
}

fn harmonised(args: &ReproduceArgs, figures: &[String]) -> Result<Harmonised> {
    let tables = match &args.data {
        Some(folder) => second::tables_from(&folder.join(SECOND))?,
        None => second::tables()?,
    };
    let mut result = second::run(&tables)?;
    if !figures.is_empty() {
        result.figures.retain(|figure| figures.contains(&figure.name));
    }
    Ok(result)
}

/// Writes the first paper and returns its verdicts.
fn save_first(args: &ReproduceArgs, result: &Reproduction) -> Result<CsvTable> {
    let beside = args.out.join(Reading::Corrected.name());
    let written: Vec<(&Regenerated, &Path)> = match args.mode {
        Mode::Paper => vec![(&result.paper, &args.out)],
        Mode::Corrected => vec![(&result.corrected, &args.out)],
        Mode::Both => vec![(&result.paper, &args.out), (&result.corrected, &beside)],
    };
    save_figures(written.iter().flat_map(|(one, out)| one.figures.iter().map(move |figure| (figure, *out))))?;
    for (one, out) in &written {
        one.tables.iter().try_for_each(|table| save_table(table, out))?;
    }
    // A part of the report under the whole report's name would pass for it.
    let report = if result.partial { "reproduction-partial.csv" } else { "reproduction.csv" };
    let verdicts = reproduction::csv(&result.rows);
    write::bytes(&args.out.join(report), &verdicts.to_bytes()?)?;
    Ok(verdicts)
}

/// Writes the second paper and returns its verdicts.
fn save_second(args: &ReproduceArgs, result: &Harmonised) -> Result<CsvTable> {
    let out = args.out.join(SECOND);
    save_figures(result.figures.iter().map(|figure| (figure, out.as_path())))?;
    let verdicts = harmony::numbers(&result.rows);
    write::bytes(&out.join("reproduction.csv"), &verdicts.to_bytes()?)?;
    write::bytes(&out.join("findings.csv"), &harmony::findings(&result.findings).to_bytes()?)?;
    write::bytes(&out.join("curves.csv"), &harmony::curves(&result.curves).to_bytes()?)?;
    Ok(verdicts)
}

fn save_figures<'f>(figures: impl Iterator<Item = (&'f Figure, &'f Path)> + Send) -> Result<()> {
    figures.par_bridge().try_for_each(|(figure, out)| save::figure(out, figure))
}

fn save_table(table: &PaperTable, out: &Path) -> Result<()> {
    write::bytes(&out.join(format!("{}.csv", table.name)), &reproduction::table_csv(table).to_bytes()?)
}
