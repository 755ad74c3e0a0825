//! Values of a results file whose kind differs between versions of the harness.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A text, borrowed from the file where it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Name<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// An object as a list, in the order of the file.
#[derive(Debug)]
pub(super) struct Pairs<'a, V> {
    pub list: Vec<(Cow<'a, str>, V)>,
    /// The places of the names of a long list, once one of them is looked for.
    places: OnceLock<HashMap<String, usize>>,
}

/// Below so many names looking through them is as fast.
const LONG: usize = 32;

impl<V> Default for Pairs<'_, V> {
    fn default() -> Self {
        Self { list: Vec::new(), places: OnceLock::new() }
    }
}

impl<V> Pairs<'_, V> {
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        if self.list.len() < LONG {
            return self.list.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        }
        let places = self.places.get_or_init(|| {
            let mut places = HashMap::with_capacity(self.list.len());
            // Of a name that stands twice the first counts.
            self.list.iter().enumerate().for_each(|(at, (key, _))| _ = places.entry(key.to_string()).or_insert(at));
            places
        });
        places.get(name).map(|at| &self.list[*at].1)
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
                Ok(Pairs { list: pairs, places: OnceLock::new() })
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
    /// A list or an object, as compact JSON.
    Nested(String),
    /// Nothing.
    Other,
}

impl Cell<'_> {
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            // Some forks write numbers as text; the harness itself writes "N/A" for what does not exist.
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Flag(_) | Self::Nested(_) | Self::Other => None,
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Self::Number(_) | Self::Flag(_) | Self::Nested(_) | Self::Other => None,
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

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                let list = Value::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(Cell::Nested(list.to_string()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let object = Value::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Cell::Nested(object.to_string()))
            }
        }

        deserializer.deserialize_any(Any(PhantomData))
    }
}
