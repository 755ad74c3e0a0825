//! `study.toml`: what a study is, read and checked as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::reader::{Problems, Section, parse};
use super::slurm::Slurm;
use crate::error::{Error, Result};
use crate::registry::{Adjustment, Model, Month, published};

/// The layouts of training data that an adjustment can name.
pub const LAYOUTS: [&str; 4] = ["mmlu-aux", "metamath", "orca-math", "prompts"];

/// A study: models × tasks × numbers of task examples × seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// The file it was read from.
    pub file: PathBuf,
    /// Its name.
    pub name: String,
    /// Where everything is written.
    pub output: PathBuf,
    /// Seeds of the adjustment, each a replicate.
    pub seeds: Vec<u64>,
    /// The models.
    pub models: Vec<StudyModel>,
    /// What the models are asked.
    pub evaluation: Evaluation,
    /// What they are fine-tuned on; `None` when they are only evaluated as they are.
    pub adjustment: Option<Recipe>,
    /// Where cells run on this machine.
    pub run: Run,
    /// How cells run on a cluster.
    pub slurm: Slurm,
    /// What is fitted to the results.
    pub fit: Fit,
    /// Results of lm-evaluation-harness that are joined with those of the cells.
    pub imports: Vec<PathBuf>,
}

/// A model of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyModel {
    /// Name in tables and figures.
    pub name: String,
    /// Models of one recipe and one data set.
    pub family: String,
    /// Number of parameters.
    pub params: f64,
    /// Number of training tokens.
    pub tokens: f64,
    /// Month of release, where known.
    pub release: Option<Month>,
    /// Where it is.
    pub source: Source,
    /// Whether it is fine-tuned.
    pub adjust: bool,
    /// Memory its cell needs in bytes, where the estimate is known to be wrong.
    pub memory: Option<u64>,
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder as on the hub, a GGUF file, or a model of the hub written `hf:ORGANISATION/NAME`.
    Path(PathBuf),
    /// Nowhere: its scores are imported, and only its facts are needed.
    Imported,
    /// Behind a completions server.
    Server {
        /// Its address.
        url: String,
        /// The name it serves the model by.
        model: String,
    },
}

/// What the models are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Names or patterns of tasks and groups, or YAML files.
    pub tasks: Vec<String>,
    /// Files and folders with definitions of tasks beside the built-in ones.
    pub include: Vec<PathBuf>,
    /// Folder of the tasks' data.
    pub data: Option<PathBuf>,
    /// Examples in the prompt; each task's own number when `None`.
    pub shots: Option<u64>,
    /// Only the first so many items of each task.
    pub limit: Option<u64>,
    /// Whether a prompt that is longer than the context loses its beginning; otherwise it is an error.
    pub truncate: bool,
    /// Whether every item with its answer stays in the cells' folders, in files of lm-evaluation-harness's layout.
    pub keep: bool,
}

/// On what and how models are fine-tuned.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    /// Name of the adjustment in tables.
    pub name: Adjustment,
    /// Files of examples, or folders of them.
    pub data: Vec<PathBuf>,
    /// Their layout, one of [`LAYOUTS`].
    pub layout: String,
    /// Passes over the data.
    pub epochs: u64,
    /// Sequences per optimiser step.
    pub batch: u64,
    /// Peak of the learning rate.
    pub learning_rate: f64,
    /// Its end, as a share of the peak.
    pub floor: f64,
    /// Share of the steps in which it rises.
    pub warmup: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Longest sequence in tokens; longer ones lose their beginning.
    pub block: u64,
    /// Whether the tokenizer's end token follows each example.
    pub end_token: bool,
    /// Numbers of task examples seen after which models are evaluated, ascending.
    pub checkpoints: Vec<u64>,
}

/// Where cells run on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// `cpu`, `cuda`, `cuda:1` or `metal`.
    pub device: String,
    /// `f32`, `bf16` or `f16`.
    pub dtype: String,
    /// Memory all cells together may take, in bytes; what is free when `None`.
    pub memory: Option<u64>,
    /// Cells side by side at most; one per core, or one on an accelerator, when `None`.
    pub cells: Option<usize>,
}

