//! Tokenizers of folders without `tokenizer.json`: `tokenizer.model` of Llama, `vocab.json` with `merges.txt` of GPT-2 and
//! Qwen 2.
//!
//! `tokenizer.model` is a message of protocol buffers (SentencePiece's `sentencepiece_model.proto`): field 1, repeated, is
//! a piece with its text (1), score (2) and kind (3); field 2 says how it was trained, of which 3 is the kind of model;
//! field 3 says how text is normalised: 1 is the name, 3 whether a space is put before it, 4 whether runs of spaces shrink.

use std::path::Path;

use serde_json::{Map, Value};
use tokenizers::models::bpe::Vocab;
use tokenizers::{AddedToken, Tokenizer};

use super::keys::read_object;
use super::source;
use super::vocabulary::{self, Built, Splitting};
use crate::bounds::Bound;
use crate::error::{Error, Result};

/// The tokenizer of a folder in one of the older forms; `None` where there is none. `config` is `tokenizer_config.json`.
pub(super) fn read(folder: &Path, config: &Map<String, Value>) -> Result<Option<Tokenizer>> {
    let class = config.get("tokenizer_class").and_then(Value::as_str).unwrap_or_default();
    let class = class.strip_suffix("Fast").unwrap_or(class);
    let (model, words, merges) = (folder.join("tokenizer.model"), folder.join("vocab.json"), folder.join("merges.txt"));
    let (path, built) = if words.is_file() && merges.is_file() {
        let splitting = match class {
            "GPT2Tokenizer" => Splitting::Gpt2,
            "Qwen2Tokenizer" => Splitting::Qwen2,
            other => return Err(unknown(&words, other, "GPT2Tokenizer, Qwen2Tokenizer")),
        };
        let vocabulary = read_object(&words)?;
        let merges = source::read_text(&merges, Bound::TokenizerBytes)?;
        (words, word_pairs(&vocabulary, &merges, splitting))
    } else if model.is_file() {
        if class != "LlamaTokenizer" {
            return Err(unknown(&model, class, "LlamaTokenizer"));
        }
        // Without it, text after a special token is spaced in another way.
        if config.get("legacy") == Some(&Value::Bool(false)) {
            return Err(unknown(&model, "LlamaTokenizer with legacy: false", "LlamaTokenizer with legacy: true"));
        }
        let bytes = source::read(&model, Bound::TokenizerBytes)?;
        (model, sentence_pieces(&bytes, config))
    } else {
        return Ok(None);
    };
    let mut tokenizer = built.map_err(Error::malformed(&path, "cannot be made a tokenizer"))?;
    add(&mut tokenizer, folder, config)?;
    Ok(Some(tokenizer))
}

fn unknown(path: &Path, class: &str, known: &str) -> Error {
    Error::Unsupported {
        what: format!("{}: the `tokenizer_class` \"{class}\" of tokenizer_config.json", path.display()),
        supported: format!(
            "{known}, and tokenizer.json of any class, which AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes"
        ),
    }
}

fn word_pairs(vocabulary: &Map<String, Value>, merges: &str, splitting: Splitting) -> Built<Tokenizer> {
    let id = |(token, id): (&String, &Value)| {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or(format!("`{token}` has no id"))?;
        Ok::<_, String>((token.clone(), id))
    };
    let vocabulary = vocabulary.iter().map(id).collect::<std::result::Result<Vocab, _>>()?;
    let lines = merges.lines().filter(|line| !line.starts_with("#version") && !line.trim().is_empty());
    let merges: Vec<String> = lines.map(str::to_owned).collect();
    vocabulary::byte_level(vocabulary, &merges, splitting)
}

/// Kinds of pieces.
const UNKNOWN: u64 = 2;
const CONTROL: u64 = 3;
const USER_DEFINED: u64 = 4;

/// Kind of model: byte pairs.
const PAIRS: u64 = 2;

