//! Text to token ids and back.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::chat::ChatTemplates;
use super::gguf::{self, Header};
use super::keys::read_object;
use super::pieces;
use super::source;
use super::suspicion;
use crate::bounds::{self, Bound};
use crate::error::{Error, Result};

/// A tokenizer with the ids of its beginning and end tokens.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    path: PathBuf,
    inner: tokenizers::Tokenizer,
    /// Begins a text.
    pub bos: Option<u32>,
    /// Ends one.
    pub eos: Option<u32>,
    /// Its chat templates.
    pub(crate) chat: ChatTemplates,
}

impl Tokenizer {
    /// Reads `tokenizer.json` of a folder, with the special tokens of `tokenizer_config.json` or `config.json`, and its
    /// chat templates. Truncation and padding that were saved with it are those of whoever saved it, and are left out.
    ///
    /// # Errors
    /// [`Error::Read`] if there is none, [`Error::File`] if it is malformed.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("tokenizer.json");
        let bytes = source::read(&path, Bound::TokenizerBytes)?;
        let wrong = |problem: String| Error::File { path: path.clone(), problem };
        suspicion::check(&bytes).map_err(wrong)?;
        // The library trusts the merges of a tokenizer to make known tokens.
        let read = bounds::survive(|| tokenizers::Tokenizer::from_bytes(bytes));
        let unfit = |_| wrong("is not a tokenizer: its parts, such as merges and vocabulary, do not fit".to_owned());
        let mut inner = read.map_err(unfit)?.map_err(Error::malformed(&path, "is not a tokenizer"))?;
        inner.with_padding(None);
        inner.with_truncation(None).map_err(Error::malformed(&path, "is not a tokenizer"))?;
        Self::described(path, inner, folder)
    }

    /// The tokenizer of a folder in any form that is read: `tokenizer.json`, `vocab.json` with `merges.txt`, or
    /// `tokenizer.model`. `None` where there is none.
    ///
    /// # Errors
    /// As [`Tokenizer::read`], and [`Error::Unsupported`] for an older form of a class that is not known.
    pub(crate) fn beside(folder: &Path) -> Result<Option<Self>> {
        if folder.join("tokenizer.json").exists() {
            return Self::read(folder).map(Some);
        }
        let config = optional(folder, "tokenizer_config.json")?;
        let Some(inner) = pieces::read(folder, &config)? else { return Ok(None) };
        Self::described(folder.join("tokenizer_config.json"), inner, folder).map(Some)
    }

    /// With what the files of a folder say of its special tokens and chats.
    fn described(path: PathBuf, inner: tokenizers::Tokenizer, folder: &Path) -> Result<Self> {
        let (named, numbered) = (optional(folder, "tokenizer_config.json")?, optional(folder, "config.json")?);
        let find = |name: &str| {
            let text = match named.get(name) {
                Some(Value::String(text)) => Some(text.as_str()),
                Some(Value::Object(token)) => token.get("content").and_then(Value::as_str),
                _ => None,
            };
            // A list of ids names several ends; the first is the usual one.
            let id = match numbered.get(&format!("{name}_id")) {
                Some(Value::Array(ids)) => ids.first().and_then(Value::as_u64),
                other => other.and_then(Value::as_u64),
            };
            text.and_then(|text| inner.token_to_id(text)).or_else(|| id.and_then(|id| u32::try_from(id).ok()))
        };
        let (bos, eos) = (find("bos_token"), find("eos_token"));
        let chat = ChatTemplates::read(folder, &named, &optional(folder, "special_tokens_map.json")?)?;
        Ok(Self { path, inner, bos, eos, chat })
    }

    /// Builds the tokenizer that a GGUF file carries.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a kind that is not implemented, [`Error::File`] if it is incomplete.
    pub(crate) fn from_gguf(path: &Path, header: &Header) -> Result<Self> {
        let inner = gguf::tokenizer(path, header)?;
        let (bos, eos) = (header.whole("tokenizer.ggml.bos_token_id"), header.whole("tokenizer.ggml.eos_token_id"));
        let chat = ChatTemplates::of_gguf(header);
        Ok(Self { path: path.to_owned(), inner, bos, eos, chat })
    }

    /// Token ids of `text`; `special` adds the beginning and end tokens that the tokenizer itself asks for.
    ///
    /// # Errors
    /// [`Error::File`] if the tokenizer cannot express the text.
    pub fn encode(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        let encoded = bounds::survive(|| self.inner.encode(text, special)).map_err(|said| self.unfit(&said))?;
        Ok(encoded.map_err(self.failed("cannot express a text"))?.get_ids().to_vec())
    }

    /// The text of token ids; `special` keeps special tokens in it.
    ///
    /// # Errors
    /// [`Error::File`] if the tokenizer cannot decode them.
    pub fn decode(&self, tokens: &[u32], special: bool) -> Result<String> {
        let decoded = bounds::survive(|| self.inner.decode(tokens, !special)).map_err(|said| self.unfit(&said))?;
        decoded.map_err(self.failed("cannot express tokens as text"))
    }

    /// Number of tokens, added ones included.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Fails if a token's id is beyond a vocabulary of `size`. Added tokens may be: Gemma 3's tokenizer names an image
    /// token that its text models do not have.
    ///
    /// # Errors
    /// [`Error::File`] naming the token.
    pub(crate) fn check(&self, size: usize) -> Result<()> {
        let largest = self.inner.get_vocab(false).into_iter().max_by_key(|(_, id)| *id);
        match largest {
            Some((token, id)) if id as usize >= size => Err(Error::File {
                path: self.path.clone(),
                problem: format!("has the token `{token}` with id {id}, but the model's vocabulary ends at {size}"),
            }),
            _ => Ok(()),
        }
    }

    /// A tokenizer that was read and breaks when it is used.
    fn unfit(&self, said: &str) -> Error {
        let line = said.lines().next().unwrap_or_default();
        Error::File { path: self.path.clone(), problem: format!("is damaged: its parts do not fit ({line})") }
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(tokenizers::Error) -> Error {
        Error::malformed(&self.path, what)
    }
}

fn optional(folder: &Path, name: &str) -> Result<Map<String, Value>> {
    let path = folder.join(name);
    if path.exists() { read_object(&path) } else { Ok(Map::new()) }
}
