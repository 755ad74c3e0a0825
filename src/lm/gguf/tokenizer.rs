//! A tokenizer from the vocabulary that a GGUF file carries.
//!
//! Two kinds exist. *gpt2*: byte-level BPE with its merges, split beforehand by the pattern that `tokenizer.ggml.pre` names.
//! *llama*: SentencePiece BPE; a piece's score says when it is merged, so the merges are every way to split a piece in two
//! known ones, best score first (the conversion that Hugging Face's SentencePiece extractor uses).

use std::path::Path;

use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence as Splits;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer,
};

use super::header::Header;
use crate::error::{Error, Result};

/// Types of tokens in `tokenizer.ggml.token_type`.
const UNKNOWN: f64 = 2.0;
const CONTROL: f64 = 3.0;
const USER_DEFINED: f64 = 4.0;

const CONTRACTIONS: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";

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

type Built<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn byte_level(header: &Header, tokens: &[String]) -> Built<Tokenizer> {
    let merges = header.texts("tokenizer.ggml.merges").ok_or("no merges")?;
    let merges: Merges = merges
        .iter()
        .map(|merge| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or(format!("merge `{merge}`")))
        .collect::<std::result::Result<_, _>>()?;
    let vocabulary = vocabulary(tokens);
    // The builder trusts merges to make known tokens.
    if let Some((a, b)) = merges.iter().find(|(a, b)| !vocabulary.contains_key(&format!("{a}{b}"))) {
        return Err(format!("the merge `{a} {b}` makes no token").into());
    }
    let (pattern, composed, whole_words) = match header.text("tokenizer.ggml.pre").unwrap_or("default") {
        "llama-bpe" | "llama3" | "llama-v3" | "smaug-bpe" => (
            Some(format!(
                r"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            )),
            false,
            true,
        ),
        "qwen2" | "deepseek-r1-qwen" => (
            Some(format!(
                r"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            )),
            true,
            false,
        ),
        "gpt-2" | "gpt2" | "default" => (None, false, false),
        other => return Err(format!("the pre-tokenizer {other} (supported: llama-bpe, qwen2, gpt-2)").into()),
    };
    let model = BPE::builder().vocab_and_merges(vocabulary, merges).ignore_merges(whole_words).build()?;
    let mut tokenizer = Tokenizer::new(model);
    if composed {
        tokenizer.with_normalizer(Some(tokenizers::normalizers::unicode::NFC))?;
    }
    let splits: PreTokenizerWrapper = match pattern {
        None => ByteLevel::new(false, true, true).into(),
        Some(pattern) => {
            let split = Split::new(SplitPattern::Regex(pattern), SplitDelimiterBehavior::Isolated, false)?;
            Splits::new(vec![split.into(), ByteLevel::new(false, true, false).into()]).into()
        }
    };
    tokenizer.with_pre_tokenizer(Some(splits));
    tokenizer.with_decoder(Some(ByteLevel::new(true, true, true)));
    Ok(tokenizer)
}

fn sentence_piece(header: &Header, tokens: &[String]) -> Built<Tokenizer> {
    let scores = header.numbers("tokenizer.ggml.scores").ok_or("no scores")?;
    if scores.len() != tokens.len() {
        return Err(format!("{} scores for {} tokens", scores.len(), tokens.len()).into());
    }
    let vocabulary = vocabulary(tokens);
    let merges = merges_of(tokens, scores, &vocabulary);
    let unknown = header.whole("tokenizer.ggml.unknown_token_id").and_then(|id| tokens.get(id as usize));
    let mut model = BPE::builder().vocab_and_merges(vocabulary, merges).byte_fallback(true).fuse_unk(true);
    if let Some(unknown) = unknown {
        model = model.unk_token(unknown.clone());
    }
    let mut tokenizer = Tokenizer::new(model.build()?);
    // Other Llamas start every text with a space; Gemma does not.
    let prefixed = header.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
    let replace = tokenizers::normalizers::replace::Replace::new(" ", "▁")?;
    let normalizer: NormalizerWrapper = if prefixed {
        let prepend = tokenizers::normalizers::prepend::Prepend::new("▁".to_owned());
        tokenizers::normalizers::utils::Sequence::new(vec![prepend.into(), replace.into()]).into()
    } else {
        replace.into()
    };
    tokenizer.with_normalizer(Some(normalizer))?;
    use tokenizers::decoders::{byte_fallback::ByteFallback, fuse::Fuse, sequence::Sequence, strip::Strip};
    let mut steps: Vec<DecoderWrapper> = vec![
        tokenizers::normalizers::replace::Replace::new("▁", " ")?.into(),
        ByteFallback::new().into(),
        Fuse::new().into(),
    ];
    if prefixed {
        steps.push(Strip::new(' ', 1, 0).into());
    }
    tokenizer.with_decoder(Some(Sequence::new(steps)));
    Ok(tokenizer)
}

/// Every split of a piece in two known ones; better pieces first, then those whose parts are longer.
fn merges_of(tokens: &[String], scores: &[f64], vocabulary: &Vocab) -> Merges {
    let mut merges = Vec::new();
    for (piece, score) in tokens.iter().zip(scores) {
        let mut splits: Vec<(&str, &str)> = piece
            .char_indices()
            .skip(1)
            .map(|(at, _)| piece.split_at(at))
            .filter(|(left, right)| vocabulary.contains_key(*left) && vocabulary.contains_key(*right))
            .collect();
        splits.sort_by_key(|(left, right)| (vocabulary[*left], vocabulary[*right]));
        merges.extend(splits.into_iter().map(|(left, right)| (score, left, right)));
    }
    let length = |text: &str| text.chars().count();
    merges.sort_by(|a, b| {
        let order = b.0.partial_cmp(a.0).unwrap_or(std::cmp::Ordering::Equal);
        order.then_with(|| length(b.1).cmp(&length(a.1))).then_with(|| length(b.2).cmp(&length(a.2)))
    });
    merges.into_iter().map(|(_, left, right)| (left.to_owned(), right.to_owned())).collect()
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
    if start.is_none() && end.is_none() {
        return Ok(());
    }
    let before = start.iter().map(|(text, _)| text.clone());
    let after = end.iter().map(|(text, _)| text.clone());
    let single: Vec<String> = before.chain(["$0".to_owned()]).chain(after).collect();
    let specials: Vec<(String, u32)> = start.into_iter().chain(end).collect();
    let template = TemplateProcessing::builder().try_single(single)?.special_tokens(specials).build()?;
    tokenizer.with_post_processor(Some(template));
    Ok(())
}

fn vocabulary(tokens: &[String]) -> Vocab {
    tokens.iter().enumerate().map(|(id, token)| (token.clone(), id as u32)).collect()
}
