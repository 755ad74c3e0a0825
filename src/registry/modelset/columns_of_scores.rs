//! Which columns of wide tables and which names of long ones are benchmarks, and which are something else.

use std::collections::{BTreeSet, HashMap};

use super::grid_settings::{GridSettings, is_among, unknown};
use super::layout::Layout;
use super::scores::{Role, is_number, shortened, values};
use super::settings::ClusterBy;
use crate::registry::columns::BENCHMARK;
use crate::registry::table::{Table, fold, split_brackets};
use crate::registry::{Measure, Metric, meant_by};
use crate::{Error, Result};

/// Words at the end of a name of which less is better.
const FALLING: [&str; 21] = [
    "perplexity",
    "ppl",
    "loss",
    "logloss",
    "nll",
    "xent",
    "ce",
    "wer",
    "cer",
    "ter",
    "err",
    "error",
    "errors",
    "rmse",
    "mae",
    "mse",
    "brier",
    "bpb",
    "bpc",
    "ece",
    "toxicity",
];

/// Words at the end of a name that say how its numbers were made, not what they are.
const HOW_MADE: [&str; 6] = ["norm", "normed", "normalised", "normalized", "rate", "percent"];

/// Two words of the same kind.
const FALLING_PAIRS: [&str; 5] = ["bitsperbyte", "bitsperchar", "brierscore", "errorrate", "crossentropy"];

/// Names of columns that sum up others.
const SUMMARIES: [&str; 8] =
    ["average", "avg", "mean", "overall", "total", "averagescore", "meanscore", "overallscore"];

/// Names of columns of numbers that are no scores.
const NO_SCORES: [&str; 46] = [
    "rank",
    "id",
    "index",
    "row",
    "number",
    "no",
    "n",
    "seed",
    "year",
    "likes",
    "downloads",
    "votes",
    "hub",
    "generation",
    "cocostkg",
    "co2costkg",
    "co2cost",
    "contextlength",
    "layers",
    "vocabsize",
    "contextwindow",
    "maxcontext",
    "maxlength",
    "hiddensize",
    "embeddingsize",
    "heads",
    "price",
    "inputprice",
    "outputprice",
    "cost",
    "latency",
    "throughput",
    "speed",
    "time",
    "runtime",
    "gpuhours",
    "timestamp",
    "releaseyear",
    "releasedate",
    "date",
    "disk",
    "disksize",
    "memory",
    "vram",
    "batchsize",
    "learningrate",
];

/// Names of columns of scores' means, spreads and ranks, behind the name of a benchmark or before it.
const ABOUT: [&str; 16] = [
    "se", "sem", "std", "stdev", "sd", "var", "ci", "cilow", "cihigh", "n", "count", "items", "samples", "rank",
    "shots", "version",
];

/// Means over others, at the end of a name.
const MEANS: [&str; 4] = ["macroavg", "microavg", "macroaverage", "microaverage"];

/// Units of numbers that are no scores.
const UNITS: [&str; 20] = [
    "kg", "gb", "mb", "tb", "gib", "s", "sec", "ms", "h", "hours", "days", "usd", "eur", "w", "kw", "kwh", "mwh",
    "gco2", "params", "tokens",
];

/// Whether a column is of no scores by its own name: a size, a price, a date. What stands in brackets aside, `₂` is 2.
fn is_no_score(name: &str) -> bool {
    let (before, unit) = split_brackets(name);
    let plain = |text: &str| fold(&text.replace('₂', "2"));
    let listed = |text: &str| NO_SCORES.contains(&plain(text).as_str());
    let unit = unit.map(str::to_lowercase).unwrap_or_default();
    let of_unit = unit.split(['/', ' ']).next().is_some_and(|first| UNITS.contains(&first)) || unit.contains('$');
    listed(name) || listed(before) || of_unit || plain(name).ends_with("usd") || MEANS.contains(&plain(name).as_str())
}

/// Whether a column is about another one that is there, such as `MMLU n` or `Rank (MMLU)` beside `MMLU`.
fn is_about_another(name: &str, names: &[String]) -> bool {
    let folded = fold(name);
    let of = |about: &&'static str| folded.strip_suffix(*about).or_else(|| folded.strip_prefix(*about));
    let there = |rest: &str| !rest.is_empty() && names.iter().any(|other| fold(other) == rest);
    ABOUT.iter().filter_map(of).any(there)
}

/// Ends of the names of standard errors, and other names of the column of a long table.
const ERRORS: [&str; 5] = ["stderr", "standarderror", "stderror", "stderrs", "sterr"];

/// The benchmarks of all tables, and where they stand.
pub(super) struct Columns {
    /// Names, as the first table writes them.
    pub(super) benchmarks: Vec<String>,
    tables: Vec<Of>,
}

/// The benchmarks of one table, by folded name.
enum Of {
    /// Column of the score and of the score after adjustment; and per column that of the standard errors.
    Wide { columns: HashMap<String, [Option<usize>; 2]>, errors: HashMap<usize, usize> },
    /// The name as the table writes it; and the column of the standard errors.
    Long { names: HashMap<String, String>, error: Option<usize> },
}

