//! Training: the published trajectories, and that nothing but what is meant changes a number.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lm::{Config, Decoder, Feed, Placement, Weights};
use crate::train::{
    Checkpoint, Ending, Length, Lora, ModelFiles, Next, Observer, RunFolder, Schedule, Sequence, TrainSettings,
    TrainStep, Trainer, Warmup, check_training, merge, random_weights,
};
use crate::{Error, Result};
use candle_core::{DType, Device, Tensor};

use crate::support::{Outcome, fixture};

/// Two ways to order the additions of a sum of some thousand single-precision numbers.
const ROUNDING: f64 = 1e-5;

fn models() -> PathBuf {
    fixture("models")
}

fn fixtures() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(models()).expect("the fixtures are there");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders
}

fn loaded(folder: &Path) -> Result<(Config, HashMap<String, Tensor>)> {
    Ok((Config::read(folder)?, Weights::open(folder, &Device::Cpu, DType::F32)?.all()?))
}

/// Sequences of different lengths, some longer than others, some with a prompt.
fn data() -> Vec<Sequence> {
    let tokens = |number: usize| (0..6 + number * 5 % 17).map(move |i| ((i * 37 + number * 11) % 157 + 3) as u32);
    (0..11).map(|number| Sequence { tokens: tokens(number).collect(), from: 1 + number % 4 }).collect()
}

fn settings() -> TrainSettings {
    TrainSettings {
        batch: 4,
        length: Length::Steps(9),
        schedule: Schedule { peak: 3e-3, warmup: Warmup::Steps(2), ..Schedule::default() },
        pass_tokens: 40,
        checkpoints: vec![12],
        ..TrainSettings::default()
    }
}

fn trainer(name: &str, settings: TrainSettings) -> Result<Trainer> {
    let (config, tensors) = loaded(&models().join(name))?;
    Trainer::new(config, &tensors, settings)
}

