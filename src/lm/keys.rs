//! Reading a model's `config.json` without ever ignoring a switch.
//!
//! Every key that is read is remembered. [`Keys::finish`] refuses what is left, unless it is known to change no number
//! at inference (dropout rates, token ids, names) or its value is `null`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::source;
use crate::bounds::Bound;
use crate::error::{Error, Result};

/// No model of this century has a larger dimension; keeps every product of two dimensions within 64 bits.
const LARGEST_SIZE: u64 = 1 << 31;

/// The keys of one JSON object, each read at most under the names it goes by.
pub(super) struct Keys<'a> {
    path: &'a Path,
    /// Empty for the top level, `rope_parameters.` for an object inside it.
    inside: String,
    map: &'a Map<String, Value>,
    used: RefCell<BTreeSet<&'a str>>,
}

/// Reads `path` as one JSON object.
pub(super) fn read_object(path: &Path) -> Result<Map<String, Value>> {
    parse_object(path, &source::read(path, Bound::ConfigBytes)?)
}

/// Parses `bytes` (of the file `path`) as one JSON object.
pub(super) fn parse_object(path: &Path, bytes: &[u8]) -> Result<Map<String, Value>> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(problem(path, "is not a JSON object".to_owned())),
        Err(error) => Err(Error::malformed(path, "is not JSON")(error)),
    }
}

fn problem(path: &Path, problem: String) -> Error {
    Error::File { path: path.to_owned(), problem }
}

impl<'a> Keys<'a> {
    pub(super) fn new(path: &'a Path, map: &'a Map<String, Value>) -> Self {
        Self { path, inside: String::new(), map, used: RefCell::default() }
    }

