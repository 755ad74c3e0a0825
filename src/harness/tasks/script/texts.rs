//! Methods of text.

use std::sync::LazyLock;

use fancy_regex::Regex;

use super::super::python::{is_space, lines, partition};
use super::arguments::Given;
use super::format::formatted;
use super::machine::Machine;
use super::object::{Object, Res, Table, raise, refuse};
use super::tree::Name;

/// The methods that are known.
pub(super) const METHODS: [&str; 39] = [
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "capitalize",
    "title",
    "casefold",
    "split",
    "rsplit",
    "splitlines",
    "partition",
    "rpartition",
    "join",
    "replace",
    "find",
    "rfind",
    "index",
    "rindex",
    "count",
    "startswith",
    "endswith",
    "removeprefix",
    "removesuffix",
    "isdigit",
    "isdecimal",
    "isnumeric",
    "isalpha",
    "isalnum",
    "isspace",
    "isupper",
    "islower",
    "format",
    "zfill",
    "center",
    "ljust",
    "rjust",
    "translate",
    "isascii",
];

pub(super) fn call(machine: &mut Machine, text: &Name, name: &str, mut given: Given) -> Res<Object> {
    machine.take_room(text.len())?;
    let made = |text: String| Ok(Object::text(&text));
    let all = |test: &dyn Fn(char) -> bool| Ok(Object::Bool(!text.is_empty() && text.chars().all(test)));
    match name {
        "strip" | "lstrip" | "rstrip" => {
            let set = match given.take("chars") {
                None | Some(Object::None) => None,
                Some(set) => Some(set.need_text(name)?.to_owned()),
            };
            given.done()?;
            let stripped = |c: char| set.as_ref().map_or_else(|| is_space(c), |set| set.contains(c));
            let start = if name == "rstrip" { text } else { text.trim_start_matches(stripped) };
            Ok(Object::text(if name == "lstrip" { start } else { start.trim_end_matches(stripped) }))
        }
        "lower" => made(text.to_lowercase()),
        "upper" => made(text.to_uppercase()),
        "casefold" if text.is_ascii() => made(text.to_lowercase()),
        "capitalize" => made(capitalized(text)),
        "title" => made(titled(text)),
        "split" | "rsplit" => split(machine, text, name == "rsplit", given),
        "splitlines" => {
            let keep = given.take("keepends").map_or(Ok(false), |keep| keep.truth())?;
            given.done()?;
            Ok(Object::list(lines(text, keep).into_iter().map(Object::text).collect()))
        }
        "partition" | "rpartition" => {
            let separator = given.need("sep")?;
            let separator = separator.need_text(name)?;
            if separator.is_empty() {
                return raise("ValueError", "empty separator");
            }
            let parts = partition(text, separator, name == "partition");
            Ok(Object::tuple(parts.map(Object::text).to_vec()))
        }
        "join" => {
            let items = given.need("iterable")?;
            let (mut out, mut first) = (String::new(), true);
            for item in machine.all(&items)? {
                if !first {
                    out.push_str(text);
                }
                first = false;
                match &item {
                    Object::Text(item) => out.push_str(item),
                    other => {
                        return raise(
                            "TypeError",
                            format!("sequence item: expected str instance, {} found", other.kind()),
                        );
                    }
                }
            }
            machine.take_room(out.len())?;
            made(out)
        }
        "replace" => {
            let (old, new) = (given.need("old")?, given.need("new")?);
            let most = given.take("count").map_or(Ok(-1), |most| most.need_int("replace"))?;
            given.done()?;
            let (old, new) = (old.need_text("replace")?, new.need_text("replace")?);
            let out = match usize::try_from(most) {
                Ok(most) => text.replacen(old, new, most),
                Err(_) => text.replace(old, new),
            };
            machine.take_room(out.len())?;
            made(out)
        }
        "find" | "rfind" | "index" | "rindex" | "count" => place(text, name, given),
        "startswith" | "endswith" => {
            let wanted = given.need("prefix")?;
            if given.left() > 0 {
                return refuse(format!("`{name}` with a place"));
            }
            let options = match &wanted {
                Object::Tuple(options) => options.to_vec(),
                other => vec![other.clone()],
            };
            for option in &options {
                let option = option.need_text(name)?;
                if if name == "startswith" { text.starts_with(option) } else { text.ends_with(option) } {
                    return Ok(Object::Bool(true));
                }
            }
            Ok(Object::Bool(false))
        }
        "removeprefix" | "removesuffix" => {
            let part = given.need("prefix")?;
            let part = part.need_text(name)?;
            let cut = if name == "removeprefix" { text.strip_prefix(part) } else { text.strip_suffix(part) };
            Ok(Object::text(cut.unwrap_or(text)))
        }
        "isdigit" | "isdecimal" | "isnumeric" => {
            if text.chars().any(|c| !c.is_ascii() && c.is_numeric()) {
                return refuse(format!("`{name}` of digits that are not 0 to 9"));
            }
            all(&|c| c.is_ascii_digit())
        }
        "isalpha" => all(&is_letter),
        "isalnum" => all(&|c| is_letter(c) || c.is_numeric()),
        "isspace" => all(&is_space),
        "isascii" => Ok(Object::Bool(text.is_ascii())),
        "isupper" => Ok(Object::Bool(text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase))),
        "islower" => Ok(Object::Bool(text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase))),
        "format" => format_text(machine, text, given),
        "zfill" | "center" | "ljust" | "rjust" => {
            let width = given.need("width")?.need_int(name)?;
            let fill =
                given.take("fillchar").map_or(Ok(" ".to_owned()), |fill| fill.need_text(name).map(str::to_owned))?;
            let length = text.chars().count();
            let missing = usize::try_from(width).unwrap_or(0).saturating_sub(length);
            machine.take_room(missing)?;
            let fill = |count: usize| fill.repeat(count);
            made(match name {
                "zfill" => {
                    let signs = usize::from(text.starts_with(['-', '+']));
                    format!("{}{}{}", &text[..signs], "0".repeat(missing), &text[signs..])
                }
                "ljust" => format!("{text}{}", fill(missing)),
                "rjust" => format!("{}{text}", fill(missing)),
                _ => {
                    // Where it does not come out even, Python's left side is wider in fields of odd width.
                    let left = missing / 2 + (missing & usize::try_from(width).unwrap_or(0) & 1);
                    format!("{}{text}{}", fill(left), fill(missing - left))
                }
            })
        }
        "translate" => {
            let table = given.need("table")?;
            let Object::Dict(table) = &table else { return refuse("this table of `translate`") };
            let mut out = String::new();
            for c in text.chars() {
                match table.table.borrow().get(&Object::Int(i64::from(u32::from(c))))? {
                    None => out.push(c),
                    Some(Object::None) => {}
                    Some(Object::Text(new)) => out.push_str(&new),
                    Some(other) => {
                        match other.as_int().and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32) {
                            Some(new) => out.push(new),
                            None => return refuse("this table of `translate`"),
                        }
                    }
                }
            }
            made(out)
        }
        other => refuse(format!("`{other}` of this text")),
    }
}