impl Columns {
    /// # Errors
    /// When a name that was given is in no table, or one benchmark is spelled two ways in one table.
    pub(super) fn of(
        tables: &[Table],
        layouts: &[Layout],
        roles: &[Role],
        settings: &GridSettings,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let mut found = Self { benchmarks: Vec::new(), tables: Vec::new() };
        let mut left = Left::default();
        for ((table, layout), role) in tables.iter().zip(layouts).zip(roles) {
            if *role == Role::Facts {
                found.tables.push(Of::Wide { columns: HashMap::new(), errors: HashMap::new() });
            } else if layout.is_long() {
                found.long(table, layout, settings, &mut left)?;
            } else {
                found.wide(table, layout, settings, &mut left)?;
            }
        }
        let known = found.benchmarks.clone();
        if let Some(name) = settings.scores.iter().find(|name| !is_among(name, &known)) {
            return Err(unknown(name, &known));
        }
        found.benchmarks.retain(|name| settings.scores.is_empty() || is_among(name, &settings.scores));
        if settings.scores.is_empty() {
            left.tell(notes);
            let wide = |name: &&String| {
                found
                    .tables
                    .iter()
                    .any(|of| matches!(of, Of::Wide { columns, .. } if columns.contains_key(&fold(name))))
            };
            let strange: Vec<String> =
                found.benchmarks.iter().filter(wide).filter(|name| meant_by(name).is_none()).cloned().collect();
            if !strange.is_empty() && strange.len() < found.benchmarks.len() {
                notes.push(format!(
                    "counted as benchmarks, though onset does not know them: {}; --score names the columns that are",
                    shortened(&strange)
                ));
            }
        }
        Ok(found)
    }

    fn add(&mut self, name: &str) {
        if !self.benchmarks.iter().any(|known| fold(known) == fold(name)) {
            self.benchmarks.push(name.to_owned());
        }
    }

    fn long(&mut self, table: &Table, layout: &Layout, settings: &GridSettings, left: &mut Left) -> Result<()> {
        let mut names = HashMap::new();
        let column = layout.get(&BENCHMARK).map_or(0, |found| found.index);
        let all = values(table, column, |_| true);
        // A benchmark and its own parts would count the same items twice.
        let group = table.position("group").filter(|group| *group != column);
        let part = |row: usize| {
            let (name, group) = (table.at(row, column)?, table.at(row, group?)?);
            (group != name && all.contains(group)).then_some(name)
        };
        let parts: BTreeSet<&str> = (0..table.rows()).filter_map(part).collect();
        for row in 0..table.rows() {
            let Some(name) = table.at(row, column) else { continue };
            if parts.contains(name) && !is_among(name, &settings.scores) {
                continue;
            }
            let first = names.entry(fold(name)).or_insert_with(|| name.to_owned());
            if first != name {
                let problem = format!("benchmark `{name}` is spelled `{first}` in a row before; spell it one way");
                return Err(table.cell_error(row, &table.names()[column], problem));
            }
            if !self.benchmarks.iter().any(|known| known == name) {
                self.add(name);
            }
        }
        left.parts += parts.len();
        let error = ERRORS.iter().find_map(|name| table.position(name));
        self.tables.push(Of::Long { names, error });
        Ok(())
    }

    fn wide(&mut self, table: &Table, layout: &Layout, settings: &GridSettings, left: &mut Left) -> Result<()> {
        let asked = |name: &str| is_among(name, &settings.scores);
        let own = match &settings.tables.cluster {
            ClusterBy::Column(name) => table.position(name),
            ClusterBy::Family | ClusterBy::Model => None,
        };
        let names = table.names();
        let mut errors_by_name = HashMap::new();
        let (mut columns, mut errors) = (HashMap::new(), HashMap::new());
        let mut scored: Vec<(usize, &str)> = Vec::new();
        for (k, name) in names.iter().enumerate() {
            if layout.is_taken(k) || own == Some(k) || !is_number(table, k) {
                continue;
            }
            let folded = fold(name);
            let bare = ERRORS.iter().find_map(|end| folded.strip_suffix(end).or_else(|| folded.strip_prefix(end)));
            let raw = |other: &String| format!("{}raw", fold(other)) == folded;
            if let Some(of) = bare.filter(|_| !asked(name)) {
                errors_by_name.insert(of.to_owned(), k);
            } else if SUMMARIES.contains(&folded.as_str()) && !asked(name) {
                left.summaries.push(name.clone());
            } else if (is_no_score(name) || is_about_another(name, names)) && !asked(name) {
                left.others.push(name.clone());
            } else if names.iter().any(raw) && !asked(name) {
                left.raw.push(name.clone());
            } else {
                scored.push((k, name));
            }
        }
        for (k, name) in &scored {
            let folded = fold(name);
            if let Some(error) = errors_by_name.get(&folded) {
                errors.insert(*k, *error);
            }
            let base = settings.tables.adjusted.as_deref().and_then(|end| base_of(name, end));
            let base = base.filter(|base| scored.iter().any(|(_, other)| fold(other) == fold(base)));
            let (name, side) = base.map_or((*name, 0), |base| (base, 1));
            let places: &mut [Option<usize>; 2] = columns.entry(fold(name)).or_insert([None, None]);
            if let Some(first) = places[side] {
                let problem = format!("columns `{}` and `{}` have one name; keep one", names[first], names[*k]);
                return Err(Error::File { path: table.path().to_owned(), problem });
            }
            places[side] = Some(*k);
            self.add(name);
        }
        self.tables.push(Of::Wide { columns, errors });
        Ok(())
    }

