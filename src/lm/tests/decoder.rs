//! One decoder against the numbers of `transformers` for every architecture: models of random weights, each with its
//! logits, gradients and a greedy continuation. `fixtures/kinds/make.py` makes those of the kinds of today.

use std::path::{Path, PathBuf};

use crate::lm::{Cache, Config, Decoder, Feed, Weights};
use candle_core::{DType, Device, Tensor};

use crate::support::{Outcome, fixture};

/// Two implementations in single precision, summing in different orders, through two layers.
const LOGITS: f32 = 2e-4;
/// The same implementation with other batches or pieces: only the order of sums within products differs.
const INVARIANCE: f32 = 1e-4;

/// Models of `fixtures/kinds`.
const KINDS: usize = 30;

struct Reference {
    name: String,
    folder: PathBuf,
    tokens: Vec<Vec<u32>>,
    logits: Tensor,
    continuation: Vec<u32>,
}

fn models() -> PathBuf {
    fixture("models")
}

fn references() -> Result<Vec<Reference>, Box<dyn std::error::Error>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(models())?.chain(std::fs::read_dir(fixture("kinds"))?) {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        let tensors = candle_core::safetensors::load(folder.join("reference.safetensors"), &Device::Cpu)?;
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("reference.json"))?)?;
        found.push(Reference {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            tokens: tensors["input_ids"].to_dtype(DType::U32)?.to_vec2()?,
            logits: tensors["logits"].clone(),
            continuation: serde_json::from_value(json["greedy_continuation_row0"].clone())?,
            folder,
        });
    }
    assert_eq!(found.len(), 23 + KINDS, "models are missing");
    Ok(found)
}

fn decoder(folder: &Path) -> crate::Result<Decoder> {
    Decoder::new(Config::read(folder)?, &Weights::open(folder, &Device::Cpu, DType::F32)?)
}

fn largest_difference(a: &Tensor, b: &Tensor) -> candle_core::Result<f32> {
    (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar()
}

fn feed(tokens: &[u32]) -> Feed<'_> {
    Feed { tokens, cache: None }
}