/// A letter as Python counts them, which marks on letters are not.
fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A\p{L}\z").ok());
    let letter =
        |c: char| LETTER.as_ref().is_some_and(|regex| regex.is_match(c.encode_utf8(&mut [0; 4])).unwrap_or(false));
    if c.is_ascii() { c.is_ascii_alphabetic() } else { letter(c) }
}

/// `str.capitalize()`.
fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    titlecase(first) + &chars.as_str().to_lowercase()
}

/// The first of what a character becomes stays large.
fn titlecase(c: char) -> String {
    let mut upper = c.to_uppercase();
    let first: String = upper.next().into_iter().collect();
    first + &upper.collect::<String>().to_lowercase()
}

fn titled(text: &str) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            out.push_str(&titlecase(c));
        }
        inside = c.is_lowercase() || c.is_uppercase();
    }
    out
}

fn split(machine: &mut Machine, text: &str, from_right: bool, mut given: Given) -> Res<Object> {
    let separator = match given.take("sep") {
        None | Some(Object::None) => None,
        Some(separator) => Some(separator.need_text("split")?.to_owned()),
    };
    let most = given.take("maxsplit").map_or(Ok(-1), |most| most.need_int("split"))?;
    given.done()?;
    let most = usize::try_from(most).ok();
    let parts: Vec<&str> = match (separator.as_deref(), from_right) {
        (Some(""), _) => return raise("ValueError", "empty separator"),
        (Some(separator), false) => match most {
            Some(most) => text.splitn(most.saturating_add(1), separator).collect(),
            None => text.split(separator).collect(),
        },
        (Some(separator), true) => {
            let mut parts: Vec<&str> = match most {
                Some(most) => text.rsplitn(most.saturating_add(1), separator).collect(),
                None => text.rsplit(separator).collect(),
            };
            parts.reverse();
            parts
        }
        (None, false) => {
            let (mut parts, mut rest) = (Vec::new(), text.trim_start_matches(is_space));
            while !rest.is_empty() {
                let whole = most.is_some_and(|most| parts.len() >= most);
                let end = if whole { rest.len() } else { rest.find(is_space).unwrap_or(rest.len()) };
                parts.push(&rest[..end]);
                rest = rest[end..].trim_start_matches(is_space);
            }
            parts
        }
        (None, true) => {
            let (mut parts, mut rest) = (Vec::new(), text.trim_end_matches(is_space));
            while !rest.is_empty() {
                let whole = most.is_some_and(|most| parts.len() >= most);
                let last = rest.char_indices().rev().find(|(_, c)| is_space(*c));
                let start = if whole { 0 } else { last.map_or(0, |(at, c)| at + c.len_utf8()) };
                parts.push(&rest[start..]);
                rest = rest[..start].trim_end_matches(is_space);
            }
            parts.reverse();
            parts
        }
    };
    machine.take_room(parts.len())?;
    Ok(Object::list(parts.into_iter().map(Object::text).collect()))
}

