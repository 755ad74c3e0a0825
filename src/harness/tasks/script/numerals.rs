//! Numbers from text and from one another, and the types of values.

use super::super::python::strip;
use super::arguments::Given;
use super::exceptions::{EXCEPTIONS, catches};
use super::object::{Object, Res, raise, refuse};

/// `round`.
pub(super) fn round(mut given: Given) -> Res<Object> {
    let number = given.need("number")?;
    let digits = match given.take("ndigits") {
        None | Some(Object::None) => None,
        Some(digits) => Some(digits.need_int("round")?),
    };
    given.done()?;
    match (&number, digits) {
        (Object::Int(_) | Object::Bool(_), None | Some(0..)) => Ok(Object::Int(number.as_int().unwrap_or(0))),
        (Object::Float(number), None) => {
            if !number.is_finite() || number.abs() > 9e18 {
                return raise("ValueError", "cannot convert this float to integer");
            }
            Ok(Object::Int(number.round_ties_even() as i64))
        }
        (Object::Float(number), Some(digits @ 0..=300)) => {
            let text = format!("{number:.*}", digits as usize);
            Ok(Object::Float(text.parse().unwrap_or(*number)))
        }
        (Object::Float(_) | Object::Int(_), _) => refuse("`round` to less than whole numbers"),
        (other, _) => raise("TypeError", format!("type {} doesn't define __round__ method", other.kind())),
    }
}

/// `int`.
pub(super) fn int(mut given: Given) -> Res<Object> {
    let of = given.take("x").unwrap_or(Object::Int(0));
    let base = given.take("base").map_or(Ok(10), |base| base.need_int("int"))?;
    given.done()?;
    match (&of, of.as_int()) {
        (_, Some(number)) => Ok(Object::Int(number)),
        (Object::Float(number), _) => {
            if number.is_nan() {
                return raise("ValueError", "cannot convert float NaN to integer");
            }
            if number.is_infinite() {
                return raise("OverflowError", "cannot convert float infinity to integer");
            }
            if number.abs() < 9e18 {
                Ok(Object::Int(number.trunc() as i64))
            } else {
                refuse("a whole number beyond 64 bits")
            }
        }
        (Object::Text(text), _) => {
            let bare = strip(text);
            let digits = bare.strip_prefix(['+', '-']).unwrap_or(bare);
            let plain = digits.replace('_', "");
            let radix = u32::try_from(base).ok().filter(|base| (2..=36).contains(base));
            let Some(radix) = radix else { return refuse("this base of `int`") };
            let underscores = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
            if plain.chars().any(|c| !c.is_ascii() && c.is_numeric()) {
                return refuse("`int` of digits that are not 0 to 9");
            }
            if plain.is_empty() || underscores || !plain.chars().all(|c| c.is_digit(radix)) {
                return raise("ValueError", format!("invalid literal for int() with base {base}: {}", of.repr()?));
            }
            match i64::from_str_radix(&format!("{}{plain}", if bare.starts_with('-') { "-" } else { "" }), radix) {
                Ok(number) => Ok(Object::Int(number)),
                Err(_) => refuse("a whole number beyond 64 bits"),
            }
        }
        (other, _) => {
            raise("TypeError", format!("int() argument must be a string or a real number, not '{}'", other.kind()))
        }
    }
}

/// A number as `float()` reads it.
pub(super) fn float(text: &str) -> Option<f64> {
    let bare = strip(text);
    let unsigned = bare.strip_prefix(['+', '-']).unwrap_or(bare);
    let word = unsigned.to_ascii_lowercase();
    if !matches!(word.as_str(), "inf" | "infinity" | "nan")
        && !word.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    if unsigned.starts_with('_') || unsigned.ends_with('_') || unsigned.contains("__") {
        return None;
    }
    bare.replace('_', "").parse().ok()
}

/// `isinstance`.
pub(super) fn is_instance(of: &Object, kinds: &Object) -> Res<bool> {
    match kinds {
        Object::Tuple(kinds) => {
            for kind in kinds.iter() {
                if is_instance(of, kind)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Object::Native(kind) => Ok(match *kind {
            "int" => matches!(of, Object::Int(_) | Object::Bool(_)),
            "dict" => matches!(of, Object::Dict(_)),
            "object" => true,
            "str" | "float" | "bool" | "list" | "tuple" | "set" => of.kind() == *kind,
            "datasets.Dataset" => matches!(of, Object::Dataset(_)),
            "collections.Counter" => of.kind() == "Counter",
            other if EXCEPTIONS.contains(&other) => match of {
                Object::Exception(exception) => catches(kinds, &exception.0)?,
                _ => false,
            },
            other => return refuse(format!("`isinstance` with `{other}`")),
        }),
        other => refuse(format!("`isinstance` with a {}", other.kind())),
    }
}