    /// The benchmark's name in a long table that has it.
    pub(super) fn long_name(&self, table: usize, name: &str) -> Option<&str> {
        match &self.tables[table] {
            Of::Long { names, .. } => names.get(&fold(name)).map(String::as_str),
            Of::Wide { .. } => None,
        }
    }

    /// The benchmark's columns in a wide table: score, and score after adjustment.
    pub(super) fn wide_columns(&self, table: usize, name: &str) -> [Option<usize>; 2] {
        match &self.tables[table] {
            Of::Wide { columns, .. } => columns.get(&fold(name)).copied().unwrap_or_default(),
            Of::Long { .. } => [None, None],
        }
    }

    /// The column of the standard errors of a column.
    pub(super) fn error_of(&self, table: usize, column: usize) -> Option<usize> {
        match &self.tables[table] {
            Of::Wide { errors, .. } => errors.get(&column).copied(),
            Of::Long { .. } => None,
        }
    }

    /// The column of the standard errors of a long table.
    pub(super) fn long_error(&self, table: usize) -> Option<usize> {
        match &self.tables[table] {
            Of::Long { error, .. } => *error,
            Of::Wide { .. } => None,
        }
    }
}

/// What was left out, for a reader to be told.
#[derive(Default)]
struct Left {
    summaries: Vec<String>,
    others: Vec<String>,
    raw: Vec<String>,
    parts: usize,
}

impl Left {
    fn tell(self, notes: &mut Vec<String>) {
        let kinds = [
            (self.summaries, "as the means of others"),
            (self.others, "as no scores"),
            (self.raw, "because the same scores stand beside them, normalised or not"),
        ];
        for (names, why) in kinds {
            if !names.is_empty() {
                notes.push(format!("left out {why}: {}; --score takes columns in", shortened(&names)));
            }
        }
        if self.parts > 0 {
            notes.push(format!("{} parts of benchmarks are left out, because the whole is there", self.parts));
        }
    }
}

/// What a name is before this end, if it has it.
fn base_of<'n>(name: &'n str, end: &str) -> Option<&'n str> {
    let base = name.strip_suffix(end)?.trim_end_matches([' ', '_', '-', '/', '.', ':']);
    (!base.is_empty()).then_some(base)
}

/// Whether less is better: as the settings say, or as the metric's or the benchmark's name does.
pub(super) fn falls(benchmark: &str, metric: Option<&str>, settings: &GridSettings) -> bool {
    let plain = metric.map(|metric| metric.split(',').next().unwrap_or(metric).to_owned());
    let among = |names: &[String]| is_among(benchmark, names) || plain.as_ref().is_some_and(|m| is_among(m, names));
    if among(&settings.rising) {
        return false;
    }
    let known = || metric.and_then(|metric| metric.parse::<Metric>().ok()).map(|m| Measure::falls(m.measure));
    let said = |name: &str| {
        // `Loss (C4)` is a loss, and so is `MMLU (loss)`.
        let (before, inside) = split_brackets(name);
        [Some(name), Some(before), inside].into_iter().flatten().any(|name| {
            let words: Vec<String> =
                name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
            let what = words.iter().rev().find(|word| !HOW_MADE.contains(&word.as_str()));
            let last = what.is_some_and(|word| FALLING.contains(&word.as_str()));
            last || FALLING_PAIRS.iter().any(|pair| fold(name).ends_with(pair))
        })
    };
    among(&settings.falling) || known().unwrap_or_else(|| said(plain.as_deref().unwrap_or(benchmark)))
}

#[cfg(test)]
mod tests {
    use crate::registry::modelset::{GridSettings, ScoreGrid};
    use crate::registry::table::Table;

    #[test]
    fn columns_about_columns_and_prices_are_no_benchmarks() {
        let text = "model,arc,boolq,arc SE,boolq n,Rank (arc),CO₂ cost (kg),Price ($/1M tokens),Release year,mystery\n\
                    a,0.3,0.5,0.01,100,2,1.5,3,2024,0.2\nb,0.4,0.6,0.01,100,1,2.5,2,2023,0.3\n";
        let table = Table::parse(text.as_bytes(), "w.csv".as_ref(), &[]).expect("a table");
        let grid = ScoreGrid::from_tables(&[table], &GridSettings::default()).expect("read");
        let names: Vec<&str> = grid.benchmarks.iter().map(|benchmark| benchmark.name.as_str()).collect();
        assert_eq!(names, ["arc", "boolq", "mystery"]);
        assert!(grid.notes.iter().any(|note| note.contains("onset does not know them: mystery")), "{:?}", grid.notes);
    }
}
