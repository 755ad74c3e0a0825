//! Types that are written to files as their text.

/// Serialises types by their `Display` and deserialises them by their `FromStr`, so that the command line, files and
/// messages have one spelling.
macro_rules! serde_as_text {
    ($($type:ty),+ $(,)?) => { $(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

/// The same for types that hold a number or a word: a number is written as one, and read from a number or from its text.
macro_rules! serde_as_number_or_text {
    ($($type:ty),+ $(,)?) => { $(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.number() {
                    Some(number) => serializer.serialize_f64(number),
                    None => serializer.collect_str(self),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read = crate::serial::NumberOrText::deserialize(deserializer)?;
                read.0.parse().map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

/// `Display`, `FromStr` and both directions of serde for an enum with a fixed `name` per value: the type, what a message
/// calls it, all its values. Capitals do not matter when it is read.
macro_rules! read_by_name {
    ($type:ty, $what:literal, $all:expr) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::Error;

            fn from_str(text: &str) -> crate::Result<Self> {
                let all = $all;
                all.iter().copied().find(|one| one.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
                    let known: Vec<String> = all.iter().map(|one| one.name().to_lowercase()).collect();
                    let known = known.join(", ");
                    crate::Error::Argument(format!(concat!("unknown ", $what, " `{}`: {} are known"), text, known))
                })
            }
        }

        crate::serial::serde_as_text!($type);
    };
}

pub(crate) use {read_by_name, serde_as_number_or_text, serde_as_text};

/// A number or a text, as text.
pub(crate) struct NumberOrText(pub(crate) String);

impl<'de> serde::Deserialize<'de> for NumberOrText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = NumberOrText;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<NumberOrText, E> {
                Ok(NumberOrText(text.to_owned()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<NumberOrText, E> {
                Ok(NumberOrText(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<NumberOrText, E> {
                Ok(NumberOrText(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<NumberOrText, E> {
                Ok(NumberOrText(number.to_string()))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// For `#[serde(with = "crate::serial::real")]`: numbers that may be infinite or missing, which JSON has no number for. Those
/// are written as their text (`inf`, `-inf`, `NaN`), all others as numbers.
pub(crate) mod real {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// One number.
    pub(crate) struct Real(f64);

    impl Serialize for Real {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.collect_str(&self.0) }
        }
    }

    impl<'de> Deserialize<'de> for Real {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = super::NumberOrText::deserialize(deserializer)?.0;
            text.parse().map(Self).map_err(|_| D::Error::custom(format!("`{text}` is no number")))
        }
    }

    /// Numbers in the shape of a field.
    pub(crate) trait Reals: Sized {
        type Written: Serialize + DeserializeOwned;
        fn written(&self) -> Self::Written;
        fn read(written: Self::Written) -> Self;
    }

    impl Reals for f64 {
        type Written = Real;

        fn written(&self) -> Real {
            Real(*self)
        }

        fn read(written: Real) -> Self {
            written.0
        }
    }

    impl Reals for (f64, f64) {
        type Written = (Real, Real);

        fn written(&self) -> Self::Written {
            (Real(self.0), Real(self.1))
        }

        fn read(written: Self::Written) -> Self {
            (written.0.0, written.1.0)
        }
    }

    impl<T: Reals> Reals for Vec<T> {
        type Written = Vec<T::Written>;

        fn written(&self) -> Self::Written {
            self.iter().map(T::written).collect()
        }

        fn read(written: Self::Written) -> Self {
            written.into_iter().map(T::read).collect()
        }
    }

    pub(crate) fn serialize<T: Reals, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.written().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Reals, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::Written::deserialize(deserializer).map(T::read)
    }
}

/// For `#[serde(with = "crate::serial::outcome")]`: what was computed, or why it could not be. Written as `{"value": …}` or
/// `{"reason": "…"}`. A reason that is read is an error of the kind `Undetermined` with the same text.
pub(crate) mod outcome {
    use serde::de::DeserializeOwned;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::{Error, Result};

    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    pub(crate) enum Writing<'a, T> {
        Value(&'a T),
        Reason(String),
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub(crate) enum Read<T> {
        Value(T),
        Reason(String),
    }

    /// Outcomes in the shape of a field.
    pub(crate) trait Outcomes: Sized {
        type Writing<'a>: Serialize
        where
            Self: 'a;
        type Read: DeserializeOwned;
        fn writing(&self) -> Self::Writing<'_>;
        fn read(read: Self::Read) -> Self;
    }

    impl<T: Serialize + DeserializeOwned> Outcomes for Result<T> {
        type Writing<'a>
            = Writing<'a, T>
        where
            T: 'a;
        type Read = Read<T>;

        fn writing(&self) -> Writing<'_, T> {
            match self {
                Ok(value) => Writing::Value(value),
                Err(error) => Writing::Reason(error.to_string()),
            }
        }

        fn read(read: Read<T>) -> Self {
            match read {
                Read::Value(value) => Ok(value),
                Read::Reason(reason) => Err(Error::Undetermined(reason)),
            }
        }
    }

    impl<T: Outcomes> Outcomes for Vec<T> {
        type Writing<'a>
            = Vec<T::Writing<'a>>
        where
            T: 'a;
        type Read = Vec<T::Read>;

        fn writing(&self) -> Self::Writing<'_> {
            self.iter().map(T::writing).collect()
        }

        fn read(read: Self::Read) -> Self {
            read.into_iter().map(T::read).collect()
        }
    }

    impl<T: Outcomes> Outcomes for Option<T> {
        type Writing<'a>
            = Option<T::Writing<'a>>
        where
            T: 'a;
        type Read = Option<T::Read>;

        fn writing(&self) -> Self::Writing<'_> {
            self.as_ref().map(T::writing)
        }

        fn read(read: Self::Read) -> Self {
            read.map(T::read)
        }
    }

    pub(crate) fn serialize<T: Outcomes, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        value.writing().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, T: Outcomes, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<T, D::Error> {
        T::Read::deserialize(deserializer).map(T::read)
    }
}
