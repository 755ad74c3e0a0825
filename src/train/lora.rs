//! Low-rank adapters (Hu et al. 2021, arXiv 2106.09685): W stays, and (α/r)·B·A is trained beside it.
//!
//! A of shape (r, in) begins uniform within ±1/√in, B of shape (out, r) as zeros, so a fresh adapter changes nothing.
//! Files are those of the PEFT library: `adapter_model.safetensors` with `base_model.model.MODULE.lora_A.weight` and
//! `lora_B.weight`, and `adapter_config.json`.

use std::collections::{BTreeMap, HashMap};

use candle_core::{DType, Device, Tensor, Var};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::lm::{Adapter, Config};
use crate::stats::random::Seed;

/// Which adapters are trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lora {
    /// r.
    pub rank: usize,
    /// α.
    pub alpha: f64,
    /// Last parts of the names of matrices (`q_proj`, `c_attn`); all matrices of the layers where empty.
    pub targets: Vec<String>,
}

impl Default for Lora {
    fn default() -> Self {
        Self { rank: 8, alpha: 16.0, targets: Vec::new() }
    }
}

/// The two matrices beside one.
#[derive(Debug)]
pub(super) struct Pair {
    /// The architecture's name of the matrix, without `.weight`.
    pub module: String,
    pub down: Var,
    pub up: Var,
}

/// A matrix of a layer, as it is stored.
struct Target {
    module: String,
    /// Its name in the file.
    stored: String,
    outputs: usize,
    inputs: usize,
}

impl Lora {
    pub(super) fn check(&self) -> Result<()> {
        if self.rank == 0 || !(self.alpha > 0.0 && self.alpha.is_finite()) {
            let problem = format!("adapters of rank {} with alpha {} change nothing", self.rank, self.alpha);
            return Err(Error::Argument(problem));
        }
        Ok(())
    }

    fn scale(&self) -> f64 {
        self.alpha / self.rank as f64
    }

    /// Fresh adapters for the matrices of a model that are meant.
    pub(super) fn pairs(
        &self,
        config: &Config,
        tensors: &BTreeMap<String, Tensor>,
        seed: u64,
        device: &Device,
        dtype: DType,
    ) -> Result<Vec<Pair>> {
        let mut pairs = Vec::new();
        let all = targets(config, tensors);
        for target in all.iter().filter(|target| self.means(&target.module)) {
            let bound = (target.inputs as f64).sqrt().recip();
            let mut stream = Seed(seed).stream(&target.module, 1);
            let count = self.rank * target.inputs;
            let values: Vec<f32> = (0..count).map(|_| (bound * (2.0 * stream.uniform() - 1.0)) as f32).collect();
            let down = Tensor::from_vec(values, (self.rank, target.inputs), device)?.to_dtype(dtype)?;
            let up = Tensor::zeros((target.outputs, self.rank), dtype, device)?;
            pairs.push(Pair {
                module: target.module.clone(),
                down: Var::from_tensor(&down)?,
                up: Var::from_tensor(&up)?,
            });
        }
        if pairs.is_empty() {
            let mut names: Vec<&str> = all.iter().map(|target| ending(&target.module)).collect();
            names.sort_unstable();
            names.dedup();
            let (wanted, known) = (self.targets.join(", "), names.join(", "));
            return Err(Error::Argument(format!("no matrix is called {wanted}; this model has {known}")));
        }
        Ok(pairs)
    }

    /// The adapters as a decoder takes them; `tracked` says whether it is to give their gradients.
    pub(super) fn adapters(&self, pairs: &[Pair], tracked: bool) -> HashMap<String, Adapter> {
        let tensor = |variable: &Var| match tracked {
            true => variable.as_tensor().clone(),
            false => variable.as_detached_tensor(),
        };
        let adapter = |pair: &Pair| Adapter { down: tensor(&pair.down), up: tensor(&pair.up), scale: self.scale() };
        pairs.iter().map(|pair| (pair.module.clone(), adapter(pair))).collect()
    }

