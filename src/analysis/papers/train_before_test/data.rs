//! The published tables, which travel inside the program: models, benchmarks, and scores before and after.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;

use crate::analysis::Phase;
use crate::error::{Error, Result};
use crate::registry::table::{Column, Kind, Table, unpacked};
use crate::registry::{
    Adjustment, Flops, MODEL_COLUMNS, Measure, Metric, Models, OBSERVATION_COLUMNS, Observation, Scores,
};
use crate::stats::ceiling::Noise;

/// How the column `unsure` names a model's compute.
const UNSURE_COMPUTE: &str = "compute";

const BENCHMARK_COLUMNS: &[Column] = &[
    Column::required("benchmark", Kind::Text, "id of the benchmark or corpus"),
    Column::required("name", Kind::Text, "its name in the paper"),
    Column::required("category", Kind::Text, "what it is about"),
    Column::required("metric", Kind::Text, "its metric"),
    Column::optional("items", Kind::Number, "number of items"),
    Column::optional("chance", Kind::Number, "what a guess scores"),
    Column::optional("majority", Kind::Number, "what the commonest answer scores"),
];

/// The table of models inside the program.
pub(crate) const MODELS: &str = include_str!("../../../../data/train-before-test/models.csv");

/// The names of the files of a data folder, and the copies inside the program.
const FILES: [(&str, &[Column], &[u8]); 3] = [
    ("models.csv", MODEL_COLUMNS, MODELS.as_bytes()),
    ("benchmarks.csv", BENCHMARK_COLUMNS, include_bytes!("../../../../data/train-before-test/benchmarks.csv")),
    (
        "evaluations.csv",
        OBSERVATION_COLUMNS,
        include_bytes!(concat!(env!("OUT_DIR"), "/train-before-test_evaluations.csv.gz")),
    ),
];

/// Models, benchmarks and scores of the paper.
#[derive(Debug, Clone)]
pub struct Tables {
    pub(super) models: Vec<TableModel>,
    /// Benchmarks with items, those of one category together.
    pub(super) benchmarks: Vec<TableBenchmark>,
    /// Corpora, measured in bits per byte.
    pub(super) corpora: Vec<TableBenchmark>,
    scores: HashMap<(String, String, Phase), (f64, f64)>,
}

/// One model.
#[derive(Debug, Clone)]
pub(super) struct TableModel {
    pub(super) name: String,
    pub(super) family: String,
    pub(super) maker: String,
    pub(super) tuning: Tuning,
    /// The base model that it is or was made from.
    pub(super) base: String,
    pub(super) compute: Flops,
    /// Whether the authors trust the compute and use it.
    pub(super) compute_is_sure: bool,
}

/// One benchmark or corpus.
#[derive(Debug, Clone)]
pub(super) struct TableBenchmark {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) category: Category,
    pub(super) measure: Measure,
    pub(super) items: Option<f64>,
    pub(super) chance: f64,
    pub(super) majority: Option<f64>,
}

/// What a model was trained to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tuning {
    Base,
    Chat,
}

impl FromStr for Tuning {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "base" => Ok(Self::Base),
            "chat" => Ok(Self::Chat),
            other => Err(Error::Argument(format!("`{other}` is neither base nor chat"))),
        }
    }
}

/// What a benchmark is about; in the order in which figures have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Category {
    Language,
    Commonsense,
    Answering,
    Science,
    Math,
    Medicine,
    Perplexity,
}

impl Category {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Language, "Language Understanding"),
        (Self::Commonsense, "Commonsense Reasoning"),
        (Self::Answering, "Question Answering"),
        (Self::Science, "Physics/Biology/Chemistry"),
        (Self::Math, "Math"),
        (Self::Medicine, "Medicine"),
        (Self::Perplexity, "perplexity"),
    ];

    /// A name that fits beside a figure.
    pub(super) fn short_name(self) -> &'static str {
        match self {
            Self::Language => "Language",
            Self::Commonsense => "Commonsense",
            Self::Answering => "Question answering",
            Self::Science => "Science",
            Self::Math => "Math",
            Self::Medicine => "Medicine",
            Self::Perplexity => "Perplexity",
        }
    }
}

impl FromStr for Category {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(category, _)| *category).ok_or_else(|| {
            let known = Self::ALL.map(|(_, name)| name).join(", ");
            Error::Argument(format!("unknown category `{text}`: {known} are known"))
        })
    }
}

/// The tables inside the program.
///
/// # Errors
/// None, unless the program was built from damaged tables.
pub fn tables() -> Result<Tables> {
    let folder = Path::new("data/train-before-test");
    assemble(FILES.map(|(name, columns, bytes)| Table::parse(bytes, &folder.join(name), columns)))
}

/// The text of a table inside the program (`models.csv`, `benchmarks.csv` or `evaluations.csv`).
pub fn table_text(file: &str) -> Option<String> {
    let (.., bytes) = FILES.iter().find(|(name, ..)| *name == file)?;
    String::from_utf8(unpacked(bytes).ok()?.into_owned()).ok()
}

/// The same tables from a folder: `models.csv`, `benchmarks.csv` and `evaluations.csv`.
///
/// # Errors
/// When a file cannot be read or a row cannot be used; the message names file, row and column.
pub(crate) fn tables_from(folder: &Path) -> Result<Tables> {
    assemble(FILES.map(|(name, columns, _)| Table::read(&folder.join(name), columns)))
}

