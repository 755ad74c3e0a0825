//! The parts of a results file that are used; everything else is skipped without being built.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Error;

use crate::harness::format::Choices;

/// A results file.
#[derive(Debug, serde::Deserialize)]
pub(super) struct ResultsFile<'a> {
    #[serde(borrow)]
    pub results: Option<Pairs<'a, Pairs<'a, Cell<'a>>>>,
    #[serde(borrow, default)]
    pub groups: Option<Pairs<'a, IgnoredAny>>,
    #[serde(borrow, default)]
    pub group_subtasks: Option<Pairs<'a, Vec<Name<'a>>>>,
    #[serde(borrow, default)]
    pub configs: Option<Pairs<'a, TaskConfig<'a>>>,
    #[serde(borrow, rename = "n-shot", default)]
    pub n_shot: Option<Pairs<'a, Cell<'a>>>,
    #[serde(borrow, rename = "n-samples", default)]
    pub n_samples: Option<Pairs<'a, Samples>>,
    #[serde(borrow, default)]
    pub versions: Option<Pairs<'a, Cell<'a>>>,
    #[serde(borrow, default)]
    pub config: Option<RunConfig<'a>>,
    #[serde(borrow, default)]
    pub model_name: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub date: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub git_hash: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub lm_eval_version: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub chat_template: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub chat_template_sha: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub system_instruction: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub system_instruction_sha: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub fewshot_as_multiturn: Option<Cell<'a>>,
    /// There in results of lighteval only.
    #[serde(default)]
    pub config_general: Option<IgnoredAny>,
    /// There in results of onset only.
    #[serde(borrow, default)]
    pub onset: Option<OnsetRun<'a>>,
}

/// What onset records of its own runs.
#[derive(Debug, serde::Deserialize)]
pub(super) struct OnsetRun<'a> {
    #[serde(borrow, default)]
    pub version: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub quantisation: Option<Cell<'a>>,
}

/// How one task was set up.
#[derive(Debug, serde::Deserialize)]
pub(super) struct TaskConfig<'a> {
    #[serde(borrow, default)]
    pub output_type: Option<Name<'a>>,
    #[serde(default)]
    pub doc_to_choice: Choices,
}

/// How the run was set up.
#[derive(Debug, serde::Deserialize)]
pub(super) struct RunConfig<'a> {
    #[serde(borrow, default)]
    pub model: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub model_args: Option<ModelArgs<'a>>,
    #[serde(borrow, default)]
    pub model_num_parameters: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub model_dtype: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub model_revision: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub apply_chat_template: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub num_fewshot: Option<Cell<'a>>,
    #[serde(borrow, default)]
    pub limit: Option<Cell<'a>>,
}

/// Number of items that were used.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Samples {
    #[serde(default)]
    pub original: Option<u32>,
    #[serde(default)]
    pub effective: Option<u32>,
}

impl<'a> ResultsFile<'a> {
    /// Reads a file. Python writes NaN and Infinity, which JSON does not know: where they occur they are read as null.
    pub(crate) fn parse<R>(bytes: &[u8], with: impl FnOnce(&ResultsFile<'_>) -> R) -> Result<R, Error> {
        match serde_json::from_slice::<ResultsFile<'_>>(bytes) {
            Ok(file) => Ok(with(&file)),
            Err(error) => {
                let Some(repaired) = without_non_finite(bytes) else { return Err(error) };
                serde_json::from_slice::<ResultsFile<'_>>(&repaired).map(|file| with(&file)).map_err(|_| error)
            }
        }
    }
}

/// The same JSON with every bare NaN, Infinity and -Infinity replaced by null; `None` when there is none.
pub(in crate::harness) fn without_non_finite(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut quoted, mut found) = (0, false, false);
    while at < bytes.len() {
        if quoted && bytes[at] == b'\\' {
            out.extend_from_slice(&bytes[at..(at + 2).min(bytes.len())]);
            at += 2;
            continue;
        }
        if bytes[at] == b'"' {
            quoted = !quoted;
        }
        let word = [&b"NaN"[..], b"-Infinity", b"Infinity"].into_iter().find(|word| bytes[at..].starts_with(word));
        match word {
            Some(word) if !quoted => {
                out.extend_from_slice(b"null");
                at += word.len();
                found = true;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    found.then_some(out)
}

/// A text, borrowed from the file where it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Name<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// An object as a list, in the order of the file.
#[derive(Debug)]
pub(super) struct Pairs<'a, V>(pub Vec<(Cow<'a, str>, V)>);

impl<V> Default for Pairs<'_, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Pairs<'_, V> {
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Pairs<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<'a, V>(PhantomData<(&'a str, V)>);

        impl<'de: 'a, 'a, V: Deserialize<'de>> Visitor<'de> for Object<'a, V> {
            type Value = Pairs<'a, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some((key, value)) = map.next_entry::<Name<'a>, V>()? {
                    pairs.push((key.0, value));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// A value that may be a number, a text or anything else.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Number(f64),
    Text(Cow<'a, str>),
    Flag(bool),
    Other,
}

impl Cell<'_> {
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            // Some forks write numbers as text; the harness itself writes "N/A" for what does not exist.
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Flag(_) | Self::Other => None,
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Self::Number(_) | Self::Flag(_) | Self::Other => None,
        }
    }

    pub(crate) fn count(&self) -> Option<u32> {
        self.number().filter(|n| n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(n)).map(|n| n as u32)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<'a>(PhantomData<&'a str>);

        impl<'de: 'a, 'a> Visitor<'de> for Any<'a> {
            type Value = Cell<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Cell::Number(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Cell::Number(value as f64))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Cell::Number(value as f64))
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Cell::Text(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Cell::Text(Cow::Owned(value.to_owned())))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Cell::Flag(value))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Cell::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Cell::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Cell::Other)
            }
        }

        deserializer.deserialize_any(Any(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Choices;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Choices::Texts)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Choices::None)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut options = Vec::new();
                while let Some(option) = seq.next_element::<Cell<'de>>()? {
                    options.push(option);
                }
                Ok(Choices::of(options.iter().map(|option| match option {
                    Cell::Text(text) => Some(text.as_ref()),
                    _ => None,
                })))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Choices::Texts)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

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
        ["pretrained", "model", "path", "engine", "model_name"].into_iter().find_map(|key| self.text(key))
    }

    /// The value of an argument, as text; `None` for one that is empty or absent.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let value = match self {
            Self::Text(text) => {
                let inner = text.trim().strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
                let (arguments, sign) = inner.map_or((text.as_ref(), '='), |inner| (inner, ':'));
                let bare = |part| str::trim(part).trim_matches(['\'', '"']);
                arguments.split(',').find_map(|part| {
                    let (name, value) = part.split_once(sign)?;
                    (bare(name) == key).then(|| bare(value))
                })?
            }
            Self::Object(pairs) => match pairs.get(key)? {
                Cell::Text(text) => text.trim(),
                Cell::Flag(true) => "True",
                Cell::Flag(false) | Cell::Number(_) | Cell::Other => return None,
            },
            Self::Other => return None,
        };
        (!value.is_empty() && value != "None").then_some(value)
    }
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
                let pairs = Pairs::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(ModelArgs::Object(pairs))
            }
        }

        deserializer.deserialize_any(Any(PhantomData))
    }
}
