//! A tokenizer from the vocabulary that a GGUF file carries.
//!
//! Two kinds exist: *gpt2*, byte-level BPE with its merges, split beforehand by the pattern that `tokenizer.ggml.pre`
//! names, and *llama*, SentencePiece BPE.

use std::path::Path;

use tokenizers::{AddedToken, Tokenizer};

use super::header::Header;
use crate::error::{Error, Result};
use crate::lm::vocabulary::{self, Built, Splitting, numbered};

/// Types of tokens in `tokenizer.ggml.token_type`.
const UNKNOWN: f64 = 2.0;
const CONTROL: f64 = 3.0;
const USER_DEFINED: f64 = 4.0;

/// Builds the tokenizer of a GGUF file.
pub(in crate::lm) fn tokenizer(path: &Path, header: &Header) -> Result<Tokenizer> {
    let problem = |problem: String| Error::File { path: path.to_owned(), problem };
    let tokens = header.texts("tokenizer.ggml.tokens").ok_or_else(|| problem("carries no vocabulary".to_owned()))?;
    let types = header.numbers("tokenizer.ggml.token_type").unwrap_or_default();
    let built = match header.text("tokenizer.ggml.model") {
        Some("gpt2") => byte_level(header, tokens),
        Some("llama") => sentence_piece(header, tokens),
        other => {
            return Err(Error::Unsupported {
                what: format!("{}: the tokenizer {}", path.display(), other.unwrap_or("without a name")),
                supported: "gpt2, llama".to_owned(),
            });
        }
    };
    let mut tokenizer = built.map_err(Error::malformed(path, "carries a tokenizer that cannot be built"))?;
    let of_type = |wanted: &[f64], special: bool| -> Vec<AddedToken> {
        let chosen = tokens.iter().zip(types).filter(|(text, kind)| wanted.contains(kind) && !text.is_empty());
        // A run of ▁ is made by merging; as a token added to plain text it would never be met.
        let chosen = chosen.filter(|(text, _)| special || !text.contains('▁'));
        chosen.map(|(text, _)| AddedToken::from(text.clone(), special).normalized(false)).collect()
    };
    let added = tokenizer.add_special_tokens(of_type(&[UNKNOWN, CONTROL], true));
    added
        .and_then(|_| tokenizer.add_tokens(of_type(&[USER_DEFINED], false)))
        .map_err(Error::malformed(path, "carries tokens that cannot be added"))?;
    surround(&mut tokenizer, header, tokens)
        .map_err(Error::malformed(path, "carries special tokens that cannot be used"))?;
    Ok(tokenizer)
}

fn byte_level(header: &Header, tokens: &[String]) -> Built<Tokenizer> {
    let merges = header.texts("tokenizer.ggml.merges").ok_or("no merges")?;
    let splitting = match header.text("tokenizer.ggml.pre").unwrap_or("default") {
        "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" => Splitting::Llama3,
        "qwen2" | "deepseek-r1-qwen" => Splitting::Qwen2,
        "gpt-2" | "gpt2" | "default" => Splitting::Gpt2,
        other => return Err(format!("the pre-tokenizer {other} (supported: llama-bpe, qwen2, gpt-2)").into()),
    };
    vocabulary::byte_level(numbered(tokens), merges, splitting)
}

fn sentence_piece(header: &Header, tokens: &[String]) -> Built<Tokenizer> {
    let scores = header.numbers("tokenizer.ggml.scores").ok_or("no scores")?;
    let unknown = header.whole("tokenizer.ggml.unknown_token_id").and_then(|id| tokens.get(id as usize));
    // Other Llamas start every text with a space; Gemma does not.
    let prefixed = header.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
    vocabulary::sentence_piece(tokens, scores, unknown.map(String::as_str), prefixed)
}

/// Beginning and end tokens where the file asks for them.
fn surround(tokenizer: &mut Tokenizer, header: &Header, tokens: &[String]) -> Built<()> {
    let sentence_piece = header.text("tokenizer.ggml.model") == Some("llama");
    let asked = |name: &str, default: bool| header.flag(name).unwrap_or(default);
    let id = |name: &str| {
        let id = header.whole(name)?;
        Some((tokens.get(id as usize)?.clone(), id))
    };
    let start = id("tokenizer.ggml.bos_token_id").filter(|_| asked("tokenizer.ggml.add_bos_token", sentence_piece));
    let end = id("tokenizer.ggml.eos_token_id").filter(|_| asked("tokenizer.ggml.add_eos_token", false));
    vocabulary::surround(tokenizer, start, end)
}
