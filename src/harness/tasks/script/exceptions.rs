//! Exceptions: their names, and which of them an `except` takes.

use super::object::{Object, Res, refuse};
use super::tree::Name;

pub(super) const EXCEPTIONS: [&str; 21] = [
    "BaseException",
    "Exception",
    "ValueError",
    "TypeError",
    "KeyError",
    "IndexError",
    "LookupError",
    "AttributeError",
    "NameError",
    "ZeroDivisionError",
    "ArithmeticError",
    "OverflowError",
    "RuntimeError",
    "NotImplementedError",
    "AssertionError",
    "StopIteration",
    "ImportError",
    "SyntaxError",
    "OSError",
    "RecursionError",
    "UnicodeDecodeError",
];

/// Exceptions and those above them.
const ABOVE: [(&str, &str); 16] = [
    ("KeyError", "LookupError"),
    ("IndexError", "LookupError"),
    ("ZeroDivisionError", "ArithmeticError"),
    ("OverflowError", "ArithmeticError"),
    ("UnicodeDecodeError", "ValueError"),
    ("UnicodeEncodeError", "ValueError"),
    ("JSONDecodeError", "ValueError"),
    ("UnboundLocalError", "NameError"),
    ("NotImplementedError", "RuntimeError"),
    ("RecursionError", "RuntimeError"),
    ("ModuleNotFoundError", "ImportError"),
    ("FileNotFoundError", "OSError"),
    ("TimeoutError", "OSError"),
    ("KeyboardInterrupt", "BaseException"),
    ("SystemExit", "BaseException"),
    ("Exception", "BaseException"),
];

/// Whether `except kind` takes an exception.
pub(super) fn catches(kind: &Object, raised: &Name) -> Res<bool> {
    match kind {
        Object::Tuple(kinds) => {
            for kind in kinds.iter() {
                if catches(kind, raised)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Object::Native(kind) => {
            let wanted = kind.rsplit('.').next().unwrap_or_default();
            let mut name: &str = raised;
            loop {
                if name == wanted {
                    return Ok(true);
                }
                name = match ABOVE.iter().find(|(below, _)| *below == name) {
                    Some((_, above)) => above,
                    None if name == "BaseException" => return Ok(false),
                    None if matches!(name, "LookupError" | "ArithmeticError" | "ValueError" | "RuntimeError") => {
                        "Exception"
                    }
                    None => "Exception",
                };
            }
        }
        other => refuse(format!("`except` with a {}", other.kind())),
    }
}
