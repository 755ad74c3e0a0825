//! Fine-tuning by a trainer that is not onset's own: it gets the data and a recipe, and its checkpoints are evaluated.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::evaluating::Real;
use super::training::{BESIDE_WEIGHTS, count};
use crate::error::{Error, Result};
use crate::harness::runner::{Loaded, evaluate};
use crate::lm::Placement;
use crate::registry::{Condition, disk, write};
use crate::study::settings::{AdjustmentRecipe, ExampleSource};
use crate::study::shell::{plain, shell};
use crate::study::work::CellRun;
use crate::train::data::Example;

/// How often the trainer is looked after.
const LOOK: Duration = Duration::from_millis(200);

/// Files of a tokenizer, which trainers do not always save with a checkpoint.
const TOKENIZER: [&str; 6] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
];

/// Trains the model at `path` with the recipe's command and evaluates every checkpoint that has no scores.
pub(super) fn run(
    work: &Real,
    recipe: &AdjustmentRecipe,
    command: &str,
    run: &mut CellRun<'_>,
    path: &Path,
    placement: &Placement,
) -> Result<()> {
    let ExampleSource::Files { checkpoints, .. } = &recipe.source else { return Ok(()) };
    let examples = work.examples(recipe)?;
    let all = examples.len().saturating_mul(count(recipe.epochs));
    if let Some(beyond) = checkpoints.iter().find(|examples| count(**examples) > all) {
        return Err(Error::Argument(format!("checkpoint {beyond} is never reached: the data give {all} examples")));
    }
    let place = Place { folder: run.training_folder(), model: path.to_owned(), seed: run.cell().seed };
    let last = checkpoints.last().copied().unwrap_or_default();
    // What an earlier run trained is of use only if it was the same in everything.
    let key = run.cell().conditions.last().map(|condition| run.key(condition).to_owned()).unwrap_or_default();
    let ended = place.folder.join("ended");
    if std::fs::read_to_string(&ended).ok().as_deref() != Some(key.as_str()) {
        if place.folder.exists() {
            disk::remove(&place.folder).map_err(Error::write(&place.folder))?;
        }
        place.prepare(recipe, checkpoints, &examples)?;
        train(work, run, command, &place, checkpoints, last)?;
        write::bytes(&ended, key.as_bytes())?;
    }
    let missing = run.missing();
    let of_checkpoints = missing.into_iter().filter_map(|condition| Some((condition.examples?, condition)));
    let name = run.cell().model.name.clone();
    for (examples, condition) in of_checkpoints.collect::<Vec<(u64, Condition)>>() {
        let folder = place.checkpoint(examples, recipe.batch, examples == last)?;
        place.complete(&folder)?;
        let loaded = Loaded::load(&folder, placement, Some(&name), BESIDE_WEIGHTS)?;
        let whole = run.cell().conditions.len().max(1) as f64;
        let done = whole - run.missing().len() as f64;
        let subject = loaded.subject();
        work.evaluate(run, &condition, (done / whole, (done + 1.0) / whole), |settings, watch| {
            evaluate(&subject, settings, watch)
        })?;
    }
    Ok(())
}

/// Where a trainer works.
struct Place {
    folder: PathBuf,
    model: PathBuf,
    seed: u64,
}

impl Place {
    fn data(&self) -> PathBuf {
        self.folder.join("recipe/train.jsonl")
    }

    fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    /// Writes the data and the recipe in the forms that trainers read.
    fn prepare(&self, recipe: &AdjustmentRecipe, checkpoints: &[u64], examples: &[Example]) -> Result<()> {
        let folder = self.folder.join("recipe");
        for folder in [&folder, &self.out()] {
            std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
        }
        let line =
            |example: &Example| format!("{}\n", json!({"prompt": example.prompt, "completion": example.completion}));
        write::bytes(&self.data(), examples.iter().map(line).collect::<String>().as_bytes())?;
        let numbers = Numbers::of(recipe, checkpoints);
        let (model, data, out) = (plain(&self.model)?, plain(&self.data())?, plain(&self.out())?);
        let whole = json!({
            "model": model, "data": data, "out": out, "seed": self.seed, "checkpoints": checkpoints,
            "epochs": recipe.epochs, "batch": recipe.batch, "learning_rate": recipe.learning_rate,
            "floor": recipe.floor, "warmup": recipe.warmup, "weight_decay": recipe.weight_decay,
            "block": recipe.block, "end_token": recipe.end_token, "steps": numbers.steps, "save_steps": numbers.save,
        });
        let names = [&model, &data, &out];
        for (name, text) in [
            ("recipe.json", format!("{whole:#}\n")),
            ("trl.yaml", numbers.trl(recipe, names, self.seed)),
            ("axolotl.yaml", numbers.axolotl(recipe, names, self.seed)),
            ("torchtune.yaml", numbers.torchtune(recipe, names, self.seed)),
        ] {
            write::bytes(&folder.join(name), text.as_bytes())?;
        }
        Ok(())
    }

