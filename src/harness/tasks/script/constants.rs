//! What modules hold beside functions and types.

use super::compiled::FLAGS;
use super::modules::native;
use super::object::Object;

/// What a module holds under a name.
pub(super) fn member(module: &str, name: &str) -> Option<Object> {
    let constant = match (module, name) {
        ("string", "ascii_lowercase") => "abcdefghijklmnopqrstuvwxyz",
        ("string", "ascii_uppercase") => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ("string", "ascii_letters") => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ("string", "digits") => "0123456789",
        ("string", "punctuation") => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        ("string", "whitespace") => " \t\n\r\u{b}\u{c}",
        ("math", "nan") | ("numpy", "nan" | "NaN" | "NAN") => return Some(Object::Float(f64::NAN)),
        ("math" | "numpy", "inf") => return Some(Object::Float(f64::INFINITY)),
        ("math" | "numpy", "pi") => return Some(Object::Float(std::f64::consts::PI)),
        ("math" | "numpy", "e") => return Some(Object::Float(std::f64::consts::E)),
        ("os", "path") => return Some(Object::Module("os.path")),
        ("os", "sep") => "/",
        ("collections", "abc") => return Some(Object::Module("collections.abc")),
        ("logging", "INFO" | "DEBUG" | "WARNING" | "ERROR") => return Some(Object::Int(0)),
        ("re", name) if FLAGS.iter().any(|(_, names, _)| names.contains(&name)) => {
            let flag = FLAGS.iter().find(|(_, names, _)| names.contains(&name)).map_or(0, |(bit, ..)| *bit);
            return Some(Object::Int(flag));
        }
        _ => return native(&format!("{module}.{name}")).map(Object::Native),
    };
    Some(Object::text(constant))
}
