//! `config.model_args`: what the model was loaded with.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::cells::{Cell, Pairs};

/// `config.model_args`: text such as `pretrained=a/b,dtype=float32`, the same as Python prints a dictionary or, in the last
/// versions, an object.
#[derive(Debug)]
pub(super) enum ModelArgs<'a> {
    Text(Cow<'a, str>),
    Object(Pairs<'a, Cell<'a>>),
    Other,
}

impl ModelArgs<'_> {
    /// The model that was loaded.
    pub(crate) fn model(&self) -> Option<&str> {
        ["pretrained", "model", "path", "engine", "model_name", "load"].into_iter().find_map(|key| self.text(key))
    }

    /// The value of an argument, as text; `None` for one that is empty or absent.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let value = match self {
            Self::Text(text) => pairs(text).into_iter().find(|(name, _)| *name == key)?.1,
            Self::Object(pairs) => match pairs.get(key)? {
                Cell::Text(text) => text.trim(),
                Cell::Flag(true) => "True",
                Cell::Flag(false) | Cell::Number(_) | Cell::Nested(_) | Cell::Other => return None,
            },
            Self::Other => return None,
        };
        (!value.is_empty() && value != "None").then_some(value)
    }

    /// The same of any kind, as it is written: numbers, `False` and what is nested too.
    pub(crate) fn written(&self, key: &str) -> Option<String> {
        match self {
            Self::Object(pairs) => match pairs.get(key)? {
                Cell::Flag(on) => Some(if *on { "True" } else { "False" }.to_owned()),
                Cell::Number(number) => Some(number.to_string()),
                Cell::Nested(json) => Some(json.clone()),
                Cell::Text(_) | Cell::Other => self.text(key).map(str::to_owned),
            },
            Self::Text(_) | Self::Other => self.text(key).map(str::to_owned),
        }
    }
}

/// The arguments of a text: `name=value,…`, or as Python prints a dictionary. A comma in quotes or brackets is one of the
/// value, and so is one before what has no name.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let inner = text.trim().strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    let (arguments, sign) = inner.map_or((text, '='), |inner| (inner, ':'));
    let (mut parts, mut from, mut depth, mut quote): (Vec<(usize, usize)>, _, _, _) = (Vec::new(), 0, 0_usize, None);
    for (at, c) in arguments.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            // In plain text an apostrophe may be a part of a path.
            (None, '\'' | '"') if sign == ':' => quote = Some(c),
            (None, '[' | '{' | '(') => depth += 1,
            (None, ']' | '}' | ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push((from, at));
                from = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push((from, arguments.len()));
    if depth > 0 {
        // A bracket that nothing closes holds nothing together.
        let commas = arguments.match_indices(',').map(|(at, _)| at).chain([arguments.len()]);
        parts = commas.scan(0, |from, to| Some((std::mem::replace(from, to + 1), to))).collect();
    }
    let mut joined: Vec<(usize, usize)> = Vec::with_capacity(parts.len());
    for (from, to) in parts {
        match joined.last_mut() {
            Some(last) if !arguments[from..to].contains(sign) => last.1 = to,
            _ => joined.push((from, to)),
        }
    }
    let bare = |part: &'_ str| -> (usize, usize) {
        let start = part.len() - part.trim_start_matches([' ', '\'', '"', '\n', '\t']).len();
        (start, part.trim_end_matches([' ', '\'', '"', '\n', '\t', ',']).len().max(start))
    };
    let cut = |from: usize, to: usize| {
        let (start, end) = bare(&arguments[from..to]);
        &arguments[from + start..from + end]
    };
    let pair = |(from, to): (usize, usize)| {
        let at = from + arguments[from..to].find(sign)?;
        Some((cut(from, at), cut(at + sign.len_utf8(), to)))
    };
    joined.into_iter().filter_map(pair).collect()
}

impl<'de: 'a, 'a> Deserialize<'de> for ModelArgs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<'a>(PhantomData<&'a str>);

        impl<'de: 'a, 'a> Visitor<'de> for Any<'a> {
            type Value = ModelArgs<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text or an object")
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(ModelArgs::Text(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(ModelArgs::Text(Cow::Owned(value.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(ModelArgs::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let pairs = Pairs::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ModelArgs::Object(pairs))
            }
        }

        deserializer.deserialize_any(Any(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_a_value_does_not_end_it() {
        for (text, key, value) in [
            ("{'pretrained': '/data/a,b/run-7b', 'dtype': 'auto'}", "pretrained", "/data/a,b/run-7b"),
            (r#"{"pretrained": "/data/a,b/run-7b", "dtype": "auto"}"#, "dtype", "auto"),
            ("{'pretrained': 'C:/runs/a', 'chat_template_args': {'a': 1, 'b': 2}, 'dtype': 'auto'}", "dtype", "auto"),
            ("{'pretrained': 'C:/runs/a'}", "pretrained", "C:/runs/a"),
            ("pretrained=/data/a,b/run-7b,dtype=auto", "pretrained", "/data/a,b/run-7b"),
            ("pretrained=/it's/run, dtype=float16", "dtype", "float16"),
            ("pretrained=org/m[x,revision=step1000", "revision", "step1000"),
            (r#"pretrained=org/m,chat_template_args={"a":1,"b":2},dtype=auto"#, "dtype", "auto"),
        ] {
            assert_eq!(ModelArgs::Text(text.into()).text(key), Some(value), "{text}");
        }
        assert_eq!(ModelArgs::Text("pretrained=,dtype=None".into()).text("dtype"), None);
        assert_eq!(ModelArgs::Text("".into()).text("pretrained"), None);
    }
}
