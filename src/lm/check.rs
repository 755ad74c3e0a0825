//! A model against reference numbers beside it.
//!
//! The folder holds `reference.safetensors` with `input_ids` (rows, tokens), `logits` (rows, tokens, vocabulary) and,
//! for gradients, `grad.NAME` of every tensor; `reference.json` may hold `greedy_continuation_row0` and `prompt_tokens`.
//! The gradients are those of the mean next-token loss of the first row after its prompt.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use candle_core::{D, DType, Device, Tensor, Var};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cache::Cache;
use super::config::Config;
use super::decoder::{Decoder, Feed};
use super::keys::read_object;
use super::model::{Placement, settings};
use super::weights::{REFERENCE, Weights};
use crate::error::{Error, Result};

/// What is allowed, and what is looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Check {
    /// Largest absolute difference of a logit from the reference.
    pub logits: f64,
    /// Largest absolute difference of a logit between a batch and the row alone, or a whole row and pieces of it; for
    /// pieces in half precision at least that of `logits`.
    pub invariance: f64,
    /// Whether gradients are compared too.
    pub gradients: bool,
    /// Largest difference of a gradient, relative to it.
    pub gradient_relative: f64,
    /// Largest difference of a gradient that is small itself.
    pub gradient_absolute: f64,
}

impl Default for Check {
    fn default() -> Self {
        Self { logits: 2e-4, invariance: 1e-4, gradients: false, gradient_relative: 1e-3, gradient_absolute: 1e-5 }
    }
}

/// One thing that was compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// What; `grad.NAME` for the gradient of a tensor, as in the reference.
    pub what: String,
    /// The largest difference; for gradients, what exceeds the relative tolerance.
    pub difference: f64,
    /// The largest that is allowed.
    pub allowed: f64,
}

impl Finding {
    /// Whether the difference is allowed; one that is not a number is not.
    #[must_use]
    pub(crate) fn passed(&self) -> bool {
        self.difference <= self.allowed
    }
}

impl Check {
    /// Compares the model in `folder` with its reference.
    ///
    /// # Errors
    /// Those of loading the model, and [`Error::File`] for a reference that is incomplete or does not fit it.
    pub(crate) fn run(&self, folder: &Path, placement: &Placement) -> Result<Vec<Finding>> {
        let path = folder.join(REFERENCE);
        if !path.exists() {
            return Err(Error::read(&path)(std::io::ErrorKind::NotFound.into()));
        }
        let reference = candle_core::safetensors::load(&path, &Device::Cpu)
            .map_err(Error::malformed(&path, "is not safetensors"))?;
        let find = |name: &str| {
            let problem = || Error::File { path: path.clone(), problem: format!("has no tensor `{name}`") };
            reference.get(name).ok_or_else(problem)
        };
        let ids = find("input_ids")?.to_dtype(DType::U32)?;
        let rows: Vec<Vec<u32>> = match ids.dims2() {
            Ok((rows, tokens)) if rows > 0 && tokens > 1 => ids.to_vec2()?,
            _ => return Err(Error::File { path, problem: "`input_ids` is not a matrix of tokens".to_owned() }),
        };
        let logits = find("logits")?.to_dtype(DType::F32)?;
        let weights = Weights::open(folder, &placement.device, placement.dtype)?;
        let (config, _) = settings(folder)?;
        let (vocab, tokens) = (config.vocab_size, rows[0].len());
        if logits.dims() != [rows.len(), tokens, vocab] {
            let problem = format!("`logits` has the shape {:?}, not {:?}", logits.dims(), [rows.len(), tokens, vocab]);
            return Err(Error::File { path, problem });
        }
        let logits = logits.reshape((rows.len() * tokens, vocab))?;
        let decoder = Decoder::new(config, &weights)?;
        let mut findings = self.forward(&decoder, &rows, &logits)?;
        let json = folder.join("reference.json");
        let json = if json.exists() { read_object(&json)? } else { serde_json::Map::new() };
        if let Some(expected) = json.get("greedy_continuation_row0").and_then(Value::as_array) {
            let expected: Vec<u32> = expected.iter().filter_map(|id| id.as_u64().map(|id| id as u32)).collect();
            let differing = continuation(&decoder, &rows[0], &expected)?;
            let what = format!("greedy continuation, {} tokens", expected.len());
            findings.push(Finding { what, difference: differing as f64, allowed: 0.0 });
        }
        if self.gradients {
            let prompt = json.get("prompt_tokens").and_then(Value::as_u64).unwrap_or(1).max(1) as usize;
            if prompt >= tokens {
                return Err(Error::File { path, problem: format!("a prompt of {prompt} tokens in rows of {tokens}") });
            }
            findings.extend(self.backward(decoder.config(), &weights, &rows[0], prompt, &reference, &path)?);
        }
        Ok(findings)
    }