fn sentence_pieces(bytes: &[u8], config: &Map<String, Value>) -> Built<Tokenizer> {
    let (mut tokens, mut scores, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    let (mut model, mut name, mut prefixed, mut shrinks) = (1, String::new(), true, true);
    for (number, field) in fields(bytes)? {
        match (number, field) {
            (1, Field::Bytes(piece)) => {
                let (mut text, mut score, mut kind) = (String::new(), 0.0, 1);
                for field in fields(piece)? {
                    match field {
                        (1, Field::Bytes(bytes)) => text = String::from_utf8_lossy(bytes).into_owned(),
                        (2, Field::Fixed(bits)) => score = f64::from(f32::from_bits(bits)),
                        (3, Field::Whole(number)) => kind = number,
                        _ => {}
                    }
                }
                tokens.push(text);
                scores.push(score);
                kinds.push(kind);
            }
            (2, Field::Bytes(trainer)) => {
                for field in fields(trainer)? {
                    if let (3, Field::Whole(kind)) = field {
                        model = kind;
                    }
                }
            }
            (3, Field::Bytes(normaliser)) => {
                for field in fields(normaliser)? {
                    match field {
                        (1, Field::Bytes(bytes)) => name = String::from_utf8_lossy(bytes).into_owned(),
                        (3, Field::Whole(flag)) => prefixed = flag != 0,
                        (4, Field::Whole(flag)) => shrinks = flag != 0,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if model != PAIRS {
        return Err("it is no byte-pair model (`model_type`: BPE), the only kind that is read".into());
    }
    if !matches!(name.as_str(), "identity" | "") || shrinks {
        let spaces = if shrinks { " and shrinks runs of spaces" } else { "" };
        return Err(format!("it normalises text by `{name}`{spaces}; only `identity` is read").into());
    }
    if tokens.is_empty() {
        return Err("it has no pieces".into());
    }
    let unknown = kinds.iter().position(|kind| *kind == UNKNOWN).map(|id| tokens[id].as_str());
    let mut tokenizer = vocabulary::sentence_piece(&tokens, &scores, unknown, prefixed)?;
    let of_kind = |wanted: &[u64], special: bool| -> Vec<AddedToken> {
        let chosen = tokens.iter().zip(&kinds).filter(|(_, kind)| wanted.contains(kind));
        chosen.map(|(text, _)| AddedToken::from(text.clone(), special).normalized(false)).collect()
    };
    tokenizer.add_special_tokens(of_kind(&[UNKNOWN, CONTROL], true))?;
    tokenizer.add_tokens(of_kind(&[USER_DEFINED], false))?;
    let token = |key: &str, usual: &str| {
        let text = match config.get(key) {
            Some(Value::String(text)) => text.as_str(),
            Some(Value::Object(token)) => token.get("content").and_then(Value::as_str).unwrap_or(usual),
            _ => usual,
        };
        tokenizer.token_to_id(text).map(|id| (text.to_owned(), id))
    };
    let asked = |key: &str, usual: bool| config.get(key).and_then(Value::as_bool).unwrap_or(usual);
    let start = token("bos_token", "<s>").filter(|_| asked("add_bos_token", true));
    let end = token("eos_token", "</s>").filter(|_| asked("add_eos_token", false));
    vocabulary::surround(&mut tokenizer, start, end)?;
    Ok(tokenizer)
}

/// Tokens that `tokenizer_config.json` or `added_tokens.json` add, in the order of their ids.
fn add(tokenizer: &mut Tokenizer, folder: &Path, config: &Map<String, Value>) -> Result<()> {
    let mut added: Vec<(u32, AddedToken)> = Vec::new();
    if let Some(Value::Object(tokens)) = config.get("added_tokens_decoder") {
        for (id, token) in tokens {
            let flag = |key: &str| token.get(key).and_then(Value::as_bool).unwrap_or(false);
            if let (Ok(id), Some(text)) = (id.parse(), token.get("content").and_then(Value::as_str)) {
                let token = AddedToken::from(text, flag("special")).normalized(flag("normalized"));
                let token = token.lstrip(flag("lstrip")).rstrip(flag("rstrip")).single_word(flag("single_word"));
                added.push((id, token));
            }
        }
    } else {
        let path = folder.join("added_tokens.json");
        let tokens = if path.is_file() { read_object(&path)? } else { Map::new() };
        let id = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok());
        added.extend(
            tokens.iter().filter_map(|(text, value)| Some((id(value)?, AddedToken::from(text.clone(), false)))),
        );
    }
    added.sort_by_key(|(id, _)| *id);
    for (id, token) in added {
        let text = token.content.clone();
        let failed = Error::malformed(folder, "has tokens that cannot be added");
        if token.special {
            tokenizer.add_special_tokens(vec![token]).map_err(failed)?;
        } else {
            tokenizer.add_tokens(vec![token]).map_err(failed)?;
        }
        if tokenizer.token_to_id(&text) != Some(id) {
            let problem = format!("adds the token `{text}` with id {id}, which is not the next one");
            return Err(Error::File { path: folder.join("tokenizer_config.json"), problem });
        }
    }
    Ok(())
}

enum Field<'a> {
    Whole(u64),
    Fixed(u32),
    Bytes(&'a [u8]),
}

/// Numbers and contents of the fields of a message.
fn fields(bytes: &[u8]) -> Built<Vec<(u64, Field<'_>)>> {
    let mut at = 0;
    let mut all = Vec::new();
    let whole = |at: &mut usize| -> Built<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *bytes.get(*at).ok_or("it ends within a number")?;
            *at += 1;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Ok(number);
            }
        }
        Err("a number is too long".into())
    };
    let take = |at: &mut usize, count: u64| -> Built<&[u8]> {
        let end = usize::try_from(count).ok().and_then(|count| at.checked_add(count));
        let taken = end.and_then(|end| bytes.get(*at..end)).ok_or("it ends within a field")?;
        *at += taken.len();
        Ok(taken)
    };
    while at < bytes.len() {
        let key = whole(&mut at)?;
        let field = match key & 7 {
            0 => Field::Whole(whole(&mut at)?),
            1 => {
                take(&mut at, 8)?;
                continue;
            }
            2 => {
                let count = whole(&mut at)?;
                Field::Bytes(take(&mut at, count)?)
            }
            5 => Field::Fixed(u32::from_le_bytes(take(&mut at, 4)?.try_into()?)),
            other => return Err(format!("it has a field of the unknown kind {other}").into()),
        };
        all.push((key >> 3, field));
    }
    Ok(all)
}
