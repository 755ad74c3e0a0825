//! Values of options that hold more than one thing: pairs, lists, a model in the words of lm-evaluation-harness.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::harness::tasks::Value;

/// `pretrained=MODEL`; what else may stand there has options of its own.
pub(super) fn pretrained(text: &str) -> Result<PathBuf, String> {
    let mut model = None;
    for part in text.split(',') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match key.trim() {
            "pretrained" => model = Some(PathBuf::from(value)),
            "dtype" => return Err(format!("give `{part}` as --dtype; f32, bf16 and f16 are known")),
            "add_bos_token" => return Err(format!("give `{part}` as --add-bos")),
            other => return Err(format!("`{other}` has no counterpart here; `pretrained=MODEL` is read")),
        }
    }
    model.filter(|path| !path.as_os_str().is_empty()).ok_or_else(|| "`pretrained=MODEL` is missing".to_owned())
}

/// `KEY=VALUE`, the value as Python would read it: a number, True, False, None, a list, or text.
pub(super) fn pair(text: &str, option: &str) -> Result<(String, Value)> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), Value::parse(value.trim()))),
        _ => Err(Error::Argument(format!("{option} takes KEY=VALUE, not `{text}`"))),
    }
}

/// The pairs of `--gen-kwargs`; a comma separates them too, outside of brackets and quotes.
pub(super) fn generation(given: &[String]) -> Result<Vec<(String, Value)>> {
    let mut pairs: Vec<(String, Value)> = Vec::new();
    for text in given.iter().flat_map(|text| apart(text)) {
        let (key, value) = pair(text, "--gen-kwargs")?;
        pairs.retain(|(other, _)| *other != key);
        pairs.push((key, value));
    }
    Ok(pairs)
}

fn apart(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != c),
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// What `--samples` says: JSON, or the path of a file with it.
pub(super) fn chosen(given: &str) -> Result<BTreeMap<String, Vec<usize>>> {
    let wrong = |error: serde_json::Error| {
        Error::Argument(format!(
            "--samples takes JSON such as '{{\"arc_easy\": [0, 7]}}', or a file with it; `{given}` is neither: {error}"
        ))
    };
    if given.trim_start().starts_with('{') {
        return serde_json::from_str(given).map_err(wrong);
    }
    let path = Path::new(given);
    serde_json::from_str(&std::fs::read_to_string(path).map_err(Error::read(path))?).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_s_way_to_name_a_model_is_read_and_the_rest_of_it_refused() {
        assert_eq!(pretrained("pretrained=org/name"), Ok(PathBuf::from("org/name")));
        assert!(pretrained("pretrained=x,dtype=float32").unwrap_err().contains("--dtype"));
        assert!(pretrained("pretrained=x,parallelize=True").unwrap_err().contains("`parallelize`"));
        assert!(pretrained("pretrained=").is_err() && pretrained("org/name").is_err());
    }
}
