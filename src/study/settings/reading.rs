//! The tables of `study.toml`, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{
    AdjustmentRecipe, CommandSettings, ExampleSource, LAYOUTS, ModelSource, RunSettings, Served, SlurmSettings, Study,
    StudyEvaluation, StudyFit, StudyModel,
};
use crate::analysis::fit::{ChanceLevel, CurveChoice};
use crate::error::{Error, Result};
use crate::harness::server::{self, ServerApi, ServerSettings};
use crate::registry::{Model, known_models};
use crate::stats::curves::Curve;
use crate::stats::random::Seed;
use crate::study::cell::folder_name;
use crate::study::reader::{Problems, Section, parse};

impl Study {
    /// Reads and checks a file. Nothing is run and no data are read, but what the file names must be there.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::Settings`] with everything that is wrong.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        Self::read_and(file, &|_| Vec::new())
    }

    /// The same, where `look` examines what the file names (tasks, data, models). What it finds wrong is listed with the
    /// rest. It sees the study with stand-ins for what is wrong in the file itself.
    ///
    /// # Errors
    /// As for [`Study::read`].
    pub(crate) fn read_and(file: &Path, look: &dyn Fn(&Self) -> Vec<String>) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(Error::read(file))?;
        Self::check(&text, file, look)
    }

    /// The same from text; paths in it are relative to the folder of `file`.
    ///
    /// # Errors
    /// [`Error::Settings`] with everything that is wrong.
    pub fn parse(text: &str, file: &Path) -> Result<Self> {
        Self::check(text, file, &|_| Vec::new())
    }

    fn check(text: &str, file: &Path, look: &dyn Fn(&Self) -> Vec<String>) -> Result<Self> {
        let problems = Problems::new(file, text);
        let table = parse(text, &problems);
        let root = Section::new(&problems, "", Some(&table));
        let study = study(&problems, &root, file)?;
        root.finish();
        let found = look(&study);
        match problems.error(found) {
            Some(error) => Err(error),
            None => Ok(study),
        }
    }
}

struct Reading<'a> {
    problems: &'a Problems,
    folder: PathBuf,
}