fn assemble(tables: [Result<Table>; 3]) -> Result<Tables> {
    let [models, benchmarks, scores] = tables;
    let (models, benchmarks) = (models?, benchmarks?);
    let known = Models::from_table(&models)?;
    let scores = Scores::from_table(&scores?, Some(&known))?;
    let mut rows = (0..benchmarks.rows()).map(|row| benchmark(&benchmarks, row)).collect::<Result<Vec<_>>>()?;
    rows.sort_by_key(|benchmark| benchmark.category);
    let (corpora, benchmarks) = rows.into_iter().partition(|one| one.category == Category::Perplexity);
    let models = known.iter().enumerate().map(|(row, model)| {
        let unsure = models.optional_text(row, "unsure").unwrap_or_default();
        Ok(TableModel {
            name: model.name.clone(),
            family: model.family.clone(),
            maker: models.text(row, "maker")?.to_owned(),
            tuning: models.parsed(row, "kind")?,
            base: models.optional_text(row, "base_model").unwrap_or(&model.name).to_owned(),
            compute: model.compute(),
            compute_is_sure: unsure.split('+').all(|fact| fact != UNSURE_COMPUTE),
        })
    });
    let models = models.collect::<Result<Vec<_>>>()?;
    let entry = |o: &Observation| {
        let phase = if o.condition.adjustment == Adjustment::None { Phase::Unadjusted } else { Phase::Adjusted };
        ((o.benchmark.clone(), o.model.clone(), phase), (o.value, o.stderr.unwrap_or(f64::NAN)))
    };
    let tables = Tables { models, benchmarks, corpora, scores: scores.rows().iter().map(entry).collect() };
    tables.check()?;
    Ok(tables)
}

fn benchmark(table: &Table, row: usize) -> Result<TableBenchmark> {
    let metric: Metric = table.parsed(row, "metric")?;
    Ok(TableBenchmark {
        id: table.text(row, "benchmark")?.to_owned(),
        name: table.text(row, "name")?.to_owned(),
        category: table.parsed(row, "category")?,
        measure: metric.measure,
        items: table.optional_number(row, "items")?,
        chance: table.optional_number(row, "chance")?.unwrap_or(0.0),
        majority: table.optional_number(row, "majority")?,
    })
}

impl Tables {
    /// Every model has every benchmark under both conditions.
    fn check(&self) -> Result<()> {
        for benchmark in &self.benchmarks {
            for model in &self.models {
                for phase in Phase::BOTH {
                    let (score, _) = self.score(benchmark, model, phase);
                    if score.is_nan() {
                        let problem = format!("{} has no {phase} score on {}", model.name, benchmark.id);
                        return Err(Error::Undetermined(problem));
                    }
                }
            }
        }
        Ok(())
    }

    /// Places of the models that `keep` keeps.
    pub(super) fn those(&self, keep: impl Fn(&TableModel) -> bool) -> Vec<usize> {
        (0..self.models.len()).filter(|&i| keep(&self.models[i])).collect()
    }

    /// All models.
    pub(super) fn all(&self) -> Vec<usize> {
        self.those(|_| true)
    }

    /// Models that were scored on the corpora too.
    pub(super) fn with_corpora(&self) -> Vec<usize> {
        let has = |model: &TableModel| self.corpora.iter().all(|c| !self.score(c, model, Phase::Unadjusted).0.is_nan());
        self.those(has)
    }

    /// Score and standard error; NaN where there is none.
    fn score(&self, benchmark: &TableBenchmark, model: &TableModel, phase: Phase) -> (f64, f64) {
        let key = (benchmark.id.clone(), model.name.clone(), phase);
        self.scores.get(&key).copied().unwrap_or((f64::NAN, f64::NAN))
    }

    /// Scores of these models, the higher the better: bits per byte with a minus.
    pub(super) fn column(&self, benchmark: &TableBenchmark, phase: Phase, models: &[usize]) -> Vec<f64> {
        let turn = if benchmark.measure.falls() { -1.0 } else { 1.0 };
        models.iter().map(|&i| turn * self.score(benchmark, &self.models[i], phase).0).collect()
    }

    /// Their standard errors.
    pub(super) fn errors(&self, benchmark: &TableBenchmark, phase: Phase, models: &[usize]) -> Vec<f64> {
        models.iter().map(|&i| self.score(benchmark, &self.models[i], phase).1).collect()
    }

    /// One column a benchmark.
    pub(super) fn columns(&self, phase: Phase, models: &[usize]) -> Vec<Vec<f64>> {
        self.benchmarks.iter().map(|benchmark| self.column(benchmark, phase, models)).collect()
    }

    /// The noise of a benchmark's scores: from its items where scores are shares, else from the standard errors.
    pub(super) fn noise(&self, benchmark: &TableBenchmark, phase: Phase, models: &[usize]) -> Noise {
        match benchmark.items {
            Some(items) if benchmark.measure.is_binary() => Noise::Items(items),
            _ => Noise::StandardErrors(self.errors(benchmark, phase, models)),
        }
    }
}