    /// `adapter_config.json`; `base` is where the model without adapters is.
    pub(super) fn config(&self, config: &Config, pairs: &[Pair], base: &str) -> Map<String, Value> {
        let mut targets: Vec<&str> = pairs.iter().map(|pair| ending(&pair.module)).collect();
        targets.sort_unstable();
        targets.dedup();
        let value = json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base,
            "r": self.rank,
            "lora_alpha": self.alpha,
            "lora_dropout": 0.0,
            "target_modules": targets,
            "bias": "none",
            "fan_in_fan_out": config.stored_transposed,
            "inference_mode": true,
            "init_lora_weights": true,
            "modules_to_save": null,
            "layers_to_transform": null,
            "layers_pattern": null,
            "revision": null,
            "auto_mapping": null,
        });
        value.as_object().cloned().unwrap_or_default()
    }

    fn means(&self, module: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|target| ending(module) == target)
    }

    /// What `adapter_config.json` says.
    fn from_config(config: &Map<String, Value>) -> Option<Self> {
        let rank = usize::try_from(config.get("r")?.as_u64()?).ok()?;
        Some(Self { rank, alpha: config.get("lora_alpha")?.as_f64()?, targets: Vec::new() })
    }
}

/// Names of adapter tensors in a file.
pub(super) fn file_names(module: &str) -> (String, String) {
    let name = |part| format!("base_model.model.{module}.lora_{part}.weight");
    (name("A"), name("B"))
}

/// The weights of a model with adapters added for good: W + (α/r)·B·A. `adapters` are the tensors of
/// `adapter_model.safetensors`, `adapter_config` is the file beside it.
///
/// # Errors
/// [`Error::Argument`] if the adapters are not those of this model or their config names no rank and alpha.
pub(crate) fn merge(
    config: &Config,
    tensors: &HashMap<String, Tensor>,
    adapters: &HashMap<String, Tensor>,
    adapter_config: &Map<String, Value>,
) -> Result<HashMap<String, Tensor>> {
    let Some(lora) = Lora::from_config(adapter_config) else {
        return Err(Error::Argument("the adapter's config names no `r` and `lora_alpha`".to_owned()));
    };
    lora.check()?;
    let sorted: BTreeMap<String, Tensor> = tensors.iter().map(|(name, t)| (name.clone(), t.clone())).collect();
    let mut merged = tensors.clone();
    let mut used = 0;
    for target in targets(config, &sorted) {
        let (down, up) = file_names(&target.module);
        let (Some(down), Some(up)) = (adapters.get(&down), adapters.get(&up)) else { continue };
        used += 2;
        let change = (up.to_dtype(DType::F32)?.matmul(&down.to_dtype(DType::F32)?)? * lora.scale())?;
        let change = if config.stored_transposed { change.t()?.contiguous()? } else { change };
        let weight = &sorted[&target.stored];
        let sum = (weight.to_dtype(DType::F32)? + change)?.to_dtype(weight.dtype())?;
        merged.insert(target.stored, sum);
    }
    if used != adapters.len() || used == 0 {
        let problem = format!("{used} of {} adapter tensors belong to matrices of this model", adapters.len());
        return Err(Error::Argument(problem));
    }
    Ok(merged)
}

fn ending(module: &str) -> &str {
    module.rsplit('.').next().unwrap_or(module)
}

/// The matrices of all layers.
fn targets(config: &Config, tensors: &BTreeMap<String, Tensor>) -> Vec<Target> {
    let names = &config.names;
    let roles = [names.query, names.key, names.value, names.packed, names.output, names.gate, names.up, names.down];
    let mut found = Vec::new();
    for layer in 0..config.layers {
        for role in roles.iter().filter(|role| !role.is_empty()) {
            let module = role.replace("{}", &layer.to_string());
            let full = format!("{module}.weight");
            let short = full.strip_prefix(names.root).unwrap_or(&full).to_owned();
            let Some(stored) = [full, short].into_iter().find(|name| tensors.contains_key(name)) else { continue };
            let Ok((rows, columns)) = tensors[&stored].dims2() else { continue };
            let (outputs, inputs) = if config.stored_transposed { (columns, rows) } else { (rows, columns) };
            found.push(Target { module, stored, outputs, inputs });
        }
    }
    found
}