fn place(text: &str, name: &str, mut given: Given) -> Res<Object> {
    let wanted = given.need("sub")?;
    let wanted = wanted.need_text(name)?;
    let length = text.chars().count() as i64;
    let mut end_of = |default: i64| -> Res<i64> {
        match given.take("start") {
            None | Some(Object::None) => Ok(default),
            Some(at) => {
                let at = at.need_int(name)?;
                Ok(if at < 0 { (at + length).max(0) } else { at })
            }
        }
    };
    let (from, to) = (end_of(0)?, end_of(length)?.min(length));
    let byte = |at: i64| text.char_indices().nth(at as usize).map_or(text.len(), |(byte, _)| byte);
    let inside = if from > to { None } else { Some(&text[byte(from)..byte(to)]) };
    if name == "count" {
        return Ok(Object::size(inside.map_or(0, |inside| inside.matches(wanted).count())));
    }
    let right = name.starts_with('r');
    let found = inside.and_then(|inside| {
        let at = if right { inside.rfind(wanted) } else { inside.find(wanted) }?;
        Some(from + inside[..at].chars().count() as i64)
    });
    match found {
        Some(at) => Ok(Object::Int(at)),
        None if name.ends_with("index") => raise("ValueError", "substring not found"),
        None => Ok(Object::Int(-1)),
    }
}

/// `str.format`.
fn format_text(machine: &mut Machine, text: &str, mut given: Given) -> Res<Object> {
    let list = given.rest();
    let named = given.rest_named();
    let (mut out, mut next) = (String::new(), 0);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' | '}' if chars.peek() == Some(&c) => {
                chars.next();
                out.push(c);
            }
            '}' => return raise("ValueError", "Single '}' encountered in format string"),
            '{' => {
                let mut field = String::new();
                loop {
                    match chars.next() {
                        Some('}') => break,
                        Some('{') => return refuse("a field in the format of a field"),
                        Some(c) => field.push(c),
                        None => return raise("ValueError", "expected '}' before end of string"),
                    }
                }
                let (field, spec) = field.split_once(':').map_or((field.as_str(), ""), |(field, spec)| (field, spec));
                let (field, conversion) = field.split_once('!').map_or((field, None), |(f, c)| (f, Some(c)));
                let end = field.find(['.', '[']).unwrap_or(field.len());
                let (first, mut rest) = field.split_at(end);
                let mut value = if first.is_empty() || first.bytes().all(|b| b.is_ascii_digit()) {
                    let at = first.parse().unwrap_or(next);
                    next += usize::from(first.is_empty());
                    match list.get(at) {
                        Some(value) => value.clone(),
                        None => return raise("IndexError", "Replacement index out of range for positional args tuple"),
                    }
                } else {
                    match named.iter().find(|(name, _)| **name == *first) {
                        Some((_, value)) => value.clone(),
                        None => return super::places::raise_key(&Object::text(first)),
                    }
                };
                while !rest.is_empty() {
                    let Some((key, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
                        return refuse("an attribute in a field of `format`");
                    };
                    let key = key.parse().map_or_else(|_| Object::text(key), Object::Int);
                    value = machine.item(&value, &key)?;
                    rest = after;
                }
                let value = match conversion {
                    None => value,
                    Some("r") => Object::text(&value.repr()?),
                    Some("s") => Object::text(&value.show()?),
                    Some(_) => return refuse("this conversion in `format`"),
                };
                out.push_str(&formatted(&value, spec)?);
            }
            c => out.push(c),
        }
    }
    machine.take_room(out.len())?;
    Ok(Object::text(&out))
}

/// `str.maketrans`.
pub(super) fn translation(mut given: Given) -> Res<Object> {
    let from = given.need("x")?;
    let mut table = Table::default();
    let code = |c: char| Object::Int(i64::from(u32::from(c)));
    match (&from, given.take("y"), given.take("z")) {
        (Object::Dict(dict), None, None) => {
            for (key, value) in dict.table.borrow().iter() {
                let mut chars = key.as_text().unwrap_or_default().chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => table.put(code(c), value.clone())?,
                    _ => return refuse("this table of `maketrans`"),
                }
            }
        }
        (Object::Text(from), Some(Object::Text(to)), dropped) => {
            if from.chars().count() != to.chars().count() {
                return raise("ValueError", "the first two maketrans arguments must have equal length");
            }
            for (from, to) in from.chars().zip(to.chars()) {
                table.put(code(from), code(to))?;
            }
            if let Some(dropped) = dropped {
                for c in dropped.need_text("maketrans")?.chars() {
                    table.put(code(c), Object::None)?;
                }
            }
        }
        _ => return refuse("these arguments of `maketrans`"),
    }
    Ok(Object::dict(table))
}
