//! Folders with a LoRA adapter, as the PEFT library writes them: `adapter_config.json`, `adapter_model.safetensors`, and
//! the name of the model they change.
//!
//! W becomes W + (α/r)·B·A; A is `base_model.model.MODULE.lora_A.weight` of shape (r, in), B `lora_B.weight` of shape
//! (out, r). What else PEFT can do to a model is refused by the name of its key.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use serde_json::{Map, Value};

use super::keys::read_object;
use super::linear::Adapter;
use super::locate::locate;
use super::weights::Weights;
use crate::error::{Error, Result};

/// The file that makes a folder one of an adapter.
const CONFIG: &str = "adapter_config.json";

/// Files with the adapter's tensors, the preferred one first.
const TENSORS: [&str; 2] = ["adapter_model.safetensors", "adapter_model.bin"];

/// Keys that change what the model computes, unless they have this value or none.
const ONLY: [(&str, &str); 11] = [
    ("peft_type", "\"LORA\""),
    ("bias", "\"none\""),
    ("use_dora", "false"),
    ("lora_bias", "false"),
    ("modules_to_save", "[]"),
    ("alpha_pattern", "{}"),
    ("layer_replication", "[]"),
    ("trainable_token_indices", "[]"),
    ("target_parameters", "[]"),
    ("use_bdlora", "false"),
    ("alora_invocation_tokens", "[]"),
];

/// An adapter and the model it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdapterFolder {
    /// Where the adapter is.
    pub folder: PathBuf,
    /// Where the model is.
    pub base: PathBuf,
}

impl AdapterFolder {
    /// The adapter at a path; `None` where a model is there, or nothing.
    ///
    /// # Errors
    /// A model that cannot be found.
    pub(crate) fn at(path: &Path) -> Result<Option<Self>> {
        let file = path.join(CONFIG);
        if !file.is_file() || path.join("config.json").is_file() {
            return Ok(None);
        }
        let config = read_object(&file)?;
        let wrong = |problem: String| Error::File { path: file.clone(), problem };
        let Some(name) = config.get("base_model_name_or_path").and_then(Value::as_str).filter(|name| !name.is_empty())
        else {
            return Err(wrong("does not say which model it changes: `base_model_name_or_path` is missing".to_owned()));
        };
        let short = name.trim_end_matches('/').rsplit('/').next().unwrap_or(name);
        let above = path.parent().unwrap_or(Path::new(""));
        let places = [PathBuf::from(name), path.join(name), above.join(name), above.join(short)];
        if let Some(base) = places.iter().find(|place| place.is_dir() || place.is_file()) {
            if base.canonicalize().ok() == path.canonicalize().ok() {
                return Err(wrong("names itself as the model that it changes".to_owned()));
            }
            return Ok(Some(Self { folder: path.to_owned(), base: base.clone() }));
        }
        if cfg!(feature = "hub") && !Path::new(name).is_absolute() {
            return Ok(Some(Self { folder: path.to_owned(), base: locate(Path::new(&format!("hf:{name}")))? }));
        }
        let looked = places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ");
        Err(wrong(format!(
            "its model `{name}` is not on this machine (looked for: {looked}); write the path of its folder into \
             `base_model_name_or_path`"
        )))
    }

    /// The file with the adapter's tensors.
    ///
    /// # Errors
    /// [`Error::File`] where there is none.
    pub(crate) fn tensors(&self) -> Result<PathBuf> {
        let found = TENSORS.iter().map(|name| self.folder.join(name)).find(|path| path.is_file());
        found.ok_or_else(|| Error::File {
            path: self.folder.clone(),
            problem: format!("holds an adapter's settings and no tensors of it: no {}", TENSORS.join(", no ")),
        })
    }