/// What is fitted to the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Benchmarks that are fitted; all that were evaluated when empty.
    pub benchmarks: Vec<String>,
    /// Metric of a benchmark, where its own is not meant.
    pub metrics: BTreeMap<String, String>,
    /// Score of a guess: a number, `known` or `free`.
    pub chance: String,
    /// Release month of the group under comparison: a month, `auto` or `none`.
    pub cutoff: String,
    /// `hinge`, another curve, or `all`.
    pub curve: String,
    /// Replicates of every bootstrap.
    pub bootstrap: usize,
    /// Seed of the random draws.
    pub seed: u64,
}

impl Study {
    /// Reads and checks a file. Nothing is run and no data are read, but what the file names must be there.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Settings`] with everything that is wrong.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(Error::read(file))?;
        Self::parse(&text, file)
    }

    /// The same from text; paths in it are relative to the folder of `file`.
    ///
    /// # Errors
    /// [`Error::Settings`] with everything that is wrong.
    pub fn parse(text: &str, file: &Path) -> Result<Self> {
        let problems = Problems::new(file, text);
        let table = parse(text, &problems);
        let root = Section::new(&problems, "", Some(&table));
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let study = Reading { problems: &problems, folder }.study(&root, file)?;
        root.finish();
        match problems.error() {
            Some(error) => Err(error),
            None => Ok(study),
        }
    }
}

struct Reading<'a> {
    problems: &'a Problems,
    folder: PathBuf,
}