/// What the tables say; problems are noted and have stand-ins.
pub(super) fn study(problems: &Problems, root: &Section<'_>, file: &Path) -> Result<Study> {
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    Reading { problems, folder }.study(root, file)
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
            slurm: SlurmSettings::read(&root.section("slurm")),
            command: CommandSettings::read(&root.section("command")),
            fit: fit(&root.section("fit")),
            imports,
        })
    }

    fn models(&self, root: &Section<'_>, adjusted: bool) -> Result<Vec<StudyModel>> {
        let known = known_models()?;
        let sections = root.sections("models");
        if sections.is_empty() {
            self.problems.add(1, "there is no model: each is a table [[models]]");
        }
        let (mut models, mut folders) = (Vec::with_capacity(sections.len()), BTreeMap::new());
        for section in &sections {
            let model = self.model(section, known.get(&section.required_text("name")), adjusted);
            section.finish();
            let folder = folder_name(&model.name).to_lowercase();
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
        let release = section.parsed("release").or_else(|| known.map(|known| known.release));
        for (key, found) in [("params", params.is_some()), ("tokens", tokens.is_some())] {
            if !found && !section.has(key) && !name.is_empty() {
                let problem = format!("`{key}` of `{name}` is not known: it is in no published table, so give it");
                section.problem("name", problem);
            }
        }
        let source = self.source(section);
        let adjust = section.flag("adjust");
        let served = matches!(source, Some(ModelSource::Server(_)));
        let gguf = matches!(&source, Some(ModelSource::Path(path)) if is_gguf(path));
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
            source: source.unwrap_or(ModelSource::Imported),
            adjust: adjust.unwrap_or(true) && adjusted,
            memory: section.bytes("memory"),
        }
    }

    fn source(&self, section: &Section<'_>) -> Option<ModelSource> {
        let path = section.text("path").map(|path| self.model_path(section, &path));
        let (server, served) = (section.text("server"), section.text("served_model"));
        for key in ["served_model", "concurrency", "server_api", "tokenizer", "api_key_file", "certificates"] {
            if section.has(key) && !section.has("server") {
                section.problem(key, format!("`{key}` is of no use without `server`"));
            }
        }
        let imported = section.flag("imported").unwrap_or(false);
        let mut sources: Vec<ModelSource> = path.map(ModelSource::Path).into_iter().collect();
        sources.extend(imported.then_some(ModelSource::Imported));
        if let Some(url) = server {
            if served.is_none() && !section.has("served_model") {
                section.problem("server", "`served_model` is missing: the name the server knows the model by");
            }
            sources.push(ModelSource::Server(self.served(section, &url, served.unwrap_or_default())));
        }
        let named = ["path", "server"].iter().filter(|key| section.has(key)).count() + usize::from(imported);
        if named != 1 {
            section.problem("name", "a model has one of `path`, `server` and `imported = true`");
        }
        sources.pop()
    }

    /// What is said of a server. One that is not there makes these keys useless, which is said elsewhere.
    fn served(&self, section: &Section<'_>, addresses: &str, model: String) -> Served {
        let urls: Vec<String> = addresses.split(',').map(|url| url.trim().to_owned()).collect();
        for error in urls.iter().filter_map(|url| server::address(url).err()) {
            section.problem("server", format!("`server`: {error}"));
        }
        let api = section.text("server_api").and_then(|text| {
            let read = text.parse::<ServerApi>();
            read.map_err(|error| section.problem("server_api", format!("`server_api`: {error}"))).ok()
        });
        let concurrency = section.at_least_one("concurrency").and_then(|n| usize::try_from(n).ok());
        let path = |key: &'static str| section.text(key).map(|path| self.there(section, key, &path));
        Served {
            urls,
            model,
            concurrency: concurrency.unwrap_or(ServerSettings::default().concurrency),
            api: api.unwrap_or_default(),
            tokenizer: path("tokenizer"),
            api_key_file: path("api_key_file"),
            certificates: path("certificates"),
        }
    }

    fn model_path(&self, section: &Section<'_>, path: &str) -> PathBuf {
        if !path.starts_with("hf:") {
            return self.there(section, "path", path);
        }
        if !cfg!(feature = "hub") {
            let problem = "`path`: models of the hub need a program built with the feature `hub`; or download the model and \
                           name its folder";
            section.problem("path", problem);
        }
        PathBuf::from(path)
    }

    fn evaluation(&self, section: &Section<'_>) -> StudyEvaluation {
        if !section.exists() {
            self.problems.add(1, "the table [evaluation] is missing");
        }
        let tasks = section.texts("tasks").unwrap_or_default();
        if section.exists() && tasks.is_empty() {
            section.problem("tasks", "`tasks` must name at least one task");
        }
        let tasks = tasks.into_iter().map(|task| self.task(task)).collect();
        let evaluation = StudyEvaluation {
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

    fn recipe(&self, section: &Section<'_>) -> Option<AdjustmentRecipe> {
        if !section.exists() {
            return None;
        }
        let name = section.required_text("name");
        if name == "none" {
            section.problem("name", "an adjustment cannot be called `none`");
        }
        let share = |key, default| {
            let share = section.number(key).unwrap_or(default);
            if !(0.0..=1.0).contains(&share) {
                section.problem(key, format!("`{key}` must be between 0 and 1"));
            }
            share
        };
        let each_task = section.flag("each_task").unwrap_or(false);
        let batch = section.at_least_one("batch").unwrap_or(64);
        let command = section.text("command");
        if each_task && command.is_some() {
            section
                .problem("command", "`command` has no place beside `each_task = true`: every epoch of it is evaluated");
        }
        if command.as_ref().is_some_and(|command| !command.contains("{out}")) {
            section.problem("command", "`command` must hold {out}, the folder for the trainer's checkpoints");
        }
        let recipe = AdjustmentRecipe {
            name: name.parse().unwrap_or_default(),
            command,
            source: if each_task { splits(section) } else { self.files(section, batch) },
            epochs: section.at_least_one("epochs").unwrap_or(if each_task { 5 } else { 1 }),
            batch,
            learning_rate: section.positive("learning_rate").unwrap_or(2e-5),
            floor: share("floor", 0.1),
            warmup: share("warmup", 0.01),
            weight_decay: section.number("weight_decay").unwrap_or(0.1),
            block: section.at_least_one("block").unwrap_or(600),
            end_token: section.flag("end_token").unwrap_or(true),
        };
        if recipe.weight_decay < 0.0 {
            section.problem("weight_decay", "`weight_decay` must not be negative");
        }
        section.finish();
        Some(recipe)
    }

    /// Examples in files.
    fn files(&self, section: &Section<'_>, batch: u64) -> ExampleSource {
        let data = self.paths(section, "data");
        if data.is_empty() {
            section.problem(
                "data",
                "`data` must name at least one file of examples; `each_task = true` takes each task's training split",
            );
        }
        let checkpoints = section.counts("checkpoints").unwrap_or_default();
        let ascending = checkpoints.windows(2).all(|pair| pair[0] < pair[1]);
        if checkpoints.is_empty() || checkpoints[0] == 0 || !ascending {
            section.problem("checkpoints", "`checkpoints` must be ascending numbers of task examples above 0");
        }
        let layout = section.text("layout").unwrap_or_else(|| "prompts".into());
        if !LAYOUTS.contains(&layout.as_str()) {
            section.problem("layout", format!("unknown layout `{layout}`; known: {}", LAYOUTS.join(", ")));
        }
        if let Some(odd) = checkpoints.iter().find(|examples| *examples % batch != 0) {
            let problem = format!("checkpoint {odd} is no multiple of `batch` ({batch}): steps are whole");
            section.problem("checkpoints", problem);
        }
        for key in ["validation", "examples"] {
            section.refuse(key, "is for `each_task = true`");
        }
        ExampleSource::Files { data, layout, checkpoints }
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

/// Examples in the tasks' own training splits.
fn splits(section: &Section<'_>) -> ExampleSource {
    for key in ["data", "layout", "checkpoints"] {
        section.refuse(key, "has no place beside `each_task = true`: examples are those of each task's training split");
    }
    let validation = section.number("validation").unwrap_or(0.1);
    if !(validation > 0.0 && validation < 1.0) {
        section.problem("validation", "`validation` must be a share above 0 and below 1");
    }
    ExampleSource::EachTask { validation, most: section.at_least_one("examples") }
}

fn run(section: &Section<'_>) -> RunSettings {
    let run = RunSettings {
        device: section.text("device").unwrap_or_else(|| "cpu".into()),
        dtype: section.text("dtype").unwrap_or_else(|| "f32".into()),
        memory: section.bytes("memory"),
        cells: section.at_least_one("cells").and_then(|cells| usize::try_from(cells).ok()),
    };
    let (device, number) = run.device.split_once(':').unwrap_or((run.device.as_str(), "0"));
    if !["cpu", "cuda", "metal"].contains(&device) || number.parse::<usize>().is_err() {
        section.problem("device", format!("unknown device `{}`: cpu, cuda, cuda:N and metal are known", run.device));
    }
    if !["f32", "bf16", "f16"].contains(&run.dtype.as_str()) {
        section.problem("dtype", format!("unknown dtype `{}`: f32, bf16 and f16 are known", run.dtype));
    }
    section.finish();
    run
}

fn fit(section: &Section<'_>) -> StudyFit {
    let metrics = section.texts("metrics").unwrap_or_default();
    let metrics = metrics.iter().filter_map(|pair| {
        let split = pair.split_once('=').map(|(benchmark, metric)| (benchmark.trim().into(), metric.trim().into()));
        if split.is_none() {
            section.problem("metrics", format!("`{pair}` is not written as BENCHMARK=METRIC"));
        }
        split
    });
    let chance = section.number_or_text("chance").and_then(|text| section.read("chance", &text));
    if let Some(ChanceLevel::Given(level)) = chance
        && !(0.0..1.0).contains(&level)
    {
        section.problem("chance", "`chance` must be at least 0 and below 1");
    }
    let fit = StudyFit {
        benchmarks: section.texts("benchmarks").unwrap_or_default(),
        metrics: metrics.collect(),
        chance: chance.unwrap_or_default(),
        cutoff: section.parsed("cutoff").unwrap_or_default(),
        curve: section.parsed("curve").unwrap_or(CurveChoice::One(Curve::Hinge)),
        bootstrap: section.at_least_one("bootstrap").and_then(|n| usize::try_from(n).ok()).unwrap_or(1_999),
        seed: Seed(section.count("seed").unwrap_or(0)),
    };
    section.finish();
    fit
}

fn has_twice(seeds: &[u64]) -> bool {
    seeds.iter().collect::<BTreeSet<_>>().len() < seeds.len()
}

/// Whether the model is a GGUF file, which holds quantised weights.
fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}
