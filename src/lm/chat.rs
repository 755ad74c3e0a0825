//! The chat templates that come with a model, as text: from `tokenizer_config.json`, `chat_template.jinja` and GGUF files.

use std::path::Path;

use serde_json::{Map, Value};

use super::gguf::Header;
use super::keys::read_object;
use super::source;
use crate::bounds::Bound;
use crate::error::{Error, Result};

/// Templates by name, and the special tokens that they may name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ChatTemplates {
    /// Name and source. A model with one template calls it `default`.
    pub named: Vec<(String, String)>,
    /// Special tokens by their role, such as `bos_token`.
    pub tokens: Vec<(String, String)>,
}

/// The name of a template that is the only one, or is taken where none is named.
const DEFAULT: &str = "default";

/// Roles of special tokens, with their names in GGUF files.
const ROLES: [(&str, &str); 7] = [
    ("bos_token", "tokenizer.ggml.bos_token_id"),
    ("eos_token", "tokenizer.ggml.eos_token_id"),
    ("unk_token", "tokenizer.ggml.unknown_token_id"),
    ("sep_token", "tokenizer.ggml.seperator_token_id"),
    ("pad_token", "tokenizer.ggml.padding_token_id"),
    ("cls_token", "tokenizer.ggml.cls_token_id"),
    ("mask_token", "tokenizer.ggml.mask_token_id"),
];

impl ChatTemplates {
    /// Of a folder. `config` is its `tokenizer_config.json`, `map` its `special_tokens_map.json`. A file of its own goes
    /// before what the config holds, as in transformers.
    pub(super) fn read(folder: &Path, config: &Map<String, Value>, map: &Map<String, Value>) -> Result<Self> {
        let mut templates = Self::default();
        match config.get("chat_template") {
            Some(Value::String(source)) => templates.set(DEFAULT, source),
            Some(Value::Array(list)) => {
                for entry in list {
                    let text = |key: &str| entry.get(key).and_then(Value::as_str);
                    if let (Some(name), Some(source)) = (text("name"), text("template")) {
                        templates.set(name, source);
                    }
                }
            }
            _ => {}
        }
        let json = folder.join("chat_template.json");
        if json.is_file()
            && let Some(source) = read_object(&json)?.get("chat_template").and_then(Value::as_str)
        {
            templates.set(DEFAULT, source);
        }
        let alone = folder.join("chat_template.jinja");
        if alone.is_file() {
            templates.set(DEFAULT, &source::read_text(&alone, Bound::ConfigBytes)?);
        }
        let more = folder.join("additional_chat_templates");
        if more.is_dir() {
            let mut files: Vec<_> = std::fs::read_dir(&more).map_err(Error::read(&more))?.flatten().collect();
            files.sort_by_key(std::fs::DirEntry::file_name);
            for path in files.iter().map(std::fs::DirEntry::path) {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                if path.extension().is_some_and(|kind| kind == "jinja") {
                    templates.set(&name, &source::read_text(&path, Bound::ConfigBytes)?);
                }
            }
        }
        for (role, _) in ROLES {
            let token = match config.get(role).or_else(|| map.get(role)) {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Object(token)) => token.get("content").and_then(Value::as_str).map(str::to_owned),
                _ => None,
            };
            templates.tokens.extend(token.map(|token| (role.to_owned(), token)));
        }
        Ok(templates)
    }

    /// Of a GGUF file.
    pub(super) fn of_gguf(header: &Header) -> Self {
        let mut templates = Self::default();
        if let Some(source) = header.text("tokenizer.chat_template") {
            templates.set(DEFAULT, source);
        }
        for name in header.texts("tokenizer.chat_templates").unwrap_or_default() {
            if let Some(source) = header.text(&format!("tokenizer.chat_template.{name}")) {
                templates.set(name, source);
            }
        }
        let tokens = header.texts("tokenizer.ggml.tokens").unwrap_or_default();
        for (role, key) in ROLES {
            let token = header.whole(key).and_then(|id| tokens.get(id as usize));
            templates.tokens.extend(token.map(|token| (role.to_owned(), token.clone())));
        }
        templates
    }

    fn set(&mut self, name: &str, source: &str) {
        self.named.retain(|(other, _)| other != name);
        self.named.push((name.to_owned(), source.to_owned()));
    }

    /// The source of the template of this name, or of the one to be taken where none is named.
    ///
    /// # Errors
    /// [`Error::Argument`] that names those there are.
    pub(crate) fn source(&self, name: Option<&str>) -> Result<&str> {
        let names = || self.named.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let wanted = name.unwrap_or(DEFAULT);
        if let Some((_, source)) = self.named.iter().find(|(name, _)| name == wanted) {
            return Ok(source);
        }
        Err(Error::Argument(match (name, self.named.as_slice()) {
            (_, []) => {
                "the model comes with no chat template: looked for in tokenizer_config.json, chat_template.jinja \
                        and the metadata of a GGUF file; leave --apply-chat-template out, or put chat_template.jinja \
                        beside the weights"
                    .to_owned()
            }
            (Some(name), [(only, _)]) if only == DEFAULT => {
                format!("the model has one chat template, without a name; leave `{name}` out")
            }
            (Some(name), _) => format!("there is no chat template `{name}`; there are: {}", names()),
            (None, _) => {
                format!("the model has several chat templates and none is the default; name one of {}", names())
            }
        }))
    }
}