/// Every bit of every weight.
fn bits(trainer: &Trainer) -> Result<Vec<(String, Vec<u32>)>> {
    let bits = |tensor: &Tensor| -> Result<Vec<u32>> {
        Ok(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
    };
    trainer.tensors()?.iter().map(|(name, tensor)| Ok((name.clone(), bits(tensor)?))).collect()
}

fn logits(decoder: &Decoder) -> Result<Vec<f32>> {
    let tokens: Vec<u32> = (3..15).collect();
    let hidden = decoder.extend(&mut [Feed { tokens: &tokens, cache: None }])?;
    Ok(decoder.logits(&hidden)?.flatten_all()?.to_vec1()?)
}

fn apart(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
}

#[test]
fn every_fixture_takes_the_same_steps_as_the_reference() -> Outcome {
    let folders = fixtures();
    assert_eq!(folders.len(), 23);
    let kinds =
        std::fs::read_dir(fixture("kinds"))?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    for folder in folders.into_iter().chain(kinds.into_iter().filter(|path| path.is_dir())) {
        for finding in check_training(&folder, &Placement::default())? {
            assert!(finding.passed(), "{}: {finding:?}", folder.display());
        }
    }
    Ok(())
}

#[test]
fn every_trained_parameter_gets_a_gradient_and_moves() -> Outcome {
    let data = data();
    let batch: Vec<&Sequence> = data.iter().collect();
    for folder in fixtures() {
        let (config, tensors) = loaded(&folder)?;
        for lora in [None, Some(Lora { rank: 2, ..Lora::default() })] {
            let mut settings = TrainSettings { lora, ..settings() };
            // Whatever moves was moved by a gradient.
            settings.optimiser.decay = 0.0;
            let mut trainer = Trainer::new(config.clone(), &tensors, settings)?;
            let before: Vec<Tensor> = trainer.trained().values().map(Tensor::copy).collect::<Result<_, _>>()?;
            // Adapters begin with a factor of zeros, so the other factor moves at the second step.
            trainer.step(&batch, 1e-2)?;
            trainer.step(&batch, 1e-2)?;
            for ((name, after), before) in trainer.trained().iter().zip(&before) {
                let moved = (after - before)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
                assert!(moved > 0.0, "{}: {name} did not move", folder.display());
            }
        }
    }
    Ok(())
}

#[test]
fn recomputing_layers_changes_no_bit() -> Outcome {
    for name in ["llama", "gpt2", "gemma2", "falcon-7b"] {
        for lora in [None, Some(Lora::default())] {
            let mut kept = trainer(name, TrainSettings { lora: lora.clone(), ..settings() })?;
            let mut recomputed = trainer(name, TrainSettings { lora, recompute: true, ..settings() })?;
            kept.run(&data(), None, &mut ())?;
            recomputed.run(&data(), None, &mut ())?;
            assert!(bits(&kept)? == bits(&recomputed)?, "{name}");
        }
    }
    Ok(())
}

#[test]
fn the_number_of_passes_changes_a_step_by_rounding_only() -> Outcome {
    let data = data();
    let batch: Vec<&Sequence> = data.iter().collect();
    let step = |pass_tokens| trainer("qwen3", TrainSettings { pass_tokens, ..settings() })?.step(&batch, 1e-3);
    let (many, one) = (step(1)?, step(10_000)?);
    assert!((many.loss / one.loss - 1.0).abs() < ROUNDING, "{many:?} {one:?}");
    assert!((many.gradient_norm / one.gradient_norm - 1.0).abs() < ROUNDING, "{many:?} {one:?}");
    Ok(())
}

/// Fails at a step, as a run does that is killed.
struct Dies(usize);

impl Observer for Dies {
    fn on_step(&mut self, step: &TrainStep) -> Result<Next> {
        if step.step == self.0 { Err(Error::Argument("killed".to_owned())) } else { Ok(Next::Continue) }
    }
}

/// Stops at a step, and notes every checkpoint.
#[derive(Default)]
struct Stops {
    at: usize,
    checkpoints: Vec<usize>,
}

impl Observer for Stops {
    fn on_step(&mut self, step: &TrainStep) -> Result<Next> {
        Ok(if step.step == self.at { Next::Stop } else { Next::Continue })
    }

    fn on_checkpoint(&mut self, checkpoint: &Checkpoint<'_>) -> Result<()> {
        assert!(checkpoint.folder.as_ref().is_none_or(|folder| folder.is_dir()));
        self.checkpoints.push(checkpoint.examples);
        Ok(())
    }
}

fn run_in(folder: &Path) -> Result<RunFolder> {
    let files = ModelFiles::read(&models().join("llama"))?;
    Ok(RunFolder { state_every: 2, ..RunFolder::new(folder, files) })
}

#[test]
fn an_interrupted_run_ends_with_the_same_bits() -> Outcome {
    for lora in [None, Some(Lora::default())] {
        let settings = TrainSettings { lora, ..settings() };
        let mut whole = trainer("llama", settings.clone())?;
        whole.run(&data(), None, &mut ())?;
        let folder = tempfile::tempdir()?;
        let run = run_in(folder.path())?;
        for dies in [1, 6] {
            assert!(trainer("llama", settings.clone())?.run(&data(), Some(&run), &mut Dies(dies)).is_err());
        }
        let mut stops = Stops { at: 8, ..Stops::default() };
        let stopped = trainer("llama", settings.clone())?.run(&data(), Some(&run), &mut stops)?;
        assert_eq!(stopped.ending, Ending::Stopped);
        let mut resumed = trainer("llama", settings)?;
        let outcome = resumed.run(&data(), Some(&run), &mut ())?;
        assert_eq!(outcome.steps.iter().map(|step| step.step).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
        assert!(bits(&whole)? == bits(&resumed)?);
    }
    Ok(())
}

/// Notes what it is told of damage.
#[derive(Default)]
struct Hears(Vec<String>);

impl Observer for Hears {
    fn on_damaged(&mut self, error: &Error) -> Result<()> {
        self.0.push(error.to_string());
        Ok(())
    }
}

#[test]
fn a_damaged_state_is_told_and_the_one_before_leads_to_the_same_bits() -> Outcome {
    let mut whole = trainer("llama", settings())?;
    whole.run(&data(), None, &mut ())?;
    for name in ["weights.safetensors", "moments.safetensors", "state.json"] {
        for damage in ["a flipped bit", "nothing left"] {
            let folder = tempfile::tempdir()?;
            let run = run_in(folder.path())?;
            assert!(trainer("llama", settings())?.run(&data(), Some(&run), &mut Dies(7)).is_err());
            let file = |step| folder.path().join(format!("state/step-00000000{step}/{name}"));
            let spoil = |step| -> Outcome {
                let mut bytes = std::fs::read(file(step))?;
                let place = bytes.len() / 2;
                if damage == "a flipped bit" {
                    bytes[place] ^= 1;
                } else {
                    bytes.clear();
                }
                Ok(std::fs::write(file(step), bytes)?)
            };
            spoil(6)?;
            let (mut resumed, mut hears) = (trainer("llama", settings())?, Hears::default());
            resumed.run(&data(), Some(&run), &mut hears)?;
            assert_eq!(hears.0.len(), 1, "{name}, {damage}: {:?}", hears.0);
            assert!(hears.0[0].contains("step-000000006"), "{:?}", hears.0);
            assert!(bits(&whole)? == bits(&resumed)?, "{name}, {damage}");
        }
    }
    Ok(())
}

#[test]
fn a_run_whose_states_are_all_damaged_is_refused_with_the_way_on() -> Outcome {
    let folder = tempfile::tempdir()?;
    let run = run_in(folder.path())?;
    assert!(trainer("llama", settings())?.run(&data(), Some(&run), &mut Dies(7)).is_err());
    for state in std::fs::read_dir(folder.path().join("state"))? {
        std::fs::write(state?.path().join("weights.safetensors"), "")?;
    }
    let error = trainer("llama", settings())?.run(&data(), Some(&run), &mut ()).expect_err("refused").to_string();
    assert!(error.contains("to begin anew"), "{error}");
    Ok(())
}

#[test]
fn checkpoints_are_called_where_asked_kept_as_asked_and_load_as_models() -> Outcome {
    let folder = tempfile::tempdir()?;
    let run = RunFolder { keep: Some(2), ..run_in(folder.path())? };
    let mut observer = Stops::default();
    let mut trainer = trainer("llama", TrainSettings { checkpoints: vec![3, 9, 20], ..settings() })?;
    trainer.run(&data(), Some(&run), &mut observer)?;
    // Epochs of 11 sequences in steps of 4, 4 and 3.
    assert_eq!(observer.checkpoints, [4, 11, 22, 33]);
    let mut names: Vec<_> = std::fs::read_dir(folder.path().join("checkpoints"))?
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["examples-000000022", "examples-000000033"]);
    let saved = folder.path().join("checkpoints/examples-000000033");
    let (config, tensors) = loaded(&saved)?;
    let decoder = Decoder::new(config, &Weights::from_tensors(&tensors, &Device::Cpu, DType::F32))?;
    assert!(logits(&decoder)? == logits(trainer.decoder())?);
    assert_eq!(std::fs::read_to_string(folder.path().join("metrics.jsonl"))?.lines().count(), 9);
    Ok(())
}

#[test]
fn fresh_adapters_change_nothing_and_trained_ones_merge() -> Outcome {
    for name in ["llama", "gpt2", "gpt_neox"] {
        let (config, tensors) = loaded(&models().join(name))?;
        let plain = Decoder::new(config.clone(), &Weights::from_tensors(&tensors, &Device::Cpu, DType::F32))?;
        let lora = Some(Lora { rank: 4, alpha: 8.0, targets: Vec::new() });
        let mut trainer = Trainer::new(config.clone(), &tensors, TrainSettings { lora, ..settings() })?;
        assert!(logits(&plain)? == logits(trainer.decoder())?);
        let folder = tempfile::tempdir()?;
        trainer.run(&data(), Some(&run_in(folder.path())?), &mut ())?;
        assert!(apart(&logits(&plain)?, &logits(trainer.decoder())?) > 0.01);
        let saved = folder.path().join("checkpoints/examples-000000033");
        let adapters = candle_core::safetensors::load(saved.join("adapter_model.safetensors"), &Device::Cpu)?;
        assert!(adapters.keys().all(|name| name.starts_with("base_model.model.") && name.ends_with(".weight")));
        let json = serde_json::from_slice(&std::fs::read(saved.join("adapter_config.json"))?)?;
        let merged = merge(&config, &tensors, &adapters, &json)?;
        let merged = Decoder::new(config, &Weights::from_tensors(&merged, &Device::Cpu, DType::F32))?;
        let difference = apart(&logits(&merged)?, &logits(trainer.decoder())?);
        assert!(difference < 2e-4, "{name}: {difference}");
    }
    Ok(())
}

#[test]
fn only_the_matrices_asked_for_get_adapters() -> Outcome {
    let lora = |target: &str| Some(Lora { targets: vec![target.to_owned()], ..Lora::default() });
    let trainer_of = |target| trainer("llama", TrainSettings { lora: lora(target), ..settings() });
    let names: Vec<String> = trainer_of("q_proj")?.trained().into_keys().collect();
    assert_eq!(names.len(), 4);
    assert_eq!(names[0], "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
    let error = trainer_of("nothing").map(|_| ()).expect_err("no such matrix").to_string();
    assert!(error.contains("nothing") && error.contains("down_proj"), "{error}");
    Ok(())
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_keeps_what_was_good() -> Outcome {
    let folder = tempfile::tempdir()?;
    let schedule = Schedule { peak: 1e30, warmup: Warmup::Steps(0), ..Schedule::default() };
    let settings = TrainSettings { schedule, checkpoints: vec![1], ..settings() };
    let mut trainer = trainer("llama", settings)?;
    let error = trainer.run(&data(), Some(&run_in(folder.path())?), &mut ()).expect_err("it diverges");
    let Error::Diverged { step, .. } = &error else { panic!("{error}") };
    assert_eq!(*step, 2);
    assert!(error.to_string().contains("its examples are"), "{error}");
    assert!(folder.path().join("checkpoints/examples-000000004/model.safetensors").exists());
    Ok(())
}

#[test]
fn bad_input_is_refused_with_its_reason() -> Outcome {
    let says = |error: Error, words: &str| {
        let text = error.to_string();
        assert!(text.contains(words), "{text:?} does not say {words:?}");
    };
    let refused = |settings| trainer("llama", settings).map(|_| ()).expect_err("refused");
    says(
        refused(TrainSettings { schedule: Schedule { peak: 0.0, ..Schedule::default() }, ..settings() }),
        "learning rate of 0",
    );
    says(refused(TrainSettings { batch: 0, ..settings() }), "batch");
    says(refused(TrainSettings { length: Length::Steps(0), ..settings() }), "no steps");
    let run = |data: &[Sequence]| trainer("gpt2", settings())?.run(data, None, &mut ());
    says(run(&[]).expect_err("empty"), "empty");
    says(run(&[Sequence { tokens: vec![5, 6], from: 2 }]).expect_err("nothing to learn"), "nothing to learn");
    says(run(&[Sequence::packed(vec![5; 400])]).expect_err("too long"), "context of 256");
    says(run(&[Sequence::packed(vec![5, 160])]).expect_err("beyond"), "vocabulary");
    // A folder of another run is left alone.
    let folder = tempfile::tempdir()?;
    let place = run_in(folder.path())?;
    trainer("llama", settings())?.run(&data(), Some(&place), &mut ())?;
    let other = TrainSettings { seed: 1, ..settings() };
    let error = trainer("llama", other)?.run(&data(), Some(&place), &mut ()).expect_err("another run");
    says(error, "other settings");
    let error = trainer("mistral-swa", settings())?.run(&data(), Some(&place), &mut ()).expect_err("another model");
    says(error, "or model");
    Ok(())
}

#[test]
fn half_precision_trains_with_weights_and_moments_in_single_precision() -> Outcome {
    let folder = models().join("llama");
    let tensors = Weights::open(&folder, &Device::Cpu, DType::BF16)?.all()?;
    let mut trainer =
        Trainer::new(Config::read(&folder)?, &tensors, TrainSettings { length: Length::Steps(20), ..settings() })?;
    let outcome = trainer.run(&data(), None, &mut ())?;
    let losses: Vec<f64> = outcome.steps.iter().map(|step| step.loss).collect();
    assert!(losses[19] < losses[0] - 0.5, "{losses:?}");
    assert!(trainer.tensors()?.values().all(|tensor| tensor.dtype() == DType::BF16));
    Ok(())
}

#[test]
fn a_new_model_learns_packed_text_and_starts_the_same_from_the_same_seed() -> Outcome {
    let config = Config::read(&models().join("gemma2"))?;
    let weights = random_weights(&config, 0.05, 3)?;
    let again = random_weights(&config, 0.05, 3)?;
    for (name, tensor) in &weights {
        assert_eq!((tensor - &again[name])?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?, 0.0);
    }
    let documents: Vec<Vec<u32>> = (0..20).map(|start| (0..9).map(|i| 10 + (start + i) % 20).collect()).collect();
    let data = Sequence::pack(&documents, 1, 24);
    let settings = TrainSettings { length: Length::Steps(60), ..settings() };
    let outcome = Trainer::new(config, &weights, settings)?.run(&data, None, &mut ())?;
    // The uniform distribution over 160 tokens has 5.07 nats.
    assert!(outcome.steps[0].loss > 4.5 && outcome.steps[59].loss < 2.5, "{:?}", outcome.steps[59]);
    Ok(())
}

/// What the child processes of the two tests below do: a run in the folder that is named, reporting every bit.
#[test]
#[ignore = "run by other tests in a process of its own"]
fn child() -> Outcome {
    let Some(folder) = std::env::var_os("ONSET_TEST_RUN") else { return Ok(()) };
    let steps = std::env::var("ONSET_TEST_STEPS")?.parse()?;
    let settings = TrainSettings { length: Length::Steps(steps), ..settings() };
    let mut trainer = trainer("llama", settings)?;
    trainer.run(&data(), Some(&run_in(Path::new(&folder))?), &mut ())?;
    Ok(())
}

fn child_in(folder: &Path, steps: usize, threads: usize) -> Result<Command, Box<dyn std::error::Error>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--exact", "train::tests::trainer::child", "--ignored", "--quiet"]).env("ONSET_TEST_RUN", folder);
    command.env("ONSET_TEST_STEPS", steps.to_string()).env("RAYON_NUM_THREADS", threads.to_string());
    command.stdout(std::process::Stdio::null());
    Ok(command)
}

fn last_weights(folder: &Path, steps: usize) -> std::io::Result<Vec<u8>> {
    let epochs = steps / 3 * 11 + [0, 4, 8][steps % 3];
    std::fs::read(folder.join(format!("checkpoints/examples-{epochs:09}/model.safetensors")))
}

#[test]
fn the_number_of_threads_changes_no_bit() -> Outcome {
    let weights = |threads| -> Result<Vec<u8>, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        assert!(child_in(folder.path(), 9, threads)?.status()?.success());
        Ok(last_weights(folder.path(), 9)?)
    };
    assert!(weights(1)? == weights(2)?);
    Ok(())
}

#[test]
fn a_run_that_was_killed_goes_on_and_ends_with_the_same_bits() -> Outcome {
    const STEPS: usize = 150;
    let (whole, killed) = (tempfile::tempdir()?, tempfile::tempdir()?);
    assert!(child_in(whole.path(), STEPS, 1)?.status()?.success());
    let mut child = child_in(killed.path(), STEPS, 1)?.spawn()?;
    let journal = killed.path().join("metrics.jsonl");
    let lines = || std::fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    while lines() < 20 && child.try_wait()?.is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill()?;
    child.wait()?;
    assert!(last_weights(killed.path(), STEPS).is_err(), "it ended before it could be killed");
    assert!(child_in(killed.path(), STEPS, 1)?.status()?.success());
    assert!(last_weights(whole.path(), STEPS)? == last_weights(killed.path(), STEPS)?);
    Ok(())
}

#[test]
fn an_expert_that_no_token_went_to_changes_by_its_decay_alone() -> Outcome {
    let (config, tensors) = loaded(&fixture("kinds").join("mixtral"))?;
    let mut settings = settings();
    settings.optimiser.decay = 0.5;
    let mut trainer = Trainer::new(config, &tensors, settings)?;
    // One token is read, and goes to two of four experts.
    trainer.step(&[&Sequence { tokens: vec![5, 6], from: 1 }], 1e-2)?;
    let after = trainer.tensors()?;
    let mut resting = 0;
    for expert in 0..4 {
        let name = format!("model.layers.0.block_sparse_moe.experts.{expert}.w1.weight");
        let decayed = (&tensors[&name] * (1.0 - 1e-2 * 0.5))?;
        let difference = (&after[&name] - decayed)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
        resting += usize::from(difference < 1e-6);
    }
    assert_eq!(resting, 2);
    Ok(())
}