    /// The adapter's settings.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join(CONFIG)
    }

    /// The matrices beside those of the model, by the name of the matrix without `.weight`.
    ///
    /// # Errors
    /// A key that changes what the model computes and is not implemented, tensors that are no pairs.
    pub(super) fn read(&self, base: &Weights) -> Result<HashMap<String, Adapter>> {
        let path = self.config();
        let config = read_object(&path)?;
        check(&path, &config)?;
        let number = |key: &str| config.get(key).and_then(Value::as_f64).filter(|number| *number > 0.0);
        let alpha = number("lora_alpha");
        let (Some(rank), Some(alpha)) = (number("r"), alpha) else {
            return Err(Error::File { path, problem: "names no `r` and `lora_alpha` above 0".to_owned() });
        };
        let stabilised = config.get("use_rslora").and_then(Value::as_bool).unwrap_or(false);
        let patterned = config.get("rank_pattern").and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        let file = self.tensors()?;
        let tensors = Weights::open_file(&file, base.device(), base.dtype())?.all()?;
        let wrong = |tensor: &str, problem: &str| Error::Tensor {
            path: file.clone(),
            tensor: tensor.to_owned(),
            problem: problem.to_owned(),
        };
        let mut adapters = HashMap::new();
        for (name, down) in &tensors {
            let Some(module) = part(name, "A") else {
                match part(name, "B") {
                    Some(module) if tensors.keys().any(|other| part(other, "A") == Some(module)) => continue,
                    _ => return Err(wrong(name, "is no half of a pair lora_A and lora_B")),
                }
            };
            let other = name.replace(".lora_A.", ".lora_B.");
            let up = tensors.get(&other).ok_or_else(|| wrong(name, "has no lora_B beside it"))?;
            let own = match (down.dims2(), up.dims2()) {
                (Ok((own, _)), Ok((_, same))) if own == same => own as f64,
                _ => return Err(wrong(name, "and its lora_B are no matrices of one rank")),
            };
            if own != rank && !patterned {
                return Err(wrong(name, "has another rank than adapter_config.json names"));
            }
            let scale = alpha / if stabilised { own.sqrt() } else { own };
            adapters.insert(module.to_owned(), Adapter { down: down.clone(), up: up.clone(), scale });
        }
        if adapters.is_empty() {
            return Err(Error::File { path: file, problem: "holds no adapter".to_owned() });
        }
        Ok(adapters)
    }
}

impl Weights {
    /// Finds the weights at `path` (a folder or a file) and reads their headers. Tensors will be put on `device` in
    /// `dtype`; quantised ones stay as they are.
    ///
    /// # Errors
    /// [`Error::File`] for a folder without weights or a malformed header, [`Error::Tensor`] for a tensor that cannot
    /// be where its header says.
    pub fn open(path: &Path, device: &Device, dtype: DType) -> Result<Self> {
        match AdapterFolder::at(path)? {
            None => Self::open_file(path, device, dtype),
            Some(adapter) => {
                let base = Self::open_file(&adapter.base, device, dtype)?;
                let adapters = adapter.read(&base)?;
                Ok(base.with_adapters(adapters))
            }
        }
    }
}

/// The module that a tensor of an adapter belongs to, if it is that half.
fn part<'a>(name: &'a str, half: &str) -> Option<&'a str> {
    let name = name.strip_prefix("base_model.model.")?.strip_suffix(".weight")?;
    let name = name.strip_suffix(".default").unwrap_or(name);
    name.strip_suffix(&format!(".lora_{half}"))
}

fn check(path: &Path, config: &Map<String, Value>) -> Result<()> {
    for (key, only) in ONLY {
        let empty = |value: &Value| match value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if let Some(value) = config
            .get(key)
            .filter(|value| !empty(value) && serde_json::from_str::<Value>(only).ok().as_ref() != Some(*value))
        {
            return Err(Error::Unsupported {
                what: format!("{}: `{key}: {value}`", path.display()),
                supported: format!("adapters with `{key}: {only}`"),
            });
        }
    }
    Ok(())
}