    /// The model after so many examples, under the names that trainers give it.
    fn checkpoint(&self, examples: u64, batch: u64, last: bool) -> Result<PathBuf> {
        let (out, step) = (self.out(), examples / batch.max(1));
        let names = [format!("examples-{examples}"), format!("checkpoint-{step}"), format!("step_{step}")];
        let mut places: Vec<PathBuf> = names.iter().map(|name| out.join(name)).collect();
        places.extend(last.then(|| out.clone()));
        let found = places.into_iter().find(|place| place.join("config.json").is_file());
        found.ok_or_else(|| Error::File {
            path: out,
            problem: format!(
                "the trainer left no model after {examples} examples: {} is looked for, each with a config.json{}",
                names.join(", "),
                if last { ", or one in the folder itself" } else { "" }
            ),
        })
    }

    /// Puts the model's tokenizer beside a checkpoint that has none.
    fn complete(&self, checkpoint: &Path) -> Result<()> {
        let base =
            if self.model.is_dir() { self.model.as_path() } else { self.model.parent().unwrap_or(Path::new("")) };
        if TOKENIZER.iter().any(|name| *name != "special_tokens_map.json" && checkpoint.join(name).exists()) {
            return Ok(());
        }
        for name in TOKENIZER.iter().filter(|name| base.join(name).is_file()) {
            let to = checkpoint.join(name);
            std::fs::copy(base.join(name), &to).map_err(Error::write(&to))?;
        }
        Ok(())
    }
}

/// Runs the command until it ends, or until the cell is stopped.
fn train(work: &Real, run: &CellRun<'_>, command: &str, place: &Place, checkpoints: &[u64], last: u64) -> Result<()> {
    let all: Vec<String> = checkpoints.iter().map(u64::to_string).collect();
    let (model, data, out) = (plain(&place.model)?, plain(&place.data())?, plain(&place.out())?);
    let (recipe, seed, last, all) =
        (plain(&place.folder.join("recipe"))?, place.seed.to_string(), last.to_string(), all.join(","));
    let words = [
        ("model", model.as_str()),
        ("data", &data),
        ("out", &out),
        ("recipe", &recipe),
        ("examples", &last),
        ("checkpoints", &all),
        ("seed", &seed),
    ];
    let path = place.folder.join("trainer.log");
    let log = File::create(&path).map_err(Error::write(&path))?;
    let mut shell = shell(&work.study, command, &words)?;
    shell.stdout(Stdio::from(log.try_clone().map_err(Error::write(&path))?)).stderr(Stdio::from(log));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    let failed = |problem: String| Error::Executor { name: "the trainer", problem };
    let mut child = shell.spawn().map_err(|error| failed(format!("`sh` cannot be run ({error})")))?;
    let stop = run.stop();
    let whole = run.cell().conditions.len().max(1) as f64;
    let share = (whole - run.missing().len() as f64) / whole;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
        let heard = run.progress(share, "training with the study's command");
        if stop.load(Ordering::Relaxed) || heard.is_err() {
            end(&mut child);
            return heard.and(Err(Error::Interrupted));
        }
        std::thread::sleep(LOOK);
    };
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("without a word").to_owned();
    // The log goes with the cell's folder for training; its last line says most.
    Err(failed(format!("{status}: {line}")))
}

/// Ends the trainer and all that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    let _ = std::process::Command::new("sh").arg("-c").arg(format!("kill -- -{}", child.id())).status();
    #[cfg(not(unix))]
    let _ = child.kill();
    let _ = child.wait();
}

/// Numbers of a recipe as trainers count them.
struct Numbers {
    /// Steps of the optimiser.
    steps: u64,
    /// Steps from one checkpoint to the next that falls on all that are asked for.
    save: u64,
    /// Sequences that a device takes at a time, and how often before a step.
    device: u64,
    accumulate: u64,
}