    fn forward(&self, decoder: &Decoder, rows: &[Vec<u32>], expected: &Tensor) -> Result<Vec<Finding>> {
        let mut feeds: Vec<Feed<'_>> = rows.iter().map(|tokens| Feed { tokens, cache: None }).collect();
        let batch = decoder.logits(&decoder.extend(&mut feeds)?)?;
        let (mut alone, mut pieces) = (Vec::new(), Vec::new());
        for tokens in rows {
            alone.push(decoder.logits(&decoder.extend(&mut [Feed { tokens, cache: None }])?)?);
            let mut cache = Cache::new();
            // Not across the border beyond which all rotations are others: there a cache must be filled anew.
            let total = tokens.len();
            let half = (total / 2..total).find(|&head| !decoder.config().position.crosses(head, total));
            let (head, tail) = tokens.split_at(half.unwrap_or(total));
            for tokens in [head, tail].into_iter().filter(|piece| !piece.is_empty()) {
                pieces.push(decoder.logits(&decoder.extend(&mut [Feed { tokens, cache: Some(&mut cache) }])?)?);
            }
        }
        // Pieces are sums in another order; in half precision that shows as much as anything.
        let pieced = if decoder.dtype() == DType::F32 { self.invariance } else { self.logits.max(self.invariance) };
        let finding = |what: &str, a: &Tensor, b: &Tensor, allowed: f64| -> Result<Finding> {
            Ok(Finding { what: what.to_owned(), difference: largest_difference(a, b)?, allowed })
        };
        Ok(vec![
            finding("logits against the reference", &batch, expected, self.logits)?,
            finding("logits alone and in a batch", &Tensor::cat(&alone, 0)?, &batch, self.invariance)?,
            finding("logits whole and in pieces", &Tensor::cat(&pieces, 0)?, &batch, pieced)?,
        ])
    }

    fn backward(
        &self,
        config: &Config,
        weights: &Weights,
        tokens: &[u32],
        prompt: usize,
        reference: &HashMap<String, Tensor>,
        path: &Path,
    ) -> Result<Vec<Finding>> {
        let mut variables = HashMap::new();
        for (name, tensor) in weights.all()? {
            variables.insert(name, Var::from_tensor(&tensor)?);
        }
        let tensors = variables.iter().map(|(name, variable)| (name.clone(), variable.as_tensor().clone())).collect();
        let held = Weights::from_tensors(&tensors, weights.device(), weights.dtype());
        let decoder = Decoder::new(config.clone(), &held)?;
        let count = tokens.len() - prompt;
        // All tokens, though nothing is asked after the last: rotations may depend on the length.
        let hidden = decoder.extend(&mut [Feed { tokens, cache: None }])?;
        let logits = decoder.logits(&hidden.narrow(0, prompt - 1, count)?)?;
        let targets = Tensor::from_slice(&tokens[prompt..], (count, 1), weights.device())?;
        let powers = logits.broadcast_sub(&logits.detach().max_keepdim(D::Minus1)?)?;
        let total = powers.exp()?.sum_keepdim(D::Minus1)?.log()?;
        let gradients = (total - powers.gather(&targets, 1)?)?.mean_all()?.backward()?;
        let mut findings = Vec::new();
        let mut unused: BTreeSet<&str> = reference.keys().filter_map(|name| name.strip_prefix("grad.")).collect();
        for (name, variable) in &variables {
            // The reference may use the name that newer versions give the head, and a prefix that the weights leave out.
            let names = [name.clone(), name.replace("embed_out", "lm_head"), format!("{}{name}", config.names.root)];
            let Some(found) = names.iter().find(|name| unused.remove(name.as_str())) else { continue };
            let expected = &reference[&format!("grad.{found}")];
            let difference = match gradients.get(variable) {
                // The gradient of an expert that no token went to.
                None if config.may_rest(name) => f64::from(expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?),
                None => f64::INFINITY,
                Some(gradient) => {
                    let gradient = gradient.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
                    let allowed = (expected.abs()? * self.gradient_relative)?;
                    let excess = ((gradient - expected)?.abs()? - allowed)?;
                    f64::from(excess.flatten_all()?.max(0)?.to_scalar::<f32>()?).max(0.0)
                }
            };
            findings.push(Finding { what: format!("grad.{name}"), difference, allowed: self.gradient_absolute });
        }
        if let Some(name) = unused.first() {
            let problem = format!("has the gradient of `{name}`, which is no tensor of the model");
            return Err(Error::File { path: path.to_owned(), problem });
        }
        if findings.is_empty() {
            return Err(Error::File { path: path.to_owned(), problem: "has no gradients (`grad.NAME`)".to_owned() });
        }
        findings.sort_by(|a, b| b.difference.total_cmp(&a.difference).then_with(|| a.what.cmp(&b.what)));
        Ok(findings)
    }
}

/// How many tokens of the continuation differ, with and without cache together.
fn continuation(decoder: &Decoder, prompt: &[u32], expected: &[u32]) -> Result<usize> {
    let best = |hidden: &Tensor| -> Result<u32> {
        let last = hidden.narrow(0, hidden.dim(0)? - 1, 1)?;
        Ok(decoder.logits(&last)?.argmax(D::Minus1)?.to_vec1::<u32>()?[0])
    };
    let mut cache = Cache::new();
    let mut all = prompt.to_vec();
    let mut hidden = decoder.extend(&mut [Feed { tokens: prompt, cache: Some(&mut cache) }])?;
    let mut differing = 0;
    for &token in expected {
        let fresh = decoder.extend(&mut [Feed { tokens: &all, cache: None }])?;
        differing += usize::from(best(&hidden)? != token) + usize::from(best(&fresh)? != token);
        all.push(token);
        if decoder.config().position.crosses(cache.len(), all.len()) {
            cache.rewind(0)?;
        }
        hidden = decoder.extend(&mut [Feed { tokens: &all[cache.len()..], cache: Some(&mut cache) }])?;
    }
    Ok(differing)
}

/// The largest absolute difference; not a number if one of the two holds such.
fn largest_difference(a: &Tensor, b: &Tensor) -> Result<f64> {
    let a = a.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
    let b = b.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
    let differences = (a - b)?.abs()?.flatten_all()?.to_vec1::<f32>()?;
    let larger = |most: f64, &next: &f32| if next.is_nan() { f64::NAN } else { most.max(f64::from(next)) };
    Ok(differences.iter().fold(0.0, |most, next| if most.is_nan() { most } else { larger(most, next) }))
}