#[test]
fn logits_of_every_architecture_are_those_of_transformers() -> Outcome {
    let mut failures = Vec::new();
    for reference in references()? {
        let decoder = match decoder(&reference.folder) {
            Ok(decoder) => decoder,
            Err(error) => {
                failures.push(format!("{}: {error}", reference.name));
                continue;
            }
        };
        let mut feeds: Vec<_> = reference.tokens.iter().map(|tokens| feed(tokens)).collect();
        let logits = decoder.logits(&decoder.extend(&mut feeds)?)?.reshape(reference.logits.shape())?;
        let difference = largest_difference(&logits, &reference.logits)?;
        if difference >= LOGITS || difference.is_nan() {
            failures.push(format!("{}: logits differ by {difference}", reference.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn both_spellings_of_a_config_say_the_same() -> Outcome {
    for reference in references()? {
        let hub = reference.folder.join("config.hub.json");
        if hub.exists() {
            assert_eq!(Config::read(&hub)?, Config::read(&reference.folder)?, "{}", reference.name);
        }
    }
    Ok(())
}

/// The likeliest next token of the last of `hidden`'s rows.
fn best(decoder: &Decoder, hidden: &Tensor) -> Result<u32, Box<dyn std::error::Error>> {
    let last = hidden.narrow(0, hidden.dim(0)? - 1, 1)?;
    Ok(decoder.logits(&last)?.argmax(1)?.to_vec1()?[0])
}

#[test]
fn greedy_continuations_are_those_of_transformers_with_and_without_cache() -> Outcome {
    for reference in references()? {
        let decoder = decoder(&reference.folder)?;
        let mut cache = Cache::new();
        let mut all = reference.tokens[0].clone();
        let mut hidden = decoder.extend(&mut [Feed { tokens: &all, cache: Some(&mut cache) }])?;
        for (step, &expected) in reference.continuation.iter().enumerate() {
            let cached = best(&decoder, &hidden)?;
            let fresh = best(&decoder, &decoder.extend(&mut [feed(&all)])?)?;
            assert_eq!((cached, fresh), (expected, expected), "{} at step {step}", reference.name);
            all.push(expected);
            hidden = decoder.extend(&mut [Feed { tokens: &[expected], cache: Some(&mut cache) }])?;
        }
        assert_eq!(cache.len(), all.len());
    }
    Ok(())
}

#[test]
fn a_prompt_read_in_pieces_gives_the_same_logits() -> Outcome {
    for reference in references()? {
        let decoder = decoder(&reference.folder)?;
        let tokens = &reference.tokens[0];
        let whole = decoder.logits(&decoder.extend(&mut [feed(tokens)])?)?;
        for pieces in [vec![1, 23], vec![7, 1, 1, 9, 6], vec![12, 12]] {
            let mut cache = Cache::new();
            let mut start = 0;
            let mut parts = Vec::new();
            for length in pieces {
                let piece = Feed { tokens: &tokens[start..start + length], cache: Some(&mut cache) };
                parts.push(decoder.logits(&decoder.extend(&mut [piece])?)?);
                start += length;
            }
            let difference = largest_difference(&Tensor::cat(&parts, 0)?, &whole)?;
            assert!(difference < INVARIANCE, "{}: {difference}", reference.name);
        }
    }
    Ok(())
}

#[test]
fn a_sequence_has_the_same_logits_alone_and_in_any_batch() -> Outcome {
    for reference in references()? {
        let decoder = decoder(&reference.folder)?;
        let (long, other) = (&reference.tokens[0], &reference.tokens[1]);
        // Equal neighbours, unequal ones, a single token, and a sequence that continues a cache.
        let items = [&long[..], &other[..], &other[..5], &long[3..4], &long[..24], &other[2..19]];
        let mut cache = Cache::new();
        decoder.extend(&mut [Feed { tokens: &other[..4], cache: Some(&mut cache) }])?;
        let mut prefix = cache.fork();
        let mut feeds: Vec<_> = items.iter().map(|tokens| feed(tokens)).collect();
        let fresh = decoder.logits(&decoder.extend(&mut feeds)?)?;
        feeds.push(Feed { tokens: &other[4..], cache: Some(&mut cache) });
        let mixed = decoder.logits(&decoder.extend(&mut feeds)?)?;
        let mut start = 0;
        for tokens in items {
            let alone = decoder.logits(&decoder.extend(&mut [feed(tokens)])?)?;
            for batch in [&fresh, &mixed] {
                let difference = largest_difference(&batch.narrow(0, start, tokens.len())?, &alone)?;
                assert!(difference < INVARIANCE, "{}: {difference}", reference.name);
            }
            start += tokens.len();
        }
        let alone = decoder.logits(&decoder.extend(&mut [Feed { tokens: &other[4..], cache: Some(&mut prefix) }])?)?;
        let difference = largest_difference(&mixed.narrow(0, start, other.len() - 4)?, &alone)?;
        assert!(difference < INVARIANCE, "{}: {difference}", reference.name);
    }
    Ok(())
}

#[test]
fn forks_share_a_prefix_and_do_not_disturb_each_other() -> Outcome {
    let folder = models().join("gemma3");
    let decoder = decoder(&folder)?;
    let prefix = [5, 9, 13, 17, 21, 25, 29, 33, 37, 41];
    let endings: [&[u32]; 3] = [&[50, 51, 52], &[60], &[70, 71]];
    let mut trunk = Cache::new();
    decoder.extend(&mut [Feed { tokens: &prefix, cache: Some(&mut trunk) }])?;
    let mut forks: Vec<Cache> = endings.iter().map(|_| trunk.fork()).collect();
    let mut feeds: Vec<Feed> =
        endings.iter().zip(&mut forks).map(|(tokens, cache)| Feed { tokens, cache: Some(cache) }).collect();
    let together = decoder.extend(&mut feeds)?;
    let mut start = 0;
    for (ending, fork) in endings.iter().zip(&forks) {
        let whole = [&prefix[..], ending].concat();
        let alone = decoder.extend(&mut [feed(&whole)])?.narrow(0, prefix.len(), ending.len())?;
        assert!(largest_difference(&together.narrow(0, start, ending.len())?, &alone)? < INVARIANCE);
        assert_eq!(fork.len(), whole.len());
        start += ending.len();
    }
    assert_eq!(trunk.len(), prefix.len());
    // A rewound cache goes on as if the forgotten tokens had never been.
    forks[0].rewind(4)?;
    let again = decoder.extend(&mut [Feed { tokens: &prefix[4..], cache: Some(&mut forks[0]) }])?;
    let fresh = decoder.extend(&mut [feed(&prefix)])?.narrow(0, 4, prefix.len() - 4)?;
    assert!(largest_difference(&again, &fresh)? < INVARIANCE);
    assert!(forks[0].rewind(11).is_err());
    Ok(())
}

/// Gradients of two implementations in single precision: relative, or absolute where the gradient itself is small.
const GRADIENT_RELATIVE: f32 = 1e-3;
const GRADIENT_ABSOLUTE: f32 = 1e-5;

#[test]
fn every_trainable_tensor_gets_the_gradient_of_transformers() -> Outcome {
    for reference in references()? {
        let weights = Weights::open(&reference.folder, &Device::Cpu, DType::F32)?;
        let mut variables = std::collections::HashMap::new();
        let mut tensors = std::collections::HashMap::new();
        for (name, tensor) in weights.all()? {
            let variable = candle_core::Var::from_tensor(&tensor)?;
            tensors.insert(name.clone(), variable.as_tensor().clone());
            variables.insert(name, variable);
        }
        let weights = Weights::from_tensors(&tensors, &Device::Cpu, DType::F32);
        let decoder = Decoder::new(Config::read(&reference.folder)?, &weights)?;
        // The mean loss of the first row after a prompt of 8 tokens, as the script that made the fixtures takes it.
        let tokens = &reference.tokens[0];
        let logits = decoder.logits(&decoder.extend(&mut [feed(&tokens[..23])])?.narrow(0, 7, 16)?)?;
        let targets = Tensor::from_slice(&tokens[8..], (16, 1), &Device::Cpu)?;
        let log_probabilities = candle_nn::ops::log_softmax(&logits, 1)?;
        let gradients = log_probabilities.gather(&targets, 1)?.mean_all()?.neg()?.backward()?;
        let expected = candle_core::safetensors::load(reference.folder.join("reference.safetensors"), &Device::Cpu)?;
        for (name, variable) in &variables {
            let resting = || decoder.config().may_rest(name).then(|| variable.zeros_like()).transpose();
            let gradient = match gradients.get(variable) {
                Some(gradient) => gradient.clone(),
                None => resting()?.ok_or(format!("{}: {name} gets no gradient", reference.name))?,
            };
            let alias = name.replace("embed_out", "lm_head");
            let known = [name, &alias].into_iter().find_map(|name| expected.get(&format!("grad.{name}")));
            let known = known.ok_or(format!("{}: no reference for {name}", reference.name))?;
            let difference = (gradient - known)?.abs()?.flatten_all()?;
            let allowed = (known.abs()? * f64::from(GRADIENT_RELATIVE))?.flatten_all()?;
            let excess = (difference - allowed)?.max(0)?.to_scalar::<f32>()?;
            assert!(excess < GRADIENT_ABSOLUTE, "{}: {name} differs by {excess}", reference.name);
        }
    }
    Ok(())
}