    /// The keys of an object inside this one; `None` where it is missing or `null`.
    pub(super) fn object(&self, name: &'a str) -> Result<Option<Keys<'a>>> {
        match self.get(&[name]) {
            None => Ok(None),
            Some((_, Value::Object(map))) => Ok(Some(Keys {
                path: self.path,
                inside: format!("{}{name}.", self.inside),
                map,
                used: RefCell::default(),
            })),
            Some((_, other)) => Err(self.wrong(name, "an object", other)),
        }
    }

    /// A whole number between 1 and 2³¹, or `default` where no spelling of it is present.
    pub(super) fn size_or(&self, names: &[&'a str], default: usize) -> Result<usize> {
        Ok(self.optional_size(names)?.unwrap_or(default))
    }

    pub(super) fn size(&self, names: &[&'a str]) -> Result<usize> {
        self.optional_size(names)?.ok_or_else(|| self.missing(names))
    }

    pub(super) fn optional_size(&self, names: &[&'a str]) -> Result<Option<usize>> {
        let Some((name, value)) = self.get(names) else { return Ok(None) };
        match value.as_u64().or_else(|| whole(value.as_f64()?)) {
            Some(size @ 1..=LARGEST_SIZE) => Ok(Some(size as usize)),
            _ => Err(self.wrong(name, "a whole number between 1 and 2^31", value)),
        }
    }

    /// A whole number that may be zero.
    pub(super) fn count_or(&self, name: &'a str, default: usize) -> Result<usize> {
        match self.get(&[name]) {
            None => Ok(default),
            Some((_, value)) => match value.as_u64() {
                Some(count @ 0..=LARGEST_SIZE) => Ok(count as usize),
                _ => Err(self.wrong(name, "a whole number between 0 and 2^31", value)),
            },
        }
    }

    pub(super) fn number(&self, names: &[&'a str]) -> Result<f64> {
        self.optional_number(names)?.ok_or_else(|| self.missing(names))
    }

    pub(super) fn number_or(&self, names: &[&'a str], default: f64) -> Result<f64> {
        Ok(self.optional_number(names)?.unwrap_or(default))
    }

    /// A finite number above zero: nothing in these configs may be zero or negative.
    pub(super) fn optional_number(&self, names: &[&'a str]) -> Result<Option<f64>> {
        let Some((name, value)) = self.get(names) else { return Ok(None) };
        match value.as_f64() {
            Some(number) if number.is_finite() && number > 0.0 => Ok(Some(number)),
            _ => Err(self.wrong(name, "a number above 0", value)),
        }
    }

    pub(super) fn flag_or(&self, name: &'a str, default: bool) -> Result<bool> {
        match self.get(&[name]) {
            None => Ok(default),
            Some((_, Value::Bool(flag))) => Ok(*flag),
            Some((_, other)) => Err(self.wrong(name, "true or false", other)),
        }
    }

    pub(super) fn text(&self, names: &[&'a str]) -> Result<Option<&'a str>> {
        match self.get(names) {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text)),
            Some((name, other)) => Err(self.wrong(name, "a text", other)),
        }
    }

    pub(super) fn array(&self, name: &'a str) -> Result<Option<&'a [Value]>> {
        match self.get(&[name]) {
            None => Ok(None),
            Some((_, Value::Array(values))) => Ok(Some(values)),
            Some((_, other)) => Err(self.wrong(name, "a list", other)),
        }
    }

    pub(super) fn texts(&self, name: &'a str) -> Result<Option<Vec<&'a str>>> {
        let Some(values) = self.array(name)? else { return Ok(None) };
        let text = |value: &'a Value| value.as_str().ok_or_else(|| self.wrong(name, "a list of texts", value));
        values.iter().map(text).collect::<Result<_>>().map(Some)
    }

    pub(super) fn numbers(&self, name: &'a str) -> Result<Option<Vec<f64>>> {
        let Some(values) = self.array(name)? else { return Ok(None) };
        let number = |value: &Value| match value.as_f64() {
            Some(number) if number.is_finite() && number > 0.0 => Ok(number),
            _ => Err(self.wrong(name, "a list of numbers above 0", value)),
        };
        values.iter().map(number).collect::<Result<_>>().map(Some)
    }

    /// Whether one of the names is there with a value other than `null`; marks nothing as read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the key is there, with any value; marks nothing as read.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    /// Whether the key is there with the value `null`; marks nothing as read.
    pub(super) fn is_null(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(serde_json::Value::is_null)
    }

    /// Accepts a switch only in the position in which it changes no number.
    pub(super) fn only(&self, name: &'a str, harmless: bool) -> Result<()> {
        if self.flag_or(name, harmless)? == harmless {
            return Ok(());
        }
        Err(self.unsupported(&format!("`{}{name}: {}`", self.inside, !harmless), &format!("{harmless}")))
    }

    /// Accepts a key with any value: it changes no number of this model.
    pub(super) fn ignore(&self, names: &[&'a str]) {
        for name in names {
            self.get(&[name]);
        }
    }

    /// Refuses every key that nothing has asked for.
    pub(super) fn finish(&self, supported_elsewhere: &str) -> Result<()> {
        self.finish_as(supported_elsewhere, self.inside.is_empty())
    }

    /// The same of an object that may hold, beside its own keys, all those that change no number.
    pub(super) fn finish_part(&self, supported_elsewhere: &str) -> Result<()> {
        self.finish_as(supported_elsewhere, true)
    }

    fn finish_as(&self, supported_elsewhere: &str, may_note: bool) -> Result<()> {
        let used = self.used.borrow();
        for (name, value) in self.map {
            // What begins with an underscore is a note of the program that wrote the file.
            let noted = name.starts_with('_') || HARMLESS.contains(&name.as_str());
            let harmless = may_note && noted;
            if !used.contains(name.as_str()) && !harmless && !value.is_null() {
                let what = format!("`{}{name}: {}`", self.inside, shorten(value));
                let supported = format!(
                    "{supported_elsewhere} without it, as it may change what the model computes; where it changes \
                     nothing, take it out of the file"
                );
                return Err(self.unsupported(&what, &supported));
            }
        }
        Ok(())
    }

    /// An [`Error::Unsupported`] about this file.
    pub(super) fn unsupported(&self, what: &str, supported: &str) -> Error {
        Error::Unsupported { what: format!("{}: {what}", self.path.display()), supported: supported.to_owned() }
    }

    /// An [`Error::File`] about this file.
    pub(super) fn problem(&self, text: String) -> Error {
        problem(self.path, text)
    }

    /// The first of `names` that is present and not `null`; all of them count as read.
    fn get(&self, names: &[&'a str]) -> Option<(&'a str, &'a Value)> {
        self.used.borrow_mut().extend(names);
        names.iter().find_map(|&name| self.map.get(name).filter(|value| !value.is_null()).map(|value| (name, value)))
    }

    fn missing(&self, names: &[&str]) -> Error {
        self.problem(format!("`{}{}` is missing", self.inside, names.join("` or `")))
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Value) -> Error {
        self.problem(format!("`{}{name}` must be {wanted}, found {}", self.inside, shorten(found)))
    }
}

/// Some converters write `4096.0`.
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..=LARGEST_SIZE as f64).contains(&number)).then_some(number as u64)
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Keys that change no number of a forward pass: names and versions, token ids, dropout, initialisation, and the
/// generation settings that older configs carry.
const HARMLESS: &[&str] = &[
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_flash_attn_2_enabled",
    "_from_model_config",
    "_name_or_path",
    "activation_dropout",
    "additional_special_tokens",
    "architectures",
    "attention_dropout",
    "attention_probs_dropout_prob",
    "attn_implementation",
    "attn_pdrop",
    "auto_map",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "classifier_dropout",
    "cross_attention_hidden_size",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dropout",
    "dtype",
    "early_stopping",
    "embd_pdrop",
    "embed_dropout",
    "embedding_dropout",
    "encoder_no_repeat_ngram_size",
    "eos_token",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "gradient_checkpointing_kwargs",
    "hidden_dropout",
    "hidden_dropout_prob",
    "id2label",
    "init_std",
    "initializer_range",
    "is_decoder",
    "is_llama_config",
    "label2id",
    "layerdrop",
    "length_penalty",
    "max_length",
    "min_length",
    "model_max_length",
    "model_type",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_labels",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "model_name",
    "neftune_noise_alpha",
    "output_past",
    "pad_token",
    "pad_token_id",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "pruned_heads",
    "remove_invalid_values",
    "repetition_penalty",
    "resid_dropout",
    "resid_pdrop",
    "residual_dropout",
    "return_dict",
    "return_dict_in_generate",
    "sep_token_id",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class",
    "tokenizer_name",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "unk_token",
    "unk_token_id",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "vocab_file",
];