impl Reading<'_> {
    fn study(&self, root: &Section<'_>, file: &Path) -> Result<Study> {
        let section = root.section("study");
        if !section.exists() {
            self.problems.add(1, "the table [study] is missing");
        }
        let name = if section.exists() { section.required_text("name") } else { String::new() };
        let output = section.text("output").unwrap_or_else(|| name.clone());
        let seeds = section.counts("seeds").unwrap_or_else(|| vec![0]);
        if seeds.is_empty() || has_twice(&seeds) {
            section.problem("seeds", "`seeds` must be different numbers, at least one");
        }
        section.finish();
        let adjustment = self.recipe(&root.section("adjustment"));
        let evaluation = self.evaluation(&root.section("evaluation"));
        let models = self.models(root, adjustment.is_some())?;
        let import = root.section("import");
        let imports = self.paths(&import, "lm_eval");
        import.finish();
        Ok(Study {
            file: file.to_owned(),
            name,
            output: self.folder.join(output),
            seeds,
            models,
            evaluation,
            adjustment,
            run: run(&root.section("run")),
            slurm: Slurm::read(&root.section("slurm")),
            fit: fit(&root.section("fit")),
            imports,
        })
    }

    fn models(&self, root: &Section<'_>, adjusted: bool) -> Result<Vec<StudyModel>> {
        let known = published()?.models;
        let sections = root.sections("models");
        if sections.is_empty() {
            self.problems.add(1, "there is no model: each is a table [[models]]");
        }
        let (mut models, mut folders) = (Vec::with_capacity(sections.len()), BTreeMap::new());
        for section in &sections {
            let model = self.model(section, known.get(&section.required_text("name")), adjusted);
            section.finish();
            let folder = super::cell::folder_name(&model.name).to_lowercase();
            if let Some(first) = folders.insert(folder, section.line_of("name")) {
                section.problem("name", format!("`{}` has the name of the model on line {first}", model.name));
            }
            models.push(model);
        }
        Ok(models)
    }

    fn model(&self, section: &Section<'_>, known: Option<&Model>, adjusted: bool) -> StudyModel {
        let name = section.text("name").unwrap_or_default();
        let family = section.text("family").or_else(|| known.map(|known| known.family.clone()));
        let params = section.positive("params").or_else(|| known.map(|known| known.params));
        let tokens = section.positive("tokens").or_else(|| known.map(|known| known.tokens));
        let release = section.parsed("release", str::parse).or_else(|| known.map(|known| known.release));
        for (key, found) in [("params", params.is_some()), ("tokens", tokens.is_some())] {
            if !found && !section.has(key) && !name.is_empty() {
                let problem = format!("`{key}` of `{name}` is not known: it is in no published table, so give it");
                section.problem("name", problem);
            }
        }
        let source = self.source(section);
        let adjust = section.flag("adjust");
        let served = matches!(source, Some(Source::Server { .. }));
        let gguf = matches!(&source, Some(Source::Path(path)) if is_gguf(path));
        if adjusted && adjust != Some(false) && (served || gguf) {
            let what = if served { "behind a server" } else { "in a GGUF file" };
            section.problem("name", format!("a model {what} cannot be fine-tuned: set `adjust = false` for `{name}`"));
        }
        StudyModel {
            family: family.unwrap_or_else(|| name.clone()),
            name,
            params: params.unwrap_or(1.0),
            tokens: tokens.unwrap_or(1.0),
            release,
            // Whatever stands in for a missing source is never used: the missing one is a problem.
            source: source.unwrap_or(Source::Imported),
            adjust: adjust.unwrap_or(true) && adjusted,
            memory: section.bytes("memory"),
        }
    }

    fn source(&self, section: &Section<'_>) -> Option<Source> {
        let on_hub = |path: &str| path.starts_with("hf:").then(|| PathBuf::from(path));
        let path = section.text("path").map(|path| on_hub(&path).unwrap_or_else(|| self.there(section, "path", &path)));
        let (server, served) = (section.text("server"), section.text("served_model"));
        if served.is_some() && server.is_none() {
            section.problem("served_model", "`served_model` is of no use without `server`");
        }
        let imported = section.flag("imported").unwrap_or(false);
        let mut sources: Vec<Source> = path.map(Source::Path).into_iter().collect();
        sources.extend(imported.then_some(Source::Imported));
        if let Some(url) = server {
            if served.is_none() && !section.has("served_model") {
                section.problem("server", "`served_model` is missing: the name the server knows the model by");
            }
            sources.push(Source::Server { url, model: served.unwrap_or_default() });
        }
        let named = ["path", "server"].iter().filter(|key| section.has(key)).count() + usize::from(imported);
        if named != 1 {
            section.problem("name", "a model has one of `path`, `server` and `imported = true`");
        }
        sources.pop()
    }

    fn evaluation(&self, section: &Section<'_>) -> Evaluation {
        if !section.exists() {
            self.problems.add(1, "the table [evaluation] is missing");
        }
        let tasks = section.texts("tasks").unwrap_or_default();
        if section.exists() && tasks.is_empty() {
            section.problem("tasks", "`tasks` must name at least one task");
        }
        let tasks = tasks.into_iter().map(|task| self.task(task)).collect();
        let evaluation = Evaluation {
            tasks,
            include: self.paths(section, "include"),
            data: section.text("data").map(|path| self.there(section, "data", &path)),
            shots: section.count("shots"),
            limit: section.at_least_one("limit"),
            truncate: section.flag("truncate").unwrap_or(false),
            keep: section.flag("keep").unwrap_or(false),
        };
        section.finish();
        evaluation
    }

    /// A task that is a file is meant from the folder of the study.
    fn task(&self, task: String) -> String {
        let file = task.ends_with(".yaml") || task.ends_with(".yml");
        if file { self.folder.join(&task).to_string_lossy().into_owned() } else { task }
    }

    fn recipe(&self, section: &Section<'_>) -> Option<Recipe> {
        if !section.exists() {
            return None;
        }
        let name = section.required_text("name");
        if name == "none" {
            section.problem("name", "an adjustment cannot be called `none`");
        }
        let data = self.paths(section, "data");
        if data.is_empty() {
            section.problem("data", "`data` must name at least one file of examples");
        }
        let checkpoints = section.counts("checkpoints").unwrap_or_default();
        let ascending = checkpoints.windows(2).all(|pair| pair[0] < pair[1]);
        if checkpoints.is_empty() || checkpoints[0] == 0 || !ascending {
            section.problem("checkpoints", "`checkpoints` must be ascending numbers of task examples above 0");
        }
        let share = |key, default| {
            let share = section.number(key).unwrap_or(default);
            if !(0.0..=1.0).contains(&share) {
                section.problem(key, format!("`{key}` must be between 0 and 1"));
            }
            share
        };
        let recipe = Recipe {
            name: name.parse().unwrap_or_default(),
            data,
            layout: section.text("layout").unwrap_or_else(|| "prompts".into()),
            epochs: section.at_least_one("epochs").unwrap_or(1),
            batch: section.at_least_one("batch").unwrap_or(64),
            learning_rate: section.positive("learning_rate").unwrap_or(2e-5),
            floor: share("floor", 0.1),
            warmup: share("warmup", 0.01),
            weight_decay: section.number("weight_decay").unwrap_or(0.1),
            block: section.at_least_one("block").unwrap_or(600),
            end_token: section.flag("end_token").unwrap_or(true),
            checkpoints,
        };
        if !LAYOUTS.contains(&recipe.layout.as_str()) {
            section.problem("layout", format!("unknown layout `{}`; known: {}", recipe.layout, LAYOUTS.join(", ")));
        }
        if let Some(odd) = recipe.checkpoints.iter().find(|examples| *examples % recipe.batch != 0) {
            let problem = format!("checkpoint {odd} is no multiple of `batch` ({}): steps are whole", recipe.batch);
            section.problem("checkpoints", problem);
        }
        if recipe.weight_decay < 0.0 {
            section.problem("weight_decay", "`weight_decay` must not be negative");
        }
        section.finish();
        Some(recipe)
    }

    fn paths(&self, section: &Section<'_>, key: &'static str) -> Vec<PathBuf> {
        section.texts(key).unwrap_or_default().iter().map(|path| self.there(section, key, path)).collect()
    }

    /// The path from the folder of the study; that nothing is there is a problem.
    fn there(&self, section: &Section<'_>, key: &str, path: &str) -> PathBuf {
        let whole = self.folder.join(path);
        if let Err(error) = std::fs::metadata(&whole) {
            section.problem(key, format!("`{key}`: cannot read {}: {error}", whole.display()));
        }
        whole
    }
}