impl Numbers {
    fn of(recipe: &AdjustmentRecipe, checkpoints: &[u64]) -> Self {
        let batch = recipe.batch.max(1);
        let steps = checkpoints.last().copied().unwrap_or_default() / batch;
        let save = checkpoints.iter().fold(0, |a, b| divisor(a, b / batch)).max(1);
        let device = divisor(batch, 8);
        Self { steps, save, device, accumulate: batch / device }
    }

    /// `trl sft --config`, also under `torchrun` or `accelerate launch` on one device.
    fn trl(&self, recipe: &AdjustmentRecipe, [model, data, out]: [&String; 3], seed: u64) -> String {
        let Self { steps, save, device, accumulate } = self;
        let AdjustmentRecipe { learning_rate, floor, warmup, weight_decay, block, .. } = recipe;
        format!(
            "model_name_or_path: \"{model}\"\ndatasets:\n  - path: json\n    data_files: \"{data}\"\n    split: train\n\
             output_dir: \"{out}\"\nseed: {seed}\nmax_steps: {steps}\nper_device_train_batch_size: {device}\n\
             gradient_accumulation_steps: {accumulate}\nlearning_rate: {learning_rate:?}\n\
             lr_scheduler_type: cosine_with_min_lr\nlr_scheduler_kwargs: {{\"min_lr_rate\": {floor:?}}}\n\
             warmup_ratio: {warmup:?}\nweight_decay: {weight_decay:?}\nmax_length: {block}\n\
             completion_only_loss: true\nsave_strategy: steps\nsave_steps: {save}\nsave_only_model: true\n\
             report_to: none\n"
        )
    }

    /// `axolotl train`.
    fn axolotl(&self, recipe: &AdjustmentRecipe, [model, data, out]: [&String; 3], seed: u64) -> String {
        let Self { steps, save, device, accumulate } = self;
        let AdjustmentRecipe { learning_rate, floor, warmup, weight_decay, block, .. } = recipe;
        format!(
            "base_model: \"{model}\"\ndatasets:\n  - path: \"{data}\"\n    ds_type: json\n    type:\n      \
             field_instruction: prompt\n      field_output: completion\n      format: \"{{instruction}}\"\n      \
             no_input_format: \"{{instruction}}\"\ntrain_on_inputs: false\noutput_dir: \"{out}\"\nseed: {seed}\n\
             max_steps: {steps}\nmicro_batch_size: {device}\ngradient_accumulation_steps: {accumulate}\n\
             optimizer: adamw_torch\nlearning_rate: {learning_rate:?}\nlr_scheduler: cosine\n\
             cosine_min_lr_ratio: {floor:?}\nwarmup_ratio: {warmup:?}\nweight_decay: {weight_decay:?}\n\
             sequence_len: {block}\nsample_packing: false\nsave_steps: {save}\nsave_only_model: true\n"
        )
    }

    /// `tune run`: what is laid over a configuration that names the model's parts.
    fn torchtune(&self, recipe: &AdjustmentRecipe, [model, data, out]: [&String; 3], seed: u64) -> String {
        let Self { steps, device, accumulate, .. } = self;
        let AdjustmentRecipe { learning_rate, weight_decay, block, epochs, .. } = recipe;
        format!(
            "# The parts `model` and `tokenizer._component_` are those of torchtune's own configuration of the model.\n\
             dataset:\n  _component_: torchtune.datasets.instruct_dataset\n  source: json\n  data_files: \"{data}\"\n  \
             split: train\n  column_map: {{\"input\": \"prompt\", \"output\": \"completion\"}}\n  \
             train_on_input: false\ntokenizer:\n  max_seq_len: {block}\ncheckpointer:\n  checkpoint_dir: \"{model}\"\n  \
             output_dir: \"{out}\"\noutput_dir: \"{out}\"\nseed: {seed}\nepochs: {epochs}\n\
             max_steps_per_epoch: {steps}\nbatch_size: {device}\ngradient_accumulation_steps: {accumulate}\n\
             optimizer:\n  _component_: torch.optim.AdamW\n  lr: {learning_rate:?}\n  weight_decay: {weight_decay:?}\n"
        )
    }
}

/// The greatest number that divides both.
fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}
