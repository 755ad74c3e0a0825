//! Tokenizers from a vocabulary: what GGUF files, `tokenizer.model` and `vocab.json` with `merges.txt` have in common.
//!
//! Two kinds exist. *Byte-level* BPE has its merges, and splits text beforehand by a pattern. *SentencePiece* BPE has a
//! score for each piece that says when it is merged, so the merges are every way to split a piece in two known ones, best
//! score first (the conversion that Hugging Face's SentencePiece extractor uses).

use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence as Splits;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{DecoderWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

/// What the library of tokenizers gives back.
pub(super) type Built<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How byte-level BPE splits text beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Splitting {
    Gpt2,
    Llama3,
    Qwen2,
}

const CONTRACTIONS: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";

/// Byte-level BPE. A merge is two pieces with a space between them.
pub(super) fn byte_level(vocabulary: Vocab, merges: &[String], splitting: Splitting) -> Built<Tokenizer> {
    let merges: Merges = merges
        .iter()
        .map(|merge| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).ok_or(format!("merge `{merge}`")))
        .collect::<std::result::Result<_, _>>()?;
    // The builder trusts merges to make known tokens.
    if let Some((a, b)) = merges.iter().find(|(a, b)| !vocabulary.contains_key(&format!("{a}{b}"))) {
        return Err(format!("the merge `{a} {b}` makes no token").into());
    }
    let (pattern, composed, whole_words) = match splitting {
        Splitting::Llama3 => (
            Some(format!(
                r"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            )),
            false,
            true,
        ),
        Splitting::Qwen2 => (
            Some(format!(
                r"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
            )),
            true,
            false,
        ),
        Splitting::Gpt2 => (None, false, false),
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

/// SentencePiece BPE with pieces for bytes. `prefixed` tells whether every text starts with a space.
pub(super) fn sentence_piece(
    tokens: &[String],
    scores: &[f64],
    unknown: Option<&str>,
    prefixed: bool,
) -> Built<Tokenizer> {
    if scores.len() != tokens.len() {
        return Err(format!("{} scores for {} tokens", scores.len(), tokens.len()).into());
    }
    let vocabulary = numbered(tokens);
    let merges = merges_of(tokens, scores, &vocabulary);
    let mut model = BPE::builder().vocab_and_merges(vocabulary, merges).byte_fallback(true).fuse_unk(true);
    if let Some(unknown) = unknown {
        model = model.unk_token(unknown.to_owned());
    }
    let mut tokenizer = Tokenizer::new(model.build()?);
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

/// Puts a beginning and an end token, text and id, around every text.
pub(super) fn surround(
    tokenizer: &mut Tokenizer,
    start: Option<(String, u32)>,
    end: Option<(String, u32)>,
) -> Built<()> {
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

/// Tokens with their places as ids.
pub(super) fn numbered(tokens: &[String]) -> Vocab {
    tokens.iter().enumerate().map(|(id, token)| (token.clone(), id as u32)).collect()
}