fn run(section: &Section<'_>) -> Run {
    let run = Run {
        device: section.text("device").unwrap_or_else(|| "cpu".into()),
        dtype: section.text("dtype").unwrap_or_else(|| "f32".into()),
        memory: section.bytes("memory"),
        cells: section.at_least_one("cells").and_then(|cells| usize::try_from(cells).ok()),
    };
    let device = run.device.split(':').next().unwrap_or_default();
    if !["cpu", "cuda", "metal"].contains(&device) {
        section.problem("device", format!("unknown device `{}`: cpu, cuda, cuda:N and metal are known", run.device));
    }
    if !["f32", "bf16", "f16"].contains(&run.dtype.as_str()) {
        section.problem("dtype", format!("unknown dtype `{}`: f32, bf16 and f16 are known", run.dtype));
    }
    section.finish();
    run
}

fn fit(section: &Section<'_>) -> Fit {
    let metrics = section.texts("metrics").unwrap_or_default();
    let metrics = metrics.iter().filter_map(|pair| {
        let split = pair.split_once('=').map(|(benchmark, metric)| (benchmark.trim().into(), metric.trim().into()));
        if split.is_none() {
            section.problem("metrics", format!("`{pair}` is not written as BENCHMARK=METRIC"));
        }
        split
    });
    let chance = section.number("chance").map(|level| level.to_string());
    let fit = Fit {
        benchmarks: section.texts("benchmarks").unwrap_or_default(),
        metrics: metrics.collect(),
        chance: chance.unwrap_or_else(|| "known".into()),
        cutoff: section.text("cutoff").unwrap_or_else(|| "auto".into()),
        curve: section.text("curve").unwrap_or_else(|| "hinge".into()),
        bootstrap: section.at_least_one("bootstrap").and_then(|n| usize::try_from(n).ok()).unwrap_or(1_999),
        seed: section.count("seed").unwrap_or(0),
    };
    if !["auto", "none"].contains(&fit.cutoff.as_str()) && fit.cutoff.parse::<Month>().is_err() {
        section.problem("cutoff", format!("`{}` is not a month such as 2023-11, auto or none", fit.cutoff));
    }
    if !["all", "hinge", "linear", "segmented", "logistic", "richards"].contains(&fit.curve.as_str()) {
        let known = "hinge, linear, segmented, logistic, richards and all";
        section.problem("curve", format!("unknown curve `{}`: {known} are known", fit.curve));
    }
    section.finish();
    fit
}

fn has_twice(seeds: &[u64]) -> bool {
    seeds.iter().collect::<BTreeSet<_>>().len() < seeds.len()
}

/// Whether the model is a GGUF file, which holds quantised weights.
pub(super) fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}
